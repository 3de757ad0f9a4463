// Which statements may change what the coordinator copies from the shards: tables, types, functions, views, privileges.
using System.Collections.Frozen;
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
        .. (string[])["CreateTrigStmt", "CreateSeqStmt", "AlterSeqStmt", "CallStmt", "DoStmt"],
    ]);

    /// <summary>Whether a statement may change it.</summary>
    public static bool Change(StatementFacts facts) =>
        facts.Kind switch
        {
            StatementKind.Utility => !s_harmless.Contains(facts.NodeName) && !IsOfTemporary(facts),
            StatementKind.Unknown => facts.NodeName == "SelectStmt",
            StatementKind.Select => facts.Tree?.Has("intoClause") == true,
            _ => false,
        };

    private static bool IsOfTemporary(StatementFacts facts) =>
        (facts.Tree?.Child("relation") ?? facts.Tree?.Child("view") ?? facts.Tree?.Child("into")?.Child("rel"))?.Text(
            "relpersistence"
        ) == "t";
}
