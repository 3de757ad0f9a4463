// The eleven metrics, computed from what was read. Definitions and accuracy: docs/metrics.md.
using System.Globalization;
using Drover.Operations;

namespace Drover.Advice.Metrics;

/// <summary>Turns samples into readings, always all eleven, in the order of docs/metrics.md.</summary>
internal static class MetricReadings
{
    /// <summary>A table smaller than this is read whole as fast as by an index.</summary>
    public const long SmallTableBytes = 8 << 20;

    private const string PoolName = "connection pool utilisation";

    /// <summary>Blocks in an interval below which its hit rate says nothing.</summary>
    private const long FewBlocks = 10_000;

    /// <summary>All readings.</summary>
    public static IReadOnlyList<MetricReading> Of(ServerSamples samples) =>
        [
            QueryTime(samples),
            samples.Pools.Count > 0 ? Pools(samples.Pools) : Connections(samples),
            CacheHits(samples),
            IndexUse(samples),
            Bloat(samples),
            Lag(samples),
            Disk(samples),
            Processor(samples),
            Memory(samples),
            Locks(samples),
            Deadlocks(samples.Total),
        ];

    private static MetricReading QueryTime(ServerSamples samples)
    {
        const string Name = "query execution time";
        const string Source = "pg_stat_statements";
        StatementStatistics statements = samples.Statements;
        if (statements.Problem is { } problem)
        {
            return MetricReading.Missing(Name, "ms", Source, problem);
        }
        double? mean = statements.Calls > 0 ? statements.TotalMs / statements.Calls : null;
        return new MetricReading(
            Name,
            mean,
            "ms",
            Source,
            Text($"mean of {statements.Calls:N0} calls") + Hidden(samples)
        );
    }

    private static MetricReading Connections(ServerSamples samples)
    {
        SessionCounts most = samples.Sessions.MaxBy(static sample => sample.Connections)!;
        double active = samples.Sessions.Average(static sample => sample.Active);
        string states = samples.SeesEverybody ? Text($", {active:0.#} active on average") : Hidden(samples);
        return new MetricReading(
            PoolName,
            Percent(most.Connections, most.ConnectionsMax),
            "%",
            "pg_stat_activity",
            Text($"{most.Connections} of max_connections = {most.ConnectionsMax}") + states
        );
    }

    // The fullest of any moment: one pool that is full has clients wait, however empty the others are.
    private static MetricReading Pools(IReadOnlyList<PoolFacts> looks)
    {
        string source = $"SHOW POOLS of {looks[^1].Source}";
        if (looks.FirstOrDefault(static look => look.Problem.Length > 0) is { } failed)
        {
            return MetricReading.Missing(PoolName, "%", source, failed.Problem);
        }
        PoolUse? fullest = looks.Select(static look => look.Fullest).OfType<PoolUse>().MaxBy(static pool => pool.Use);
        long waiting = looks.Max(static look => look.Pools.Sum(static pool => pool.ClientsWaiting));
        double longest = looks.Max(static look =>
            look.Pools.Select(static pool => pool.WaitSeconds).DefaultIfEmpty().Max()
        );
        string wait = waiting > 0 ? Text($"; {waiting} clients wait, up to {longest:0.#} s") : "";
        return fullest is null
            ? new MetricReading(PoolName, 0, "%", source, "no client has used a pool yet" + wait)
            : new MetricReading(
                PoolName,
                fullest.Use,
                "%",
                source,
                Text($"{fullest.Database}/{fullest.User}: clients hold {fullest.ServersHeld} of {fullest.Size} servers")
                    + wait
            );
    }

    private static MetricReading CacheHits(ServerSamples samples)
    {
        DatabaseCounters interval = samples.Interval;
        bool isFresh = interval.BlocksHit + interval.BlocksRead >= FewBlocks;
        DatabaseCounters counters = isFresh ? interval : samples.Total;
        string since = isFresh
            ? Text($"in {samples.Elapsed.TotalSeconds:0} s")
            : Text($"since {counters.Since:yyyy-MM-dd HH:mm} UTC");
        return new MetricReading(
            "cache hit rate",
            Percent(counters.BlocksHit, counters.BlocksHit + counters.BlocksRead),
            "%",
            "pg_stat_database",
            $"of shared_buffers, {since}; the system's cache may still hold what was missed"
        );
    }

    private static MetricReading IndexUse(ServerSamples samples)
    {
        TableFacts[] large = [.. samples.Tables.Where(static table => table.Bytes >= SmallTableBytes)];
        long index = large.Sum(static table => table.IndexScans);
        long all = index + large.Sum(static table => table.SequentialScans);
        return new MetricReading(
            "index usage",
            Percent(index, all),
            "%",
            "pg_stat_all_tables",
            Text($"of {all:N0} scans of {large.Length} tables of 8 MB and more")
        );
    }

