// What the outermost SELECT says of all its rows together: their order, how many of them, by what they are grouped.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

/// <summary>Of one statement. What is not certain is marked as such, and nothing is concluded from it.</summary>
/// <param name="Outputs">The columns that come out.</param>
/// <param name="Values">What each is made of; null where <c>*</c> stands for it.</param>
/// <param name="Sort">ORDER BY.</param>
/// <param name="Limit">LIMIT, or FETCH FIRST … ROWS ONLY.</param>
/// <param name="Offset">OFFSET.</param>
/// <param name="Groups">GROUP BY.</param>
internal sealed record SelectClauses(
    QueryOutputs Outputs,
    ImmutableArray<OutputValue?> Values,
    ImmutableArray<SortItem> Sort,
    RowBound Limit,
    RowBound Offset,
    ImmutableArray<GroupItem> Groups
)
{
    /// <summary>HAVING.</summary>
    public OutputValue? Having { get; init; }
}

/// <summary>An expression of the select list, or the one of HAVING.</summary>
/// <param name="Node">Its tree.</param>
/// <param name="Columns">Every column that is named in it, as far as it is known which it is.</param>
internal sealed record OutputValue(SqlNode Node, ImmutableArray<ColumnReference> Columns);

/// <summary>A column that is named in an expression.</summary>
/// <param name="Node">Where; a subquery stands for all that is named in it.</param>
/// <param name="Source">What it is, if that is known.</param>
internal readonly record struct ColumnReference(SqlNode Node, ColumnSource Source);

/// <summary>One of GROUP BY.</summary>
/// <param name="Source">The column that it is, if it is one and that is known.</param>
/// <param name="Output">The column that comes out and is meant by its number or name alone; else -1.</param>
internal readonly record struct GroupItem(ColumnSource Source, int Output);

/// <summary>One of ORDER BY.</summary>
/// <param name="Output">The column that comes out and is meant; -1 if it is none, or that is not known.</param>
/// <param name="IsDescending">DESC.</param>
/// <param name="HasNullsFirst">NULL comes before every value.</param>
/// <param name="IsByBytes">COLLATE says that text is ordered by its bytes.</param>
internal sealed record SortItem(int Output, bool IsDescending, bool HasNullsFirst, bool IsByBytes);

/// <summary>A number of rows.</summary>
/// <param name="Kind">Where it stands.</param>
/// <param name="Number">The number, or that of the parameter.</param>
internal readonly record struct RowBound(RowBoundKind Kind, long Number = 0);

internal enum RowBoundKind
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>It is a number.</summary>
    Number,

    /// <summary>It is a parameter.</summary>
    Parameter,

    /// <summary>It is to be computed.</summary>
    Unknown,
}
