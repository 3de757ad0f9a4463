// numeric as the server stores it: digits to the base 10,000, without zeros at either end, and the first one's weight.
using System.Buffers.Binary;
using System.Text;

namespace Drover.Topology.Keys;

/// <summary>What a numeric is, in the order that PostgreSQL puts them in.</summary>
internal enum NumericKind
{
    NegativeInfinity,
    Negative,
    Zero,
    Positive,
    Infinity,
    NotANumber,
}

/// <summary>A numeric but for its digits.</summary>
/// <param name="Kind">Which side of zero it is on, or that it is no number.</param>
/// <param name="Count">How many digits it has.</param>
/// <param name="Weight">The first digit stands for 10,000 to this power.</param>
internal readonly record struct NumericParts(NumericKind Kind, int Count = 0, int Weight = 0);

/// <summary>
/// Numbers that are equal have equal digits and weights, whatever their scale (src/backend/utils/adt/numeric.c).
/// </summary>
internal static class NumericKey
{
    /// <summary>Longer keys are not read here.</summary>
    public const int DigitsMax = 256;

    // Nobody shards by such numbers, and near its own limits the server rounds or refuses.
    private const int ExponentMax = 1000;

    // Not a number and the infinities hash to the seed; zero to the seed minus one.
    private const ulong SpecialHash = 0;
    private const ulong ZeroHash = ulong.MaxValue;

    /// <summary>hash_numeric_extended(value, 0) of a number in text format.</summary>
    public static bool TryHashText(ReadOnlySpan<byte> text, out ulong hash)
    {
        Span<short> digits = stackalloc short[DigitsMax];
        bool isRead = TryReadText(text, digits, out NumericParts parts);
        hash = isRead ? HashOf(parts, digits) : 0;
        return isRead;
    }

    /// <summary>hash_numeric_extended(value, 0) of a number in binary format.</summary>
    public static bool TryHashBinary(ReadOnlySpan<byte> value, out ulong hash)
    {
        Span<short> digits = stackalloc short[DigitsMax];
        bool isRead = TryReadBinary(value, digits, out NumericParts parts);
        hash = isRead ? HashOf(parts, digits) : 0;
        return isRead;
    }

    /// <summary>Reads a decimal number, with or without exponent, NaN, or an infinity.</summary>
    /// <param name="text">The text.</param>
    /// <param name="digits">Room for <see cref="DigitsMax"/>.</param>
    /// <param name="parts">The rest of it.</param>
    public static bool TryReadText(ReadOnlySpan<byte> text, Span<short> digits, out NumericParts parts)
    {
        text = KeyText.Trim(text);
        bool isNegative = text is [(byte)'-', ..];
        if (IsSpecial(text))
        {
            parts = new NumericParts(
                Ascii.EqualsIgnoreCase(text, "NaN"u8) ? NumericKind.NotANumber
                : isNegative ? NumericKind.NegativeInfinity
                : NumericKind.Infinity
            );
            return true;
        }
        parts = default;
        text = isNegative || text is [(byte)'+', ..] ? text[1..] : text;
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
        parts = Group(decimals.Trim((byte)'0'), whole.Length - 1 - zeros + exponent, isNegative, digits);
        return true;
    }

    /// <summary>Reads the binary format: count of digits, weight, sign, scale, digits.</summary>
    /// <param name="value">The bytes.</param>
    /// <param name="digits">Room for <see cref="DigitsMax"/>.</param>
    /// <param name="parts">The rest of it.</param>
    public static bool TryReadBinary(ReadOnlySpan<byte> value, Span<short> digits, out NumericParts parts)
    {
        parts = default;
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
            parts = new NumericParts(
                sign switch
                {
                    0xD000 => NumericKind.Infinity,
                    0xF000 => NumericKind.NegativeInfinity,
                    _ => NumericKind.NotANumber,
                }
            );
            return true;
        }
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            short digit = BinaryPrimitives.ReadInt16BigEndian(value[(8 + (2 * i))..]);
            if (kept == 0 && digit == 0)
            {
                weight--;
                continue;
            }
            digits[kept++] = digit;
        }
        kept = digits[..kept].TrimEnd((short)0).Length;
        parts = PartsOf(kept, weight, sign == 0x4000);
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
    private static NumericParts Group(ReadOnlySpan<byte> decimals, int exponent, bool isNegative, Span<short> digits)
    {
        if (decimals.IsEmpty)
        {
            return new NumericParts(NumericKind.Zero);
        }
        int weight = exponent >> 2;
        int count = weight - ((exponent - decimals.Length + 1) >> 2) + 1;
        digits = digits[..count];
        digits.Clear();
        // The first digit's place within its group of four, from the left.
        int place = 3 - (exponent & 3);
        foreach (byte digit in decimals)
        {
            digits[place >> 2] += (short)((digit - '0') * Power(3 - (place & 3)));
            place++;
        }
        return PartsOf(count, weight, isNegative);
    }

    private static NumericParts PartsOf(int count, int weight, bool isNegative) =>
        count == 0
            ? new NumericParts(NumericKind.Zero)
            : new NumericParts(isNegative ? NumericKind.Negative : NumericKind.Positive, count, weight);

    private static int Power(int exponent) =>
        exponent switch
        {
            0 => 1,
            1 => 10,
            2 => 100,
            _ => 1000,
        };

    private static ulong HashOf(NumericParts parts, ReadOnlySpan<short> digits)
    {
        if (parts.Kind is not (NumericKind.Negative or NumericKind.Positive))
        {
            return parts.Kind == NumericKind.Zero ? ZeroHash : SpecialHash;
        }
        Span<byte> bytes = stackalloc byte[2 * DigitsMax];
        for (int i = 0; i < parts.Count; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(bytes[(2 * i)..], digits[i]);
        }
        return PostgresHash.OfBytes(bytes[..(2 * parts.Count)]) ^ (ulong)parts.Weight;
    }
}
