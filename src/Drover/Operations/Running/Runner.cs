// Runs a journaled operation: takes the lease, does step after step, and survives what can be survived.
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Plans;

namespace Drover.Operations.Running;

/// <summary>How a runner is to behave.</summary>
internal sealed record RunnerOptions
{
    /// <summary>Waits, sizes and retries.</summary>
    public OperationLimits Limits { get; init; } = new();

    /// <summary>The load that is allowed.</summary>
    public ThrottleLimits Throttle { get; init; } = new();

    /// <summary>At a gate that nobody has asked to open, wait instead of ending.</summary>
    public bool WaitsAtGates { get; init; }
}

/// <summary>How a runner ended.</summary>
/// <param name="Outcome">The exit code.</param>
/// <param name="State">The run's state.</param>
/// <param name="Message">For a person: where the run stands, or what went wrong and what to do.</param>
internal sealed record RunEnd(OperationOutcome Outcome, RunState State, string Message);

/// <summary>One runner of one run.</summary>
internal sealed class Runner(ServerAccess server, IOperation operation, RunnerOptions options, TimeProvider time)
{
    private static readonly TimeSpan s_pauseFirst = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Takes over the run and works on it until it is closed, waits at a gate, fails or is stopped:
    /// 1. the lease and its epoch; 2. the pulse; 3. a worker's session; 4. steps, until the session breaks; 5. again
    /// from 3, since the journal knows what was committed.
    /// </summary>
    /// <param name="runId">The run.</param>
    /// <param name="stop">Pauses the run.</param>
    /// <exception cref="OperationException">The run cannot be taken, or was taken over, or the server is
    /// gone.</exception>
    public async Task<RunEnd> RunAsync(long runId, CancellationToken stop)
    {
        RunRow run = await ReadAsync(runId, stop);
        await using RunLease lease = await RunLease.AcquireAsync(server, run, options.Limits, stop);
        Throttle throttle = new(options.Throttle, time);
        await using Pulse pulse = await Pulse.StartAsync(lease, throttle, options.Limits, time, stop);
        while (true)
        {
            try
            {
                return await WorkAsync(lease, pulse, throttle, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return await PauseAsync(lease);
            }
            catch (Exception failure) when (ServerFailure.KindOf(failure) == FailureKind.Connection)
            {
                try
                {
                    await ReconnectAsync(pulse, failure, stop);
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested)
                {
                    return await PauseAsync(lease);
                }
            }
        }
    }

    private async Task<RunRow> ReadAsync(long runId, CancellationToken cancellationToken)
    {
        await using var connection = await server.OpenAsync(cancellationToken);
        return await RunJournal.ReadAsync(connection, runId, cancellationToken);
    }

    private async Task<RunEnd> WorkAsync(RunLease lease, Pulse pulse, Throttle throttle, CancellationToken stop)
    {
        await using WorkerSession worker = await WorkerSession.OpenAsync(
            server,
            lease,
            operation.Plan.Target,
            options.Limits,
            time,
            stop
        );
        RunScope scope = new()
        {
            Operation = operation,
            Lease = lease,
            Pulse = pulse,
            Worker = worker,
            Throttle = throttle,
            Limits = options.Limits,
            Time = time,
        };
        return await new RunLoop(scope, options.WaitsAtGates).RunAsync(stop);
    }

    // The session may be gone for a moment (a restart, a fail-over, a cut line). Work goes on when both are back: the
    // lease, in the same epoch, and a worker.
    private async Task ReconnectAsync(Pulse pulse, Exception failure, CancellationToken stop)
    {
        long started = time.GetTimestamp();
        TimeSpan pause = s_pauseFirst;
        while (true)
        {
            if (time.GetElapsedTime(started) > options.Limits.ReconnectLimit)
            {
                throw new OperationException(
                    $"{ServerFailure.Describe(failure, server.Description)} The run goes on with resume.",
                    failure
                );
            }
            await Task.Delay(pause, time, stop);
            pause = pause * 2 < options.Limits.ReconnectPauseMax ? pause * 2 : options.Limits.ReconnectPauseMax;
            try
            {
                if (await pulse.TryRestoreAsync(stop))
                {
                    await using var connection = await server.OpenAsync(stop);
                    return;
                }
            }
            catch (Exception again) when (ServerFailure.KindOf(again) == FailureKind.Connection)
            {
                failure = again;
            }
        }
    }

    // With a session of its own: the worker's may be in any state. If it fails, the run is found as running, and is
    // not.
    private async Task<RunEnd> PauseAsync(RunLease lease)
    {
        RunEnd end = new(OperationOutcome.Interrupted, RunState.Paused, $"paused run {lease.RunId}; go on with resume");
        using CancellationTokenSource limit = new(s_farewell, time);
        try
        {
            await using var connection = await server.OpenAsync(limit.Token);
            await RunJournal.UpdateAsync(
                connection,
                lease.RunId,
                lease.Epoch,
                "state = CASE WHEN state = 'running' THEN 'paused' ELSE state END, throttle_reason = NULL",
                [],
                limit.Token
            );
            await RunJournal.WriteEventAsync(connection, lease.RunId, null, "paused", "interrupted", limit.Token);
            return end;
        }
        catch (Exception failure)
            when (failure is OperationCanceledException || ServerFailure.KindOf(failure) == FailureKind.Connection)
        {
            return end with { Message = $"interrupted, and the journal could not be told; go on with resume" };
        }
    }
}
