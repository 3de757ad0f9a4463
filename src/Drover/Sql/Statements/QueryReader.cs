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
        .. (string[])["NamedArgExpr", "Null", "NullTest", "ParamRef", "ResTarget", "RowExpr", "SQLValueFunction"],
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
    public void ReadStatement(SqlNode node, NameScope? outer, bool seesSiblings = false)
    {
        NameScope scope = new(facts, outer, seesSiblings);
        ReadWith(node.Child("withClause"), scope);
        switch (node.Kind)
        {
            case "SelectStmt":
                ReadSelect(node, scope);
                break;
            case "InsertStmt":
                ReadInsert(node, scope);
                break;
            case "UpdateStmt" or "DeleteStmt":
                ReadChange(node, scope);
                break;
            default:
                facts.MarkWrite();
                facts.MarkUnknown(node.Kind);
                ReadMembers(node, scope, "withClause");
                break;
        }
    }

    private void ReadSelect(SqlNode node, NameScope scope)
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
        new QualReader(facts, scope, static _ => true).Read(node.Child("whereClause"));
        ReadMembers(node, scope, "larg", "rarg", "withClause", "fromClause", "intoClause", "lockingClause");
    }

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
            ReadStatement(select, scope);
        }
        scope.AddTable(facts.Tables[target].Alias, target);
        scope.AddDerived("excluded");
        if (isOutermost && node.Child("onConflictClause") is { } conflict)
        {
            ReadAssignments(conflict);
        }
        ReadMembers(node, scope, "relation", "selectStmt", "withClause");
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
            ReadAssignments(node);
        }
        new QualReader(facts, scope, static _ => true).Read(node.Child("whereClause"));
        ReadMembers(node, scope, "relation", "fromClause", "usingClause", "withClause");
    }

    private void ReadAssignments(SqlNode node)
    {
        foreach (SqlNode target in node.List("targetList"))
        {
            SqlNode value = target.Child("val")!;
            ValueSource source = target.Has("indirection")
                ? ValueSource.Expression
                : ValueSources.Of(value, facts.Places);
            facts.Assignments.Add(new Assignment(target.Text("name"), source));
        }
    }

    /// <summary>Reads WITH: its queries, and their names for what comes behind.</summary>
    private void ReadWith(SqlNode? with, NameScope scope)
    {
        if (with is null)
        {
            return;
        }
        bool isRecursive = with.Flag("recursive");
        foreach (SqlNode query in isRecursive ? with.List("ctes") : [])
        {
            scope.AddWithName(query.Text("ctename"));
        }
        foreach (SqlNode query in with.List("ctes"))
        {
            ReadStatement(query.Child("ctequery")!, scope);
            scope.AddWithName(query.Text("ctename"));
            if (query.Has("search_clause") || query.Has("cycle_clause"))
            {
                facts.MarkUnknown("SEARCH or CYCLE");
            }
        }
    }

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
                ReadStatement(node.Child("subselect")!, scope, seesSiblings: true);
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
