// Transactions that wait for locks only briefly, and try again later: who waits for a strong lock stops all behind it.
using Drover.Operations;
using Npgsql;

namespace Drover.Partitioning.Maintenance;

/// <summary>
/// Runs transactions and statements under a short <c>lock_timeout</c>, with growing, jittered pauses.
/// </summary>
/// <param name="session">The connection.</param>
/// <param name="time">The clock of the pauses.</param>
/// <param name="waits">How long a lock is waited for, how often, and the pauses between.</param>
/// <param name="limits">How long a transaction may hold its locks.</param>
internal sealed class ShortLock(
    MaintenanceSession session,
    TimeProvider time,
    OperationLimits waits,
    MaintenanceLimits limits
)
{
    /// <summary>One transaction. It is run again from its beginning when a lock was not to be had.</summary>
    /// <exception cref="OperationException">The locks were not to be had in all attempts.</exception>
    public Task RunAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken) =>
        RetryAsync(
            async token =>
            {
                await using NpgsqlTransaction transaction = await session.Connection.BeginTransactionAsync(token);
                await session.ExecuteAsync(
                    $"SET LOCAL lock_timeout = {(int)waits.LockTimeout.TotalMilliseconds}; "
                        + $"SET LOCAL statement_timeout = {(int)limits.LockedTimeMax.TotalMilliseconds}",
                    token
                );
                await work(token);
                await transaction.CommitAsync(token);
            },
            cancellationToken
        );

    /// <summary>One statement outside a transaction, such as <c>CREATE INDEX CONCURRENTLY</c>.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="waitsForOthers">It waits for old transactions, under a lock that is in nobody's way.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationException">The locks were not to be had in all attempts.</exception>
    public Task AutocommitAsync(string sql, bool waitsForOthers, CancellationToken cancellationToken) =>
        RetryAsync(
            async token =>
            {
                int timeoutMs = waitsForOthers ? 0 : (int)waits.LockTimeout.TotalMilliseconds;
                await session.ExecuteAsync($"SET lock_timeout = {timeoutMs}", token);
                await session.ExecuteAsync(sql, token);
            },
            cancellationToken
        );

    private async Task RetryAsync(Func<CancellationToken, Task> attempt, CancellationToken cancellationToken)
    {
        TimeSpan pause = waits.LockPauseMin;
        for (int number = 1; ; number++)
        {
            try
            {
                await attempt(cancellationToken);
                return;
            }
            catch (PostgresException failure) when (IsContention(failure))
            {
                if (number >= waits.LockAttemptsMax)
                {
                    throw new OperationException(
                        $"a lock was not to be had in {number} attempts: see pg_locks for who holds it; the next run "
                            + "tries again",
                        failure
                    );
                }
            }
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, cancellationToken);
            pause = pause * 2 < waits.LockPauseMax ? pause * 2 : waits.LockPauseMax;
        }
    }

    private static bool IsContention(PostgresException failure) =>
        failure.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected;
}
