// The order of numeric values, in text and in binary.
using System.Buffers.Binary;

namespace Drover.Routing.Merging;

/// <summary>
/// -Infinity, the numbers, Infinity, NaN; how many digits a value has behind the point does not matter.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/datatype-numeric.html#DATATYPE-NUMERIC-DECIMAL</remarks>
internal static class NumericOrder
{
    private const int HeaderBytes = 8;
    private const int NegativeSign = 0x4000;
    private const int NaNSign = 0xC000;
    private const int InfinitySign = 0xD000;
    private const int NegativeInfinitySign = 0xF000;

    /// <summary>Whether a text is a value: digits with a point and a sign, or NaN, or infinite.</summary>
    public static bool IsText(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> number = text is [(byte)'-', ..] ? text[1..] : text;
        return text.SequenceEqual("NaN"u8)
            || number.SequenceEqual("Infinity"u8)
            || (
                number is [>= (byte)'0' and <= (byte)'9', ..]
                && number.IndexOfAnyExceptInRange((byte)'.', (byte)'9') < 0
                && !number.Contains((byte)'/')
                && number.Count((byte)'.') <= 1
            );
    }

    /// <summary>Whether these bytes are a value: a head, and as many digits as it says.</summary>
    public static bool IsBinary(ReadOnlySpan<byte> value) =>
        value.Length >= HeaderBytes
        && value.Length - HeaderBytes == BinaryPrimitives.ReadUInt16BigEndian(value) * sizeof(short);

    /// <summary>Compares two values as text.</summary>
    public static int CompareText(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        int rank = RankOfText(one);
        int byRank = rank.CompareTo(RankOfText(other));
        return byRank != 0 || rank is not (1 or -1) ? byRank
            : rank == 1 ? CompareDigits(one, other)
            : CompareDigits(other[1..], one[1..]);
    }

    /// <summary>Compares two values in binary.</summary>
    public static int CompareBinary(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        int rank = RankOfBinary(one);
        int byRank = rank.CompareTo(RankOfBinary(other));
        return byRank != 0 || rank is not (1 or -1) ? byRank
            : rank == 1 ? CompareWords(one, other)
            : CompareWords(other, one);
    }

    /// <summary>-2 and 2 are infinite, -1 and 1 have a sign, 3 is NaN.</summary>
    private static int RankOfText(ReadOnlySpan<byte> text) =>
        text[0] switch
        {
            (byte)'N' => 3,
            (byte)'I' => 2,
            (byte)'-' when text[1] == (byte)'I' => -2,
            (byte)'-' => text.IndexOfAnyInRange((byte)'1', (byte)'9') < 0 ? 0 : -1,
            _ => text.IndexOfAnyInRange((byte)'1', (byte)'9') < 0 ? 0 : 1,
        };

    /// <summary>Compares two positive numbers.</summary>
    private static int CompareDigits(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        Divide(one, out ReadOnlySpan<byte> whole, out ReadOnlySpan<byte> fraction);
        Divide(other, out ReadOnlySpan<byte> otherWhole, out ReadOnlySpan<byte> otherFraction);
        int byLength = whole.Length.CompareTo(otherWhole.Length);
        int byWhole = byLength != 0 ? byLength : whole.SequenceCompareTo(otherWhole);
        return byWhole != 0 ? byWhole : fraction.TrimEnd((byte)'0').SequenceCompareTo(otherFraction.TrimEnd((byte)'0'));
    }

    private static void Divide(ReadOnlySpan<byte> number, out ReadOnlySpan<byte> whole, out ReadOnlySpan<byte> fraction)
    {
        int point = number.IndexOf((byte)'.');
        whole = (point < 0 ? number : number[..point]).TrimStart((byte)'0');
        fraction = point < 0 ? default : number[(point + 1)..];
    }

    private static int RankOfBinary(ReadOnlySpan<byte> value) =>
        BinaryPrimitives.ReadUInt16BigEndian(value[4..]) switch
        {
            NaNSign => 3,
            InfinitySign => 2,
            NegativeInfinitySign => -2,
            _ when value[HeaderBytes..].IndexOfAnyExcept((byte)0) < 0 => 0,
            NegativeSign => -1,
            _ => 1,
        };

    /// <summary>Compares two positive numbers: digits to the base of 10,000, the first of them of a weight.</summary>
    private static int CompareWords(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        ReadOnlySpan<byte> words = WordsOf(one, out int weight);
        ReadOnlySpan<byte> otherWords = WordsOf(other, out int otherWeight);
        return weight != otherWeight ? weight.CompareTo(otherWeight) : words.SequenceCompareTo(otherWords);
    }

    private static ReadOnlySpan<byte> WordsOf(ReadOnlySpan<byte> value, out int weight)
    {
        weight = BinaryPrimitives.ReadInt16BigEndian(value[2..]);
        ReadOnlySpan<byte> words = value[HeaderBytes..];
        while (words is [0, 0, ..])
        {
            words = words[2..];
            weight--;
        }
        while (words is [.., 0, 0])
        {
            words = words[..^2];
        }
        return words;
    }
}
