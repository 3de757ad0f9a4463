// Which statements may change what the coordinator copies from the shards: tables, types, functions, views, privileges.
using System.Collections.Frozen;
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Routing.Schemas;

internal static class SchemaStatements
{
    /// <summary>What leaves it as it is. A statement that is not named here is taken to change it.</summary>
    private static readonly FrozenSet<string> s_harmless = FrozenSet.ToFrozenSet([
        .. (string[])["TransactionStmt", "VariableSetStmt", "VariableShowStmt", "ConstraintsSetStmt", "DiscardStmt"],
        .. (string[])["ListenStmt", "UnlistenStmt", "NotifyStmt", "PrepareStmt", "ExecuteStmt", "DeallocateStmt"],
        .. (string[])["DeclareCursorStmt", "FetchStmt", "ClosePortalStmt", "CopyStmt", "ExplainStmt", "LoadStmt"],
        .. (string[])["VacuumStmt", "ClusterStmt", "ReindexStmt", "CheckPointStmt", "TruncateStmt", "LockStmt"],
        .. (string[])["IndexStmt", "CommentStmt", "CreateStatsStmt", "AlterStatsStmt", "RefreshMatViewStmt"],
        "CreateTrigStmt",
    ]);

    /// <summary>Whether a statement may change it.</summary>
    public static bool Change(StatementFacts facts, PathFacts catalog) =>
        facts.Functions.Any(function =>
            catalog.MayChangeSchema(function.Schema, function.Name, function.Arguments)
            && function.Volatility == FunctionVolatility.Volatile
        )
        || facts.Kind switch
        {
            StatementKind.Utility when facts.NodeName == "CallStmt" => MayCall(facts.Tree!.Child("funccall")!, catalog),
            // Whose it is says where it is; the rest of ALTER SEQUENCE changes no name.
            StatementKind.Utility when facts.NodeName == "AlterSeqStmt" => facts
                .Tree!.List("options")
                .Any(static one => one.Text("defname") == "owned_by"),
            StatementKind.Utility => !s_harmless.Contains(facts.NodeName) && !IsOfTemporary(facts),
            StatementKind.Unknown => facts.NodeName == "SelectStmt",
            StatementKind.Select => facts.Tree?.Has("intoClause") == true,
            _ => false,
        };

    /// <summary>A procedure that the catalogs do not know may be one of a moment ago.</summary>
    private static bool MayCall(SqlNode call, PathFacts catalog)
    {
        ImmutableArray<string> name = call.Names("funcname");
        string schema = name.Length > 1 ? name[^2] : "";
        int arguments = call.List("args").Length;
        return name.IsEmpty
            || catalog.Volatility(schema, name[^1], arguments) is null
            || catalog.MayChangeSchema(schema, name[^1], arguments);
    }

    private static bool IsOfTemporary(StatementFacts facts) =>
        (
            facts.Tree?.Child("relation")
            ?? facts.Tree?.Child("view")
            ?? facts.Tree?.Child("sequence")
            ?? facts.Tree?.Child("into")?.Child("rel")
        )?.Text("relpersistence") == "t";
}
