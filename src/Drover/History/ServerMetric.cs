// The metrics of a server that are kept over time: the eleven, and what they are weighed with.
namespace Drover.History;

/// <summary>How samples of a step become one value.</summary>
internal enum StepMean
{
    /// <summary>The mean of the samples.</summary>
    Plain,

    /// <summary>The mean weighed by the calls in each sample.</summary>
    ByCalls,
}

/// <summary>A metric that is kept per server.</summary>
/// <param name="Name">In tables, the JSON interface and Prometheus: snake_case.</param>
/// <param name="Title">As docs/metrics.md and <see cref="Advice.Metrics.MetricReading.Metric"/> name it.</param>
/// <param name="Unit">%, ms, s, bytes, sessions, 1/s or 1/h.</param>
/// <param name="Mean">How a step's value is made.</param>
internal sealed record ServerMetric(string Name, string Title, string Unit, StepMean Mean = StepMean.Plain)
{
    /// <summary>The eleven, in the order of docs/metrics.md.</summary>
    public static IReadOnlyList<ServerMetric> Eleven { get; } =
    [
        new("query_time", "query execution time", "ms", StepMean.ByCalls),
        new("pool_utilisation", "connection pool utilisation", "%"),
        new("cache_hit_rate", "cache hit rate", "%"),
        new("index_usage", "index usage", "%"),
        new("table_bloat", "table bloat", "%"),
        new("replication_lag", "replication lag", "s"),
        new("disk_utilisation", "disk I/O utilisation", "%"),
        new("cpu_usage", "CPU usage", "%"),
        new("memory_usage", "memory usage", "%"),
        new("lock_contention", "lock contention", "sessions"),
        new("deadlock_rate", "deadlock rate", "1/h"),
    ];

    /// <summary>The eleven and the others.</summary>
    public static IReadOnlyList<ServerMetric> All { get; } =
    [
        .. Eleven,
        new("calls", "statements", "1/s"),
        new("transactions", "transactions", "1/s"),
        new("connections", "client connections", "sessions"),
        new("active_sessions", "active sessions", "sessions"),
        new("idle_in_transaction", "sessions idle in a transaction", "sessions"),
        new("database_size", "size of the databases", "bytes"),
        new("wal_rate", "write-ahead log", "bytes/s"),
    ];

    /// <summary>The metric of a name; null when there is none.</summary>
    public static ServerMetric? Find(string name) => All.FirstOrDefault(metric => metric.Name == name);
}
