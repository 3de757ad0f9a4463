// What all steps of one runner share, while one session of its worker lives.
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>Made anew after each loss of the worker's session.</summary>
internal sealed record RunScope
{
    /// <summary>The operation.</summary>
    public required IOperation Operation { get; init; }

    /// <summary>The right to work.</summary>
    public required RunLease Lease { get; init; }

    /// <summary>The beat beside the work.</summary>
    public required Pulse Pulse { get; init; }

    /// <summary>The session that works.</summary>
    public required WorkerSession Worker { get; init; }

    /// <summary>The load's limits at work.</summary>
    public required Throttle Throttle { get; init; }

    /// <summary>All other limits.</summary>
    public required OperationLimits Limits { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary><c>lock_timeout</c> of the present attempt at a step that has none of its own.</summary>
    public TimeSpan LockTimeout { get; private set; }

    /// <summary>The worker's session.</summary>
    public NpgsqlConnection Connection => Worker.Connection;

    /// <summary>The plan.</summary>
    public OperationPlan Plan => Operation.Plan;

    /// <summary>Writes an event.</summary>
    public Task WriteEventAsync(PlanStep? step, string kind, string message, CancellationToken cancellationToken) =>
        RunJournal.WriteEventAsync(Connection, Lease.RunId, step?.Name, kind, message, cancellationToken);

    /// <summary>Changes columns of the run; values are <c>$3</c> and on.</summary>
    public Task UpdateRunAsync(string assignments, object?[] values, CancellationToken cancellationToken) =>
        RunJournal.UpdateAsync(Connection, Lease.RunId, Lease.Epoch, assignments, values, cancellationToken);

    /// <summary>
    /// Runs the attempt until locks let it; tells the journal what stands in the way, on the lease's session, since the
    /// worker's is in the attempt.
    /// </summary>
    public async Task RetryAsync(PlanStep step, Func<int, Task> attempt, CancellationToken cancellationToken)
    {
        BlockerWatch blockers = new(this);
        try
        {
            await new LockRetry(Limits, Time).RunAsync(
                number =>
                {
                    LockTimeout = LockRetry.LockTimeout(Limits, number);
                    return blockers.WatchAsync(step, () => attempt(number), cancellationToken);
                },
                (number, failure, pause) => blockers.ReportAsync(step, number, failure, pause, cancellationToken),
                cancellationToken
            );
        }
        catch (LocksNotHadException failure)
        {
            throw new LocksNotHadException(
                $"{failure.Message}; in the way at last: {blockers.Blockers}. Try when they are over, or wait longer: "
                    + "--lock-timeout-max-ms, which others wait for behind us",
                failure
            );
        }
    }

    /// <summary>Waits while a limit of load is passed; the journal has its name and for how long.</summary>
    public async Task WaitForThrottleAsync(PlanStep step, CancellationToken cancellationToken)
    {
        if (Throttle.Reason is not { } reason)
        {
            return;
        }
        await WriteEventAsync(step, "throttled", reason, cancellationToken);
        string limit = Throttle.Limit;
        long began = Time.GetTimestamp();
        while (Throttle.Reason is not null)
        {
            await RestAsync(Limits.PulseInterval / 2, cancellationToken);
        }
        string stood = ThrottleEvent.Write(limit, Time.GetElapsedTime(began));
        await WriteEventAsync(step, ThrottleEvent.Kind, stood, cancellationToken);
    }

    /// <summary>Leaves the server to the others for a while.</summary>
    public async Task RestAsync(TimeSpan rest, CancellationToken cancellationToken)
    {
        if (rest <= TimeSpan.Zero)
        {
            return;
        }
        Pulse.IsResting = true;
        try
        {
            await Task.Delay(rest, Time, cancellationToken);
        }
        finally
        {
            Pulse.IsResting = false;
        }
    }

    /// <summary>The surroundings of an attempt at a step with code.</summary>
    public StepContext Context(PlanStep step) =>
        new()
        {
            Connection = Connection,
            RunId = Lease.RunId,
            Epoch = Lease.Epoch,
            Step = step,
            Allowed = Plan.Allowed,
            Time = Time,
        };

    /// <summary>The surroundings of a batch.</summary>
    public BatchContext Context(PlanStep step, StepRow row, BatchBudget budget) =>
        new()
        {
            Connection = Connection,
            RunId = Lease.RunId,
            Epoch = Lease.Epoch,
            Step = step,
            Allowed = Plan.Allowed,
            Time = Time,
            Cursor = row.Cursor,
            Budget = budget,
            Number = row.Batches + 1,
        };
}
