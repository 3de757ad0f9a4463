// Reads queries: their tables and names, their conditions, what they call, what they write.
using System.Collections.Frozen;
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

/// <summary>One statement's, with all queries in it.</summary>
internal sealed class QueryReader(FactsBuilder facts)
{
    /// <summary>Nodes that only hold others, and mean nothing more than those.</summary>
    private static readonly FrozenSet<string> Transparent = FrozenSet.ToFrozenSet([
        .. (string[])["A_ArrayExpr", "A_Const", "A_Expr", "A_Indices", "A_Indirection", "A_Star", "BoolExpr"],
        .. (string[])
            ["BooleanTest", "CaseExpr", "CaseWhen", "CoalesceExpr", "CollateClause", "ColumnRef", "GroupingFunc"],
        .. (string[])
            ["GroupingSet", "IndexElem", "InferClause", "List", "LockingClause", "MinMaxExpr", "MultiAssignRef"],
        .. (string[])
            [
                "MergeWhenClause",
                "NamedArgExpr",
                "Null",
                "NullTest",
                "ParamRef",
                "ResTarget",
                "RowExpr",
                "SQLValueFunction",
            ],
        .. (string[])
            ["SetToDefault", "SortBy", "String", "TypeCast", "TypeName", "WindowDef", "XmlExpr", "XmlSerialize"],
        .. (string[])["bsval", "boolval", "fval", "ival", "sval", "Alias", "Integer", "Float", "DefElem"],
    ]);

    /// <summary>Whether a node means nothing more than those that it holds.</summary>
    public static bool IsTransparent(string kind) => Transparent.Contains(kind);

    /// <summary>Reads a query, or a statement that changes rows.</summary>
    /// <param name="node">The statement.</param>
    /// <param name="outer">The query that it stands in.</param>
    /// <param name="seesSiblings">Whether it can name columns of that query's FROM.</param>
    /// <param name="requiredBy">Reads a condition of that query which holds only where this one has a row.</param>
    /// <returns>The columns that come out of a query.</returns>
    public QueryOutputs ReadStatement(
        SqlNode node,
        NameScope? outer,
        bool seesSiblings = false,
        QualReader? requiredBy = null
    )
    {
        NameScope scope = new(facts, outer, seesSiblings) { RequiredBy = requiredBy };
        int firstFunction = facts.Functions.Count;
        ReadWith(node, scope);
        switch (node.Kind)
        {
            case "SelectStmt":
                return ReadSelect(node, scope, firstFunction);
            case "InsertStmt":
                ReadInsert(node, scope);
                break;
            case "UpdateStmt" or "DeleteStmt":
                ReadChange(node, scope);
                break;
            case "MergeStmt":
                ReadMerge(node, scope);
                break;
            default:
                facts.MarkWrite();
                facts.MarkUnknown(node.Kind);
                ReadMembers(node, scope, "withClause");
                break;
        }
        return QueryOutputs.Unknown;
    }

    /// <summary>Reads the query of a view in place of its name; null if it is no view's whose query is known.</summary>
    public QueryOutputs? ReadView(string schema, string name)
    {
        RelationFacts? relation = facts.Catalog.Describe(schema, name);
        if (relation?.Query is null || !facts.TryEnterView(relation, out LiteralPlaces places))
        {
            return null;
        }
        QueryOutputs outputs = ReadStatement(relation.Query, outer: null);
        facts.LeaveView(places);
        return outputs.Renamed([.. relation.Columns.Select(static column => column.Name)]);
    }

    private QueryOutputs ReadSelect(SqlNode node, NameScope scope, int firstFunction)
    {
        if (node.Child("larg") is { } left)
        {
            // ORDER BY and LIMIT of the whole see only the columns that come out.
            ReadStatement(left, scope);
            ReadStatement(node.Child("rarg")!, scope);
        }
        if (node.Has("intoClause"))
        {
            facts.MarkWrite();
            facts.MarkUnknown("SELECT INTO");
        }
        foreach (SqlNode locking in node.List("lockingClause"))
        {
            facts.RowLocks.Add(locking.Text("strength"));
            facts.MarkWrite();
        }
        FromReader from = new(facts, this, scope);
        from.Read(node.List("fromClause"));
        QualReader? requiredBy = HasRowWithoutAny(node) ? null : scope.RequiredBy;
        new QualReader(facts, scope, static _ => true, requiredBy).Read(node.Child("whereClause"));
        ReadMembers(node, scope, "larg", "rarg", "withClause", "fromClause", "intoClause", "lockingClause");
        if (node.Has("larg") || node.Has("valuesLists"))
        {
            return QueryOutputs.Unknown;
        }
        QueryOutputs outputs = new QueryOutputReader(facts, scope).Read(node, firstFunction);
        if (scope.Query == 0)
        {
            facts.Clauses = new SelectClauseReader(scope, facts.Places).Read(node, outputs);
        }
        return outputs;
    }

