// What an operation gives to the engine: the code of the steps of its plan.
using System.Data;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations;

/// <summary>A plan with its code. Made anew for each run and each resume, from nothing but the plan.</summary>
internal interface IOperation
{
    /// <summary>The plan.</summary>
    OperationPlan Plan { get; }

    /// <summary>
    /// The code of a step: an <see cref="ITransactionStep"/>, <see cref="IAutocommitStep"/>, <see cref="IBatchStep"/>
    /// or <see cref="IGateStep"/>, as its kind wants. Null: the engine runs the step's SQL, and waits at a gate.
    /// </summary>
    IStepCode? FindCode(string step);

    /// <summary>
    /// What an operator must know of a run that is not closed, whoever works on it or nobody: shown by <c>status</c>.
    /// </summary>
    Task<IReadOnlyList<string>> WarnAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([]);
}

/// <summary>Makes operations of one kind from journaled plans.</summary>
internal interface IOperationFactory
{
    /// <summary>The kind, as in <see cref="OperationPlan.Kind"/>.</summary>
    string Kind { get; }

    /// <summary>The operation of a plan that this kind's planner once made.</summary>
    IOperation Open(OperationPlan plan);
}

/// <summary>The code of a step, of one of the kinds below.</summary>
internal interface IStepCode;

/// <summary>A step in one transaction.</summary>
internal interface ITransactionStep : IStepCode
{
    /// <summary>
    /// Does the step inside the engine's transaction, which has <c>lock_timeout</c> set, has checked the epoch with a
    /// row lock on the run, and will be journaled and committed by the engine. May be called again after it was rolled
    /// back, so it keeps nothing in memory that the rollback does not undo.
    /// </summary>
    /// <exception cref="OperationException">The step cannot be done.</exception>
    Task RunAsync(StepContext context, CancellationToken cancellationToken);
}

/// <summary>A step of statements outside transactions.</summary>
internal interface IAutocommitStep : IStepCode
{
    /// <summary>
    /// The statements, found when the step begins and again after a crash; those that are done are skipped.
    /// </summary>
    Task<IReadOnlyList<AutocommitStatement>> ListAsync(StepContext context, CancellationToken cancellationToken);
}

/// <summary>One statement outside a transaction.</summary>
/// <param name="Sql">The statement.</param>
/// <param name="DoneWhen">
/// A query whose boolean says that it is done; asked before and after. Null: only the journal knows, and after a lost
/// answer the statement is run again.
/// </param>
/// <param name="CleanUp">
/// Statements that remove what a failed attempt left (an invalid index); run one by one before each attempt.
/// </param>
internal sealed record AutocommitStatement(string Sql, string? DoneWhen, IReadOnlyList<string> CleanUp);

/// <summary>A step of many short transactions.</summary>
internal interface IBatchStep : IStepCode
{
    /// <summary>The isolation level of a batch; REPEATABLE READ gives all statements of it one snapshot.</summary>
    IsolationLevel Isolation => IsolationLevel.ReadCommitted;

    /// <summary>
    /// Does one batch inside the engine's transaction, as <see cref="ITransactionStep.RunAsync"/>. Where it goes on is
    /// in <see cref="BatchContext.Cursor"/>, which the result's cursor replaces in the same transaction.
    /// </summary>
    /// <exception cref="OperationException">The step cannot be done.</exception>
    Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken);
}

/// <summary>Work of a run that waits at a gate, such as sweeping a key log.</summary>
internal interface IGateStep : IStepCode
{
    /// <summary>
    /// One batch of that work, as <see cref="IBatchStep.RunBatchAsync"/>. When the result is done, the engine calls
    /// again after <see cref="OperationLimits.GateInterval"/>; else at once.
    /// </summary>
    Task<BatchResult> TendAsync(BatchContext context, CancellationToken cancellationToken);
}
