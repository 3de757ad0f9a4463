// Where the old table ends as the first partition, and which partitions follow it.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Partitioning.Bounds;

/// <summary>
/// From the moment that the bound is checked until the cut-over, the old table refuses rows at or beyond it: there is
/// no other partition yet that could take them. So the bound keeps its distance, a whole interval from now and from
/// the highest key.
/// </summary>
internal sealed record AttachBound
{
    // Of the last interval below the bound: from there on the check is taken away rather than let refuse a row.
    private const double MarginShare = 0.1;

    /// <summary>The position of the bound.</summary>
    public required long Position { get; init; }

    /// <summary>Partitions that begin at the bound.</summary>
    public required IReadOnlyList<PartitionRange> Later { get; init; }

    /// <summary>Chooses the bound.</summary>
    /// <param name="scheme">The grid.</param>
    /// <param name="max">The position of the highest key; null when there are no rows.</param>
    /// <param name="current">The position of now, or for ids of the highest that was given out.</param>
    /// <param name="premake">Partitions behind the bound; one at least.</param>
    /// <param name="bound">The bound.</param>
    /// <param name="problem">Why there is none.</param>
    public static bool TryChoose(
        PartitionScheme scheme,
        long? max,
        long current,
        int premake,
        [NotNullWhen(true)] out AttachBound? bound,
        [NotNullWhen(false)] out string? problem
    )
    {
        bound = null;
        problem = null;
        long highest = Math.Max(max ?? current, current);
        if (!scheme.Supports(highest) || premake is < 0 or > BoundLimits.PremakeMax)
        {
            problem = scheme.Supports(highest)
                ? $"premake is {premake}: 0 to {BoundLimits.PremakeMax} partitions can be made ahead"
                : $"keys outside the years {BoundLimits.YearMin} to {BoundLimits.YearMax} have no partition";
            return false;
        }
        long last = scheme.IndexOf(highest) + 1;
        PartitionBound end = scheme.RangeAt(last).To;
        if (!end.IsFinite || !scheme.Supports(end.Position))
        {
            problem = $"no partition can follow {scheme.Print(highest)}: the key's values end there";
            return false;
        }
        List<PartitionRange> later = [];
        for (PartitionBound from = end; later.Count < Math.Max(premake, 1) && from.IsFinite; from = later[^1].To)
        {
            if (!scheme.Supports(from.Position))
            {
                break;
            }
            later.Add(scheme.RangeOf(from.Position));
        }
        bound = new AttachBound { Position = end.Position, Later = later };
        return true;
    }

    /// <summary>Whether a position has come so near to the bound that writers are about to be refused.</summary>
    public static bool IsNear(PartitionScheme scheme, long bound, long position)
    {
        PartitionBound from = scheme.RangeOf(bound - 1).From;
        double span = from.IsFinite ? (double)bound - from.Position : 0;
        return (double)bound - position < span * MarginShare;
    }
}
