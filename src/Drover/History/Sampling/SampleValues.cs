// The values and the readings of a sample.
using System.Globalization;
using Drover.Advice.Metrics;

namespace Drover.History.Sampling;

/// <summary>
/// The values that are kept, by the names of <see cref="ServerMetric"/>; what cannot be told is left out.
/// </summary>
internal static class SampleValues
{
    private const double SecondsPerHour = 3600;

    /// <summary>Blocks in an interval below which its hit rate says nothing.</summary>
    private const long FewBlocks = 100;

    /// <summary>The values.</summary>
    /// <param name="parts">The sample's parts.</param>
    /// <param name="change">What happened since the one before.</param>
    /// <param name="done">What happened in the connection's database.</param>
    /// <param name="look">The last look at the tables.</param>
    /// <param name="callRate">Statements a second; null when they were not looked at twice.</param>
    public static IReadOnlyDictionary<string, double> Of(
        ServerSamples parts,
        SampleChange change,
        DatabaseTotals? done,
        TableLook? look,
        double? callRate
    )
    {
        Dictionary<string, double> values = [];
        void Put(string name, double? value)
        {
            if (value is { } number && double.IsFinite(number))
            {
                values[name] = number;
            }
        }

        SessionCounts sessions = parts.Sessions[^1];
        Put("pool_utilisation", PoolUseOf(parts, sessions));
        Put("connections", sessions.Connections);
        Put("active_sessions", sessions.Active);
        Put("idle_in_transaction", sessions.IdleInTransaction);
        Put("lock_contention", sessions.WaitingForLock);
        Put("replication_lag", parts.IsLagHidden ? null : LagOf(parts.Replication));
        Put("memory_usage", parts.Host?.MemoryUse * 100);
        Put("index_usage", look?.IndexUse);
        Put("table_bloat", BloatOf(parts.Tables));
        Put("database_size", look?.DatabaseBytes);
        if (callRate is { } rate)
        {
            Put("calls", rate);
            StatementStatistics statements = parts.Statements;
            Put("query_time", statements.Calls > 0 ? statements.TotalMs / statements.Calls : null);
        }
        if (change.Elapsed is not { } elapsed)
        {
            return values;
        }
        double seconds = elapsed.TotalSeconds;
        Put("wal_rate", change.WalBytes / seconds);
        Put("cpu_usage", parts.HostBefore is { } before ? parts.Host?.ProcessorUse(before) * 100 : null);
        Put(
            "disk_utilisation",
            parts.HostBefore is { } earlier ? parts.Host?.BusiestDisk(earlier, elapsed)?.Use * 100 : null
        );
        if (done is not null)
        {
            long blocks = done.BlocksHit + done.BlocksRead;
            Put("cache_hit_rate", blocks >= FewBlocks ? Percent(done.BlocksHit, blocks) : null);
            Put("deadlock_rate", done.Deadlocks / seconds * SecondsPerHour);
            Put("transactions", done.Transactions / seconds);
        }
        return values;
    }

    // Where a console is named it is what counts: a value from elsewhere would be another metric.
    private static double? PoolUseOf(ServerSamples parts, SessionCounts sessions) =>
        parts.Pools is not [.., var look] ? Percent(sessions.Connections, sessions.ConnectionsMax)
        : look.Problem.Length > 0 ? null
        : look.Fullest?.Use ?? 0;

    private static double? LagOf(ReplicationFacts replication) =>
        replication.LagSeconds ?? (replication.Standbys > 0 ? 0 : null);

    private static double? BloatOf(IReadOnlyList<TableFacts> tables)
    {
        TableFacts[] known = [.. tables.Where(static table => table.ExpectedBytes is not null)];
        return Percent(known.Sum(static table => table.BloatBytes), known.Sum(static table => table.Bytes));
    }

    private static double? Percent(double part, double whole) => whole > 0 ? 100 * part / whole : null;
}

/// <summary>
/// The eleven readings of a sample: as drover inspect has them, over the interval where they are rates.
/// </summary>
internal static class SampleReadings
{
    /// <summary>The readings.</summary>
    public static IReadOnlyList<MetricReading> Of(ServerSamples parts, DeadlockWindow deadlocks) =>
        [
            .. MetricReadings
                .Of(parts)
                .Select(reading =>
                    reading.Metric == "deadlock rate" && deadlocks.Elapsed > TimeSpan.Zero
                        ? reading with
                        {
                            Value = deadlocks.Count / deadlocks.Elapsed.TotalHours,
                            Note = string.Create(
                                CultureInfo.InvariantCulture,
                                $"{deadlocks.Count} in {deadlocks.Elapsed.TotalMinutes:0.#} min; {reading.Note}"
                            ),
                        }
                        : reading
                ),
        ];
}