    /// <summary>
    /// Whether a query may have a row where its FROM and WHERE have none, as an aggregate over nothing.
    /// </summary>
    private static bool HasRowWithoutAny(SqlNode select) =>
        select.Has("groupClause") || select.Has("havingClause") || select.List("targetList").Any(HasCall);

    private static bool HasCall(SqlNode node) => node.Kind == "FuncCall" || node.Children().Any(HasCall);

    private void ReadInsert(SqlNode node, NameScope scope)
    {
        facts.MarkWrite();
        SqlNode relation = node.Child("relation")!;
        int target = facts.AddTable(relation, scope.Query, isWritten: true);
        ImmutableArray<SqlNode> rows = node.Child("selectStmt")?.List("valuesLists") ?? [];
        bool isOutermost = scope.Outer is null;
        if (isOutermost && (!rows.IsEmpty || !node.Has("selectStmt")))
        {
            facts.Inserted = RowsOf(node, rows);
        }
        if (node.Child("selectStmt") is { } select)
        {
            int query = facts.QueryCount;
            QueryOutputs outputs = ReadStatement(select, scope);
            if (isOutermost && rows.IsEmpty)
            {
                facts.InsertedFrom.Add(InsertedColumns(target, node.List("cols"), outputs, query));
            }
        }
        scope.AddTable(facts.Tables[target].Alias, target);
        scope.AddDerived("excluded", QueryOutputs.Unknown);
        if (isOutermost && node.Child("onConflictClause") is { } conflict)
        {
            ReadAssignments(conflict, target);
        }
        ReadMembers(node, scope, "relation", "selectStmt", "withClause");
    }

    /// <summary>What INSERT … SELECT puts where; nothing if it cannot be told.</summary>
    private InsertedColumns InsertedColumns(int target, ImmutableArray<SqlNode> named, QueryOutputs outputs, int query)
    {
        ImmutableArray<string> columns = named.IsEmpty
            ? ColumnsOf(target)
            : [.. named.Select(static one => one.Text("name"))];
        return new InsertedColumns(
            query,
            outputs.IsPositional && outputs.Columns.Length <= columns.Length
                ?
                [
                    .. outputs.Columns.Select(
                        (output, index) => new InsertedColumn(columns[index], output.Source, output.Value)
                    ),
                ]
                : []
        );
    }

    private ImmutableArray<string> ColumnsOf(int table)
    {
        TableUse use = facts.Tables[table];
        return [.. facts.Catalog.Describe(use.Schema, use.Name)?.Columns.Select(static one => one.Name) ?? []];
    }

    private void ReadMerge(SqlNode node, NameScope scope)
    {
        facts.MarkWrite();
        int target = facts.AddTable(node.Child("relation")!, scope.Query, isWritten: true);
        scope.AddTable(facts.Tables[target].Alias, target);
        new FromReader(facts, this, scope).Read([node.Child("sourceRelation")!]);
        ImmutableArray<SqlNode> clauses = node.List("mergeWhenClauses");
        // Rows of the target that no row of the source meets are left alone, unless a clause is about them.
        bool isByTarget = clauses.All(static clause =>
            clause.Text("matchKind") is "" or "MERGE_WHEN_MATCHED" or "MERGE_WHEN_NOT_MATCHED_BY_TARGET"
        );
        bool inserts = clauses.Any(static clause => clause.Text("commandType") == "CMD_INSERT");
        new QualReader(facts, scope, table => isByTarget && (table == target || !inserts)).Read(
            node.Child("joinCondition")
        );
        foreach (SqlNode clause in clauses)
        {
            if (clause.Text("commandType") == "CMD_INSERT")
            {
                facts.InsertedFrom.Add(MergedColumns(target, clause, scope));
            }
            else
            {
                ReadAssignments(clause, target);
            }
        }
        ReadMembers(node, scope, "relation", "sourceRelation", "withClause");
    }

    private InsertedColumns MergedColumns(int target, SqlNode clause, NameScope scope)
    {
        ImmutableArray<SqlNode> named = clause.List("targetList");
        ImmutableArray<SqlNode> values = clause.List("values");
        ImmutableArray<string> columns = named.IsEmpty
            ? ColumnsOf(target)
            : [.. named.Select(static one => one.Text("name"))];
        return new InsertedColumns(
            scope.Query,
            [
                .. columns.Zip(
                    values,
                    (column, value) =>
                        new InsertedColumn(
                            column,
                            value.Kind == "ColumnRef" ? scope.Resolve(value) : ColumnSource.None,
                            ValueSources.Of(value, facts.Places)
                        )
                ),
            ]
        );
    }

    private InsertedRows RowsOf(SqlNode insert, ImmutableArray<SqlNode> rows)
    {
        ImmutableArray<string> columns = [.. insert.List("cols").Select(static column => column.Text("name"))];
        if (insert.List("cols").Any(static column => column.Has("indirection")))
        {
            facts.MarkUnknown("INSERT into a part of a column");
        }
        int width = rows.IsEmpty ? 0 : rows.Max(static row => row.List("items").Length);
        return new InsertedRows(
            columns,
            [
                .. Enumerable
                    .Range(0, width)
                    .Select(column =>
                        ValueSources.OfAll(
                            rows.Where(row => row.List("items").Length > column)
                                .Select(row => row.List("items")[column]),
                            facts.Places
                        )
                    ),
            ]
        );
    }

