// One column of a group's row: of the shards' values one.
using Drover.Protocol.Framing;

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

    /// <summary>Makes one; null if a type is none that was planned for.</summary>
    /// <param name="column">How it is made.</param>
    /// <param name="index">Where it stands.</param>
    /// <param name="types">Of all columns.</param>
    public static ColumnCombiner? Make(CombinedColumn column, int index, IReadOnlyList<ColumnType> types)
    {
        ColumnType type = types[index];
        switch (column.Kind)
        {
            case CombineKind.Kept:
                return new KeptValue(index);
            case CombineKind.Sum when type.Oid == SortOrder.Int8:
                return new WholeSum(index, type.IsBinary);
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

    public override void Write(MessageWriter writer) => _held.Write(writer);

    public override void Clear() => _held.Clear();
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
