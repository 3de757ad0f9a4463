// The right to work on a target: a session's advisory lock, and an epoch in the journal that only grows.
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>
/// Held by one runner. The lock keeps the second operator out; the epoch, checked in every transaction, keeps out one
/// who was stopped past the loss of his lock and woken. The lease's session ends by itself when its holder has not been
/// heard of for <see cref="OperationLimits.LeaseTimeout"/>.
/// </summary>
internal sealed class RunLease : IAsyncDisposable
{
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(5);

    private readonly ServerAccess _server;
    private readonly OperationLimits _limits;
    private readonly string _target;

    private RunLease(
        ServerAccess server,
        OperationLimits limits,
        string target,
        long run,
        long epoch,
        NpgsqlConnection connection
    )
    {
        _server = server;
        _limits = limits;
        _target = target;
        RunId = run;
        Epoch = epoch;
        Connection = connection;
    }

    /// <summary>The run.</summary>
    public long RunId { get; }

    /// <summary>The epoch of this holder.</summary>
    public long Epoch { get; }

    /// <summary>The session that holds the lock. Only the pulse talks on it.</summary>
    public NpgsqlConnection Connection { get; private set; }

    /// <summary>Takes the lock and begins a new epoch.</summary>
    /// <exception cref="OperationException">Another operator holds it.</exception>
    public static async Task<RunLease> AcquireAsync(
        ServerAccess server,
        RunRow run,
        OperationLimits limits,
        CancellationToken cancellationToken
    )
    {
        NpgsqlConnection connection = await OpenAsync(server, limits, cancellationToken);
        try
        {
            if (!await AdvisoryLocks.TryTakeAsync(connection, AdvisoryLocks.Lease, run.Target, cancellationToken))
            {
                throw await HeldAsync(connection, run, cancellationToken);
            }
            long epoch = await BeginEpochAsync(connection, run, limits, cancellationToken);
            return new RunLease(server, limits, run.Target, run.Id, epoch, connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes the lock again after its session was lost, in the same epoch.</summary>
    /// <returns>False when the session of old may still hold it: try again.</returns>
    /// <exception cref="OperationException">Another runner has begun a later epoch.</exception>
    public async Task<bool> TryRestoreAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await OpenAsync(_server, _limits, cancellationToken);
        try
        {
            await CheckAsync(connection, cancellationToken);
            if (!await AdvisoryLocks.TryTakeAsync(connection, AdvisoryLocks.Lease, _target, cancellationToken))
            {
                await connection.DisposeAsync();
                return false;
            }
            await Connection.DisposeAsync();
            Connection = connection;
            return true;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Looks whether this is still the latest epoch.</summary>
    /// <exception cref="OperationException">Another runner has begun a later one.</exception>
    public async Task CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if ((await RunJournal.ReadAsync(connection, RunId, cancellationToken)).Epoch != Epoch)
        {
            throw RunJournal.TakenOver(RunId);
        }
    }

    /// <summary>Lets go, so that whoever comes next finds the lock free.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await AdvisoryLocks.ReleaseAsync(Connection, AdvisoryLocks.Lease, _target, s_farewell);
        }
        catch (Exception lost) when (lost is NpgsqlException or InvalidOperationException or IOException)
        {
            // Then the lock goes with the session, as soon as the server sees that it is over.
        }
        await Connection.DisposeAsync();
    }

    private static async Task<NpgsqlConnection> OpenAsync(
        ServerAccess server,
        OperationLimits limits,
        CancellationToken cancellationToken
    )
    {
        NpgsqlConnection connection = await server.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(
            "SELECT set_config('idle_session_timeout', $1, false), set_config('lock_timeout', '30s', false)",
            [SessionLimits.Milliseconds(limits.LeaseTimeout)],
            cancellationToken
        );
        return connection;
    }

    // FOR UPDATE waits for the transaction of the last runner, which holds FOR KEY SHARE while it works. One that does
    // not end, of a runner that was stopped or cut off, is ended: this session has the lease now.
    private static async Task<long> BeginEpochAsync(
        NpgsqlConnection connection,
        RunRow run,
        OperationLimits limits,
        CancellationToken cancellationToken
    )
    {
        while (true)
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.ExecuteAsync(
                "SELECT set_config('lock_timeout', $1, true)",
                [SessionLimits.Milliseconds(limits.WorkerPatience)],
                cancellationToken
            );
            try
            {
                long epoch = await BeginEpochAsync(connection, run.Id, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return epoch;
            }
            catch (PostgresException held) when (held.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                await transaction.RollbackAsync(cancellationToken);
                await AdvisoryLocks.EvictAsync(connection, AdvisoryLocks.Worker, run.Target, cancellationToken);
            }
        }
    }

    private static async Task<long> BeginEpochAsync(
        NpgsqlConnection connection,
        long run,
        CancellationToken cancellationToken
    )
    {
        await connection.ExecuteAsync("SELECT FROM drover.runs WHERE id = $1 FOR UPDATE", [run], cancellationToken);
        object? epoch = await connection.ScalarAsync(
            "UPDATE drover.runs SET epoch = epoch + 1, runner = $2, heartbeat_at = clock_timestamp(), "
                + "started_at = coalesce(started_at, clock_timestamp()) WHERE id = $1 RETURNING epoch",
            [run, RunnerName()],
            cancellationToken
        );
        return epoch as long? ?? throw new OperationException($"run {run} is not in the journal any more");
    }

    private static string RunnerName() =>
        $"{Environment.UserName}@{Environment.MachineName}, process {Environment.ProcessId}";

    private static async Task<OperationException> HeldAsync(
        NpgsqlConnection connection,
        RunRow run,
        CancellationToken cancellationToken
    )
    {
        RunRow now = await RunJournal.ReadAsync(connection, run.Id, cancellationToken);
        int? pid = await AdvisoryLocks.HolderAsync(connection, AdvisoryLocks.Lease, run.Target, cancellationToken);
        return new OperationException(
            $"another operator works on run {run.Id} of {run.Target}: {now.Runner ?? "unknown"}, session {pid}, "
                + $"last heard of at {now.HeartbeatAt:u}. Follow it with status --watch; pause or abort it from here. "
                + "If it is gone, its lease ends by itself within a minute.",
            OperationOutcome.TakenOver
        );
    }
}
