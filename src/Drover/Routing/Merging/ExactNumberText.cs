// Exact numbers as they are on the wire, in text and in binary.
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Drover.Routing.Merging;

/// <summary>Integers and numeric.</summary>
internal static class ExactNumberText
{
    private const int HeaderBytes = 8;
    private const int DigitsPerWord = 4;
    private const ushort NegativeSign = 0x4000;
    private const ushort NaNSign = 0xC000;
    private const ushort InfinitySign = 0xD000;
    private const ushort NegativeInfinitySign = 0xF000;

    /// <summary>What PostgreSQL sends as the scale of an infinite value: bits of its sign.</summary>
    private const ushort InfinityScale = 0x20;

    /// <summary>Reads a value.</summary>
    /// <param name="type">bigint or numeric.</param>
    /// <param name="isBinary">The form that it is in.</param>
    /// <param name="value">Not NULL.</param>
    /// <param name="number">The number.</param>
    /// <returns>False if these bytes are no such value.</returns>
    public static bool TryRead(uint type, bool isBinary, ReadOnlySpan<byte> value, out ExactNumber number)
    {
        if (type == SortOrder.Numeric)
        {
            return isBinary ? TryReadBinary(value, out number) : TryReadText(value, out number);
        }
        bool isRead = SortOrder.TryNumber(type, isBinary, value, out long whole);
        number = new ExactNumber(ExactKind.Finite, whole, 0);
        return isRead;
    }

    /// <summary>Writes a value of type numeric.</summary>
    public static byte[] Write(in ExactNumber number, bool isBinary) =>
        isBinary ? WriteBinary(number) : Encoding.ASCII.GetBytes(WriteText(number));

    private static string WriteText(in ExactNumber number)
    {
        switch (number.Kind)
        {
            case ExactKind.NaN:
                return "NaN";
            case ExactKind.Infinity:
                return "Infinity";
            case ExactKind.NegativeInfinity:
                return "-Infinity";
        }
        string sign = number.Digits.Sign < 0 ? "-" : "";
        string digits = ExactNumber.DigitsOf(BigInteger.Abs(number.Digits)).PadLeft(number.Scale + 1, '0');
        int point = digits.Length - number.Scale;
        return number.Scale == 0 ? sign + digits : $"{sign}{digits.AsSpan(0, point)}.{digits.AsSpan(point)}";
    }

    private static bool TryReadText(ReadOnlySpan<byte> text, out ExactNumber number)
    {
        number = default;
        if (!NumericOrder.IsText(text))
        {
            return false;
        }
        if (text[^1] is (byte)'N' or (byte)'y')
        {
            ExactKind kind =
                text[0] == (byte)'N' ? ExactKind.NaN
                : text[0] == (byte)'-' ? ExactKind.NegativeInfinity
                : ExactKind.Infinity;
            number = new ExactNumber(kind, BigInteger.Zero, 0);
            return true;
        }
        int point = text.IndexOf((byte)'.');
        int scale = point < 0 ? 0 : text.Length - point - 1;
        if (scale == 0 && Utf8Parser.TryParse(text, out long whole, out int read) && read == text.Length)
        {
            number = new ExactNumber(ExactKind.Finite, whole, 0);
            return true;
        }
        string digits = Encoding.ASCII.GetString(text).Replace(".", "", StringComparison.Ordinal);
        number = new ExactNumber(
            ExactKind.Finite,
            BigInteger.Parse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
            scale
        );
        return true;
    }

    /// <summary>
    /// A count of words of four digits, the place of the first, the sign, the digits behind the point, the words
    /// (src/backend/utils/adt/numeric.c, numeric_send).
    /// </summary>
    private static bool TryReadBinary(ReadOnlySpan<byte> value, out ExactNumber number)
    {
        number = default;
        if (!NumericOrder.IsBinary(value))
        {
            return false;
        }
        int weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        ushort sign = BinaryPrimitives.ReadUInt16BigEndian(value[4..]);
        int scale = BinaryPrimitives.ReadUInt16BigEndian(value[6..]);
        ExactKind kind = sign switch
        {
            NaNSign => ExactKind.NaN,
            InfinitySign => ExactKind.Infinity,
            NegativeInfinitySign => ExactKind.NegativeInfinity,
            _ => ExactKind.Finite,
        };
        if (kind != ExactKind.Finite)
        {
            number = new ExactNumber(kind, BigInteger.Zero, 0);
            return true;
        }
        StringBuilder text = new("0");
        int words = (value.Length - HeaderBytes) / sizeof(short);
        for (int i = 0; i < words; i++)
        {
            int word = BinaryPrimitives.ReadInt16BigEndian(value[(HeaderBytes + (i * sizeof(short)))..]);
            if (word is < 0 or > 9999)
            {
                return false;
            }
            text.Append(CultureInfo.InvariantCulture, $"{word:0000}");
        }
        BigInteger digits = BigInteger.Parse(text.ToString(), NumberStyles.None, CultureInfo.InvariantCulture);
        int shift = ((weight - words + 1) * DigitsPerWord) + scale;
        digits = shift >= 0 ? digits * BigInteger.Pow(10, shift) : digits / BigInteger.Pow(10, -shift);
        number = new ExactNumber(ExactKind.Finite, sign == NegativeSign ? -digits : digits, scale);
        return true;
    }

    private static byte[] WriteBinary(in ExactNumber number)
    {
        if (number.Kind != ExactKind.Finite)
        {
            ushort sign =
                number.Kind == ExactKind.NaN ? NaNSign
                : number.Kind == ExactKind.Infinity ? InfinitySign
                : NegativeInfinitySign;
            return Head(0, 0, sign, number.Kind == ExactKind.NaN ? (ushort)0 : InfinityScale);
        }
        int padding = (DigitsPerWord - (number.Scale % DigitsPerWord)) % DigitsPerWord;
        string digits = ExactNumber.DigitsOf(BigInteger.Abs(number.Digits)) + new string('0', padding);
        if (number.Digits.IsZero)
        {
            return Head(0, 0, 0, (ushort)number.Scale);
        }
        digits = digits.PadLeft((digits.Length + DigitsPerWord - 1) / DigitsPerWord * DigitsPerWord, '0');
        int words = digits.Length / DigitsPerWord;
        int weight = words - 1 - ((number.Scale + padding) / DigitsPerWord);
        while (digits.AsSpan(0, words * DigitsPerWord).EndsWith("0000"))
        {
            words--;
        }
        byte[] value = Head(words, weight, number.Digits.Sign < 0 ? NegativeSign : (ushort)0, (ushort)number.Scale);
        for (int i = 0; i < words; i++)
        {
            short word = short.Parse(digits.AsSpan(i * DigitsPerWord, DigitsPerWord), CultureInfo.InvariantCulture);
            BinaryPrimitives.WriteInt16BigEndian(value.AsSpan(HeaderBytes + (i * sizeof(short))), word);
        }
        return value;
    }

    private static byte[] Head(int words, int weight, ushort sign, ushort scale)
    {
        byte[] value = new byte[HeaderBytes + (words * sizeof(short))];
        BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)words);
        BinaryPrimitives.WriteInt16BigEndian(value.AsSpan(2), (short)weight);
        BinaryPrimitives.WriteUInt16BigEndian(value.AsSpan(4), sign);
        BinaryPrimitives.WriteUInt16BigEndian(value.AsSpan(6), scale);
        return value;
    }
}
