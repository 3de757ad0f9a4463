// The heart of a runner: reads in the journal where the run stands, does the next thing, and looks again.
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>Works with one worker's session. Keeps nothing in memory that the journal does not have.</summary>
internal sealed class RunLoop(RunScope scope, bool waitsAtGates)
{
    // Somebody may have asked for something else since this was read.
    private const string Answered = "request = nullif(request, $3)";

    private bool _isBegun;

    private long RunId => scope.Lease.RunId;

    private OperationPlan Plan => scope.Plan;

    /// <summary>
    /// Until an end: 1. the run and its steps as the journal has them; 2. what somebody asked for; 3. the next step of
    /// the detour, of the undoing, or of the plan.
    /// </summary>
    public async Task<RunEnd> RunAsync(CancellationToken stop)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            scope.Pulse.ThrowIfLost();
            scope.Pulse.Calm();
            RunRow run = await RunJournal.ReadAsync(scope.Connection, RunId, stop);
            if (run.Epoch != scope.Lease.Epoch)
            {
                throw RunJournal.TakenOver(RunId);
            }
            if (run.IsClosed)
            {
                return End(run.State, $"run {RunId} is {Word(run.State)}");
            }
            RunPosition position = new(Plan, run, await StepJournal.ReadAsync(scope.Connection, RunId, stop));
            RunEnd? end = run.Request is { } request
                ? await AnswerAsync(position, request, stop)
                : await AdvanceAsync(position, stop);
            if (end is not null)
            {
                return end;
            }
        }
    }

    private async Task<RunEnd?> AnswerAsync(RunPosition position, string request, CancellationToken stop)
    {
        if (request == RunJournal.Pause)
        {
            await scope.UpdateRunAsync($"state = 'paused', {Answered}, throttle_reason = NULL", [request], stop);
            await scope.WriteEventAsync(null, "paused", "on request", stop);
            return new(OperationOutcome.Interrupted, RunState.Paused, $"run {RunId} was paused on request");
        }
        if (position.Refuses(request) is { } refusal)
        {
            await scope.UpdateRunAsync(Answered, [request], stop);
            await scope.WriteEventAsync(position.Current, "request-refused", refusal, stop);
            return null;
        }
        await using NpgsqlTransaction transaction = await scope.Connection.BeginTransactionAsync(stop);
        await scope.UpdateRunAsync(
            $"state = 'running', detour = $3, {Answered}, open_gate = NULL, open_at = NULL, error = NULL, "
                + "outcome = NULL",
            [request],
            stop
        );
        if (position.DetourOf(request) is { } detour)
        {
            await StepJournal.ResetAsync(scope.Connection, RunId, [.. detour.Steps.Select(step => step.Name)], stop);
        }
        await scope.WriteEventAsync(position.Current, "requested", request, stop);
        await transaction.CommitAsync(stop);
        return null;
    }

    private async Task<RunEnd?> AdvanceAsync(RunPosition position, CancellationToken stop)
    {
        if (position.IsUndoing)
        {
            return await UndoNextAsync(position, stop);
        }
        if (position.Detour is { } detour && position.Current is null)
        {
            await ReturnAsync(position, detour.ReturnsTo, "returned", $"{detour.Verb} is done", stop);
            return null;
        }
        try
        {
            return position.Current switch
            {
                null => await FinishAsync(stop),
                { Kind: StepKind.Gate } gate => await PassGateAsync(position, gate, stop),
                { } step => await RunStepAsync(position, step, stop),
            };
        }
        catch (StepsAgainException again) when (position.Detour is null)
        {
            await GoBackAsync(position, again, stop);
            return null;
        }
    }

    // What was asked for stands: a gate between there and here, which somebody has opened, opens by itself again.
    private async Task GoBackAsync(RunPosition position, StepsAgainException again, CancellationToken stop)
    {
        PlanStep[] behind = [.. Plan.Steps.SkipWhile(step => step.Name != again.Step)];
        PlanStep? passed = behind
            .TakeWhile(step => step.Name != position.Current?.Name)
            .LastOrDefault(step => step.OpensOn is not null);
        await using NpgsqlTransaction transaction = await scope.Connection.BeginTransactionAsync(stop);
        string[] names = [.. behind.Where(step => step.Undo.Count == 0).Select(step => step.Name)];
        await StepJournal.ResetAsync(scope.Connection, RunId, names, stop);
        await scope.UpdateRunAsync(
            "state = 'running', step = $3, "
                + "open_at = CASE WHEN $4::text IS NULL THEN open_at ELSE clock_timestamp() END, "
                + "open_gate = coalesce($4::text, open_gate)",
            [again.Step, passed?.OpensOn],
            stop
        );
        await scope.WriteEventAsync(position.Current, "went-back", $"to {again.Step}: {again.Message}", stop);
        await transaction.CommitAsync(stop);
    }

    private async Task<RunEnd?> RunStepAsync(RunPosition position, PlanStep step, CancellationToken stop)
    {
        await BeginStepAsync(position.Run, step, stop);
        try
        {
            if (await StepRunners.RunAsync(scope, step, stop))
            {
                await scope.WriteEventAsync(step, "step-done", step.Title, stop);
            }
            return null;
        }
        catch (LocksNotHadException failure)
        {
            return await FailAsync(position, step, failure, OperationOutcome.Failed, stop);
        }
        catch (OperationException failure) when (failure.Outcome != OperationOutcome.TakenOver)
        {
            return await FailAsync(position, step, failure, failure.Outcome, stop);
        }
        catch (Exception failure) when (IsOfTheStep(failure))
        {
            return await FailAsync(position, step, failure, OperationOutcome.Failed, stop);
        }
    }

    // What the gate's own work meets ends the waiting, and must not look like waiting.
    private async Task<RunEnd?> PassGateAsync(RunPosition position, PlanStep gate, CancellationToken stop)
    {
        try
        {
            return await new GateWait(scope, waitsAtGates).PassAsync(position, gate, stop);
        }
        catch (OperationException failure) when (failure.Outcome != OperationOutcome.TakenOver)
        {
            return await FailAsync(position, gate, failure, failure.Outcome, stop);
        }
        catch (Exception failure) when (IsOfTheStep(failure))
        {
            return await FailAsync(position, gate, failure, OperationOutcome.Failed, stop);
        }
    }

    private static bool IsOfTheStep(Exception failure) =>
        failure is not (OperationException or OperationCanceledException or StepsAgainException)
        && ServerFailure.KindOf(failure) == FailureKind.Final;

    private async Task BeginStepAsync(RunRow run, PlanStep step, CancellationToken stop)
    {
        await scope.UpdateRunAsync("state = 'running', step = $3, error = NULL, outcome = NULL", [step.Name], stop);
        await StepJournal.BeginAsync(scope.Connection, RunId, step.Name, stop);
        if (run.Step != step.Name || !_isBegun)
        {
            _isBegun = true;
            await scope.WriteEventAsync(step, "step-begun", step.Title, stop);
        }
    }

    // On a detour the run goes back to where it came from: the detour's steps have changed nothing for good. A step
    // that gives up its locks, or refuses by itself, goes back to its gate, where its reason can be mended. Anything
    // else fails the run, and resume tries the step again.
    private async Task<RunEnd> FailAsync(
        RunPosition position,
        PlanStep step,
        Exception failure,
        OperationOutcome outcome,
        CancellationToken stop
    )
    {
        string what = failure is OperationException or LocksNotHadException
            ? failure.Message
            : ServerFailure.Describe(failure, "the server");
        string message = $"step {step.Name}: {what}";
        if (position.Detour is { } detour)
        {
            RunState back = await ReturnAsync(position, null, "detour-failed", message, stop, outcome);
            return new(outcome, back, $"{detour.Verb} failed, the run stands where it was. {message}");
        }
        if (step.GivesUpTo is { } gate && failure is LocksNotHadException or OperationException)
        {
            RunState back = await ReturnAsync(position, gate, "gave-up", message, stop, outcome);
            return new(outcome, back, $"{message}. The run is back at {gate}; nothing is changed.");
        }
        await using NpgsqlTransaction transaction = await scope.Connection.BeginTransactionAsync(stop);
        await scope.UpdateRunAsync("state = 'failed', error = $3, outcome = $4", [message, (int)outcome], stop);
        if (outcome == OperationOutcome.Differences)
        {
            // What was compared is compared anew: what it found may be mended by then.
            await StepJournal.ResetAsync(scope.Connection, RunId, [step.Name], stop);
        }
        await scope.WriteEventAsync(step, "failed", message, stop);
        await transaction.CommitAsync(stop);
        return new(outcome, RunState.Failed, message);
    }

    /// <summary>Ends the detour and stands at the gate; without one, where the run stood before.</summary>
    private async Task<RunState> ReturnAsync(
        RunPosition position,
        string? gate,
        string kind,
        string message,
        CancellationToken stop,
        OperationOutcome? failure = null
    )
    {
        PlanStep? at = gate is null ? position.Origin : Plan.Steps.Single(step => step.Name == gate);
        RunState state = at?.GateState ?? RunState.Failed;
        await using NpgsqlTransaction transaction = await scope.Connection.BeginTransactionAsync(stop);
        if (gate is not null)
        {
            string[] again = [.. Plan.Steps.SkipWhile(step => step.Name != gate).Select(step => step.Name)];
            await StepJournal.ResetAsync(scope.Connection, RunId, again, stop);
        }
        await scope.UpdateRunAsync(
            "detour = NULL, open_gate = NULL, open_at = NULL, step = $3::text, state = $4, error = $5::text, "
                + "outcome = $6::int",
            [
                at?.Name,
                failure is null && at?.GateState is null ? "running" : Word(state),
                failure is null ? null : message,
                (int?)failure,
            ],
            stop
        );
        await scope.WriteEventAsync(at, kind, message, stop);
        await transaction.CommitAsync(stop);
        return state;
    }

    private async Task<RunEnd?> UndoNextAsync(RunPosition position, CancellationToken stop)
    {
        if (position.NextToUndo is not { } step)
        {
            return await CloseAsync(RunState.Aborted, "everything is undone", stop);
        }
        await scope.UpdateRunAsync("state = 'running', step = $3", [step.Name], stop);
        try
        {
            await StepRunners.UndoAsync(scope, step, stop);
            await scope.WriteEventAsync(step, "step-undone", step.Title, stop);
            return null;
        }
        catch (Exception failure) when (failure is LocksNotHadException || IsOfTheStep(failure))
        {
            string message = $"undoing step {step.Name}: {failure.Message}. abort tries it again.";
            await scope.UpdateRunAsync("state = 'failed', error = $3", [message], stop);
            await scope.WriteEventAsync(step, "failed", message, stop);
            return new(OperationOutcome.Failed, RunState.Failed, message);
        }
    }

    private Task<RunEnd?> FinishAsync(CancellationToken stop) =>
        CloseAsync(RunState.Finished, "all steps are done", stop);

    private async Task<RunEnd?> CloseAsync(RunState state, string message, CancellationToken stop)
    {
        await using NpgsqlTransaction transaction = await scope.Connection.BeginTransactionAsync(stop);
        await scope.UpdateRunAsync(
            "state = $3, detour = NULL, request = NULL, throttle_reason = NULL, finished_at = clock_timestamp()",
            [Word(state)],
            stop
        );
        await scope.WriteEventAsync(null, Word(state), message, stop);
        await transaction.CommitAsync(stop);
        return End(state, $"run {RunId} is {Word(state)}: {message}");
    }

    private static RunEnd End(RunState state, string message) => new(OperationOutcome.Done, state, message);

    private static string Word(RunState state) => state.ToString().ToLowerInvariant();
}
