// A write that every shard does for itself has to come out the same everywhere.
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Routing;

internal static class ReferenceWrite
{
    /// <summary>Why a write of a reference table cannot be done on each shard; null if it can.</summary>
    public static RouteRefusal? Refuse(
        StatementFacts facts,
        ImmutableArray<NamedTable> tables,
        NamedTable written,
        string? home
    )
    {
        string? reason =
            home is not null ? $"It needs {home}, which one shard has alone."
            : tables.Any(static table => table.Role != TableRole.Reference)
                ? "It names a table that is no reference table."
            : FunctionRules.Unequal(facts)
                ?? DefaultOf(facts, written)
                ?? (facts.Tree is { } tree && HasLimit(tree) ? "LIMIT may take other rows on each." : null);
        return reason is null ? null : Refusals.ReferenceWrite(written.Name, reason);
    }

    private static string? DefaultOf(StatementFacts facts, NamedTable written)
    {
        SqlNode? statement = facts.NodeName == "ExplainStmt" ? facts.Tree?.Child("query") : facts.Tree;
        if (statement?.Kind != "InsertStmt")
        {
            return
                facts.Kind is StatementKind.Update or StatementKind.Delete
                || statement?.Kind is "UpdateStmt" or "DeleteStmt"
                ? null
                : "The statement is of a kind that is not known to be the same everywhere.";
        }
        if (written.Relation is null)
        {
            return "The defaults of its columns are not known.";
        }
        ImmutableArray<string> named = [.. statement.List("cols").Select(static column => column.Text("name"))];
        bool hasDefaults =
            facts.Inserted is { } rows
            && rows.Values.Any(static sources => sources.Any(static source => source.Kind == ValueSourceKind.Default));
        ColumnFacts? left = written.Relation.Columns.FirstOrDefault(column =>
            column.IsDefaultVolatile && (hasDefaults || named.IsEmpty || !named.Contains(column.Name))
        );
        return left is null ? null : $"The default of {left.Name} is computed on each.";
    }

    private static bool HasLimit(SqlNode node) =>
        node.Has("limitCount") || node.Has("limitOffset") || node.Children().Any(HasLimit);
}
