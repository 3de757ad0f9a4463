// Columns of a group's row that are computed from the shards' values.
using System.Buffers.Text;
using System.Numerics;
using Drover.Protocol.Framing;

namespace Drover.Routing.Merging;

/// <summary>The sum of bigints, which has to be one.</summary>
/// <param name="index">Where it stands.</param>
/// <param name="isBinary">The form that the client has asked for.</param>
/// <param name="isCount">Of no rows it is 0.</param>
internal sealed class WholeSum(int index, bool isBinary, bool isCount = false) : ColumnCombiner
{
    private Int128? _sum;

    public override string? Overflow =>
        _sum is { } sum && (sum > long.MaxValue || sum < long.MinValue) ? "bigint out of range" : null;

    public override bool IsNull => _sum is null && !isCount;

    public override bool TryAdd(in RowValues row)
    {
        if (row.IsNull(index))
        {
            return true;
        }
        bool isRead = SortOrder.TryNumber(SortOrder.Int8, isBinary, row[index], out long number);
        _sum = (_sum ?? 0) + number;
        return isRead;
    }

    public override void Write(MessageWriter writer)
    {
        if (IsNull)
        {
            writer.WriteNull();
        }
        else
        {
            WholeNumber.Write(writer, SortOrder.Int8, isBinary, (long)(_sum ?? 0));
        }
    }

    public override void Clear() => _sum = null;
}

/// <summary>How many values there are: of each, a shard or several give a row, with 1 if it counts.</summary>
/// <param name="index">Where it stands.</param>
/// <param name="isBinary">The form that the client has asked for.</param>
internal sealed class DistinctCount(int index, bool isBinary) : ColumnCombiner
{
    private long _count;
    private long _last;

    public override bool IsNull => false;

    public override void NextValue()
    {
        _count += _last;
        _last = 0;
    }

    public override bool TryAdd(in RowValues row)
    {
        long number = 0;
        bool isRead =
            !row.IsNull(index)
            && SortOrder.TryNumber(SortOrder.Int8, isBinary, row[index], out number)
            && number is (0 or 1);
        _last = Math.Max(_last, number);
        return isRead;
    }

    public override void Write(MessageWriter writer) =>
        WholeNumber.Write(writer, SortOrder.Int8, isBinary, _count + _last);

    public override void Clear()
    {
        _count = 0;
        _last = 0;
    }
}

/// <summary>The sum of numerics.</summary>
internal sealed class ExactSum(int index, bool isBinary) : ColumnCombiner
{
    private ExactNumber? _sum;

    public override string? Overflow => _sum is { IsInRange: false } ? "value overflows numeric format" : null;

    public override bool IsNull => _sum is null;

    public override bool TryAdd(in RowValues row)
    {
        if (row.IsNull(index))
        {
            return true;
        }
        if (!ExactNumberText.TryRead(SortOrder.Numeric, isBinary, row[index], out ExactNumber number))
        {
            return false;
        }
        _sum = _sum is { } sum ? sum + number : number;
        return true;
    }

    public override void Write(MessageWriter writer)
    {
        if (_sum is { } sum)
        {
            writer.WriteValue(ExactNumberText.Write(sum, isBinary));
        }
        else
        {
            writer.WriteNull();
        }
    }

    public override void Clear() => _sum = null;
}

/// <summary>The sum of the shards' sums, divided by the sum of their counts.</summary>
internal sealed class ExactAverage(int part, ColumnType sumType, ColumnType countType, bool isBinary) : ColumnCombiner
{
    private ExactNumber _sum = ExactNumber.Zero;
    private BigInteger _count;

    public override string? Overflow => _sum.IsInRange ? null : "value overflows numeric format";

    public override bool IsNull => _count.IsZero;

    public override bool TryAdd(in RowValues row)
    {
        if (row.IsNull(part))
        {
            return true;
        }
        if (
            !ExactNumberText.TryRead(sumType.Oid, sumType.IsBinary, row[part], out ExactNumber sum)
            || !SortOrder.TryNumber(countType.Oid, countType.IsBinary, row[part + 1], out long count)
        )
        {
            return false;
        }
        _sum += sum;
        _count += count;
        return true;
    }

    public override void Write(MessageWriter writer)
    {
        if (_count.IsZero)
        {
            writer.WriteNull();
        }
        else
        {
            writer.WriteValue(ExactNumberText.Write(_sum.DividedBy(_count), isBinary));
        }
    }

    public override void Clear()
    {
        _sum = ExactNumber.Zero;
        _count = BigInteger.Zero;
    }
}

