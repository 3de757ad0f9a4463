// The name in a statement that is a DEALLOCATE and nothing else.
using System.Buffers;
using System.Text;

namespace Drover.Sql;

internal static class DeallocateText
{
    private static readonly SearchValues<byte> Punctuation = SearchValues.Create("\"';,()"u8);

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
            name = Encoding.UTF8.GetBytes(
                Encoding.UTF8.GetString(rest[1..^1]).Replace("\"\"", "\"", StringComparison.Ordinal)
            );
            return true;
        }
        if (
            rest.IsEmpty
            || rest.IndexOfAnyExceptInRange((byte)'!', (byte)'~') >= 0
            || rest.IndexOfAny(Punctuation) >= 0
        )
        {
            return false;
        }
        name = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(rest).ToLowerInvariant());
        return !name.AsSpan().SequenceEqual("all"u8);
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
