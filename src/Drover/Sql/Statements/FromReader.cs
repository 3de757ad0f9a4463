// Reads FROM: tables under their names, and what joins say of them.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

internal sealed class FromReader(FactsBuilder facts, QueryReader queries, NameScope scope)
{
    /// <summary>Reads the items of FROM, or of USING in DELETE.</summary>
    public void Read(ImmutableArray<SqlNode> items)
    {
        foreach (SqlNode item in items)
        {
            ReadItem(item);
        }
    }

    private void ReadItem(SqlNode item)
    {
        switch (item.Kind)
        {
            case "RangeVar":
                ReadTable(item);
                break;
            case "JoinExpr":
                ReadJoin(item);
                break;
            case "RangeSubselect":
                queries.ReadStatement(item.Child("subquery")!, scope, item.Flag("lateral"));
                AddAlias(item);
                break;
            case "RangeFunction":
                foreach (SqlNode function in item.List("functions"))
                {
                    queries.ReadExpression(function, scope);
                }
                AddAlias(item);
                if (item.Has("coldeflist"))
                {
                    facts.MarkUnknown("a function with a list of column types");
                }
                break;
            case "RangeTableSample":
                ReadItem(item.Child("relation")!);
                facts.MarkUnknown("TABLESAMPLE");
                break;
            default:
                facts.MarkUnknown(item.Kind);
                AddAlias(item);
                break;
        }
    }

    private void ReadTable(SqlNode item)
    {
        string alias = item.Child("alias")?.Text("aliasname") ?? item.Text("relname");
        if (!item.Has("schemaname") && scope.IsWithName(item.Text("relname")))
        {
            scope.AddDerived(alias);
            return;
        }
        int table = facts.AddTable(item, scope.Query, isWritten: false);
        // Renamed columns are names of nothing that the catalogs know.
        if (item.Child("alias") is { } named && named.Has("colnames"))
        {
            scope.AddDerived(alias);
        }
        else
        {
            scope.AddTable(alias, table);
        }
    }

    private void AddAlias(SqlNode item) => scope.AddDerived(item.Child("alias")?.Text("aliasname") ?? "");

    /// <summary>
    /// A join's condition keeps rows out of both sides, of an outer join only out of the side that may be missing.
    /// </summary>
    private void ReadJoin(SqlNode join)
    {
        int before = facts.Tables.Count;
        ReadItem(join.Child("larg")!);
        int between = facts.Tables.Count;
        ReadItem(join.Child("rarg")!);
        int after = facts.Tables.Count;
        string type = join.Text("jointype");
        MarkOptional(
            type is "JOIN_RIGHT" or "JOIN_FULL" ? before : between,
            type is "JOIN_LEFT" or "JOIN_FULL" ? after : between
        );
        bool Left(int table) => table >= before && table < between;
        bool Right(int table) => table >= between && table < after;
        QualReader quals = new(
            facts,
            scope,
            type switch
            {
                "JOIN_INNER" => table => Left(table) || Right(table),
                "JOIN_LEFT" => Right,
                "JOIN_RIGHT" => Left,
                _ => static _ => false,
            }
        );
        foreach (string column in join.Names("usingClause"))
        {
            int left = Only(join.Child("larg")!, before, between);
            int right = Only(join.Child("rarg")!, between, after);
            quals.AddEquality((left, column), (right, column));
        }
        if (join.Child("quals") is { } condition)
        {
            quals.Read(condition);
            queries.ReadExpression(condition, scope);
        }
        if (join.Has("alias"))
        {
            // From here the names in the join are hidden, and this one stands for all of them.
            scope.AddDerived(join.Child("alias")!.Text("aliasname"));
        }
    }

    private void MarkOptional(int first, int end)
    {
        for (int table = first; table < end; table++)
        {
            facts.Tables[table] = facts.Tables[table] with { IsOptional = true };
        }
    }

    /// <summary>The table that a side is; -1 if it is more, or none, or has its columns renamed.</summary>
    private static int Only(SqlNode side, int first, int end)
    {
        bool isTable = side.Kind == "RangeVar" && end == first + 1;
        return isTable && side.Child("alias")?.Has("colnames") != true ? first : -1;
    }
}
