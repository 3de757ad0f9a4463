// What counters of the database and the cluster say: deadlocks, rollbacks, spills, misses, checkpoints, archiving.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>
/// Rates since the counters began (https://www.postgresql.org/docs/18/monitoring-stats.html), of at least an hour, so
/// that a moment after a reset is no rate.
/// </summary>
internal static class CounterAdvice
{
    private sealed record Counters(
        double Hours,
        long Commits,
        long Rollbacks,
        long Deadlocks,
        long SpilledBytes,
        long SpilledFiles,
        long Hits,
        long Reads
    );

    private sealed record Checkpoints(double Hours, long Timed, long Requested, string WalMax, long ArchiveFailures);

    private const string Sql = """
        SELECT greatest(extract(epoch FROM clock_timestamp() - coalesce(stats_reset, pg_postmaster_start_time()))
                   / 3600, 1)::float8,
               xact_commit, xact_rollback, deadlocks, temp_bytes, temp_files, blks_hit, blks_read
        FROM pg_catalog.pg_stat_database WHERE datname = current_database()
        """;

    // The background writer's view until 16, the checkpointer's own from 17.
    private const string Checkpointer = "num_timed, num_requested, stats_reset FROM pg_catalog.pg_stat_checkpointer";
    private const string BackgroundWriter =
        "checkpoints_timed, checkpoints_req, stats_reset FROM pg_catalog.pg_stat_bgwriter";

