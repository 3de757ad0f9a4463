// Turns a log entry into one line, in PgBouncer's form or as JSON.
using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Drover.App.Hosting;

/// <summary>The form of the lines (<c>--log-format</c>).</summary>
internal enum LogFormat
{
    /// <summary>As PgBouncer: time, zone, pid in brackets, level, message.</summary>
    Text,

    /// <summary>One JSON object in a line, with the message's values as fields.</summary>
    Json,
}

/// <summary>One entry.</summary>
internal readonly ref struct LogEntry
{
    /// <summary>When.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>How bad.</summary>
    public required LogLevel Level { get; init; }

    /// <summary>The topic.</summary>
    public required string Category { get; init; }

    /// <summary>The message's stable number and name.</summary>
    public required EventId EventId { get; init; }

    /// <summary>The message.</summary>
    public required string Message { get; init; }

    /// <summary>Only for faults of our own.</summary>
    public Exception? Exception { get; init; }

    /// <summary>The message's values, where it has them.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>>? Values { get; init; }
}

/// <summary>Makes lines. A message never spans two of them, whatever a client put into a name.</summary>
internal static class LogLine
{
    /// <summary>The line with its end.</summary>
    public static string Make(LogFormat format, int processId, in LogEntry entry) =>
        format == LogFormat.Json ? MakeJson(processId, entry) : MakeText(processId, entry);

    /// <summary>The text without anything that could end a line or move a terminal's cursor.</summary>
    public static string OnOneLine(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\0', '\u001f'))
        {
            return text;
        }
        StringBuilder line = new(text.Length + 8);
        AppendOnOneLine(line, text);
        return line.ToString();
    }

    private static string MakeText(int processId, in LogEntry entry)
    {
        StringBuilder line = new(entry.Message.Length + 64);
        line.Append(entry.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture));
        line.Append(" UTC [").Append(processId).Append("] ").Append(Word(entry.Level)).Append(' ');
        AppendOnOneLine(line, entry.Message);
        if (entry.Exception is not null)
        {
            line.Append(": ");
            AppendOnOneLine(line, entry.Exception.ToString());
        }
        return line.Append('\n').ToString();
    }

    private static string Word(LogLevel level) =>
        level switch
        {
            LogLevel.Trace => "NOISE",
            LogLevel.Debug => "DEBUG",
            LogLevel.Information => "LOG",
            LogLevel.Warning => "WARNING",
            LogLevel.Error => "ERROR",
            _ => "FATAL",
        };

    private static void AppendOnOneLine(StringBuilder line, string text)
    {
        foreach (char character in text)
        {
            switch (character)
            {
                case '\n':
                    line.Append("\\n");
                    break;
                case '\t':
                    line.Append(character);
                    break;
                default:
                    line.Append(char.IsControl(character) ? '?' : character);
                    break;
            }
        }
    }

    // Plus signs and quotes stay readable; a log is no web page.
    private static readonly JsonWriterOptions JsonOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static string MakeJson(int processId, in LogEntry entry)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer, JsonOptions))
        {
            json.WriteStartObject();
            json.WriteString("time", entry.Time.UtcDateTime);
            json.WriteString("level", Word(entry.Level).ToLowerInvariant());
            json.WriteNumber("pid", processId);
            json.WriteString("topic", entry.Category);
            json.WriteNumber("event", entry.EventId.Id);
            json.WriteString("name", entry.EventId.Name);
            json.WriteString("message", entry.Message);
            WriteValues(json, entry.Values);
            if (entry.Exception is not null)
            {
                json.WriteString("exception", entry.Exception.ToString());
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static void WriteValues(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>>? values)
    {
        if (values is null || values.Count == 0)
        {
            return;
        }
        json.WriteStartObject("values");
        foreach ((string name, object? value) in values)
        {
            if (name == "{OriginalFormat}")
            {
                continue;
            }
            switch (value)
            {
                case null:
                    json.WriteNull(name);
                    break;
                case int or long:
                    json.WriteNumber(name, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                    break;
                case double number when double.IsFinite(number):
                    json.WriteNumber(name, number);
                    break;
                case bool flag:
                    json.WriteBoolean(name, flag);
                    break;
                default:
                    json.WriteString(name, Convert.ToString(value, CultureInfo.InvariantCulture));
                    break;
            }
        }
        json.WriteEndObject();
    }
}
