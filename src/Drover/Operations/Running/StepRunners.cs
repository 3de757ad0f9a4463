// How each kind of step but the gate is run to its end.
using System.Data;
using System.Diagnostics;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>Runs one step. False: somebody asked for something before it was done.</summary>
internal static class StepRunners
{
    /// <summary>Runs the step by its kind.</summary>
    public static Task<bool> RunAsync(RunScope scope, PlanStep step, CancellationToken stop)
    {
        IStepCode? code = scope.Operation.FindCode(step.Name);
        return (step.Kind, code) switch
        {
            (StepKind.Transaction, null or ITransactionStep) => RunTransactionAsync(
                scope,
                step,
                code as ITransactionStep,
                stop
            ),
            (StepKind.Autocommit, null or IAutocommitStep) => AutocommitRunner.RunAsync(
                scope,
                step,
                code as IAutocommitStep,
                stop
            ),
            (StepKind.Batches, IBatchStep batches) => new BatchRunner(scope, step, batches).RunAsync(stop),
            _ => throw new UnreachableException($"step {step.Name} is {step.Kind} and has the code of another kind"),
        };
    }

    /// <summary>Undoes a step in one transaction.</summary>
    public static Task UndoAsync(RunScope scope, PlanStep step, CancellationToken stop) =>
        scope.RetryAsync(
            step,
            async _ =>
            {
                await using StepTransaction transaction = await StepTransaction.BeginAsync(
                    scope,
                    // What undoes may need longer than what was undone, and its locks are its own.
                    step with
                    {
                        TimeLimit = null,
                        LockTimeout = null,
                    },
                    IsolationLevel.ReadCommitted,
                    stop
                );
                foreach (string sql in step.Undo)
                {
                    await scope.Connection.ExecuteAsync(sql, [], stop);
                }
                await scope.Connection.ExecuteAsync(
                    "UPDATE drover.steps SET state = 'undone', note = NULL WHERE run_id = $1 AND name = $2",
                    [scope.Lease.RunId, step.Name],
                    stop
                );
                await transaction.CommitAsync();
            },
            stop
        );

    private static async Task<bool> RunTransactionAsync(
        RunScope scope,
        PlanStep step,
        ITransactionStep? code,
        CancellationToken stop
    )
    {
        // A pause or an abort ends the wait for locks, not the work once it goes on.
        CancellationToken attention = scope.Pulse.Attention;
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stop, attention);
        try
        {
            await scope.RetryAsync(step, _ => AttemptAsync(scope, step, code, stop), either.Token);
            return true;
        }
        catch (OperationCanceledException) when (attention.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task AttemptAsync(
        RunScope scope,
        PlanStep step,
        ITransactionStep? code,
        CancellationToken stop
    )
    {
        using CancellationTokenSource limit = new(step.TimeLimit ?? Timeout.InfiniteTimeSpan, scope.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        await using StepTransaction transaction = await StepTransaction.BeginAsync(
            scope,
            step,
            IsolationLevel.ReadCommitted,
            either.Token
        );
        if (transaction.Row.State == StepState.Done)
        {
            return;
        }
        StepContext context = scope.Context(step);
        if (!await IsDoneAsync(scope.Connection, step.DoneWhen, either.Token))
        {
            if (code is not null)
            {
                await code.RunAsync(context, either.Token);
            }
            else
            {
                foreach (string sql in step.Sql)
                {
                    await scope.Connection.ExecuteAsync(sql, [], either.Token);
                }
            }
        }
        await StepJournal.CompleteAsync(scope.Connection, scope.Lease.RunId, step.Name, either.Token, context.Note);
        await transaction.CommitAsync();
    }

    /// <summary>Asks a query whether something is done; without a query it is not known to be.</summary>
    public static async Task<bool> IsDoneAsync(
        NpgsqlConnection connection,
        string? doneWhen,
        CancellationToken cancellationToken
    ) => doneWhen is not null && await connection.ScalarAsync(doneWhen, [], cancellationToken) is true;
}
