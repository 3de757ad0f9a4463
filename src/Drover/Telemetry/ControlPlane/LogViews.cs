// What the log and the metrics say about materialized views that are refreshed while the proxy runs.
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry.ControlPlane;

/// <summary>Topic views; events 7300 to 7319. No connection string and no row's value is ever an argument.</summary>
internal static partial class LogViews
{
    /// <summary>It was refreshed.</summary>
    [LoggerMessage(7300, LogLevel.Debug, "view {View} is refreshed in {Milliseconds} ms")]
    public static partial void Refreshed(ILogger logger, string view, long milliseconds);

    /// <summary>It was made anew.</summary>
    [LoggerMessage(
        7301,
        LogLevel.Information,
        "view {View} is made anew in {Milliseconds} ms: what it reads has changed"
    )]
    public static partial void Remade(ILogger logger, string view, long milliseconds);

    /// <summary>It was not refreshed.</summary>
    [LoggerMessage(7302, LogLevel.Error, "view {View} is not refreshed: {Reason}")]
    public static partial void Failed(ILogger logger, string view, string reason);

    /// <summary>Its refreshes are slower than they are asked to be.</summary>
    [LoggerMessage(
        7303,
        LogLevel.Warning,
        "view {View} takes {Milliseconds} ms to refresh, over half its interval: it is refreshed less often"
    )]
    public static partial void Slowed(ILogger logger, string view, long milliseconds);

    /// <summary>A database was not looked at.</summary>
    [LoggerMessage(7304, LogLevel.Error, "views of database {Database} are not refreshed: {Reason}")]
    public static partial void DatabaseFailed(ILogger logger, string database, string reason);
}

/// <summary>What is known of a view.</summary>
/// <param name="AgeSeconds">Since the refresh began that it shows; NaN if it never was refreshed.</param>
/// <param name="DurationSeconds">How long that refresh took.</param>
/// <param name="IntervalSeconds">How often it is to be refreshed.</param>
/// <param name="Failures">Refreshes that failed since the last that did not.</param>
internal readonly record struct ViewReading(
    double AgeSeconds,
    double DurationSeconds,
    double IntervalSeconds,
    int Failures
);

/// <summary>The last look at the views of each database; any thread may ask.</summary>
internal static class ViewReadings
{
    private static readonly ConcurrentDictionary<string, IReadOnlyList<(string View, ViewReading Reading)>> s_readings =
        new();

    /// <summary>Samples by database and view.</summary>
    public static IEnumerable<MetricSample> Samples(Func<ViewReading, double> read) =>
        s_readings.SelectMany(pair =>
            pair.Value.Select(one => new MetricSample(
                read(one.Reading),
                [new("database", pair.Key), new("view", one.View)]
            ))
        );

    /// <summary>Keeps what was read.</summary>
    public static void Set(string database, IReadOnlyList<(string View, ViewReading Reading)> readings) =>
        s_readings[database] = readings;
}
