// Advice from what sessions, tables and slots look like; nothing here asks the server.
using System.Globalization;
using Drover.Advice.Metrics;
using Drover.Operations;

namespace Drover.Advice.Findings;

/// <summary>Judges one set of samples.</summary>
internal static class ActivityAdvice
{
    /// <summary>All recommendations, in no order.</summary>
    public static IEnumerable<Recommendation> Of(ServerSamples samples, AdviceLimits limits) =>
        Pooling(samples.Sessions[^1], limits)
            .Concat(IdleInTransaction(samples.Sessions[^1], limits))
            .Concat(samples.Tables.SelectMany(table => Vacuuming(table, limits)))
            .Concat(samples.Replication.Slots.SelectMany(slot => Slots(slot, limits)))
            .Concat(Standby(samples.Replication, limits))
            .Concat(Statements(samples.Statements));

    private static IEnumerable<Recommendation> Pooling(SessionCounts sessions, AdviceLimits limits)
    {
        double share = (double)sessions.Connections / sessions.ConnectionsMax;
        bool areMostIdle =
            sessions.Connections >= limits.ManyConnections && sessions.Active * 5 <= sessions.Connections;
        if (share < limits.ConnectionShare && !areMostIdle)
        {
            yield break;
        }
        yield return new Recommendation(
            "pool-connections",
            "max_connections",
            share >= limits.ConnectionShare ? Gain.Safety : Gain.Time,
            share,
            Text($"{sessions.Connections} of {sessions.ConnectionsMax} connections are open, {sessions.Active} work, ")
                + Text($"{sessions.Idle} are idle"),
            "the same clients on a few tens of connections; a burst waits its turn instead of being refused with 53300",
            "one process beside the server; a tenth of a millisecond per query",
            "in transaction mode a session's state follows it; docs/operations.md lists what cannot",
            "drover serve --config drover.toml",
            "point the application at PostgreSQL's own port again"
        );
    }

    private static IEnumerable<Recommendation> IdleInTransaction(SessionCounts sessions, AdviceLimits limits)
    {
        double seconds = sessions.OldestIdleInTransactionSeconds;
        if (seconds < limits.IdleInTransaction.TotalSeconds)
        {
            yield break;
        }
        yield return new Recommendation(
            "idle-in-transaction",
            "idle_in_transaction_session_timeout",
            Gain.Safety,
            seconds,
            Text($"{sessions.IdleInTransaction} open transaction(s) do nothing, the oldest for {seconds:N0} s"),
            "their locks are let go and vacuum may take dead rows away again",
            "none",
            "an application that forgets its transactions sees SQLSTATE 25P03, and has to try again",
            "ALTER SYSTEM SET idle_in_transaction_session_timeout = '60s'; SELECT pg_reload_conf()",
            "ALTER SYSTEM RESET idle_in_transaction_session_timeout; SELECT pg_reload_conf()"
        );
    }

