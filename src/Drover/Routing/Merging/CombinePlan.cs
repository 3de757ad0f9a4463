// How the rows that several shards have for one group become one row.
using System.Collections.Immutable;
using Drover.Routing.Merging.Gathering;
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

    /// <summary>
    /// count(DISTINCT …): each shard gives a row for each of a group's values, with 1 where it counts one.
    /// </summary>
    DistinctCount,

    /// <summary>Values are gathered: array_agg and its like.</summary>
    Gathered,

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
    /// <summary>Of no rows it is 0, and not NULL.</summary>
    public bool IsCount { get; init; }

    /// <summary>How values are gathered; null of what gathers none.</summary>
    public GatherPlan? Gather { get; init; }

    /// <summary>
    /// It is COALESCE of the aggregate and constants: the aggregate itself is the first of the parts.
    /// </summary>
    public bool IsCoalesced { get; init; }

    /// <summary>The numbers of the parameters among those constants: they have the aggregate's type, if any.</summary>
    public ImmutableArray<int> Instead { get; init; }

    /// <summary>How many columns that only the proxy sees it is computed from.</summary>
    public int Parts =>
        (IsCoalesced ? 1 : 0)
        + (
            Kind >= CombineKind.SampleVariance ? 3
            : Kind == CombineKind.Average ? 2
            : Gather?.Parts ?? 0
        );
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
    /// <summary>
    /// The column whose values are counted once each, in SQL: a key more of the shards' groups, and the last of their
    /// order. Null if there is none.
    /// </summary>
    public string? DistinctKey { get; init; }

    /// <summary>There is one row, whatever there is.</summary>
    public bool IsOne { get; init; }

    /// <summary>Which groups are wanted; null if all are. Its columns come behind those of the parts.</summary>
    public GroupFilterPlan? Having { get; init; }
}