    private void ReadChange(SqlNode node, NameScope scope)
    {
        facts.MarkWrite();
        int target = facts.AddTable(node.Child("relation")!, scope.Query, isWritten: true);
        scope.AddTable(facts.Tables[target].Alias, target);
        FromReader from = new(facts, this, scope);
        from.Read(node.List("fromClause"));
        from.Read(node.List("usingClause"));
        if (scope.Outer is null && node.Kind == "UpdateStmt")
        {
            ReadAssignments(node, target);
        }
        new QualReader(facts, scope, static _ => true).Read(node.Child("whereClause"));
        ReadMembers(node, scope, "relation", "fromClause", "usingClause", "withClause");
    }

    private void ReadAssignments(SqlNode node, int target)
    {
        foreach (SqlNode assigned in node.List("targetList"))
        {
            SqlNode value = assigned.Child("val")!;
            string column = assigned.Text("name");
            ValueSource source =
                assigned.Has("indirection") ? ValueSource.Expression
                : IsItself(value, column, facts.Tables[target].Alias) ? new ValueSource(ValueSourceKind.Itself)
                : ValueSources.Of(value, facts.Places);
            facts.Assignments.Add(new Assignment(column, source));
        }
    }

    /// <summary>
    /// SET a = a or t.a, or ON CONFLICT DO UPDATE SET a = EXCLUDED.a. Without a table's name it is the target's own, or
    /// ambiguous to the server.
    /// </summary>
    private static bool IsItself(SqlNode value, string column, string alias) =>
        value.Kind == "ColumnRef"
        && value.List("fields").Length == value.Names("fields").Length
        && value.Names("fields") switch
        {
            [var name] => name == column,
            [var qualifier, var name] => name == column && (qualifier == alias || qualifier == "excluded"),
            _ => false,
        };

    /// <summary>Reads WITH: its queries, and their names for what comes behind.</summary>
    private void ReadWith(SqlNode statement, NameScope scope)
    {
        if (statement.Child("withClause") is not { } with)
        {
            return;
        }
        bool isRecursive = with.Flag("recursive");
        foreach (SqlNode query in isRecursive ? with.List("ctes") : [])
        {
            scope.AddWithName(query.Text("ctename"), QueryOutputs.Unknown);
        }
        foreach (SqlNode query in with.List("ctes"))
        {
            string name = query.Text("ctename");
            SqlNode body = query.Child("ctequery")!;
            QueryOutputs outputs = ReadStatement(body, scope).Renamed(query.Names("aliascolnames"));
            bool isOfItself = isRecursive && NamesIn(body, name) > 0;
            // Named twice, its rows have to be there for both places.
            bool isNamedOnce = NamesIn(statement, name) == 1;
            scope.AddWithName(
                name,
                isOfItself ? QueryOutputs.Unknown
                    : isNamedOnce ? outputs
                    : outputs.Opaque()
            );
            if (query.Has("search_clause") || query.Has("cycle_clause"))
            {
                facts.MarkUnknown("SEARCH or CYCLE");
            }
        }
    }

    private static int NamesIn(SqlNode node, string name) =>
        (node.Kind == "RangeVar" && node.Text("relname") == name && !node.Has("schemaname") ? 1 : 0)
        + node.Children().Sum(child => NamesIn(child, name));

    private void ReadMembers(SqlNode node, NameScope scope, params ReadOnlySpan<string> but)
    {
        foreach (SqlMember member in node.Members)
        {
            if (but.Contains(member.Name))
            {
                continue;
            }
            if (member.Node is { } child)
            {
                ReadExpression(child, scope);
            }
            foreach (SqlNode element in member.Nodes.IsDefault ? [] : member.Nodes)
            {
                ReadExpression(element, scope);
            }
        }
    }

    /// <summary>Reads what is no item of FROM.</summary>
    public void ReadExpression(SqlNode node, NameScope scope)
    {
        switch (node.Kind)
        {
            case "SelectStmt" or "InsertStmt" or "UpdateStmt" or "DeleteStmt":
                ReadStatement(node, scope, seesSiblings: true);
                return;
            case "SubLink":
                QualReader? requiredBy = scope.Conjuncts.GetValueOrDefault(node);
                QueryOutputs outputs = ReadStatement(node.Child("subselect")!, scope, seesSiblings: true, requiredBy);
                requiredBy?.AddSubquery(node, outputs);
                ReadMembers(node, scope, "subselect");
                return;
            case "FuncCall":
                facts.AddFunction(node);
                break;
            case "RangeVar":
                facts.AddTable(node, scope.Query, isWritten: true);
                break;
            case "OnConflictClause":
                break;
            default:
                if (!Transparent.Contains(node.Kind))
                {
                    facts.MarkUnknown(node.Kind);
                }
                break;
        }
        ReadMembers(node, scope);
    }
}
