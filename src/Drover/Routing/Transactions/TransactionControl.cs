// Statements that begin, end and divide transactions.
using Drover.Sql.Statements;

namespace Drover.Routing.Transactions;

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
    /// <summary>Whether a statement ends a transaction, or sets or goes back to a savepoint.</summary>
    public static bool EndsOrDivides(StatementFacts facts) =>
        Of(facts) is not (TransactionControl.None or TransactionControl.Begin);

    /// <summary>AND CHAIN.</summary>
    public static bool IsChain(StatementFacts facts) =>
        facts.NodeName == "TransactionStmt" && facts.Tree?.Flag("chain") == true;

    /// <summary>Whether a statement is a step of a two-phase commit of the client's own.</summary>
    public static bool IsTwoPhase(StatementFacts facts) =>
        Of(facts)
            is TransactionControl.Prepare
                or TransactionControl.CommitPrepared
                or TransactionControl.RollbackPrepared;

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