/// <summary>
/// Variance and standard deviation of exact numbers, from the sums of the shards' values and of their squares, and
/// their count.
/// </summary>
/// <param name="kind">Which of the four.</param>
/// <param name="part">The column of the sum; those of the squares and of the count come behind it.</param>
/// <param name="types">Of all columns.</param>
/// <param name="isBinary">The form that the client has asked for.</param>
/// <remarks>src/backend/utils/adt/numeric.c, numeric_stddev_internal</remarks>
internal sealed class ExactDeviation(CombineKind kind, int part, IReadOnlyList<ColumnType> types, bool isBinary)
    : ColumnCombiner
{
    /// <summary>A root of as many takes below a millisecond; of numeric's 131,072 it takes half a second.</summary>
    private const int DigitsMax = 2_000;

    private const double BitsPerDigit = 3.33;

    private ExactNumber _sum = ExactNumber.Zero;
    private ExactNumber _squares = ExactNumber.Zero;
    private BigInteger _count;

    public override bool IsTooLong =>
        _sum.Scale > DigitsMax
        || _sum.Digits.GetBitLength() > DigitsMax * BitsPerDigit
        || _squares.Digits.GetBitLength() > 2 * DigitsMax * BitsPerDigit;

    private bool IsOfSample => kind is CombineKind.SampleVariance or CombineKind.SampleDeviation;

    public override bool IsNull => _count.IsZero || (IsOfSample && _count.IsOne);

    public override bool TryAdd(in RowValues row)
    {
        if (row.IsNull(part))
        {
            return true;
        }
        bool isRead =
            TryRead(row, part, out ExactNumber sum)
            & TryRead(row, part + 1, out ExactNumber squares)
            & TryRead(row, part + 2, out ExactNumber count);
        if (isRead)
        {
            _sum += sum;
            _squares += squares;
            _count += count.Digits;
        }
        return isRead;
    }

    public override void Write(MessageWriter writer)
    {
        if (IsNull)
        {
            writer.WriteNull();
        }
        else
        {
            writer.WriteValue(ExactNumberText.Write(Value(), isBinary));
        }
    }

    public override void Clear()
    {
        _sum = ExactNumber.Zero;
        _squares = ExactNumber.Zero;
        _count = BigInteger.Zero;
    }

    private ExactNumber Value()
    {
        if (_sum.Kind != ExactKind.Finite)
        {
            return new ExactNumber(ExactKind.NaN, BigInteger.Zero, 0);
        }
        ExactNumber square = new(ExactKind.Finite, -(_sum.Digits * _sum.Digits), _sum.Scale * 2);
        ExactNumber difference = (_squares * _count) + square;
        if (difference.Digits.Sign <= 0)
        {
            return ExactNumber.Zero;
        }
        ExactNumber variance = difference.DividedBy(_count * (IsOfSample ? _count - 1 : _count));
        return kind is CombineKind.SampleVariance or CombineKind.Variance ? variance : variance.Root();
    }

    private bool TryRead(in RowValues row, int column, out ExactNumber number) =>
        ExactNumberText.TryRead(types[column].Oid, types[column].IsBinary, row[column], out number);
}

/// <summary>Of truth values and integers, bit by bit.</summary>
internal sealed class BitValue(int index, ColumnType type, CombineKind kind) : ColumnCombiner
{
    private long? _bits;

    public override bool IsNull => _bits is null;

    public override bool TryAdd(in RowValues row)
    {
        if (row.IsNull(index))
        {
            return true;
        }
        bool isRead = SortOrder.TryNumber(type.Oid, type.IsBinary, row[index], out long bits);
        _bits =
            _bits is not { } before ? bits
            : kind == CombineKind.And ? before & bits
            : kind == CombineKind.Or ? before | bits
            : before ^ bits;
        return isRead;
    }

    public override void Write(MessageWriter writer)
    {
        if (_bits is { } bits)
        {
            WholeNumber.Write(writer, type.Oid, type.IsBinary, bits);
        }
        else
        {
            writer.WriteNull();
        }
    }

    public override void Clear() => _bits = null;
}

/// <summary>Writes integers and truth values.</summary>
internal static class WholeNumber
{
    public static void Write(MessageWriter writer, uint type, bool isBinary, long number)
    {
        if (!isBinary)
        {
            Span<byte> text = stackalloc byte[20];
            Utf8Formatter.TryFormat(number, text, out int length);
            writer.WriteValue(
                type != SortOrder.Bool ? text[..length]
                : number == 0 ? "f"u8
                : "t"u8
            );
            return;
        }
        switch (type)
        {
            case SortOrder.Bool:
                writer.WriteInt32(sizeof(byte));
                writer.WriteByte((byte)number);
                break;
            case SortOrder.Int2:
                writer.WriteInt32(sizeof(short));
                writer.WriteInt16((short)number);
                break;
            case SortOrder.Int4:
                writer.WriteInt32(sizeof(int));
                writer.WriteInt32((int)number);
                break;
            default:
                writer.WriteInt32(sizeof(long));
                writer.WriteInt64(number);
                break;
        }
    }
}