    private static IEnumerable<Recommendation> Vacuuming(TableFacts table, AdviceLimits limits)
    {
        if (table.FrozenAge >= limits.FrozenAge)
        {
            yield return new Recommendation(
                "wraparound",
                table.Name,
                Gain.Safety,
                table.FrozenAge,
                Text($"rows of {table.Name} were last frozen {table.FrozenAge:N0} transactions ago"),
                "near 2,100 million the server takes no more writes",
                $"reads {ByteText.Of(table.Bytes)}, and writes what is not frozen yet",
                "none; it waits for transactions that are open for long",
                $"VACUUM (FREEZE, VERBOSE) {table.Name}",
                ""
            );
        }
        bool isBloated = table.BloatBytes >= limits.BloatBytes && table.BloatBytes >= limits.BloatShare * table.Bytes;
        if (isBloated)
        {
            yield return new Recommendation(
                "bloated-table",
                table.Name,
                Gain.Space,
                table.BloatBytes,
                $"{ByteText.Of(table.BloatBytes)} of {ByteText.Of(table.Bytes)} are empty by "
                    + (table.IsBloatMeasured ? "pgstattuple_approx; " : "estimate; ")
                    + Text($"{table.DeadRows:N0} dead rows"),
                $"{ByteText.Of(table.BloatBytes)} of disk, and of cache for every scan",
                $"pg_repack: {ByteText.Of(table.TotalBytes)} of disk meanwhile, and a trigger on the table",
                (table.IsBloatMeasured ? "" : "an estimate: pgstattuple_approx tells more exactly. ")
                    + "VACUUM FULL does it under a lock that nobody passes",
                $"pg_repack --table={table.Name}",
                ""
            )
            {
                FreedBytes = table.BloatBytes,
            };
        }
        else if (table.DeadRows >= 100_000 && table.DeadRows >= 0.2 * Math.Max(1, table.Rows))
        {
            yield return new Recommendation(
                "dead-rows",
                table.Name,
                Gain.Time,
                table.DeadRows,
                Text($"{table.DeadRows:N0} dead rows beside {table.Rows:N0} live ones; ")
                    + (table.VacuumedAt is { } at ? Text($"vacuumed at {at:u}") : "never vacuumed"),
                "scans pass over fewer dead rows, and the table stops growing",
                $"reads {ByteText.Of(table.TotalBytes)} once",
                "none",
                $"VACUUM (ANALYZE) {table.Name}; "
                    + $"ALTER TABLE {table.Name} SET (autovacuum_vacuum_scale_factor = 0.02)",
                $"ALTER TABLE {table.Name} RESET (autovacuum_vacuum_scale_factor)"
            );
        }
    }

    private static IEnumerable<Recommendation> Slots(SlotFacts slot, AdviceLimits limits)
    {
        bool isLost = slot.Status is "lost" or "unreserved";
        if (slot.IsActive || (slot.KeptBytes < limits.SlotBytes && !isLost))
        {
            yield break;
        }
        yield return new Recommendation(
            "abandoned-slot",
            slot.Name,
            Gain.Safety,
            slot.KeptBytes,
            $"nobody reads slot {slot.Name}; {ByteText.Of(slot.KeptBytes)} of WAL are kept for it ({slot.Status})",
            "the WAL goes, and the disk does not fill up",
            "none",
            "whoever wanted to read on must be set up anew: make sure that nobody does",
            $"SELECT pg_drop_replication_slot('{slot.Name}')",
            ""
        );
    }

    private static IEnumerable<Recommendation> Standby(ReplicationFacts replication, AdviceLimits limits)
    {
        double seconds = replication.LagSeconds ?? 0;
        long bytes = replication.LagBytes ?? 0;
        if (seconds < limits.StandbyLag.TotalSeconds && bytes < limits.StandbyLagBytes)
        {
            yield break;
        }
        yield return new Recommendation(
            "lagging-standby",
            "pg_stat_replication",
            Gain.Safety,
            seconds,
            Text($"{(replication.IsStandby ? "this standby" : "the standby furthest behind")} is {seconds:N0} s ")
                + Text($"({ByteText.Of(bytes)}) behind"),
            "a failover loses less, and reads from it are not that old",
            "none for looking",
            "a long query on the standby holds it up (max_standby_streaming_delay), as does a slow disk or network",
            "SELECT application_name, state, sync_state, write_lag, flush_lag, replay_lag FROM pg_stat_replication",
            ""
        );
    }

    private static IEnumerable<Recommendation> Statements(StatementStatistics statements)
    {
        if (statements.Problem is { } problem)
        {
            yield return new Recommendation(
                "measure-statements",
                "pg_stat_statements",
                Gain.Insight,
                1,
                problem,
                "which statements take the time, and what changed",
                "about one hundredth of the processor, and a restart if shared_preload_libraries does not name it yet",
                "none",
                "CREATE EXTENSION pg_stat_statements",
                "DROP EXTENSION pg_stat_statements"
            );
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
