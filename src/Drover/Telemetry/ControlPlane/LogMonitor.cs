// What the log and the metrics say about servers that are measured.
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry.ControlPlane;

/// <summary>Topic monitor; events 7300 to 7399. No connection string is ever an argument.</summary>
internal static partial class LogMonitor
{
    /// <summary>The first sample, or the first after a while without.</summary>
    [LoggerMessage(7300, LogLevel.Information, "server {Server} is measured: PostgreSQL {Version}")]
    public static partial void Measured(ILogger logger, string server, string version);

    /// <summary>A sample could not be taken; it is tried again.</summary>
    [LoggerMessage(7301, LogLevel.Warning, "server {Server} is not measured: {Reason}")]
    public static partial void Unreachable(ILogger logger, string server, string reason);

    /// <summary>Samples are kept from here on.</summary>
    [LoggerMessage(7302, LogLevel.Information, "the history of server {Server} is kept {Where}")]
    public static partial void Kept(ILogger logger, string server, string where);

    /// <summary>Samples are not kept, or not as they should be.</summary>
    [LoggerMessage(7303, LogLevel.Warning, "the history of server {Server}: {Reason}")]
    public static partial void NotKept(ILogger logger, string server, string reason);

    /// <summary>The advice is not made anew this time.</summary>
    [LoggerMessage(7304, LogLevel.Debug, "server {Server} is not inspected now: {Reason}")]
    public static partial void NotInspected(ILogger logger, string server, string reason);

    /// <summary>The plan of a statement is another than at the last look.</summary>
    [LoggerMessage(
        7305,
        LogLevel.Information,
        "server {Server}: the plan of statement {Statement} changed: {Difference}"
    )]
    public static partial void PlanChanged(ILogger logger, string server, long statement, string difference);

    /// <summary>The plans are not looked at this time.</summary>
    [LoggerMessage(7306, LogLevel.Debug, "server {Server}: plans are not looked at now: {Reason}")]
    public static partial void NotPlanned(ILogger logger, string server, string reason);
}

/// <summary>What is known of one measured server.</summary>
/// <param name="IsUp">The last attempt gave a sample.</param>
/// <param name="IsKept">Samples are kept.</param>
/// <param name="Values">By the names of the metrics, in their units.</param>
/// <param name="Deadlocks">Seen since the process started.</param>
/// <param name="Samples">Attempts.</param>
/// <param name="Failures">Attempts that failed.</param>
/// <param name="BusySeconds">Time that attempts took.</param>
/// <param name="ProcessorSeconds">Processor time in this process.</param>
internal sealed record MonitorReading(
    bool IsUp,
    bool IsKept,
    IReadOnlyDictionary<string, double> Values,
    long Deadlocks,
    long Samples,
    long Failures,
    double BusySeconds,
    double ProcessorSeconds
)
{
    /// <summary>No values.</summary>
    public static IReadOnlyDictionary<string, double> None { get; } = new Dictionary<string, double>();
}

/// <summary>The readings of all servers; any thread may set and read.</summary>
internal static class MonitorReadings
{
    private static readonly ConcurrentDictionary<string, MonitorReading> s_readings = new();

    /// <summary>Samples with the server alone.</summary>
    public static IEnumerable<MetricSample> Samples(Func<MonitorReading, double> read) =>
        s_readings.Select(pair => new MetricSample(read(pair.Value), [new("server", pair.Key)]));

    /// <summary>Samples with the server and one more label.</summary>
    public static IEnumerable<MetricSample> Samples(
        string label,
        Func<MonitorReading, IEnumerable<(string Label, double Value)>> read
    ) =>
        s_readings.SelectMany(pair =>
            read(pair.Value)
                .Select(one => new MetricSample(one.Value, [new("server", pair.Key), new(label, one.Label)]))
        );

    /// <summary>Samples of one value, times a factor; of servers that have it.</summary>
    public static IEnumerable<MetricSample> Values(string name, double factor) =>
        s_readings
            .Where(pair => pair.Value.Values.ContainsKey(name))
            .Select(pair => new MetricSample(pair.Value.Values[name] * factor, [new("server", pair.Key)]));

    /// <summary>Keeps what is known.</summary>
    public static void Set(string server, MonitorReading reading) => s_readings[server] = reading;
}
