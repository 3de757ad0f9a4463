// Reads from a statement's tree what it asks of each table.
using Drover.Sql.Parsing;

namespace Drover.Advice.Indexes;

/// <summary>
/// Takes names as PostgreSQL resolves them. What is not understood asks for nothing: that makes advice fewer, and the
/// planner judges what there is anyway.
/// </summary>
/// <param name="find">The table of a schema (or "") and a name; null if it is none of the user's.</param>
internal sealed class DemandReader(Func<string, string, WorkloadTable?> find)
{
    /// <summary>The queries that a name can be of, the innermost first.</summary>
    private sealed class Scope(Scope? outer)
    {
        public Scope? Outer { get; } = outer;

        public Dictionary<string, TableDemand?> Sources { get; } = [];

        public HashSet<string> CommonTables { get; } = [];

        public bool IsCommon(string name) => CommonTables.Contains(name) || (Outer?.IsCommon(name) ?? false);
    }

    /// <summary>Every use of a table.</summary>
    public List<TableDemand> Demands { get; } = [];

    /// <summary>Columns that the statement sets, by table.</summary>
    public List<(WorkloadTable Table, string Column)> Written { get; } = [];

    /// <summary>Reads a statement; false if it is of no kind that is read.</summary>
    public bool Read(SqlNode statement)
    {
        if (statement.Kind is not ("SelectStmt" or "InsertStmt" or "UpdateStmt" or "DeleteStmt" or "MergeStmt"))
        {
            return false;
        }
        Query(statement, null);
        return true;
    }

    private void Query(SqlNode query, Scope? outer)
    {
        Scope scope = new(outer);
        foreach (SqlNode common in query.Child("withClause")?.List("ctes") ?? [])
        {
            scope.CommonTables.Add(common.Text("ctename"));
            if (common.Child("ctequery") is { } inner)
            {
                Query(inner, scope);
            }
        }
        foreach (SqlNode? side in (SqlNode?[])[query.Child("larg"), query.Child("rarg"), query.Child("selectStmt")])
        {
            if (side is not null)
            {
                Query(side, scope);
            }
        }
        // 1. Where rows come from.
        if (query.Child("relation") is { } target && query.Kind != "InsertStmt")
        {
            Source(target, scope);
            foreach (TableDemand? written in scope.Sources.Values)
            {
                Write(query, written);
            }
        }
        List<SqlNode> quals = [];
        foreach (SqlNode from in query.List("fromClause").Concat(query.List("usingClause")))
        {
            From(from, scope, quals);
        }
        if (query.Child("whereClause") is { } where)
        {
            quals.Add(where);
        }
        // 2. Which of them.
        foreach (SqlNode qual in quals)
        {
            Qual(qual, scope);
        }
        // 3. In which order.
        Order(query, scope);
        // 4. What of them.
        foreach (SqlMember member in query.Members.Where(static one => one.Name is not ("withClause" or "selectStmt")))
        {
            foreach (SqlNode node in member.Nodes.IsDefault ? [] : member.Nodes)
            {
                Names(node, scope);
            }
            if (member.Node is { } only && member.Name is not ("larg" or "rarg"))
            {
                Names(only, scope);
            }
        }
        if (query.Has("lockingClause"))
        {
            All(scope);
        }
    }

    private void Write(SqlNode query, TableDemand? demand)
    {
        if (demand is null)
        {
            return;
        }
        demand.Read = null;
        if (query.Kind == "UpdateStmt")
        {
            Written.AddRange(
                query.List("targetList").Select(static one => one.Text("name")).Select(name => (demand.Table, name))
            );
        }
    }

    private void From(SqlNode from, Scope scope, List<SqlNode> quals)
    {
        switch (from.Kind)
        {
            case "RangeVar":
                Source(from, scope);
                break;
            case "JoinExpr":
                From(from.Child("larg")!, scope, quals);
                From(from.Child("rarg")!, scope, quals);
                if (from.Child("quals") is { } on)
                {
                    quals.Add(on);
                }
                foreach (string column in from.Names("usingClause"))
                {
                    foreach (TableDemand? one in scope.Sources.Values)
                    {
                        Add(one?.Table.Columns.ContainsKey(column) == true ? one.Joined : null, column);
                        one?.Read?.Add(column);
                    }
                }
                break;
            case "RangeSubselect":
                scope.Sources.TryAdd(from.Child("alias")?.Text("aliasname") ?? "", null);
                Query(from.Child("subquery")!, scope);
                break;
            default:
                scope.Sources.TryAdd(from.Child("alias")?.Text("aliasname") ?? "", null);
                break;
        }
    }

    private void Source(SqlNode relation, Scope scope)
    {
        (string schema, string name) = (relation.Text("schemaname"), relation.Text("relname"));
        WorkloadTable? table = schema.Length == 0 && scope.IsCommon(name) ? null : find(schema, name);
        TableDemand? demand = table is null ? null : new TableDemand(table);
        string alias = relation.Child("alias")?.Text("aliasname") is { Length: > 0 } given ? given : name;
        if (scope.Sources.TryAdd(alias, demand) && demand is not null)
        {
            Demands.Add(demand);
        }
    }

