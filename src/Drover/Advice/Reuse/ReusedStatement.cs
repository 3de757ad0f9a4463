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
    /// <param name="kinds">
    /// Functions of pg_catalog that give the same to everybody at one time, and whether each is an aggregate.
    /// </param>
    public static ReusedStatement? Of(StudiedStatement statement, IReadOnlyDictionary<string, bool> kinds)
    {
        SqlNode[] nodes = [.. StudiedStatement.Below(statement.Tree)];
        if (
            statement.Tree.Kind != "SelectStmt"
            || nodes.Any(static node =>
                node.Kind is "InsertStmt" or "UpdateStmt" or "DeleteStmt" or "MergeStmt" or "IntoClause"
                || node.Has("lockingClause")
                || IsOfSession(node)
            )
        )
        {
            return null;
        }
        SqlNode[] calls = [.. nodes.Where(static node => node.Kind == "FuncCall")];
        WorkloadTable[] tables = [.. statement.Demands.Select(static one => one.Table).Distinct()];
        if (
            tables.Length == 0
            || tables.Any(static one => one.HasRowSecurity)
            || calls.Any(call => !kinds.ContainsKey(call.Names("funcname")[^1]))
        )
        {
            return null;
        }
        bool isAggregate =
            statement.Tree.List("groupClause").Length > 0
            || Outer(statement.Tree)
                .Any(node => node.Kind == "FuncCall" && kinds[node.Names("funcname")[^1]] && !node.Has("over"));
        return new ReusedStatement(statement, isAggregate, tables, AnswersOf(statement, nodes));
    }

    /// <summary>A role, a database, a schema: another for another session.</summary>
    private static bool IsOfSession(SqlNode node) =>
        node.Kind == "SQLValueFunction"
        && !(
            node.Text("op").StartsWith("SVFOP_CURRENT_DATE", StringComparison.Ordinal)
            || node.Text("op").Contains("TIME", StringComparison.Ordinal)
        );

    /// <summary>What the query itself gives, without the queries in it.</summary>
    private static IEnumerable<SqlNode> Outer(SqlNode query)
    {
        Stack<SqlNode> left = new(query.List("targetList"));
        if (query.Child("havingClause") is { } having)
        {
            left.Push(having);
        }
        while (left.TryPop(out SqlNode? node))
        {
            yield return node;
            foreach (SqlNode child in node.Kind == "SubLink" ? [] : node.Children())
            {
                left.Push(child);
            }
        }
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

    private static double? AnswersOf(StudiedStatement statement, SqlNode[] nodes)
    {
        SqlNode? limit = statement.Tree.Child("limitCount");
        int parameters = nodes.Count(node => node.Kind == "ParamRef" && !ReferenceEquals(node, limit));
        int compared = nodes.Count(static node =>
            node.Kind == "A_Expr"
            && node.Text("kind") == "AEXPR_OP"
            && node.Names("name") is ["="]
            && (node.Child("lexpr")?.Kind, node.Child("rexpr")?.Kind)
                is
                    ("ColumnRef", "ParamRef")
                    or
                    ("ParamRef", "ColumnRef")
        );
        if (parameters != compared || compared > statement.Demands.Sum(static one => one.Equal.Count))
        {
            // A bound, a pattern, a list: anything.
            return null;
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
