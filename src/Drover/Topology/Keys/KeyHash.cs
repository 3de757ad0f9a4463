// A key as it stands in a statement, a parameter or a line of COPY → its hash.
using System.Buffers.Binary;
using System.Buffers.Text;

namespace Drover.Topology.Keys;

/// <summary>
/// Hashes a key's value in PostgreSQL's text or binary format, as the server hashes the column. What is not certain to
/// be the value that the server would read is not hashed: the caller refuses, it never guesses.
/// </summary>
/// <remarks>
/// Text is taken in the server's encoding. Formats: <c>https://www.postgresql.org/docs/current/datatype.html</c>.
/// </remarks>
internal static class KeyHash
{
    /// <summary>Hashes a value in text format.</summary>
    /// <returns>False when it is no value of this type, or one that depends on the version or a setting.</returns>
    public static bool TryOfText(KeyType type, ReadOnlySpan<byte> text, out ulong hash)
    {
        hash = 0;
        switch (type)
        {
            case KeyType.Bigint:
                return TryInteger(text, out hash);
            case KeyType.Text:
                hash = PostgresHash.OfBytes(text);
                return true;
            case KeyType.PaddedText:
                hash = PostgresHash.OfBytes(text.TrimEnd((byte)' '));
                return true;
            case KeyType.Uuid:
                return TryUuid(text, out hash);
            case KeyType.Numeric:
                return NumericKey.TryHashText(text, out hash);
            case KeyType.Date:
                return TryDate(text, out hash);
            default:
                return false;
        }
    }

    /// <summary>Hashes a value in binary format.</summary>
    /// <returns>False when the bytes are not of this type.</returns>
    public static bool TryOfBinary(KeyType type, ReadOnlySpan<byte> value, out ulong hash)
    {
        hash = 0;
        switch (type, value.Length)
        {
            case (KeyType.Bigint, 2):
                hash = PostgresHash.OfUInt32((uint)BinaryPrimitives.ReadInt16BigEndian(value));
                return true;
            case (KeyType.Bigint, 4) or (KeyType.Date, 4):
                hash = PostgresHash.OfUInt32(BinaryPrimitives.ReadUInt32BigEndian(value));
                return true;
            case (KeyType.Bigint, 8):
                hash = PostgresHash.OfInt64(BinaryPrimitives.ReadInt64BigEndian(value));
                return true;
            case (KeyType.Uuid, 16):
                hash = PostgresHash.OfBytes(value);
                return true;
            case (KeyType.Text or KeyType.PaddedText, _):
                return TryOfText(type, value, out hash);
            case (KeyType.Numeric, _):
                return NumericKey.TryHashBinary(value, out hash);
            default:
                return false;
        }
    }

    private static bool TryInteger(ReadOnlySpan<byte> text, out ulong hash)
    {
        hash = 0;
        ReadOnlySpan<byte> digits = KeyText.Trim(text);
        digits = digits is [(byte)'+', >= (byte)'0' and <= (byte)'9', ..] ? digits[1..] : digits;
        if (!Utf8Parser.TryParse(digits, out long value, out int read) || read != digits.Length)
        {
            return false;
        }
        hash = PostgresHash.OfInt64(value);
        return true;
    }

    // As uuid_in: digits in pairs, a hyphen after any four of them, braces around it all.
    private static bool TryUuid(ReadOnlySpan<byte> text, out ulong hash)
    {
        hash = 0;
        bool isBraced = text is [(byte)'{', .., (byte)'}'];
        text = isBraced ? text[1..^1] : text;
        Span<byte> value = stackalloc byte[16];
        for (int i = 0; i < value.Length; i++)
        {
            if (text.Length < 2 || !KeyText.TryHexPair(text, out value[i]))
            {
                return false;
            }
            text = text[2..];
            if (i % 2 == 1 && i < value.Length - 1 && text is [(byte)'-', ..])
            {
                text = text[1..];
            }
        }
        if (text.Length > 0)
        {
            return false;
        }
        hash = PostgresHash.OfBytes(value);
        return true;
    }

    // Year, month, day: the one form that no DateStyle reads otherwise.
    private static bool TryDate(ReadOnlySpan<byte> text, out ulong hash)
    {
        hash = 0;
        text = KeyText.Trim(text);
        if (
            text.Length != 10
            || text[4] != '-'
            || text[7] != '-'
            || !KeyText.TryDigits(text[..4], out int year)
            || !KeyText.TryDigits(text[5..7], out int month)
            || !KeyText.TryDigits(text[8..], out int day)
            || year == 0
            || month is 0 or > 12
            || day == 0
            || day > DateTime.DaysInMonth(year, month)
        )
        {
            return false;
        }
        int days = new DateOnly(year, month, day).DayNumber - new DateOnly(2000, 1, 1).DayNumber;
        hash = PostgresHash.OfUInt32((uint)days);
        return true;
    }
}
