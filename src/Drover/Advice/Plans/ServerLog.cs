// Entries of the server's log, from a piece of it in the forms that carry a statement's queryid.
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Drover.Advice.Plans;

/// <summary>One entry with a plan.</summary>
/// <param name="Statement">pg_stat_statements' queryid.</param>
/// <param name="Database">Where it ran.</param>
/// <param name="Message">As auto_explain wrote it, over several lines.</param>
/// <param name="Context">What the statement ran in: functions; or its parameters.</param>
internal readonly record struct LoggedPlan(long Statement, string Database, string Message, string Context);

/// <summary>
/// jsonlog has an entry to a line
/// (https://www.postgresql.org/docs/18/runtime-config-logging.html#RUNTIME-CONFIG-LOGGING-JSONLOG), csvlog one over
/// many, whose strings double their quotes (…#RUNTIME-CONFIG-LOGGING-CSVLOG). Entries without a plan are passed over;
/// so is what cannot be read.
/// </summary>
internal static class ServerLog
{
    private const int CsvDatabase = 2;
    private const int CsvMessage = 13;
    private const int CsvContext = 18;
    private const int CsvQuery = 25;
    private const int CsvTimeLength = 23;

    /// <summary>Entries of whole lines of jsonlog.</summary>
    /// <param name="piece">Bytes of the file.</param>
    /// <param name="isTorn">It begins in the middle of an entry; afterwards, what follows does.</param>
    /// <param name="taken">How many bytes need not be read again.</param>
    public static List<LoggedPlan> ReadJson(ReadOnlyMemory<byte> piece, ref bool isTorn, out int taken)
    {
        List<LoggedPlan> entries = [];
        taken = Begin(isTorn ? piece.Span.IndexOf((byte)'\n') + 1 : 0, piece, ref isTorn);
        for (int end; (end = piece.Span[taken..].IndexOf((byte)'\n')) >= 0; taken += end + 1)
        {
            ReadOnlyMemory<byte> line = piece.Slice(taken, end);
            if (line.Span.IndexOf("  plan:"u8) < 0)
            {
                continue;
            }
            try
            {
                using JsonDocument entry = JsonDocument.Parse(line);
                entries.AddRange(EntryOf(entry.RootElement));
            }
            catch (JsonException)
            {
                // Cut off, or of somebody else's: another one comes.
            }
        }
        return entries;
    }

    /// <summary>Entries of csvlog whose last line is whole.</summary>
    /// <inheritdoc cref="ReadJson"/>
    public static List<LoggedPlan> ReadCsv(ReadOnlyMemory<byte> piece, ref bool isTorn, out int taken)
    {
        List<LoggedPlan> entries = [];
        ReadOnlySpan<byte> bytes = piece.Span;
        taken = Begin(isTorn ? FirstEntry(bytes) : 0, piece, ref isTorn);
        List<Range> fields = [];
        for (int end; (end = EndOfEntry(bytes, taken, fields)) > 0; taken = end)
        {
            if (fields.Count <= CsvQuery || bytes[fields[CsvMessage]].IndexOf("  plan:"u8) < 0)
            {
                continue;
            }
            if (long.TryParse(bytes[fields[CsvQuery]], CultureInfo.InvariantCulture, out long statement))
            {
                entries.Add(
                    new LoggedPlan(
                        statement,
                        CsvText(bytes[fields[CsvDatabase]]),
                        CsvText(bytes[fields[CsvMessage]]),
                        CsvText(bytes[fields[CsvContext]])
                    )
                );
            }
        }
        return entries;
    }

    // Where the first whole entry begins, if one is found.
    private static int Begin(int first, ReadOnlyMemory<byte> piece, ref bool isTorn)
    {
        isTorn = isTorn && first == 0;
        return isTorn ? piece.Length : first;
    }

    private static IEnumerable<LoggedPlan> EntryOf(JsonElement entry)
    {
        if (
            entry.ValueKind == JsonValueKind.Object
            && entry.TryGetProperty("query_id", out JsonElement number)
            && number.ValueKind == JsonValueKind.Number
            && number.TryGetInt64(out long statement)
            && entry.TryGetProperty("dbname", out JsonElement database)
            && entry.TryGetProperty("message", out JsonElement message)
            && database.ValueKind == JsonValueKind.String
            && message.ValueKind == JsonValueKind.String
        )
        {
            bool hasContext =
                entry.TryGetProperty("context", out JsonElement context) && context.ValueKind == JsonValueKind.String;
            yield return new LoggedPlan(
                statement,
                database.GetString()!,
                message.GetString()!,
                hasContext ? context.GetString()! : ""
            );
        }
    }

    // In the middle of a string a quote says nothing; a time and a user at a line's beginning do. Where a statement's
    // text has the like, what follows is no whole entry, and is passed over after the length of a piece.
    private static int FirstEntry(ReadOnlySpan<byte> bytes)
    {
        for (int at = 0; bytes[at..].IndexOf((byte)'\n') is >= 0 and int end; )
        {
            at += end + 1;
            ReadOnlySpan<byte> line = bytes[at..];
            bool hasTime =
                line.Length > CsvTimeLength && line[4] == '-' && line[7] == '-' && line[10] == ' ' && line[19] == '.';
            int zone = hasTime ? line.IndexOf((byte)',') : -1;
            if (zone >= 0 && zone + 1 < line.Length && line[zone + 1] is (byte)'"' or (byte)',')
            {
                return at;
            }
        }
        return 0;
    }

    // Behind the entry's line feed; 0 where it is not whole.
    private static int EndOfEntry(ReadOnlySpan<byte> bytes, int start, List<Range> fields)
    {
        fields.Clear();
        bool isQuoted = false;
        int field = start;
        for (int at = start; at < bytes.Length; at++)
        {
            byte one = bytes[at];
            if (one == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (!isQuoted && one is (byte)',' or (byte)'\n')
            {
                fields.Add(field..at);
                field = at + 1;
                if (one == '\n')
                {
                    return at + 1;
                }
            }
        }
        return 0;
    }

    private static string CsvText(ReadOnlySpan<byte> field)
    {
        string text = Encoding.UTF8.GetString(field);
        return text is ['"', .., '"'] ? text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : text;
    }
}