    private static void Qual(SqlNode qual, Scope scope)
    {
        switch (qual.Kind)
        {
            case "BoolExpr" when qual.Text("boolop") == "AND_EXPR":
                foreach (SqlNode part in qual.List("args"))
                {
                    Qual(part, scope);
                }
                break;
            case "A_Expr":
                Comparison(qual, scope);
                break;
            case "SubLink" when qual.Text("subLinkType") == "ANY_SUBLINK" && qual.Child("testexpr") is { } tested:
                if (Column(tested, scope) is var (joined, by))
                {
                    Add(joined.Joined, by);
                }
                break;
            case "NullTest" when Column(qual.Child("arg"), scope) is var (demand, column):
                bool isNull = qual.Text("nulltesttype") == "IS_NULL";
                double share = demand.Table.Columns[column].NullShare;
                demand.Conditions.Add(
                    new ConstantCondition(column, isNull ? " IS NULL" : " IS NOT NULL", isNull ? share : 1 - share)
                );
                break;
            case "ColumnRef" when Column(qual, scope) is var (claimed, flag):
                Boolean(claimed, flag, isTrue: true);
                break;
            case "BoolExpr" when qual.Text("boolop") == "NOT_EXPR":
                if (Column(qual.List("args")[0], scope) is var (denied, name))
                {
                    Boolean(denied, name, isTrue: false);
                }
                break;
        }
    }

    private static void Boolean(TableDemand demand, string column, bool isTrue)
    {
        WorkloadColumn facts = demand.Table.Columns[column];
        double known = facts.TrueShare ?? 0.5;
        double share = isTrue ? known : 1 - known - facts.NullShare;
        demand.Conditions.Add(new ConstantCondition(column, isTrue ? "" : "NOT", share));
    }

    private static void Comparison(SqlNode expression, Scope scope)
    {
        string kind = expression.Text("kind");
        string name = expression.Names("name") is [var only] ? only : "";
        (TableDemand Demand, string Name)? left = Column(expression.Child("lexpr"), scope);
        (TableDemand Demand, string Name)? right = kind == "AEXPR_OP" ? Column(expression.Child("rexpr"), scope) : null;
        if (kind is "AEXPR_OP" or "AEXPR_IN" or "AEXPR_OP_ANY" && name == "=")
        {
            bool isJoin = left is not null && right is not null && left.Value.Demand != right.Value.Demand;
            foreach ((TableDemand Demand, string Name)? side in ((TableDemand, string)?[])[left, right])
            {
                if (side is { } one && (isJoin || left is null || right is null))
                {
                    Add(isJoin ? one.Demand.Joined : one.Demand.Equal, one.Name);
                }
            }
        }
        else if ((kind == "AEXPR_OP" && name is "<" or ">" or "<=" or ">=") || kind == "AEXPR_BETWEEN")
        {
            if ((left ?? right) is { } side && (left is null || right is null))
            {
                Add(side.Demand.Ranges, side.Name);
            }
        }
    }

    private static void Order(SqlNode query, Scope scope)
    {
        List<(TableDemand Demand, OrderedColumn Column)> order = [];
        foreach (SqlNode by in query.List("sortClause"))
        {
            bool isPlain = by.Text("sortby_nulls") is "" or "SORTBY_NULLS_DEFAULT";
            if (!isPlain || Column(by.Child("node"), scope) is not var (demand, column))
            {
                return;
            }
            order.Add((demand, new OrderedColumn(column, by.Text("sortby_dir") == "SORTBY_DESC")));
        }
        if (order.Count > 0 && order.TrueForAll(one => one.Demand == order[0].Demand))
        {
            order[0].Demand.Order.AddRange(order.Select(static one => one.Column));
        }
    }

    /// <summary>Notes the columns that are read, and goes into subqueries.</summary>
    private void Names(SqlNode node, Scope scope)
    {
        switch (node.Kind)
        {
            case "ColumnRef":
                Name(node, scope);
                return;
            case "SubLink":
                if (node.Child("subselect") is { } inner)
                {
                    Query(inner, scope);
                }
                if (node.Child("testexpr") is { } tested)
                {
                    Names(tested, scope);
                }
                return;
            case "RangeSubselect":
                return;
            case "RangeFunction":
                break;
        }
        foreach (SqlNode child in node.Children())
        {
            Names(child, scope);
        }
    }

    private static void Name(SqlNode reference, Scope scope)
    {
        if (Column(reference, scope) is var (demand, column))
        {
            demand.Read?.Add(column);
        }
        else if (
            reference.List("fields") is [.., { Kind: "A_Star" }]
            || (reference.Names("fields") is [var whole] && scope.Sources.ContainsKey(whole))
        )
        {
            All(scope);
        }
    }

    private static void All(Scope scope)
    {
        foreach (TableDemand? demand in scope.Sources.Values)
        {
            demand?.Read = null;
        }
    }

    private static (TableDemand Demand, string Column)? Column(SqlNode? node, Scope scope)
    {
        if (node?.Kind != "ColumnRef" || node.List("fields").Any(static one => one.Kind != "String"))
        {
            return null;
        }
        string[] names = [.. node.Names("fields")];
        for (Scope? at = scope; at is not null; at = at.Outer)
        {
            IEnumerable<TableDemand?> sources =
                names.Length == 1 ? at.Sources.Values
                : at.Sources.TryGetValue(names[^2], out TableDemand? named) ? [named]
                : [];
            foreach (TableDemand? demand in sources)
            {
                if (demand?.Table.Columns.ContainsKey(names[^1]) == true)
                {
                    return (demand, names[^1]);
                }
            }
        }
        return null;
    }

    private static void Add(List<string>? columns, string column)
    {
        if (columns?.Contains(column) == false)
        {
            columns.Add(column);
        }
    }
}
