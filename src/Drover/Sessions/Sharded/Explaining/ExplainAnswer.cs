// The answer to EXPLAIN: the way of the statement, and the servers' own plans below it.
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Telemetry.Statements;

namespace Drover.Sessions.Sharded.Explaining;

/// <summary>
/// As text it is written as PostgreSQL writes a node above others. As JSON it is one document: that of the one server
/// with <c>Drover</c> in it, or a <c>Drover</c> that has those of several.
/// </summary>
internal sealed class ExplainAnswer(ExplainFormat format, ExplainedWay way)
{
    private const int MessageBytesMax = 1024 * 1024 * 1024;

    private static readonly JsonWriterOptions s_json = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Makes the rows of one answer of each server's rows; all are DataRow messages.</summary>
    public IEnumerable<byte[]> Compose(IReadOnlyList<List<byte[]>> rows) =>
        format switch
        {
            ExplainFormat.Text => Lines([.. rows.Select(some => some.ConvertAll(ValueOf))]).Select(RowOf),
            ExplainFormat.Json => [RowOf(Document([.. rows.Select(static some => ValueOf(some[0]))]))],
            _ => rows[0],
        };

    private IEnumerable<byte[]> Lines(List<byte[]>[] plans)
    {
        yield return [.. "Drover"u8];
        yield return Line(2, "Tier: ", Encoding.UTF8.GetBytes(Words(way.Tier)));
        foreach ((string name, string value) in way.Facts)
        {
            yield return Line(2, $"{name}: ", Encoding.UTF8.GetBytes(value));
        }
        bool isOne = way.Parts.All(part => part.Query.Span.SequenceEqual(way.Parts[0].Query.Span));
        foreach (byte[] line in isOne && way.Parts.Count > 1 ? Statement(2, way.Parts[0].Query) : [])
        {
            yield return line;
        }
        for (int i = 0; i < plans.Length; i++)
        {
            yield return Line(2, "->  ", Encoding.UTF8.GetBytes($"{way.Parts[i].Kind} {way.Parts[i].Server}"));
            foreach (byte[] line in isOne ? [] : Statement(8, way.Parts[i].Query))
            {
                yield return line;
            }
            for (int k = 0; k < plans[i].Count; k++)
            {
                yield return k == 0 ? Line(8, "->  ", plans[i][k]) : Line(12, "", plans[i][k]);
            }
        }
    }

    private static IEnumerable<byte[]> Statement(int indent, ReadOnlyMemory<byte> query)
    {
        string[] lines = Encoding.UTF8.GetString(query.Span).Trim().Split('\n', StringSplitOptions.TrimEntries);
        return lines.Select(
            (line, i) => Line(i == 0 ? indent : indent + 2, i == 0 ? "Statement: " : "", Encoding.UTF8.GetBytes(line))
        );
    }

    private byte[] Document(byte[][] documents)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, s_json))
        {
            bool isWhole = documents.Length > 1;
            if (isWhole)
            {
                writer.WriteStartArray();
                writer.WriteStartObject();
                writer.WritePropertyName("Drover");
            }
            WriteWay(writer, isWhole ? documents : []);
            if (isWhole)
            {
                writer.WriteEndObject();
                writer.WriteEndArray();
            }
        }
        return documents.Length > 1 ? stream.ToArray() : Within(documents[0], stream.ToArray());
    }

    private void WriteWay(Utf8JsonWriter writer, byte[][] documents)
    {
        writer.WriteStartObject();
        writer.WriteString("Tier", StatementTiers.NameOf(way.Tier));
        foreach ((string name, string value) in way.Facts)
        {
            writer.WriteString(name, value);
        }
        writer.WriteStartArray("Servers");
        for (int i = 0; i < way.Parts.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteString(way.Parts[i].Kind, way.Parts[i].Server);
            writer.WriteString("Statement", Encoding.UTF8.GetString(way.Parts[i].Query.Span).Trim());
            if (i < documents.Length)
            {
                writer.WritePropertyName("Explain");
                writer.WriteRawValue(documents[i], skipInputValidation: true);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>The one server's document as it stands, with the way in front in its first object.</summary>
    private static byte[] Within(byte[] document, byte[] way)
    {
        int open = document.AsSpan().IndexOf((byte)'[') + 1;
        int next = open + document.AsSpan(open).IndexOfAnyExcept(" \t\r\n"u8);
        byte[] drover = [.. "\"Drover\": "u8, .. way];
        return document[next] switch
        {
            (byte)'{' => [.. document[..next], .. "{\n    "u8, .. drover, .. ","u8, .. document[(next + 1)..]],
            (byte)']' => [.. document[..next], .. "{"u8, .. drover, .. "}\n]"u8],
            _ => [.. document[..next], .. "{"u8, .. drover, .. "},\n"u8, .. document[next..]],
        };
    }

    private static string Words(StatementTier tier) =>
        tier switch
        {
            StatementTier.One => "one shard",
            StatementTier.Scatter => "scatter: several shards, put together by the proxy",
            StatementTier.Coordinator => "coordinator",
            _ => "divided: a write of several shards in one transaction",
        };

    private static byte[] Line(int indent, string prefix, byte[] text) =>
        [.. Encoding.UTF8.GetBytes(new string(' ', indent) + prefix), .. text];

    private static byte[] ValueOf(byte[] row)
    {
        if (DataRow.TryRead(row.AsSpan(MessageHeader.Size), out ValueList values))
        {
            foreach (ValueList.Value value in values)
            {
                return value.Bytes.ToArray();
            }
        }
        return [];
    }

    private static byte[] RowOf(byte[] value)
    {
        using MessageWriter writer = new(MessageBytesMax);
        DataRow.Begin(writer, 1);
        writer.WriteValue(value);
        writer.End();
        return writer.Written.ToArray();
    }
}
