// A key in text format, as a column would store it.
using System.Text;
using Drover.Topology.Keys;

namespace Drover.Routing.Keys;

internal static class KeyColumnText
{
    /// <summary>What the server adds to a length to make a type modifier of it (VARHDRSZ).</summary>
    private const int ModifierOffset = 4;

    /// <summary>Hashes a value in text format, unless the column would store another.</summary>
    public static bool TryHash(KeyTarget target, ReadOnlySpan<byte> text, out ulong hash)
    {
        hash = 0;
        return (target.Modifier < 0 || IsStoredAsIs(target, text)) && target.TryOfText(text, out hash);
    }

    /// <summary>
    /// numeric(10, 2) rounds and varchar(5) cuts spaces; what else is too long is an error, and where does not matter.
    /// </summary>
    private static bool IsStoredAsIs(KeyTarget target, ReadOnlySpan<byte> text) =>
        target.Type switch
        {
            KeyType.Text => Encoding.UTF8.GetCharCount(text) <= target.Modifier - ModifierOffset
                || text[^1] != (byte)' ',
            KeyType.Numeric => !text.ContainsAny((byte)'e', (byte)'E') && Fraction(text) <= Scale(target.Modifier),
            _ => true,
        };

    private static int Fraction(ReadOnlySpan<byte> text)
    {
        int point = text.IndexOf((byte)'.');
        return point < 0 ? 0 : text.Length - point - 1;
    }

    /// <summary>The low eleven bits, of which the highest is a sign (numeric.c, numeric_typmod_scale).</summary>
    private static int Scale(int modifier) => (((modifier - ModifierOffset) & 0x7ff) ^ 1024) - 1024;
}
