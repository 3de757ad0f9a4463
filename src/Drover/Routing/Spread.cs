// What may be done with a statement that one shard cannot answer.
using System.Collections.Immutable;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Routing;

/// <summary>How a statement that writes on several shards is run there.</summary>
internal enum Spread
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>As it stands on each, for the rows that are there: counts are added up.</summary>
    Apart,

    /// <summary>Each has the rows of VALUES that belong there.</summary>
    Split,

    /// <summary>As it stands on each, and each does the same: one answer stands for all.</summary>
    Alike,

    /// <summary>The same, and PostgreSQL refuses it in a transaction: each shard does it for itself.</summary>
    AlikeWithoutTransaction,

    /// <summary>COPY: its rows go to the shards where they belong, or come from those that have them.</summary>
    Copied,
}

/// <summary>Judges statements by their trees.</summary>
internal static class SpreadRules
{
    private static readonly string[] s_systemColumns = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

    /// <summary>How a statement is written to several shards.</summary>
    public static Spread Of(StatementRule rule) =>
        rule.Facts.Kind switch
        {
            _ when rule.Copy is { } copy => copy is { IsFrom: true, Key: null } ? Spread.Alike : Spread.Copied,
            StatementKind.Update or StatementKind.Delete => rule.Uses.IsEmpty ? Spread.Alike : Spread.Apart,
            StatementKind.Insert when rule.Fixed is { Kind: RouteKind.All } => Spread.Alike,
            StatementKind.Insert
                when rule is { Inserted: not null, Uses.IsEmpty: true } && rule.Facts.NodeName == "InsertStmt" =>
                Spread.Split,
            // The rows that a shard takes in come from its own.
            StatementKind.Insert or StatementKind.Merge when rule is { Driver: not null, Inserted: null } =>
                Spread.Apart,
            StatementKind.Utility => OfUtility(rule.Facts),
            _ => Spread.None,
        };

    /// <summary>
    /// Whether the coordinator's answer is the one that a single server would give: a query that only reads, of the
    /// user's tables with what is below them, and that asks for nothing that a foreign table has otherwise.
    /// </summary>
    public static bool MayCoordinate(StatementFacts facts) =>
        facts.Access == StatementAccess.Read
        && facts.RowLocks.IsEmpty
        && facts.Tree is { } tree
        && (
            facts.NodeName is "SelectStmt" or "ExplainStmt" or "DeclareCursorStmt"
            || (facts.NodeName == "CopyStmt" && tree.Has("query"))
        )
        && facts.Tables.All(IsOfUser)
        && IsPlain(facts.Tree);

    private static Spread OfUtility(StatementFacts facts) =>
        facts.NodeName switch
        {
            "CopyStmt" or "ExplainStmt" or "DeclareCursorStmt" or "PrepareStmt" => Spread.None,
            "VacuumStmt" or "ClusterStmt" or "CheckPointStmt" => Spread.AlikeWithoutTransaction,
            "IndexStmt" or "DropStmt" or "ReindexStmt" when facts.Tree!.Flag("concurrent") =>
                Spread.AlikeWithoutTransaction,
            "ReindexStmt" when facts.Tree!.List("params").Any(static one => one.Text("defname") == "concurrently") =>
                Spread.AlikeWithoutTransaction,
            _ => Spread.Alike,
        };

    /// <summary>Whether a name is not that of one of PostgreSQL's own catalogs.</summary>
    public static bool IsOfUser(TableUse table) =>
        table.Schema is not ("pg_catalog" or "information_schema")
        && !(table.Schema.Length == 0 && table.Name.StartsWith("pg_", StringComparison.Ordinal));

    private static bool IsPlain(SqlNode node) =>
        node.Kind switch
        {
            // ONLY leaves out what is below, and below is where the rows are.
            "RangeVar" => node.Flag("inh"),
            "ColumnRef" => node.Names("fields") is not [.., { } column] || !s_systemColumns.Contains(column),
            "TypeCast" when IsOfNames(node.Child("typeName")) => false,
            _ => true,
        } && node.Children().All(IsPlain);

    /// <summary>Numbers of objects are others in the coordinator.</summary>
    private static bool IsOfNames(SqlNode? type) =>
        type?.Names("names") is [.., { } name] && name.StartsWith("reg", StringComparison.Ordinal);
}
