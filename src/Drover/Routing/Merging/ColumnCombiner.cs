// One column of a group's row: of the shards' values one.
using Drover.Protocol.Framing;
using Drover.Routing.Merging.Gathering;

namespace Drover.Routing.Merging;

/// <summary>The type and the form of a column's values.</summary>
internal readonly record struct ColumnType(uint Oid, bool IsBinary);

/// <summary>Takes in the values of the rows of one group.</summary>
internal abstract class ColumnCombiner
{
    /// <summary>What the server would say if the value is none of its type; null if it is.</summary>
    public virtual string? Overflow => null;

    /// <summary>Its value would take so long to compute that others of the loop would wait.</summary>
    public virtual bool IsTooLong => false;

    /// <summary>More is gathered than is held of one value.</summary>
    public virtual bool IsTooLarge => false;

    /// <summary>What it would write is NULL.</summary>
    public abstract bool IsNull { get; }

    /// <summary>Makes one; null if a type is none that was planned for.</summary>
    /// <param name="column">How it is made.</param>
    /// <param name="index">Where it stands.</param>
    /// <param name="types">Of all columns.</param>
    public static ColumnCombiner? Make(CombinedColumn column, int index, IReadOnlyList<ColumnType> types)
    {
        ColumnType type = types[index];
        if (column.IsCoalesced)
        {
            CombinedColumn aggregate = column with { IsCoalesced = false, Part = column.Part + 1 };
            ColumnCombiner? inner = types[column.Part] == type ? Make(aggregate, column.Part, types) : null;
            return inner is null ? null : new CoalescedValue(index, inner);
        }
        switch (column.Kind)
        {
            case CombineKind.Gathered when column.Gather is { Keys.IsEmpty: true, Form: not GatherForm.Array } joined:
                return new JoinedValues(joined, index, column.Part, type.IsBinary);
            case CombineKind.Gathered:
                return OrderedValues.Make(column.Gather!, index, column.Part, types);
            case CombineKind.Kept:
                return new KeptValue(index);
            case CombineKind.Sum when type.Oid == SortOrder.Int8:
                return new WholeSum(index, type.IsBinary, column.IsCount);
            case CombineKind.DistinctCount when type.Oid == SortOrder.Int8:
                return new DistinctCount(index, type.IsBinary);
            case CombineKind.Sum when type.Oid == SortOrder.Numeric:
                return new ExactSum(index, type.IsBinary);
            case CombineKind.Average when type.Oid == SortOrder.Numeric:
                ColumnType sum = types[column.Part];
                ColumnType count = types[column.Part + 1];
                return sum.Oid is SortOrder.Int8 or SortOrder.Numeric && count.Oid == SortOrder.Int8
                    ? new ExactAverage(column.Part, sum, count, type.IsBinary)
                    : null;
            case >= CombineKind.SampleVariance when type.Oid == SortOrder.Numeric:
                bool areSums =
                    types[column.Part].Oid is SortOrder.Int8 or SortOrder.Numeric
                    && types[column.Part + 1].Oid == SortOrder.Numeric
                    && types[column.Part + 2].Oid == SortOrder.Int8;
                return areSums ? new ExactDeviation(column.Kind, column.Part, types, type.IsBinary) : null;
            case CombineKind.Least or CombineKind.Greatest:
                bool isPlanned =
                    column.TypeOid == 0
                        ? type.Oid is SortOrder.Int2 or SortOrder.Int4 or SortOrder.Int8 or SortOrder.Numeric
                        : column.TypeOid == type.Oid;
                return isPlanned ? new Extreme(index, type, column.Kind == CombineKind.Greatest) : null;
            case CombineKind.And or CombineKind.Or or CombineKind.Xor:
                bool isBits =
                    column.TypeOid == SortOrder.Bool
                        ? type.Oid == SortOrder.Bool
                        : type.Oid is SortOrder.Int2 or SortOrder.Int4 or SortOrder.Int8;
                return isBits ? new BitValue(index, type, column.Kind) : null;
            default:
                return null;
        }
    }

