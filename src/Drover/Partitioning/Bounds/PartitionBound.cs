// One end of a partition: a position on the key's axis, MINVALUE or MAXVALUE.
namespace Drover.Partitioning.Bounds;

/// <summary>One end of a range. MINVALUE is below and MAXVALUE above every position.</summary>
internal readonly struct PartitionBound : IEquatable<PartitionBound>, IComparable<PartitionBound>
{
    // -1 for MINVALUE, 0 for a position, 1 for MAXVALUE.
    private readonly int _infinite;
    private readonly long _position;

    private PartitionBound(int infinite, long position)
    {
        _infinite = infinite;
        _position = position;
    }

    /// <summary>Below everything.</summary>
    public static PartitionBound MinValue => new(-1, 0);

    /// <summary>Above everything.</summary>
    public static PartitionBound MaxValue => new(1, 0);

    /// <summary>Whether this is a position, and neither MINVALUE nor MAXVALUE.</summary>
    public bool IsFinite => _infinite == 0;

    /// <summary>Whether this is MINVALUE.</summary>
    public bool IsMinValue => _infinite < 0;

    /// <summary>Whether this is MAXVALUE.</summary>
    public bool IsMaxValue => _infinite > 0;

    /// <summary>The position; fails for MINVALUE and MAXVALUE.</summary>
    public long Position =>
        IsFinite ? _position : throw new InvalidOperationException("MINVALUE and MAXVALUE have no position");

    /// <summary>The bound at a position.</summary>
    public static PartitionBound At(long position) => new(0, position);

    /// <inheritdoc/>
    public int CompareTo(PartitionBound other) =>
        _infinite != other._infinite ? _infinite.CompareTo(other._infinite) : _position.CompareTo(other._position);

    /// <inheritdoc/>
    public bool Equals(PartitionBound other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PartitionBound other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_infinite, _position);

    /// <inheritdoc/>
    public override string ToString() =>
        IsMinValue ? "MINVALUE"
        : IsMaxValue ? "MAXVALUE"
        : _position.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Whether the two are the same.</summary>
    public static bool operator ==(PartitionBound left, PartitionBound right) => left.Equals(right);

    /// <summary>Whether the two differ.</summary>
    public static bool operator !=(PartitionBound left, PartitionBound right) => !left.Equals(right);

    /// <summary>Whether the left is lower.</summary>
    public static bool operator <(PartitionBound left, PartitionBound right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left is higher.</summary>
    public static bool operator >(PartitionBound left, PartitionBound right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left is lower or the same.</summary>
    public static bool operator <=(PartitionBound left, PartitionBound right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left is higher or the same.</summary>
    public static bool operator >=(PartitionBound left, PartitionBound right) => left.CompareTo(right) >= 0;
}
