// The name in a statement that is a DEALLOCATE and nothing else.
using System.Buffers;
using System.Text;

namespace Drover.Sql;

internal static class DeallocateText
{
    private static readonly SearchValues<byte> WordBytes = SearchValues.Create([
        .. Enumerable
            .Range(0, 256)
            .Where(static c => c >= 0x80 || c is '_' or '$' || char.IsAsciiLetterOrDigit((char)c))
            .Select(static c => (byte)c),
    ]);

    /// <summary>
    /// Reads <c>DEALLOCATE [PREPARE] name</c>. False for DEALLOCATE ALL and for anything more
    /// (https://www.postgresql.org/docs/18/sql-deallocate.html).
    /// </summary>
    public static bool TryReadName(ReadOnlySpan<byte> sql, out byte[] name)
    {
        name = [];
        ReadOnlySpan<byte> rest = sql.Trim(" \t\r\n;"u8);
        if (!TryTakeWord(ref rest, "deallocate"u8))
        {
            return false;
        }
        ReadOnlySpan<byte> afterPrepare = rest;
        if (TryTakeWord(ref afterPrepare, "prepare"u8) && !afterPrepare.IsEmpty)
        {
            rest = afterPrepare;
        }
        if (rest.Length > 2 && rest[0] == '"' && rest[^1] == '"')
        {
            return TryReadQuoted(rest[1..^1], out name);
        }
        if (
            rest.IsEmpty
            || rest.ContainsAnyExcept(WordBytes)
            || rest[0] is (byte)'$' or (>= (byte)'0' and <= (byte)'9')
        )
        {
            return false;
        }
        name = rest.ToArray();
        foreach (ref byte c in name.AsSpan())
        {
            // Only ASCII: PostgreSQL leaves other letters as they are.
            c |= (byte)(c is >= (byte)'A' and <= (byte)'Z' ? 0x20 : 0);
        }
        return !name.AsSpan().SequenceEqual("all"u8);
    }

    private static bool TryReadQuoted(ReadOnlySpan<byte> inner, out byte[] name)
    {
        name = [];
        for (int i = 0; i < inner.Length; i++)
        {
            if (inner[i] == '"' && (++i == inner.Length || inner[i] != '"'))
            {
                return false;
            }
        }
        name = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(inner).Replace("\"\"", "\"", StringComparison.Ordinal));
        return true;
    }

    private static bool TryTakeWord(ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> word)
    {
        if (
            rest.Length <= word.Length
            || !System.Text.Ascii.EqualsIgnoreCase(rest[..word.Length], word)
            || rest[word.Length] is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'"')
        )
        {
            return false;
        }
        rest = rest[word.Length..].TrimStart(" \t\r\n"u8);
        return true;
    }
}
