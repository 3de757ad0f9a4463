// Statements that begin, end and divide transactions.
using Drover.Sql.Statements;

namespace Drover.Routing;

internal enum TransactionControl
{
    None,
    Begin,
    Commit,
    Rollback,
    Savepoint,
    RollbackTo,
    Release,
    Prepare,
    CommitPrepared,
    RollbackPrepared,
}

internal static class TransactionControls
{
    /// <summary>What a statement does to the transaction; options and names are in its tree.</summary>
    public static TransactionControl Of(StatementFacts facts) =>
        facts.NodeName != "TransactionStmt"
            ? TransactionControl.None
            : facts.Tree?.Text("kind") switch
            {
                "TRANS_STMT_BEGIN" or "TRANS_STMT_START" => TransactionControl.Begin,
                "TRANS_STMT_COMMIT" => TransactionControl.Commit,
                "TRANS_STMT_ROLLBACK" => TransactionControl.Rollback,
                "TRANS_STMT_SAVEPOINT" => TransactionControl.Savepoint,
                "TRANS_STMT_ROLLBACK_TO" => TransactionControl.RollbackTo,
                "TRANS_STMT_RELEASE" => TransactionControl.Release,
                "TRANS_STMT_PREPARE" => TransactionControl.Prepare,
                "TRANS_STMT_COMMIT_PREPARED" => TransactionControl.CommitPrepared,
                "TRANS_STMT_ROLLBACK_PREPARED" => TransactionControl.RollbackPrepared,
                _ => TransactionControl.None,
            };
}
