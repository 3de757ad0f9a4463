// The session that does the work of a run: one at a time, also when a dead runner has left one behind.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>An open session that holds the target's worker lock.</summary>
internal sealed class WorkerSession : IAsyncDisposable
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    private WorkerSession(NpgsqlConnection connection) => Connection = connection;

    /// <summary>The session.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>Its process id on the server.</summary>
    public int ProcessId => Connection.ProcessID;

    /// <summary>
    /// Opens a session and waits until no other worker is left. What a runner left behind ends by itself, since the
    /// server looks whether its client is still there. One that does not is ended, if this runner's epoch is still the
    /// latest: then that session can only be an obsolete one of Drover's own.
    /// </summary>
    /// <exception cref="OperationException">Another runner has begun a later epoch: the session is its.</exception>
    public static async Task<WorkerSession> OpenAsync(
        ServerAccess server,
        RunLease lease,
        string target,
        OperationLimits limits,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        NpgsqlConnection connection = await server.OpenAsync(cancellationToken);
        try
        {
            long started = time.GetTimestamp();
            while (!await AdvisoryLocks.TryTakeAsync(connection, AdvisoryLocks.Worker, target, cancellationToken))
            {
                if (time.GetElapsedTime(started) > limits.WorkerPatience)
                {
                    await lease.CheckAsync(connection, cancellationToken);
                    await AdvisoryLocks.EvictAsync(connection, AdvisoryLocks.Worker, target, cancellationToken);
                }
                await Task.Delay(s_poll, time, cancellationToken);
            }
            return new WorkerSession(connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Closes the session.</summary>
    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