    /// <summary>The next row has another of the values that are counted once each.</summary>
    public virtual void NextValue() { }

    /// <summary>Takes in the value of one more row; false if it is none of its type.</summary>
    public abstract bool TryAdd(in RowValues row);

    /// <summary>Writes the value.</summary>
    public abstract void Write(MessageWriter writer);

    /// <summary>The next value is the first of another group.</summary>
    public abstract void Clear();
}

/// <summary>The first, which is as all others are.</summary>
internal sealed class KeptValue(int index) : ColumnCombiner
{
    private readonly HeldValue _held = new();
    private bool _isThere;

    public override bool TryAdd(in RowValues row)
    {
        if (!_isThere)
        {
            _isThere = true;
            if (!row.IsNull(index))
            {
                _held.Set(row[index]);
            }
        }
        return true;
    }

    public override bool IsNull => !_held.IsThere;

    public override void Write(MessageWriter writer) => _held.Write(writer);

    public override void Clear()
    {
        _isThere = false;
        _held.Clear();
    }
}

/// <summary>The least or the greatest.</summary>
internal sealed class Extreme(int index, ColumnType type, bool isGreatest) : ColumnCombiner
{
    private readonly HeldValue _held = new();
    private long _number;

    public override bool TryAdd(in RowValues row)
    {
        if (row.IsNull(index))
        {
            return true;
        }
        ReadOnlySpan<byte> value = row[index];
        long number = 0;
        bool isRead = SortOrder.IsNumber(type.Oid)
            ? SortOrder.TryNumber(type.Oid, type.IsBinary, value, out number)
            : SortOrder.IsValue(type.Oid, type.IsBinary, value);
        if (!isRead)
        {
            return false;
        }
        int order =
            !_held.IsThere ? (isGreatest ? 1 : -1)
            : SortOrder.IsNumber(type.Oid) ? number.CompareTo(_number)
            : SortOrder.Compare(type.Oid, type.IsBinary, value, _held.Bytes);
        if (isGreatest ? order > 0 : order < 0)
        {
            _number = number;
            _held.Set(value);
        }
        return true;
    }

    public override bool IsNull => !_held.IsThere;

    public override void Write(MessageWriter writer) => _held.Write(writer);

    public override void Clear() => _held.Clear();
}

/// <summary>An aggregate's value, or where that is NULL what every shard has instead.</summary>
internal sealed class CoalescedValue(int index, ColumnCombiner aggregate) : ColumnCombiner
{
    private readonly KeptValue _instead = new(index);

    public override string? Overflow => aggregate.Overflow;

    public override bool IsTooLong => aggregate.IsTooLong;

    public override bool IsTooLarge => aggregate.IsTooLarge;

    public override bool IsNull => aggregate.IsNull && _instead.IsNull;

    public override void NextValue() => aggregate.NextValue();

    public override bool TryAdd(in RowValues row) => aggregate.TryAdd(row) && _instead.TryAdd(row);

    public override void Write(MessageWriter writer)
    {
        if (aggregate.IsNull)
        {
            _instead.Write(writer);
        }
        else
        {
            aggregate.Write(writer);
        }
    }

    public override void Clear()
    {
        aggregate.Clear();
        _instead.Clear();
    }
}

/// <summary>A value of a message that is gone by now; NULL before the first.</summary>
internal sealed class HeldValue
{
    private byte[] _bytes = [];
    private int _length;

    /// <summary>It is not NULL.</summary>
    public bool IsThere { get; private set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public void Set(ReadOnlySpan<byte> value)
    {
        if (_bytes.Length < value.Length)
        {
            _bytes = new byte[Math.Max(value.Length, _bytes.Length * 2)];
        }
        value.CopyTo(_bytes);
        _length = value.Length;
        IsThere = true;
    }

    public void Write(MessageWriter writer)
    {
        if (IsThere)
        {
            writer.WriteValue(Bytes);
        }
        else
        {
            writer.WriteNull();
        }
    }

    public void Clear() => IsThere = false;
}
