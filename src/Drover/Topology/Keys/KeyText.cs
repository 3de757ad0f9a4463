// Small pieces of PostgreSQL's input functions.
using System.Globalization;

namespace Drover.Topology.Keys;

internal static class KeyText
{
    /// <summary>Without the white space that input functions of numbers and dates pass over.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\n\v\f\r"u8);

    /// <summary>Reads ASCII digits and nothing else.</summary>
    public static bool TryDigits(ReadOnlySpan<byte> text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    /// <summary>Reads two hexadecimal digits at the start.</summary>
    public static bool TryHexPair(ReadOnlySpan<byte> text, out byte value) =>
        byte.TryParse(text[..2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
