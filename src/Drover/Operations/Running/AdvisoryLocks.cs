// The advisory locks of a run: their keys, how they are taken, and who holds them.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>Session-level advisory locks, keyed by a purpose and the target's name.</summary>
internal static class AdvisoryLocks
{
    /// <summary>Held by the runner's lease; also taken by whoever else changes the target's structure.</summary>
    public const string Lease = "lease";

    /// <summary>
    /// Held by the session that does the work, so that one left behind by a dead runner is waited out.
    /// </summary>
    public const string Worker = "worker";

    private const string Key = "hashtextextended('drover:' || $1 || ':' || $2, 0)";

    private const string Holder = $"""
        SELECT l.pid FROM pg_locks l, (SELECT {Key}) AS k (key)
        WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.classid::bigint = (k.key >> 32) & 4294967295 AND l.objid::bigint = k.key & 4294967295
        """;

    /// <summary>Takes the lock if it is free.</summary>
    public static async Task<bool> TryTakeAsync(
        NpgsqlConnection connection,
        string purpose,
        string target,
        CancellationToken cancellationToken
    ) =>
        await connection.ScalarAsync($"SELECT pg_try_advisory_lock({Key})", [purpose, target], cancellationToken)
            is true;

    /// <summary>
    /// Gives the lock back. Closing the session does it too, but only when the server has come round to it.
    /// </summary>
    /// <exception cref="NpgsqlException">The session is lost, or does not answer in time.</exception>
    public static async Task ReleaseAsync(NpgsqlConnection connection, string purpose, string target, TimeSpan patience)
    {
        await using NpgsqlCommand command = connection.Command($"SELECT pg_advisory_unlock({Key})", purpose, target);
        command.CommandTimeout = (int)patience.TotalSeconds;
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>The process id of the session that holds it; null when it is free.</summary>
    public static async Task<int?> HolderAsync(
        NpgsqlConnection connection,
        string purpose,
        string target,
        CancellationToken cancellationToken
    ) => await connection.ScalarAsync(Holder, [purpose, target], cancellationToken) as int?;

    /// <summary>
    /// Ends the session that holds it, if there is one. Only for a session of our own that is proven obsolete.
    /// </summary>
    public static Task EvictAsync(
        NpgsqlConnection connection,
        string purpose,
        string target,
        CancellationToken cancellationToken
    ) =>
        connection.ScalarAsync(
            $"SELECT pg_terminate_backend(h.pid) FROM ({Holder}) h WHERE h.pid <> pg_backend_pid()",
            [purpose, target],
            cancellationToken
        );
}

/// <summary>Values of settings.</summary>
internal static class SessionLimits
{
    /// <summary>A duration as PostgreSQL's settings take it; null: none.</summary>
    public static string Milliseconds(TimeSpan? time) =>
        time is { } limit ? string.Create(null, $"{Math.Max(0, (long)limit.TotalMilliseconds)}ms") : "0";
}
