// Small pieces of PostgreSQL's input functions.
using System.Buffers.Text;
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

    /// <summary>As int8in reads it: signs and digits, and white space around them.</summary>
    public static bool TryInteger(ReadOnlySpan<byte> text, out long value)
    {
        ReadOnlySpan<byte> digits = Trim(text);
        digits = digits is [(byte)'+', >= (byte)'0' and <= (byte)'9', ..] ? digits[1..] : digits;
        return Utf8Parser.TryParse(digits, out value, out int read) && read == digits.Length;
    }

    /// <summary>As uuid_in reads it: digits in pairs, a hyphen after any four of them, braces around it all.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">Gets sixteen bytes.</param>
    public static bool TryUuid(ReadOnlySpan<byte> text, Span<byte> value)
    {
        const int Length = 16;
        bool isBraced = text is [(byte)'{', .., (byte)'}'];
        text = isBraced ? text[1..^1] : text;
        for (int i = 0; i < Length; i++)
        {
            if (text.Length < 2 || !TryHexPair(text, out value[i]))
            {
                return false;
            }
            text = text[2..];
            if (i % 2 == 1 && i < Length - 1 && text is [(byte)'-', ..])
            {
                text = text[1..];
            }
        }
        return text.IsEmpty;
    }

    /// <summary>Year, month, day: the one form that no DateStyle reads otherwise.</summary>
    /// <param name="text">The text.</param>
    /// <param name="days">Days since the first of January 2000.</param>
    public static bool TryDate(ReadOnlySpan<byte> text, out int days)
    {
        days = 0;
        text = Trim(text);
        if (
            text.Length != 10
            || text[4] != '-'
            || text[7] != '-'
            || !TryDigits(text[..4], out int year)
            || !TryDigits(text[5..7], out int month)
            || !TryDigits(text[8..], out int day)
            || year == 0
            || month is 0 or > 12
            || day == 0
            || day > DateTime.DaysInMonth(year, month)
        )
        {
            return false;
        }
        days = new DateOnly(year, month, day).DayNumber - new DateOnly(2000, 1, 1).DayNumber;
        return true;
    }
}
