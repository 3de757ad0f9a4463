// A gate: the run waits here for a verb, and does the gate's own work meanwhile.
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>Passes a gate, waits at it, or ends the runner there.</summary>
internal sealed class GateWait(RunScope scope, bool waits)
{
    /// <summary>One look at the gate. Null: look again.</summary>
    public async Task<RunEnd?> PassAsync(RunPosition position, PlanStep gate, CancellationToken stop)
    {
        RunRow run = position.Run;
        string state = gate.GateState?.ToString().ToLowerInvariant() ?? "ready";
        bool isAsked = gate.OpensOn is not null && run.OpenGate == gate.OpensOn;
        if (isAsked && run.IsOpenDue)
        {
            await OpenAsync(gate, stop);
            return null;
        }
        if (run.Step != gate.Name || run.State != gate.GateState)
        {
            await scope.UpdateRunAsync(
                "state = $3, step = $4, "
                    + "error = CASE WHEN state = 'failed' AND step = $4 THEN NULL ELSE error END, "
                    + "outcome = CASE WHEN state = 'failed' AND step = $4 THEN NULL ELSE outcome END",
                [state, gate.Name],
                stop
            );
            await StepJournal.BeginAsync(scope.Connection, run.Id, gate.Name, stop);
            await scope.WriteEventAsync(gate, state, gate.Title, stop);
        }
        if (!waits && !isAsked)
        {
            return new(
                OperationOutcome.Done,
                gate.GateState ?? RunState.Ready,
                $"run {run.Id} is {state}: {gate.OpensOn} goes on"
            );
        }
        await TendAsync(gate, stop);
        return null;
    }

    private async Task OpenAsync(PlanStep gate, CancellationToken stop)
    {
        await using NpgsqlTransaction transaction = await scope.Connection.BeginTransactionAsync(stop);
        await scope.UpdateRunAsync(
            "state = 'running', step = $3, open_gate = NULL, open_at = NULL, error = NULL, outcome = NULL",
            [gate.Name],
            stop
        );
        await StepJournal.CompleteAsync(scope.Connection, scope.Lease.RunId, gate.Name, stop);
        await scope.WriteEventAsync(gate, "opened", gate.OpensOn ?? gate.Title, stop);
        await transaction.CommitAsync(stop);
    }

    private async Task TendAsync(PlanStep gate, CancellationToken stop)
    {
        bool isIdle =
            scope.Operation.FindCode(gate.Name) is not IGateStep tending || await TendOnceAsync(gate, tending, stop);
        if (!isIdle)
        {
            return;
        }
        scope.Pulse.IsResting = true;
        CancellationToken attention = scope.Pulse.Attention;
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stop, attention);
        try
        {
            await Task.Delay(scope.Limits.GateInterval, scope.Time, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // Somebody asked for something.
        }
        finally
        {
            scope.Pulse.IsResting = false;
        }
    }

    // Locks that it does not get are no end of the waiting, and keep nobody's request waiting.
    private async Task<bool> TendOnceAsync(PlanStep gate, IGateStep tending, CancellationToken stop)
    {
        bool isIdle = true;
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            stop,
            scope.Pulse.Attention
        );
        try
        {
            await scope.RetryAsync(gate, async _ => isIdle = await AttemptAsync(gate, tending, stop), either.Token);
        }
        catch (LocksNotHadException failure)
        {
            await scope.WriteEventAsync(gate, "gate-untended", failure.Message, stop);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // Somebody asked for something, in a pause between two attempts.
        }
        return isIdle;
    }

    private async Task<bool> AttemptAsync(PlanStep gate, IGateStep tending, CancellationToken stop)
    {
        await using StepTransaction transaction = await StepTransaction.BeginAsync(
            scope,
            gate,
            System.Data.IsolationLevel.ReadCommitted,
            stop
        );
        BatchContext context = scope.Context(gate, transaction.Row, new BatchPacer(scope.Limits).Budget);
        BatchResult result = await tending.TendAsync(context, stop);
        // A gate is done when it is opened, not when it is tidy.
        BatchResult kept = result with
        {
            IsDone = false,
        };
        await StepJournal.AddAsync(scope.Connection, scope.Lease.RunId, gate.Name, kept, 0, 0, stop);
        await transaction.CommitAsync();
        return result.IsDone || result.Rows == 0;
    }
}
