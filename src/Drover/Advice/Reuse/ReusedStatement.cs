// A statement whose answer could be kept: what it would have to be kept by, and how often it becomes another.
using Drover.Advice.Indexes;
using Drover.Sql.Parsing;

namespace Drover.Advice.Reuse;

/// <summary>A SELECT that locks nothing, writes nothing and asks nothing that is another each time.</summary>
/// <param name="Statement">The statement.</param>
/// <param name="IsAggregate">It groups, or has an aggregate.</param>
/// <param name="Tables">The tables that it reads.</param>
/// <param name="Answers">
/// Different answers that it can have, by the different values of the columns that it compares with parameters; null
/// where that cannot be told.
/// </param>
internal sealed record ReusedStatement(
    StudiedStatement Statement,
    bool IsAggregate,
    IReadOnlyList<WorkloadTable> Tables,
    double? Answers
)
{
    /// <summary>Milliseconds of one call.</summary>
    public double Milliseconds => Statement.Load.Milliseconds / Math.Max(1, Statement.Load.Calls);

    /// <summary>Rows of its tables that are put in, changed and deleted, a day.</summary>
    public double ChangesPerDay => Tables.Sum(static one => one.ChangesPerDay);

    /// <summary>Reads one; null if its answer must not be kept.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="kinds">Functions of pg_catalog that are not volatile, and whether each is an aggregate.</param>
    public static ReusedStatement? Of(StudiedStatement statement, IReadOnlyDictionary<string, bool> kinds)
    {
        SqlNode[] nodes = [.. StudiedStatement.Below(statement.Tree)];
        if (
            statement.Tree.Kind != "SelectStmt"
            || nodes.Any(static node =>
                node.Kind is "InsertStmt" or "UpdateStmt" or "DeleteStmt" or "MergeStmt" or "IntoClause"
                || node.Has("lockingClause")
            )
        )
        {
            return null;
        }
        bool isAggregate = statement.Tree.List("groupClause").Length > 0;
        foreach (SqlNode call in nodes.Where(static node => node.Kind == "FuncCall"))
        {
            if (!kinds.TryGetValue(call.Names("funcname")[^1], out bool aggregates))
            {
                return null;
            }
            isAggregate |= aggregates && !call.Has("over");
        }
        WorkloadTable[] tables = [.. statement.Demands.Select(static one => one.Table).Distinct()];
        return tables.Length == 0 ? null : new ReusedStatement(statement, isAggregate, tables, AnswersOf(statement));
    }

    /// <summary>Output columns that tell the rows apart, as SQL names them; empty where that cannot be told.</summary>
    public IReadOnlyList<string> KeyColumns()
    {
        SqlNode[] targets = [.. Statement.Tree.List("targetList").Where(static one => one.Kind == "ResTarget")];
        string[] names = [.. targets.Select(NameOf)];
        string[] groups = [.. Statement.Tree.List("groupClause").Select(GroupName)];
        return groups.Length > 0
            ? groups.All(names.Contains)
                ? groups
                : []
            // Without groups an aggregate has one row.
            : IsAggregate
                ? [.. names.Where(static one => one.Length > 0).Take(1)]
                : names.Contains("id")
                    ? ["id"]
                    : [];
    }

    private static string NameOf(SqlNode target) =>
        target.Text("name") is { Length: > 0 } name ? name
        : target.Child("val") is not { } value ? ""
        : value.Kind == "ColumnRef" ? LastName(value)
        : value.Kind == "FuncCall" ? value.Names("funcname")[^1]
        : "";

    // A position or an expression has none.
    private static string GroupName(SqlNode group) => group.Kind == "ColumnRef" ? LastName(group) : "";

    private static string LastName(SqlNode column) => column.Names("fields") is [.., var last] ? last : "";

    private static double? AnswersOf(StudiedStatement statement)
    {
        int compared = statement.Demands.Sum(static one => one.Equal.Count);
        if (statement.Parameters > compared || statement.Demands.Any(static one => one.Ranges.Count > 0))
        {
            // A bound, a pattern, a list: anything.
            return statement.Parameters == 0 ? 1 : null;
        }
        double answers = 1;
        foreach (TableDemand demand in statement.Demands)
        {
            foreach (string column in demand.Equal)
            {
                double distinct = demand.Table.Columns[column].Distinct;
                if (distinct < 1)
                {
                    return null;
                }
                answers *= distinct;
            }
        }
        return answers;
    }
}
