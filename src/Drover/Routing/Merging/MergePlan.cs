// How the rows of several shards become the rows of one answer.
using System.Collections.Immutable;
using Drover.Sql.Statements;

namespace Drover.Routing.Merging;

/// <summary>
/// A read that each shard answers for the rows that it has: what they give, put together, is the answer.
/// </summary>
/// <param name="Columns">How many columns the shards give: another number means that the schema is another one.</param>
/// <param name="Sort">The order that each shard's rows are in; empty if they are in none.</param>
/// <param name="Limit">Rows at the most.</param>
/// <param name="Offset">Rows that are left out first.</param>
/// <param name="LoneParameters">As the statement's facts have them.</param>
internal sealed record MergePlan(
    int Columns,
    ImmutableArray<SortColumn> Sort,
    RowBound Limit,
    RowBound Offset,
    ImmutableArray<int> LoneParameters
)
{
    /// <summary>How rows of several shards become one; null if each of them is a row of the answer.</summary>
    public CombinePlan? Combine { get; init; }
}

/// <summary>A column of the answer by which it is ordered.</summary>
/// <param name="Index">From 0.</param>
/// <param name="TypeOid">Its type, as far as the statement tells; that of the answer counts.</param>
/// <param name="IsByBytes">If it is text, it is ordered by its bytes.</param>
/// <param name="IsDescending">From the greatest on.</param>
/// <param name="HasNullsFirst">NULL comes before every value.</param>
internal readonly record struct SortColumn(
    int Index,
    uint TypeOid,
    bool IsByBytes,
    bool IsDescending,
    bool HasNullsFirst
);