    private static MetricReading Bloat(ServerSamples samples)
    {
        TableFacts[] known = [.. samples.Tables.Where(static table => table.ExpectedBytes is not null)];
        long bytes = known.Sum(static table => table.Bytes);
        int unknown = samples.Tables.Count(static table => table is { ExpectedBytes: null, Bytes: > 0 });
        int measured = known.Count(static table => table.IsBloatMeasured);
        string accuracy =
            measured == 0 ? "a tenth off either way" : Text($"{measured} read, the others a tenth off either way");
        return new MetricReading(
            "table bloat",
            Percent(known.Sum(static table => table.BloatBytes), bytes),
            "%",
            measured == 0 ? "estimate from pg_stats" : "pgstattuple_approx, estimate from pg_stats",
            Text($"of {ByteText.Of(bytes)} in {known.Length} tables, {accuracy}")
                + (unknown > 0 ? Text($"; {unknown} not analysed, or SELECT on them is missing") : "")
                + (samples.BloatNote.Length > 0 ? $"; {samples.BloatNote}" : "")
        );
    }

    private static MetricReading Lag(ServerSamples samples)
    {
        ReplicationFacts replication = samples.Replication;
        if (samples.IsLagHidden)
        {
            string grant = $"how far standbys are is hidden: GRANT pg_read_all_stats TO {samples.Role}";
            return MetricReading.Missing("replication lag", "s", "pg_stat_replication", grant);
        }
        return new(
            "replication lag",
            replication.LagSeconds ?? (replication.Standbys > 0 ? 0 : null),
            "s",
            "pg_stat_replication",
            replication.IsStandby ? Text($"this server is a standby, {ByteText.Of(replication.LagBytes ?? 0)} behind")
                : replication.Standbys == 0 ? "no standby is connected"
                : Text($"the furthest of {replication.Standbys}, {ByteText.Of(replication.LagBytes ?? 0)} behind")
        );
    }

    private static MetricReading Disk(ServerSamples samples)
    {
        const string Name = "disk I/O utilisation";
        return
            samples is { Host: { } host, HostBefore: { } before }
            && host.BusiestDisk(before, samples.Elapsed) is { } busiest
            ? new MetricReading(
                Name,
                busiest.Use * 100,
                "%",
                samples.HostSource,
                Text($"{busiest.Name}, the busiest, in {samples.Elapsed.TotalSeconds:0} s")
            )
            : MetricReading.Missing(Name, "%", "/proc/diskstats", HostReader.Remedy);
    }

    private static MetricReading Processor(ServerSamples samples)
    {
        const string Name = "CPU usage";
        return samples is { Host: { } host, HostBefore: { } before } && host.ProcessorUse(before) is { } use
            ? new MetricReading(
                Name,
                use * 100,
                "%",
                samples.HostSource,
                Text($"all processors, in {samples.Elapsed.TotalSeconds:0} s")
            )
            : MetricReading.Missing(Name, "%", "/proc/stat", HostReader.Remedy);
    }

    private static MetricReading Memory(ServerSamples samples)
    {
        const string Name = "memory usage";
        return samples.Host is { } host
            ? new MetricReading(
                Name,
                host.MemoryUse * 100,
                "%",
                samples.HostSource,
                $"of {ByteText.Of(host.MemoryKb * 1024)}; caches that can be given up are not counted"
            )
            : MetricReading.Missing(Name, "%", "/proc/meminfo", HostReader.Remedy);
    }

    private static MetricReading Locks(ServerSamples samples)
    {
        double waiting = samples.Sessions.Average(static sample => sample.WaitingForLock);
        double longest = samples.Sessions.Max(static sample => sample.LongestLockWaitSeconds);
        string note =
            samples.Blockers.Count > 0 ? string.Join("; ", samples.Blockers)
            : longest > 0 ? Text($"the longest wait {longest:0.0} s")
            : "nobody waited";
        return new MetricReading("lock contention", waiting, "sessions", "pg_stat_activity", note + Hidden(samples));
    }

    private static MetricReading Deadlocks(DatabaseCounters total)
    {
        double hours = (total.At - total.Since).TotalHours;
        return new MetricReading(
            "deadlock rate",
            hours > 0 ? total.Deadlocks / hours : null,
            "1/h",
            "pg_stat_database",
            Text($"{total.Deadlocks:N0} since {total.Since:yyyy-MM-dd HH:mm} UTC")
        );
    }

    /// <summary>What a number lacks where the role sees what its own sessions do, and nobody else's.</summary>
    private static string Hidden(ServerSamples samples) =>
        samples.SeesEverybody
            ? ""
            : $"; of this role alone, others are hidden: GRANT pg_read_all_stats TO {samples.Role}";

    private static double? Percent(double part, double whole) => whole > 0 ? 100 * part / whole : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
