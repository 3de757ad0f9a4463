// numeric as the server stores it: digits to the base 10,000, without zeros at either end, and the first one's weight.
using System.Buffers.Binary;
using System.Text;

namespace Drover.Topology.Keys;

/// <summary>
/// hash_numeric_extended(value, 0): values that are equal have equal hashes, whatever their scale
/// (src/backend/utils/adt/numeric.c).
/// </summary>
internal static class NumericKey
{
    /// <summary>Longer keys are not hashed here.</summary>
    private const int DigitsMax = 256;

    // Nobody shards by such numbers, and near its own limits the server rounds or refuses.
    private const int ExponentMax = 1000;

    // Not a number and the infinities hash to the seed; zero to the seed minus one.
    private const ulong SpecialHash = 0;
    private const ulong ZeroHash = ulong.MaxValue;

    /// <summary>Hashes a decimal number, with or without exponent, NaN, or an infinity.</summary>
    public static bool TryHashText(ReadOnlySpan<byte> text, out ulong hash)
    {
        hash = 0;
        text = KeyText.Trim(text);
        if (IsSpecial(text))
        {
            hash = SpecialHash;
            return true;
        }
        text = text is [(byte)'+' or (byte)'-', ..] ? text[1..] : text;
        if (!TrySplit(text, out ReadOnlySpan<byte> whole, out ReadOnlySpan<byte> fraction, out int exponent))
        {
            return false;
        }
        Span<byte> decimals = stackalloc byte[DigitsMax];
        if (whole.Length + fraction.Length > decimals.Length)
        {
            return false;
        }
        whole.CopyTo(decimals);
        fraction.CopyTo(decimals[whole.Length..]);
        decimals = decimals[..(whole.Length + fraction.Length)];
        int zeros = decimals.Length - decimals.TrimStart((byte)'0').Length;
        hash = OfDecimals(decimals.Trim((byte)'0'), whole.Length - 1 - zeros + exponent);
        return true;
    }

    /// <summary>Hashes the binary format: count of digits, weight, sign, scale, digits.</summary>
    public static bool TryHashBinary(ReadOnlySpan<byte> value, out ulong hash)
    {
        hash = 0;
        if (value.Length < 8)
        {
            return false;
        }
        int count = BinaryPrimitives.ReadUInt16BigEndian(value);
        int weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        ushort sign = BinaryPrimitives.ReadUInt16BigEndian(value[4..]);
        if (value.Length != 8 + (2 * count) || count > DigitsMax || sign is not (0 or 0x4000 or >= 0xC000))
        {
            return false;
        }
        if (sign >= 0xC000)
        {
            hash = SpecialHash;
            return true;
        }
        Span<short> digits = stackalloc short[DigitsMax];
        for (int i = 0; i < count; i++)
        {
            digits[i] = BinaryPrimitives.ReadInt16BigEndian(value[(8 + (2 * i))..]);
        }
        ReadOnlySpan<short> rest = digits[..count];
        ReadOnlySpan<short> started = rest.TrimStart((short)0);
        hash = OfDigits(started.TrimEnd((short)0), weight - (rest.Length - started.Length));
        return true;
    }

    private static bool IsSpecial(ReadOnlySpan<byte> text) =>
        Ascii.EqualsIgnoreCase(text, "NaN"u8)
        || Ascii.EqualsIgnoreCase(text.TrimStart("+-"u8), "Infinity"u8)
        || Ascii.EqualsIgnoreCase(text.TrimStart("+-"u8), "inf"u8);

    private static bool TrySplit(
        ReadOnlySpan<byte> text,
        out ReadOnlySpan<byte> whole,
        out ReadOnlySpan<byte> fraction,
        out int exponent
    )
    {
        exponent = 0;
        whole = fraction = [];
        int mark = text.IndexOfAny((byte)'e', (byte)'E');
        if (mark >= 0)
        {
            ReadOnlySpan<byte> power = text[(mark + 1)..];
            bool isNegative = power is [(byte)'-', ..];
            power = isNegative || power is [(byte)'+', ..] ? power[1..] : power;
            if (!KeyText.TryDigits(power, out exponent) || exponent > ExponentMax)
            {
                return false;
            }
            exponent = isNegative ? -exponent : exponent;
            text = text[..mark];
        }
        int point = text.IndexOf((byte)'.');
        whole = point < 0 ? text : text[..point];
        fraction = point < 0 ? [] : text[(point + 1)..];
        return whole.Length + fraction.Length > 0
            && !whole.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && !fraction.ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    // Decimal digits without zeros at either end; the first one stands for 10 to the power of exponent.
    private static ulong OfDecimals(ReadOnlySpan<byte> decimals, int exponent)
    {
        if (decimals.IsEmpty)
        {
            return ZeroHash;
        }
        int weight = exponent >> 2;
        int count = weight - ((exponent - decimals.Length + 1) >> 2) + 1;
        Span<short> digits = stackalloc short[(DigitsMax / 4) + 2];
        digits = digits[..count];
        digits.Clear();
        // The first digit's place within its group of four, from the left.
        int place = 3 - (exponent & 3);
        foreach (byte digit in decimals)
        {
            digits[place >> 2] += (short)((digit - '0') * Power(3 - (place & 3)));
            place++;
        }
        return OfDigits(digits, weight);
    }

    private static int Power(int exponent) =>
        exponent switch
        {
            0 => 1,
            1 => 10,
            2 => 100,
            _ => 1000,
        };

    private static ulong OfDigits(ReadOnlySpan<short> digits, int weight)
    {
        if (digits.IsEmpty)
        {
            return ZeroHash;
        }
        Span<byte> bytes = stackalloc byte[2 * DigitsMax];
        for (int i = 0; i < digits.Length; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(bytes[(2 * i)..], digits[i]);
        }
        return PostgresHash.OfBytes(bytes[..(2 * digits.Length)]) ^ (ulong)weight;
    }
}
