// The metric families of servers that are measured.
namespace Drover.Telemetry.ControlPlane;

/// <summary>
/// The eleven of docs/metrics.md, and what measuring costs. Shares are from 0 to 1. The label is the server's name in
/// the configuration.
/// </summary>
internal static class MonitorMetrics
{
    private const double PerCent = 0.01;
    private const double PerThousand = 0.001;

    /// <summary>The families, in the order of the page.</summary>
    public static IReadOnlyList<MetricFamily> All { get; } =
    [
        Value(
            "query_time",
            "query.time",
            "s",
            "Mean time of a read or write in the last interval, by pg_stat_statements.",
            PerThousand
        ),
        Value(
            "pool_utilisation",
            "pool.utilisation",
            "1",
            "The fullest pool of the console; without one, client connections over max_connections.",
            PerCent
        ),
        Value(
            "cache_hit_rate",
            "cache.hit.rate",
            "1",
            "Blocks found in shared_buffers, in the last interval.",
            PerCent
        ),
        Value("index_usage", "index.usage", "1", "Scans of tables of 8 MB and more that were by index.", PerCent),
        Value("table_bloat", "table.bloat", "1", "Heap beyond what the rows would take, by estimate.", PerCent),
        Value(
            "replication_lag",
            "replication.lag",
            "s",
            "The standby furthest behind, or this standby's own delay.",
            1
        ),
        Value("disk_utilisation", "disk.utilisation", "1", "Time in which the busiest disk had work.", PerCent),
        Value("cpu_usage", "cpu.usage", "1", "Use of all processors of the server's machine.", PerCent),
        Value("memory_usage", "memory.usage", "1", "Memory of the server's machine that could not be had.", PerCent),
        Value("lock_contention", "lock.waiters", "{session}", "Sessions that waited for a lock.", 1),
        new(
            "drover.monitor.deadlocks",
            MetricKind.Counter,
            "{deadlock}",
            "Deadlocks in all databases of the server, seen since Drover started.",
            _ => MonitorReadings.Samples(static reading => reading.Deadlocks)
        ),
        Value("calls", "statement.rate", "{statement}", "Reads and writes a second.", 1),
        Value("transactions", "transaction.rate", "{transaction}", "Transactions a second.", 1),
        Value("connections", "connections", "{connection}", "Client connections.", 1),
        Value("active_sessions", "sessions.active", "{session}", "Sessions that run a statement.", 1),
        Value("database_size", "database.size", "By", "Size of the databases that the role may see.", 1),
        new(
            "drover.monitor.up",
            MetricKind.Gauge,
            "",
            "1 while the server can be measured.",
            _ => MonitorReadings.Samples(static reading => reading.IsUp ? 1 : 0)
        ),
        new(
            "drover.monitor.kept",
            MetricKind.Gauge,
            "",
            "1 while the server's samples are kept.",
            _ => MonitorReadings.Samples(static reading => reading.IsKept ? 1 : 0)
        ),
        new(
            "drover.monitor.samples",
            MetricKind.Counter,
            "{sample}",
            "Attempts at a sample, by outcome.",
            _ =>
                MonitorReadings.Samples(
                    "outcome",
                    static reading => [("taken", reading.Samples - reading.Failures), ("failed", reading.Failures)]
                )
        ),
        new(
            "drover.monitor.duration",
            MetricKind.Counter,
            "s",
            "Time that attempts at samples took, waiting for the server included.",
            _ => MonitorReadings.Samples(static reading => reading.BusySeconds)
        ),
        new(
            "drover.monitor.processor",
            MetricKind.Counter,
            "s",
            "Processor time that measuring the server took in this process.",
            _ => MonitorReadings.Samples(static reading => reading.ProcessorSeconds)
        ),
    ];

    private static MetricFamily Value(string value, string name, string unit, string help, double factor) =>
        new($"drover.monitor.{name}", MetricKind.Gauge, unit, help, _ => MonitorReadings.Values(value, factor));
}
