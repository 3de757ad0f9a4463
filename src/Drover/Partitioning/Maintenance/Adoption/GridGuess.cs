// Finds the interval and the zone that a table's partitions were made by, from their bounds.
using Drover.Partitioning.Bounds;

namespace Drover.Partitioning.Maintenance.Adoption;

/// <summary>Recognises grids. Pure.</summary>
internal static class GridGuess
{
    /// <summary>
    /// The interval and zone whose grid most of the ranges lie on exactly, the first of the candidates among equals.
    /// </summary>
    /// <param name="kind">The key's type.</param>
    /// <param name="ranges">The partitions' ranges.</param>
    /// <param name="intervals">
    /// Intervals to try; empty: those of the calendar, or for ids the newest partition's width.
    /// </param>
    /// <param name="zones">Zones to try.</param>
    public static (PartitionInterval Interval, string Zone, int OnGrid)? Find(
        PartitionKeyKind kind,
        IReadOnlyList<PartitionRange> ranges,
        IReadOnlyList<PartitionInterval> intervals,
        IReadOnlyList<string> zones
    )
    {
        PartitionRange[] finite = [.. ranges.Where(range => range.From.IsFinite && range.To.IsFinite)];
        if (intervals.Count == 0)
        {
            intervals = Candidates(kind, finite);
        }
        (PartitionInterval, string, int)? best = null;
        foreach (PartitionInterval interval in intervals)
        {
            foreach (string zone in zones)
            {
                if (!PartitionScheme.TryCreate(kind, interval, zone, out PartitionScheme? scheme, out _))
                {
                    continue;
                }
                int onGrid = finite.Count(range =>
                    scheme.Supports(range.From.Position) && scheme.RangeOf(range.From.Position) == range
                );
                if (best is null || onGrid > best.Value.Item3)
                {
                    best = (interval, zone, onGrid);
                }
            }
        }
        return best;
    }

    private static IReadOnlyList<PartitionInterval> Candidates(PartitionKeyKind kind, PartitionRange[] finite)
    {
        if (!kind.IsNumber())
        {
            return
            [
                new PartitionInterval(IntervalUnit.Month),
                new PartitionInterval(IntervalUnit.Day),
                new PartitionInterval(IntervalUnit.Week),
                new PartitionInterval(IntervalUnit.Quarter),
                new PartitionInterval(IntervalUnit.Year),
            ];
        }
        return finite.Length == 0
            ? []
            : [new PartitionInterval(IntervalUnit.Step, finite[^1].To.Position - finite[^1].From.Position)];
    }
}
