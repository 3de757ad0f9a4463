// A metric as data: its OpenTelemetry name and how its samples are read.
using Drover.Telemetry.Statements;

namespace Drover.Telemetry;

/// <summary>How a metric behaves.</summary>
internal enum MetricKind
{
    /// <summary>Only grows while the process lives.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>A distribution.</summary>
    Histogram,
}

/// <summary>One value with its labels.</summary>
/// <param name="Value">In the family's unit.</param>
/// <param name="Labels">OpenTelemetry attribute names and values.</param>
/// <param name="Histogram">For a histogram instead of the value; in microseconds.</param>
internal readonly record struct MetricSample(
    double Value,
    KeyValuePair<string, string>[] Labels,
    LatencyHistogram? Histogram = null
);

/// <summary>A metric.</summary>
/// <param name="Name">In OpenTelemetry's form, with dots.</param>
/// <param name="Kind">How it behaves.</param>
/// <param name="Unit">UCUM: <c>s</c>, <c>By</c>, or <c>{thing}</c> for a count of things.</param>
/// <param name="Help">One line.</param>
/// <param name="Read">Its samples at one moment.</param>
internal sealed record MetricFamily(
    string Name,
    MetricKind Kind,
    string Unit,
    string Help,
    Func<TelemetryReading, IEnumerable<MetricSample>> Read
);

/// <summary>Everything that metrics need, read at one moment.</summary>
internal sealed class TelemetryReading
{
    /// <summary>Reads it now.</summary>
    public TelemetryReading(ITelemetrySource source)
    {
        Stage = source.Stage;
        State = source.State;
        LoginsRefused = source.LoginsRefused;
        Traffic = source.Traffic();
        Pools = source.Pools();
        Databases = source.Databases();
        Tiers = source.Tiers();
    }

    /// <summary>Where the process is in its life.</summary>
    public LifecycleStage Stage { get; }

    /// <summary>Whether traffic flows.</summary>
    public ProxyState State { get; }

    /// <summary>Logins refused before their pool was known.</summary>
    public long LoginsRefused { get; }

    /// <summary>Counters by pool.</summary>
    public IReadOnlyList<PoolTraffic> Traffic { get; }

    /// <summary>Pools.</summary>
    public IReadOnlyList<PoolSnapshot> Pools { get; }

    /// <summary>Database entries.</summary>
    public IReadOnlyList<DatabaseSnapshot> Databases { get; }

    /// <summary>Statements of sharded databases by tier.</summary>
    public IReadOnlyList<TierTraffic> Tiers { get; }
}
