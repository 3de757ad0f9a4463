// What of a stretch of the key no partition holds, cut at the grid.
using Drover.Partitioning.Bounds;

namespace Drover.Partitioning.Maintenance;

/// <summary>Ranges that are free, so that a new partition never overlaps an old one that is not on the grid.</summary>
internal static class Gaps
{
    /// <summary>The free ranges from one bound to another, in order, none across a line of the grid.</summary>
    public static IEnumerable<PartitionRange> Of(
        PartitionBound from,
        PartitionBound to,
        IReadOnlyList<PartitionRange> held,
        PartitionScheme scheme
    )
    {
        while (from < to && from.IsFinite && scheme.Supports(from.Position))
        {
            PartitionRange cell = scheme.RangeOf(from.Position);
            PartitionBound end = Min(cell.To, to);
            PartitionRange? inTheWay = held.Where(range => range.Overlaps(new PartitionRange(from, end)))
                .OrderBy(range => range.From)
                .Select(range => (PartitionRange?)range)
                .FirstOrDefault();
            if (inTheWay is not { } other)
            {
                yield return new PartitionRange(from, end);
                from = end;
                continue;
            }
            if (other.From > from)
            {
                yield return new PartitionRange(from, other.From);
            }
            from = other.To;
        }
    }

    private static PartitionBound Min(PartitionBound a, PartitionBound b) => a < b ? a : b;
}
