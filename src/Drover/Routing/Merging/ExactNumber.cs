// Numbers as PostgreSQL's type numeric has them, so that sums and averages are what the server would have computed.
using System.Globalization;
using System.Numerics;

namespace Drover.Routing.Merging;

internal enum ExactKind
{
    Finite,
    NaN,
    Infinity,
    NegativeInfinity,
}

/// <summary>A number with its digits behind the point, those that are zero too.</summary>
/// <param name="Kind">Whether it is a number.</param>
/// <param name="Digits">All digits, without the point.</param>
/// <param name="Scale">How many of them are behind the point.</param>
/// <remarks>https://www.postgresql.org/docs/18/datatype-numeric.html#DATATYPE-NUMERIC-DECIMAL</remarks>
internal readonly record struct ExactNumber(ExactKind Kind, BigInteger Digits, int Scale)
{
    /// <summary>Digits before the point that numeric can have.</summary>
    private const int WholeDigitsMax = 131_072;

    private const int SignificantDigitsMin = 16;
    private const int ScaleMax = 1_000;
    private const int DigitsPerWord = 4;

    public static ExactNumber Zero => new(ExactKind.Finite, BigInteger.Zero, 0);

    /// <summary>Whether numeric has room for it.</summary>
    public bool IsInRange =>
        Kind != ExactKind.Finite
        || Digits.GetBitLength() < 400_000
        || DigitsOf(Digits).Length - Scale <= WholeDigitsMax;

    /// <summary>The sum, with as many digits behind the point as the one that has more.</summary>
    public static ExactNumber operator +(ExactNumber one, ExactNumber other)
    {
        if (one.Kind == ExactKind.Finite && other.Kind == ExactKind.Finite)
        {
            int scale = Math.Max(one.Scale, other.Scale);
            return new ExactNumber(ExactKind.Finite, one.DigitsAt(scale) + other.DigitsAt(scale), scale);
        }
        // Infinity is what it is together with any number, and no number together with its opposite.
        ExactKind kind =
            one.Kind == ExactKind.Finite || one.Kind == other.Kind ? other.Kind
            : other.Kind == ExactKind.Finite ? one.Kind
            : ExactKind.NaN;
        return new ExactNumber(kind, BigInteger.Zero, 0);
    }

    public static ExactNumber operator *(ExactNumber one, BigInteger factor) =>
        one with
        {
            Digits = one.Digits * factor,
        };

    /// <summary>Numeric's own order: NaN is equal to itself, and greater than all else.</summary>
    public int CompareTo(ExactNumber other)
    {
        int order = RankOf(Kind).CompareTo(RankOf(other.Kind));
        int scale = Math.Max(Scale, other.Scale);
        return order != 0 || Kind != ExactKind.Finite ? order : DigitsAt(scale).CompareTo(other.DigitsAt(scale));
    }

    /// <summary>The root as numeric's own function gives it: so many digits, rounded in the middle.</summary>
    /// <remarks>src/backend/utils/adt/numeric.c, sqrt_var</remarks>
    public ExactNumber Root()
    {
        // Of four times the number the root is twice as large: its last bit says how to round.
        BigInteger square = Digits * BigInteger.Pow(10, Scale) * 4;
        BigInteger twice = WholeRootOf(square);
        return this with { Digits = (twice + 1) / 2 };
    }

    /// <summary>
    /// The quotient as numeric's own division gives it: rounded away from zero in the middle, with so many digits that
    /// at least 16 matter (src/backend/utils/adt/numeric.c, select_div_scale).
    /// </summary>
    /// <param name="divisor">Greater than zero.</param>
    public ExactNumber DividedBy(BigInteger divisor)
    {
        if (Kind != ExactKind.Finite)
        {
            return this;
        }
        (int weight, int first) = FirstWordOf(BigInteger.Abs(Digits), Scale);
        (int otherWeight, int otherFirst) = FirstWordOf(divisor, 0);
        int quotientWeight = weight - otherWeight - (first <= otherFirst ? 1 : 0);
        int scale = SignificantDigitsMin - (quotientWeight * DigitsPerWord);
        scale = Math.Min(Math.Max(Math.Max(scale, Scale), 0), ScaleMax);
        BigInteger dividend = BigInteger.Abs(Digits) * BigInteger.Pow(10, Math.Max(scale - Scale, 0));
        BigInteger by = divisor * BigInteger.Pow(10, Math.Max(Scale - scale, 0));
        BigInteger quotient = BigInteger.DivRem(dividend, by, out BigInteger rest);
        quotient += rest * 2 >= by ? 1 : 0;
        return new ExactNumber(ExactKind.Finite, Digits.Sign < 0 ? -quotient : quotient, scale);
    }

    /// <summary>The digits of a number that is not negative; none of zero.</summary>
    public static string DigitsOf(BigInteger number) =>
        number.IsZero ? "" : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// The first of the words of four digits that is not zero, and its place: 0 is the one before the point.
    /// </summary>
    private static (int Weight, int Word) FirstWordOf(BigInteger number, int scale)
    {
        string digits = DigitsOf(number);
        if (digits.Length == 0)
        {
            return (0, 0);
        }
        // The power of ten of its first digit.
        int power = digits.Length - scale - 1;
        int weight = (int)Math.Floor((double)power / DigitsPerWord);
        int length = power - (weight * DigitsPerWord) + 1;
        string word = digits.PadRight(DigitsPerWord, '0')[..length];
        return (weight, int.Parse(word, CultureInfo.InvariantCulture));
    }

    private static int RankOf(ExactKind kind) =>
        kind switch
        {
            ExactKind.NegativeInfinity => 0,
            ExactKind.Finite => 1,
            ExactKind.Infinity => 2,
            _ => 3,
        };

    /// <summary>The greatest whole number whose square is not above this one, by Newton's method.</summary>
    private static BigInteger WholeRootOf(BigInteger square)
    {
        if (square.IsZero)
        {
            return square;
        }
        BigInteger root = BigInteger.One << (int)((square.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = (root + (square / root)) >> 1;
            if (next >= root)
            {
                return root;
            }
            root = next;
        }
    }

    private BigInteger DigitsAt(int scale) => scale == Scale ? Digits : Digits * BigInteger.Pow(10, scale - Scale);
}
