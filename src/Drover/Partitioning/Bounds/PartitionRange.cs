// What one partition holds: from a bound, included, to another, not included.
namespace Drover.Partitioning.Bounds;

/// <summary>
/// A range of the key, as <c>FOR VALUES FROM … TO …</c> has it: <see cref="From"/> belongs to it, <see cref="To"/> does
/// not.
/// </summary>
/// <param name="From">The lower bound.</param>
/// <param name="To">The upper bound.</param>
internal readonly record struct PartitionRange(PartitionBound From, PartitionBound To)
{
    /// <summary>Whether it holds nothing; PostgreSQL refuses such a partition.</summary>
    public bool IsEmpty => From >= To;

    /// <summary>Whether a position lies in it.</summary>
    public bool Contains(long position) => From <= PartitionBound.At(position) && PartitionBound.At(position) < To;

    /// <summary>Whether another range lies in it wholly.</summary>
    public bool Contains(PartitionRange other) => From <= other.From && other.To <= To;

    /// <summary>Whether the two have a position in common.</summary>
    public bool Overlaps(PartitionRange other) => From < other.To && other.From < To && !IsEmpty && !other.IsEmpty;
}
