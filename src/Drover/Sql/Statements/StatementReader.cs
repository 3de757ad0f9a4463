// From the tree of a text to what its statements are.
using System.Collections.Immutable;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;

namespace Drover.Sql.Statements;

/// <summary>
/// Pure: the tree, the shape and the catalogs' facts in, a description out. What it does not know by name makes a
/// statement's access unknown. Recurses as deeply as the tree, which <see cref="DepthBound"/> bounds.
/// </summary>
internal static class StatementReader
{
    /// <summary>A tree's node and what hangs on it, about.</summary>
    private const int BytesPerTextByte = 40;

    /// <summary>Utility statements that change no data, in this database or another.</summary>
    private static readonly string[] Harmless =
    [
        "TransactionStmt",
        "VariableSetStmt",
        "VariableShowStmt",
        "ListenStmt",
        "UnlistenStmt",
        "DeallocateStmt",
        "DiscardStmt",
        "ClosePortalStmt",
        "ConstraintsSetStmt",
        "FetchStmt",
    ];

    /// <summary>Utility statements that run other code.</summary>
    private static readonly string[] Opaque = ["DoStmt", "CallStmt", "ExecuteStmt"];

    /// <summary>Describes a text that was parsed.</summary>
    /// <param name="tree">Its tree.</param>
    /// <param name="sql">The text.</param>
    /// <param name="buffer">Holds its shape.</param>
    /// <param name="catalog">What is known of the database.</param>
    public static StatementDescription Describe(
        SqlTree tree,
        ReadOnlySpan<byte> sql,
        ShapeBuffer buffer,
        ICatalogFacts catalog
    )
    {
        LiteralPlaces places = new(sql, buffer);
        ImmutableArray<SqlNode> statements = [.. tree.Statements.Select(static raw => raw.Child("stmt")!)];
        return new StatementDescription(
            [.. statements.Select(statement => Describe(statement, catalog, places))],
            DecidingLiterals.Find(statements, places),
            BytesPerTextByte * sql.Length
        );
    }

    /// <summary>What is known of a text without a tree: nothing, for all literals that it has.</summary>
    public static StatementDescription Undescribed(string reason, ShapeBuffer buffer) =>
        new(
            [
                new StatementFacts
                {
                    Kind = StatementKind.Unknown,
                    NodeName = "",
                    Access = StatementAccess.Unknown,
                    Unknowns = [reason],
                    UnknownConstructs = [reason],
                },
            ],
            [.. Enumerable.Range(0, buffer.SlotCount)],
            256
        );

    private static StatementFacts Describe(SqlNode node, ICatalogFacts catalog, LiteralPlaces places)
    {
        FactsBuilder facts = new(catalog, places);
        QueryReader reader = new(facts);
        StatementKind kind = node.Kind switch
        {
            "SelectStmt" => StatementKind.Select,
            "InsertStmt" => StatementKind.Insert,
            "UpdateStmt" => StatementKind.Update,
            "DeleteStmt" => StatementKind.Delete,
            "MergeStmt" => StatementKind.Merge,
            _ when node.Kind.EndsWith("Stmt", StringComparison.Ordinal) => StatementKind.Utility,
            _ => StatementKind.Unknown,
        };
        if (kind is not (StatementKind.Utility or StatementKind.Unknown))
        {
            reader.ReadStatement(node, outer: null);
        }
        else
        {
            ReadUtility(node, facts, reader);
        }
        facts.AddParameters(node);
        return facts.Build(kind, node);
    }

    private static void ReadUtility(SqlNode node, FactsBuilder facts, QueryReader reader)
    {
        switch (node.Kind)
        {
            case "ExplainStmt" or "PrepareStmt" or "DeclareCursorStmt":
                reader.ReadStatement(node.Child("query")!, outer: null);
                return;
            case "CopyStmt":
                if (node.Flag("is_from"))
                {
                    facts.MarkWrite();
                }
                if (node.Child("relation") is { } relation)
                {
                    facts.AddTable(relation, facts.QueryCount, node.Flag("is_from"));
                }
                if (node.Child("query") is { } query)
                {
                    reader.ReadStatement(query, outer: null);
                }
                if (node.Has("filename") || node.Flag("is_program"))
                {
                    facts.MarkUnknown("COPY with a file of the server");
                }
                return;
        }
        if (Opaque.Contains(node.Kind))
        {
            facts.MarkUnknown(node.Kind);
        }
        else if (!Harmless.Contains(node.Kind))
        {
            facts.MarkWrite();
        }
        ReadTables(node, facts);
    }

    /// <summary>The tables that a utility statement names, wherever.</summary>
    private static void ReadTables(SqlNode node, FactsBuilder facts)
    {
        foreach (SqlNode child in node.Children())
        {
            if (child.Kind == "RangeVar")
            {
                facts.AddTable(child, 0, isWritten: true, isNew: true);
            }
            ReadTables(child, facts);
        }
    }
}
