// What one statement asks of one table: the columns by which it finds rows, their order, what it reads of them.
namespace Drover.Advice.Indexes;

/// <summary>A column of ORDER BY.</summary>
internal readonly record struct OrderedColumn(string Name, bool IsDescending);

/// <summary>One use of a table in a statement. Only what is joined by AND counts.</summary>
/// <param name="table">The table.</param>
internal sealed class TableDemand(WorkloadTable table)
{
    /// <summary>The table.</summary>
    public WorkloadTable Table { get; } = table;

    /// <summary>Columns that equal a value.</summary>
    public List<string> Equal { get; } = [];

    /// <summary>Columns that equal a column of another table.</summary>
    public List<string> Joined { get; } = [];

    /// <summary>Columns with a lower or an upper bound, or both.</summary>
    public List<string> Ranges { get; } = [];

    /// <summary>
    /// Conditions without a value, as an index's predicate has them: constants themselves are not in
    /// pg_stat_statements.
    /// </summary>
    public List<ConstantCondition> Conditions { get; } = [];

    /// <summary>ORDER BY, if all of it is of this table.</summary>
    public List<OrderedColumn> Order { get; } = [];

    /// <summary>All columns that are named; null where all are read, or the rows are locked or written.</summary>
    public HashSet<string>? Read { get; set; } = [];
}

/// <summary>A condition that holds no value.</summary>
/// <param name="Column">Its column.</param>
/// <param name="Sql">IS NULL, IS NOT NULL, or empty for a boolean that is true, and NOT before one that is not.</param>
/// <param name="Share">The share of rows that fulfil it, by the statistics.</param>
internal sealed record ConstantCondition(string Column, string Sql, double Share);