    /// <summary>All of them.</summary>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        Counters database = (
            await connection.ListAsync(
                Sql,
                [],
                static row => new Counters(
                    row.GetDouble(0),
                    row.GetInt64(1),
                    row.GetInt64(2),
                    row.GetInt64(3),
                    row.GetInt64(4),
                    row.GetInt64(5),
                    row.GetInt64(6),
                    row.GetInt64(7)
                ),
                cancellation
            )
        )[0];
        string source = connection.PostgreSqlVersion.Major >= 17 ? Checkpointer : BackgroundWriter;
        Checkpoints cluster = (
            await connection.ListAsync(
                $"""
                SELECT greatest(extract(epoch FROM clock_timestamp() - c.at) / 3600, 1)::float8, c.timed, c.asked,
                       current_setting('max_wal_size'),
                       (SELECT CASE WHEN last_failed_time > coalesce(last_archived_time, '-infinity') THEN failed_count
                                    ELSE 0 END FROM pg_catalog.pg_stat_archiver)
                FROM (SELECT {source}) c (timed, asked, at)
                """,
                [],
                static row => new Checkpoints(
                    row.GetDouble(0),
                    row.GetInt64(1),
                    row.GetInt64(2),
                    row.GetString(3),
                    row.IsDBNull(4) ? 0 : row.GetInt64(4)
                ),
                cancellation
            )
        )[0];
        Recommendation?[] all =
        [
            Deadlocks(database, limits),
            Rollbacks(database, limits),
            Spills(database, limits),
            Misses(database, limits),
            Requested(cluster, limits),
            Archiving(cluster),
        ];
        return all.OfType<Recommendation>();
    }

    private static Recommendation? Deadlocks(Counters counters, AdviceLimits limits)
    {
        double rate = counters.Deadlocks / counters.Hours;
        return rate < limits.DeadlocksPerHour
            ? null
            : new Recommendation(
                "deadlocks",
                "log_lock_waits",
                Gain.Time,
                rate,
                Text(
                    $"{counters.Deadlocks:N0} deadlocks in {counters.Hours:N0} h: each fails a transaction after a wait"
                ),
                "the log names both statements of each, and who waits for long; lock rows in one order, and they end",
                "some lines in the log",
                "none",
                "ALTER SYSTEM SET log_lock_waits = on; SELECT pg_reload_conf()",
                "ALTER SYSTEM RESET log_lock_waits; SELECT pg_reload_conf()"
            );
    }

    private static Recommendation? Rollbacks(Counters counters, AdviceLimits limits)
    {
        double all = Math.Max(1, counters.Commits + counters.Rollbacks);
        double share = counters.Rollbacks / all;
        return share < limits.RollbackShare || all < limits.TransactionsMin
            ? null
            : new Recommendation(
                "many-rollbacks",
                "pg_stat_database",
                Gain.Time,
                share,
                Text($"{share:P0} of {all:N0} transactions were rolled back"),
                "the work of each is thrown away: the log says which statements fail",
                "a line in the log for each error",
                "a pooler's or an ORM's ROLLBACK of transactions that only read is none to mend",
                "ALTER SYSTEM SET log_min_error_statement = 'error'; SELECT pg_reload_conf()",
                "ALTER SYSTEM RESET log_min_error_statement; SELECT pg_reload_conf()"
            );
    }

    private static Recommendation? Spills(Counters counters, AdviceLimits limits)
    {
        double rate = counters.SpilledBytes / counters.Hours;
        return rate < limits.SpilledBytesPerHour
            ? null
            : new Recommendation(
                "work-mem-spills",
                "work_mem",
                Gain.Time,
                rate,
                Text($"sorts and hashes wrote {ByteText.Of(counters.SpilledBytes)} to {counters.SpilledFiles:N0} ")
                    + Text($"temporary files in {counters.Hours:N0} h, as work_mem is too small for them"),
                "they stay in memory; or an index gives the order",
                "work_mem is for each sort of each session: times max_connections it has to fit",
                "set it for the role or the statement that needs it rather than for all; log_temp_files says which",
                "ALTER SYSTEM SET log_temp_files = '10MB'; ALTER SYSTEM SET work_mem = '32MB'; SELECT pg_reload_conf()",
                "ALTER SYSTEM RESET log_temp_files; ALTER SYSTEM RESET work_mem; SELECT pg_reload_conf()"
            );
    }

    private static Recommendation? Misses(Counters counters, AdviceLimits limits)
    {
        double all = Math.Max(1, counters.Hits + counters.Reads);
        double share = counters.Hits / all;
        return share >= limits.CacheHitShare || counters.Reads < limits.BlocksReadMin
            ? null
            : new Recommendation(
                "cache-misses",
                "shared_buffers",
                Gain.Time,
                counters.Reads,
                Text($"{share:P1} of {all:N0} blocks were found in shared_buffers; {counters.Reads:N0} were not"),
                "fewer reads from the system's cache and the disk",
                "memory, and a restart",
                "a quarter of the memory is usual; what scans large tables will not fit: look at missing-index first",
                "ALTER SYSTEM SET shared_buffers = '4GB'",
                "ALTER SYSTEM RESET shared_buffers"
            );
    }

    private static Recommendation? Requested(Checkpoints cluster, AdviceLimits limits)
    {
        double all = cluster.Timed + cluster.Requested;
        double perHour = cluster.Requested / cluster.Hours;
        return perHour < limits.RequestedCheckpointsPerHour || cluster.Requested <= cluster.Timed
            ? null
            : new Recommendation(
                "frequent-checkpoints",
                "max_wal_size",
                Gain.Time,
                perHour,
                Text($"{cluster.Requested:N0} of {all:N0} checkpoints in {cluster.Hours:N0} h came early, as ")
                    + $"max_wal_size = {cluster.WalMax} was full",
                "fewer whole pages in the WAL, and steadier latency",
                "disk for the WAL, and a longer recovery after a crash",
                "none",
                "ALTER SYSTEM SET max_wal_size = '8GB'; SELECT pg_reload_conf()",
                $"ALTER SYSTEM SET max_wal_size = '{cluster.WalMax}'; SELECT pg_reload_conf()"
            );
    }

    private static Recommendation? Archiving(Checkpoints cluster) =>
        cluster.ArchiveFailures == 0
            ? null
            : new Recommendation(
                "archiving-fails",
                "archive_command",
                Gain.Safety,
                cluster.ArchiveFailures,
                Text(
                    $"archiving of the WAL fails, {cluster.ArchiveFailures:N0} times so far, and has not worked since"
                ),
                "backups reach up to now again, and the WAL that waits for it goes: else the disk fills up",
                "none",
                "the server's log says why; look at the archive's disk, rights and way before",
                "SELECT last_failed_wal, last_failed_time FROM pg_stat_archiver",
                ""
            );

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
