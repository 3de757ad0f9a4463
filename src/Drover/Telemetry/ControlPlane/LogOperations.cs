// What the log and the metrics say about long operations while the proxy runs.
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry.ControlPlane;

/// <summary>Topic operations; events 7100 to 7199. Lines are the journal's own; no row's values are in them.</summary>
internal static partial class LogOperations
{
    /// <summary>An event of a run.</summary>
    [LoggerMessage(7100, LogLevel.Information, "{Database}: run {Run} of {Target}: {Step}: {Kind}: {Message}")]
    public static partial void Event(
        ILogger logger,
        string database,
        long run,
        string target,
        string step,
        string kind,
        string message
    );

    /// <summary>The journal could not be read.</summary>
    [LoggerMessage(7101, LogLevel.Warning, "the journal of database {Database} is not read: {Reason}")]
    public static partial void Unread(ILogger logger, string database, string reason);
}

/// <summary>What the journal of one database says. Pairs of a label and a value.</summary>
internal sealed record OperationReading
{
    /// <summary>No journal.</summary>
    public static OperationReading None { get; } = new();

    /// <summary>Runs by state.</summary>
    public IReadOnlyList<(string Label, double Value)> Runs { get; init; } = [];

    /// <summary>Rows by step.</summary>
    public IReadOnlyList<(string Label, double Value)> Rows { get; init; } = [];

    /// <summary>Seconds by step.</summary>
    public IReadOnlyList<(string Label, double Value)> StepSeconds { get; init; } = [];

    /// <summary>Seconds that runs stood still, by the limit that was passed.</summary>
    public IReadOnlyList<(string Label, double Value)> ThrottledSeconds { get; init; } = [];

    /// <summary>Attempts at locks that failed.</summary>
    public double LockWaits { get; init; }
}

/// <summary>The readings of all databases; any thread may set and read.</summary>
internal static class OperationReadings
{
    private static readonly ConcurrentDictionary<string, OperationReading> s_readings = new();

    /// <summary>Samples with the database and one more label.</summary>
    public static IEnumerable<MetricSample> Samples(
        string label,
        Func<OperationReading, IEnumerable<(string Label, double Value)>> read
    ) =>
        s_readings.SelectMany(pair =>
            read(pair.Value)
                .Select(one => new MetricSample(one.Value, [new("database", pair.Key), new(label, one.Label)]))
        );

    /// <summary>Samples with the database alone.</summary>
    public static IEnumerable<MetricSample> Samples(Func<OperationReading, double> read) =>
        s_readings.Select(pair => new MetricSample(read(pair.Value), [new("database", pair.Key)]));

    /// <summary>Keeps what was read.</summary>
    public static void Set(string database, OperationReading reading) => s_readings[database] = reading;
}
