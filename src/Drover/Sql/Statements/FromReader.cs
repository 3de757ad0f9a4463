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
                AddAlias(item, queries.ReadStatement(item.Child("subquery")!, scope, item.Flag("lateral")));
                break;
            case "RangeFunction":
                foreach (SqlNode function in item.List("functions"))
                {
                    queries.ReadExpression(function, scope);
                }
                AddAlias(item, QueryOutputs.Unknown);
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
                AddAlias(item, QueryOutputs.Unknown);
                break;
        }
    }

    private void ReadTable(SqlNode item)
    {
        string name = item.Text("relname");
        string alias = item.Child("alias")?.Text("aliasname") ?? name;
        ImmutableArray<string> renamed = item.Child("alias")?.Names("colnames") ?? [];
        QueryOutputs? outputs =
            (item.Has("schemaname") ? null : scope.WithQuery(name)) ?? queries.ReadView(item.Text("schemaname"), name);
        if (outputs is not null)
        {
            scope.AddDerived(alias, outputs.Renamed(renamed));
            return;
        }
        int table = facts.AddTable(item, scope.Query, isWritten: false);
        if (renamed.IsEmpty)
        {
            scope.AddTable(alias, table);
        }
        else
        {
            scope.AddDerived(alias, scope.OfTable(table).Renamed(renamed));
        }
    }

    private void AddAlias(SqlNode item, QueryOutputs outputs) =>
        scope.AddDerived(
            item.Child("alias")?.Text("aliasname") ?? "",
            outputs.Renamed(item.Child("alias")?.Names("colnames") ?? [])
        );

    /// <summary>A side of a join: its names, and the columns that USING made within it.</summary>
    private readonly record struct Side(int First, int End, Dictionary<string, ColumnSource> Merged);

    /// <summary>
    /// A join's condition keeps rows out of both sides, of an outer join only out of the side that may be missing.
    /// </summary>
    private void ReadJoin(SqlNode join)
    {
        Dictionary<string, ColumnSource> around = scope.TakeMerged();
        int before = facts.Tables.Count;
        Side leftSide = ReadSide(join.Child("larg")!);
        int between = facts.Tables.Count;
        Side rightSide = ReadSide(join.Child("rarg")!);
        int after = facts.Tables.Count;
        string type = join.Text("jointype");
        bool isLeftOptional = type is "JOIN_RIGHT" or "JOIN_FULL";
        bool isRightOptional = type is "JOIN_LEFT" or "JOIN_FULL";
        MarkOptional(isLeftOptional ? before : between, isRightOptional ? after : between);
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
        foreach ((string name, ColumnSource source) in around.Concat(leftSide.Merged).Concat(rightSide.Merged))
        {
            scope.Merge(name, source);
        }
        ReadUsing(join, leftSide, rightSide, quals);
        if (join.Child("quals") is { } condition)
        {
            quals.Read(condition);
            queries.ReadExpression(condition, scope);
        }
        HideNames(join, leftSide.First);
    }

    private Side ReadSide(SqlNode item)
    {
        int first = scope.EntryCount;
        ReadItem(item);
        return new Side(first, scope.EntryCount, scope.TakeMerged());
    }

    private void ReadUsing(SqlNode join, Side left, Side right, QualReader quals)
    {
        string type = join.Text("jointype");
        foreach (string column in join.Names("usingClause"))
        {
            ColumnSource one = ColumnOf(left, column);
            ColumnSource other = ColumnOf(right, column);
            quals.AddEquality(one, other);
            // What may be missing on one side is taken from the other; from both, it is neither's.
            scope.Merge(
                column,
                type switch
                {
                    "JOIN_INNER" or "JOIN_LEFT" => one,
                    "JOIN_RIGHT" => other,
                    _ => ColumnSource.None,
                }
            );
            scope.HasMergedColumns = true;
            scope.HasMixedColumns |= type is "JOIN_RIGHT" or "JOIN_FULL";
        }
        scope.HasMixedColumns |= join.Flag("isNatural");
    }

    private ColumnSource ColumnOf(Side side, string column) =>
        side.Merged.TryGetValue(column, out ColumnSource merged)
            ? merged
            : scope.ResolveAmong(side.First, side.End, column);

    /// <summary>Behind an alias of the whole join its names are hidden, and this one stands for all of them.</summary>
    private void HideNames(SqlNode join, int first)
    {
        if (join.Child("alias") is { } alias)
        {
            scope.Hide(first, alias.Text("aliasname"));
        }
        if (join.Child("join_using_alias") is { } merged)
        {
            scope.AddDerived(merged.Text("aliasname"), QueryOutputs.Unknown);
        }
    }

    private void MarkOptional(int first, int end)
    {
        for (int table = first; table < end; table++)
        {
            facts.Tables[table] = facts.Tables[table] with { IsOptional = true };
        }
    }
}
