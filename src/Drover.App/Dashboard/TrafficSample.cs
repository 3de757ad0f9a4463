// What the proxy had done at one moment, and what happened between two.
using Drover.Telemetry;

namespace Drover.App.Dashboard;

/// <summary>The counters of all pools at one moment.</summary>
/// <param name="Stamp">By the clock that does not jump.</param>
/// <param name="Pools">By database and user.</param>
/// <param name="Total">Their sum.</param>
internal sealed record TrafficSample(
    long Stamp,
    IReadOnlyDictionary<(string Database, string User), TrafficCounters> Pools,
    TrafficCounters Total
)
{
    /// <summary>Takes one now.</summary>
    public static TrafficSample Take(ITelemetrySource proxy, TimeProvider time)
    {
        Dictionary<(string, string), TrafficCounters> pools = [];
        TrafficCounters total = new();
        foreach (PoolTraffic pool in proxy.Traffic())
        {
            pools[(pool.Database, pool.User)] = pool.Counters;
            total.Add(pool.Counters);
        }
        return new TrafficSample(time.GetTimestamp(), pools, total);
    }
}

/// <summary>Rates between two moments.</summary>
internal sealed record TrafficRates
{
    /// <summary>Nothing happened.</summary>
    public static readonly TrafficRates None = new();

    /// <summary>Queries per second.</summary>
    public double Queries { get; private init; }

    /// <summary>Transactions per second.</summary>
    public double Transactions { get; private init; }

    /// <summary>Errors per second.</summary>
    public double Errors { get; private init; }

    /// <summary>Bytes per second from clients and servers.</summary>
    public double Received { get; private init; }

    /// <summary>Bytes per second to clients and servers.</summary>
    public double Sent { get; private init; }

    /// <summary>Milliseconds; null: no query ended.</summary>
    public double? QueryP50Ms { get; private init; }

    /// <summary>Milliseconds; null: no query ended.</summary>
    public double? QueryP99Ms { get; private init; }

    /// <summary>Milliseconds; null: no server was given.</summary>
    public double? WaitP99Ms { get; private init; }

    /// <summary>What happened between two readings; a counter that began anew counts as 0.</summary>
    public static TrafficRates Between(TrafficCounters earlier, TrafficCounters later, TimeSpan elapsed)
    {
        double seconds = elapsed.TotalSeconds;
        if (seconds <= 0)
        {
            return None;
        }
        double Rate(long before, long now) => Math.Max(0, now - before) / seconds;
        LatencyHistogram queries = later.QueryLatency.Since(earlier.QueryLatency);
        LatencyHistogram waits = later.WaitLatency.Since(earlier.WaitLatency);
        return new TrafficRates
        {
            Queries = Rate(earlier.Queries, later.Queries),
            Transactions = Rate(earlier.Transactions, later.Transactions),
            Errors = Rate(ErrorsOf(earlier), ErrorsOf(later)),
            Received = Rate(earlier.BytesReceived, later.BytesReceived),
            Sent = Rate(earlier.BytesSent, later.BytesSent),
            QueryP50Ms = Quantile(queries, 0.5),
            QueryP99Ms = Quantile(queries, 0.99),
            WaitP99Ms = Quantile(waits, 0.99),
        };
    }

    /// <summary>Errors that clients were sent, of all classes.</summary>
    public static long ErrorsOf(TrafficCounters counters)
    {
        long sum = 0;
        foreach (long errors in counters.Errors)
        {
            sum += errors;
        }
        return sum;
    }

    private static double? Quantile(LatencyHistogram histogram, double quantile) =>
        histogram.Count == 0 ? null : histogram.Quantile(quantile) / 1000.0;
}
