// How far back a statement asks: its conditions on a table's time, or on a key that grows with it.
using Drover.Sql.Parsing;

namespace Drover.Advice.Ages;

/// <summary>
/// Takes the oldest rows that a statement can mean. A condition that is not understood limits nothing, so none is taken
/// for one that asks for less than it does. Not safe for several threads.
/// </summary>
/// <param name="tables">The tables with an age.</param>
/// <param name="now">The moment that ages count from.</param>
internal sealed class AgeReader(IReadOnlyList<AgedTable> tables, DateTimeOffset now)
{
    private readonly List<(AgedTable Table, AccessAge Age)> _found = [];

    /// <summary>
    /// What the statements of a text ask of each table with an age, once for each time that they name it; empty for
    /// what asks none for rows.
    /// </summary>
    public IReadOnlyList<(AgedTable Table, AccessAge Age)> Read(SqlTree tree, TimeValues values)
    {
        _found.Clear();
        foreach (SqlNode statement in tree.Statements)
        {
            // What is only described or kept reads nothing.
            if (
                (statement.Child("stmt") ?? statement).Kind
                is not ("ExplainStmt" or "ViewStmt" or "PrepareStmt" or "RuleStmt")
            )
            {
                Walk(statement, values, []);
            }
        }
        return _found;
    }

    private void Walk(SqlNode node, TimeValues values, HashSet<string> common)
    {
        if (node.Child("withClause") is { } with)
        {
            common = [.. common, .. with.List("ctes").Select(static one => one.Text("ctename"))];
        }
        if (node.Kind is "SelectStmt" or "UpdateStmt" or "DeleteStmt")
        {
            Query(node, values, common);
        }
        foreach (SqlNode child in node.Children())
        {
            Walk(child, values, common);
        }
    }

    private void Query(SqlNode query, TimeValues values, HashSet<string> common)
    {
        List<AgedUse> uses = [];
        List<(SqlNode Condition, IReadOnlyList<AgedUse> Of)> conditions = [];
        if (query.Child("relation") is { } target)
        {
            From(target, uses, conditions, common);
        }
        foreach (SqlNode from in query.List("fromClause").Concat(query.List("usingClause")))
        {
            From(from, uses, conditions, common);
        }
        if (uses.Count == 0)
        {
            return;
        }
        if (query.Child("whereClause") is { } where)
        {
            conditions.Add((where, uses));
        }
        foreach ((SqlNode condition, IReadOnlyList<AgedUse> limited) in conditions)
        {
            new AgeConditions(limited, values).Limit(condition);
        }
        if (query.Has("limitCount") && query.List("sortClause") is [var first, ..])
        {
            // The newest so many, or the oldest: how far they go back is not in the text.
            new AgeConditions(uses, values).LeaveOpen(first);
        }
        foreach (AgedUse use in uses)
        {
            _found.Add((use.Table, use.AgeAt(now)));
        }
    }

    private void From(
        SqlNode from,
        List<AgedUse> uses,
        List<(SqlNode Condition, IReadOnlyList<AgedUse> Of)> conditions,
        HashSet<string> common
    )
    {
        if (from.Kind == "JoinExpr")
        {
            int start = uses.Count;
            if (from.Child("larg") is { } left)
            {
                From(left, uses, conditions, common);
            }
            int middle = uses.Count;
            if (from.Child("rarg") is { } right)
            {
                From(right, uses, conditions, common);
            }
            // Of an outer join one side comes whole, whatever ON says, and of a full one both.
            List<AgedUse> limited = from.Text("jointype") switch
            {
                "" or "JOIN_INNER" => uses,
                "JOIN_LEFT" => uses[middle..],
                "JOIN_RIGHT" => uses[start..middle],
                _ => [],
            };
            if (limited.Count > 0 && from.Child("quals") is { } on)
            {
                conditions.Add((on, limited));
            }
            return;
        }
        // The target of UPDATE and DELETE is a range too, without a kind of its own where the tree names the member.
        (string schema, string name) = (from.Text("schemaname"), from.Text("relname"));
        if (name.Length == 0 || (schema.Length == 0 && common.Contains(name)))
        {
            return;
        }
        // The client's search_path is not known: a name that only one schema has is that.
        AgedTable[] meant = [.. tables.Where(one => one.Name == name && (schema.Length == 0 || one.Schema == schema))];
        if (meant is [var table])
        {
            string alias = from.Child("alias")?.Text("aliasname") is { Length: > 0 } given ? given : name;
            uses.Add(new AgedUse(table, alias));
        }
    }
}
