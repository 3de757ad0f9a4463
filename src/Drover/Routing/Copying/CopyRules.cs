// Whether a COPY of a table on several shards can be done, and how.
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing.Copying;

internal static class CopyRules
{
    /// <summary>Completes the rule of a COPY whose table is on all shards.</summary>
    public static StatementRule Complete(StatementRule rule, NamedTable table, TopologySnapshot map)
    {
        SqlNode tree = rule.Facts.Tree!;
        bool isFrom = tree.Flag("is_from");
        if (tree.Has("filename") || tree.Flag("is_program"))
        {
            return Refuse(rule, Refusals.Construct("COPY with a file of the server"));
        }
        if (CopyOptions.Read(tree, out string unknown) is not { } form)
        {
            return Refuse(rule, Refusals.Construct(unknown));
        }
        ImmutableArray<string> named = tree.Names("attlist");
        CopyPlan plan = new()
        {
            Form = form,
            Table = table.Name.Name,
            IsFrom = isFrom,
            NamesColumns = !named.IsEmpty,
            Columns = !named.IsEmpty
                ? named
                :
                [
                    .. table
                        .Relation?.Columns.Where(static column => !column.IsGenerated)
                        .Select(static column => column.Name)
                        ?? [],
                ],
        };
        if (!isFrom)
        {
            return rule with { Copy = plan };
        }
        RouteRefusal? refusal = table.Sharded is { } sharded
            ? WithKey(ref plan, sharded, map, tree)
            : ReasonAlike(plan, table, tree);
        return refusal is null ? rule with { Copy = plan } : Refuse(rule, refusal);
    }

    /// <summary>
    /// The statement with its columns named, so that the server takes rows to be what they were taken for here. Null
    /// if its text does not show where they go.
    /// </summary>
    public static byte[]? NameColumns(ReadOnlySpan<byte> sql, CopyPlan plan)
    {
        if (plan.NamesColumns)
        {
            return sql.ToArray();
        }
        SqlLexer lexer = new(sql);
        if (!lexer.Next() || !lexer.IsWord("copy"u8) || !lexer.Next())
        {
            return null;
        }
        if (lexer.IsWord("binary"u8))
        {
            lexer.Next();
        }
        int end = lexer.End;
        while (IsName(lexer) && lexer.Next() && lexer.IsSymbol('.') && lexer.Next())
        {
            end = lexer.End;
        }
        string names = string.Join(
            ", ",
            plan.Columns.Select(static name => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")
        );
        return [.. sql[..end], .. System.Text.Encoding.UTF8.GetBytes($" ({names})"), .. sql[end..]];
    }

    private static bool IsName(SqlLexer lexer) => lexer.Kind is LexemeKind.Word or LexemeKind.QuotedName;

    private static StatementRule Refuse(StatementRule rule, RouteRefusal refusal) =>
        rule with
        {
            Fixed = Route.Refused(refusal),
        };

    private static RouteRefusal? WithKey(ref CopyPlan plan, ShardedTable sharded, TopologySnapshot map, SqlNode tree)
    {
        int index = plan.Columns.IndexOf(sharded.KeyColumn);
        if (index < 0)
        {
            string reason = plan.NamesColumns
                ? "The column is not among those named."
                : "The columns are not named, and those of the table are not known.";
            return Refusals.KeyIsMissing(sharded, reason);
        }
        if (tree.Child("whereClause") is { } condition && Calls(condition))
        {
            return Refusals.Construct("COPY with a function in WHERE");
        }
        plan = plan with
        {
            Key = new CopyKey(
                sharded,
                map.GroupOf(sharded),
                index,
                IsForcedNull: plan.Form.ForceNull?.Contains(sharded.KeyColumn) ?? true,
                IsForcedNotNull: plan.Form.ForceNotNull?.Contains(sharded.KeyColumn) ?? true
            ),
        };
        return null;
    }

    private static bool Calls(SqlNode node) =>
        node.Kind is "FuncCall" or "SubLink" or "SQLValueFunction" || node.Children().Any(Calls);

    /// <summary>Why rows of a reference table would not be the same on every shard; null if they are.</summary>
    private static RouteRefusal? ReasonAlike(CopyPlan plan, NamedTable table, SqlNode tree)
    {
        ColumnFacts? left = table.Relation?.Columns.FirstOrDefault(column =>
            column.IsDefaultVolatile && (plan.Form.Default is not null || !plan.Columns.Contains(column.Name))
        );
        string? reason =
            tree.Has("whereClause") ? "WHERE may take other rows on each."
            : table.Relation is null ? "The defaults of its columns are not known."
            : left is not null ? $"The default of {left.Name} is computed on each."
            : null;
        return reason is null ? null : Refusals.ReferenceWrite(table.Name, reason);
    }
}
