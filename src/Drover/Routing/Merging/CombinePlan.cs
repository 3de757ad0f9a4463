// How the rows that several shards have for one group become one row.
using System.Collections.Immutable;
using Drover.Routing.Merging.Having;

namespace Drover.Routing.Merging;

/// <summary>How a column of the answer is made of the shards' values.</summary>
internal enum CombineKind
{
    /// <summary>All shards have the same: it is the group's key, or follows from it.</summary>
    Kept,

    /// <summary>They are added up: count, and sum of exact numbers.</summary>
    Sum,

    /// <summary>It is computed from their sums and counts, which they are asked for beside it.</summary>
    Average,

    /// <summary>The least.</summary>
    Least,

    /// <summary>The greatest.</summary>
    Greatest,

    /// <summary>bool_and, bit_and.</summary>
    And,

    /// <summary>bool_or, bit_or.</summary>
    Or,

    /// <summary>bit_xor.</summary>
    Xor,

    /// <summary>var_samp, and variance. This and those behind it are computed from three sums each.</summary>
    SampleVariance,

    /// <summary>var_pop.</summary>
    Variance,

    /// <summary>stddev_samp, and stddev.</summary>
    SampleDeviation,

    /// <summary>stddev_pop.</summary>
    Deviation,
}

/// <summary>One column of the answer.</summary>
/// <param name="Kind">How it is made.</param>
/// <param name="TypeOid">The type of a least or greatest value; 0 where it is an exact number.</param>
/// <param name="Part">
/// Of an average the column with the sum; the one with the count is next to it. Of a variance that of the squares
/// comes between them.
/// </param>
internal readonly record struct CombinedColumn(CombineKind Kind, uint TypeOid = 0, int Part = 0)
{
    /// <summary>How many columns that only the proxy sees it is computed from.</summary>
    public int Parts =>
        Kind >= CombineKind.SampleVariance ? 3
        : Kind == CombineKind.Average ? 2
        : 0;
}

/// <summary>
/// Each shard gives at most one row of a group, and rows of the same group come one behind the other: the shards sort
/// by the groups' keys. Without keys all rows are one group.
/// </summary>
/// <param name="Columns">The columns of the answer; behind them come those that only the proxy sees.</param>
/// <param name="NamedKeys">
/// Keys that the answer does not have, in SQL: the first of those that only the proxy sees.
/// </param>
/// <param name="OrderBy">
/// What the statement has to be ordered by beside what it says itself, in SQL; may be empty.
/// </param>
/// <param name="HasOrderBy">It says something itself.</param>
internal sealed record CombinePlan(
    ImmutableArray<CombinedColumn> Columns,
    ImmutableArray<string> NamedKeys,
    string OrderBy,
    bool HasOrderBy
)
{
    /// <summary>Which groups are wanted; null if all are. Its columns come behind those of the parts.</summary>
    public GroupFilterPlan? Having { get; init; }
}
