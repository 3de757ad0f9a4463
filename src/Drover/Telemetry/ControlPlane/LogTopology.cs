// What the log and the metrics say about the maps of sharded databases.
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry.ControlPlane;

/// <summary>Topic topology; events 7200 to 7299. No connection string is ever an argument.</summary>
internal static partial class LogTopology
{
    /// <summary>The map changed.</summary>
    [LoggerMessage(
        7200,
        LogLevel.Information,
        "{Database}: the map is at epoch {Epoch}: {Shards} shards, {Tables} sharded and {References} reference tables"
    )]
    public static partial void Changed(
        ILogger logger,
        string database,
        long epoch,
        int shards,
        int tables,
        int references
    );

    /// <summary>The catalog is lost.</summary>
    [LoggerMessage(7201, LogLevel.Error, "{Database}: the catalog is not read: {Reason}. {Consequence}")]
    public static partial void Lost(ILogger logger, string database, string reason, string consequence);

    /// <summary>The first shard's system catalogs are lost.</summary>
    [LoggerMessage(
        7203,
        LogLevel.Error,
        "{Database}: the tables and functions of the first shard are not read: {Reason}. What was read before holds."
    )]
    public static partial void FactsLost(ILogger logger, string database, string reason);

    /// <summary>The first shard's system catalogs are back.</summary>
    [LoggerMessage(
        7204,
        LogLevel.Information,
        "{Database}: the tables and functions of the first shard are read again"
    )]
    public static partial void FactsFound(ILogger logger, string database);

    /// <summary>The catalogs of another shard, for the schemas that it has whole, are lost.</summary>
    [LoggerMessage(
        7205,
        LogLevel.Error,
        "{Database}: the sharded schemas of shard {Shard} are not read: {Reason}. What was read before holds."
    )]
    public static partial void SchemasLost(ILogger logger, string database, string shard, string reason);

    /// <summary>They are back.</summary>
    [LoggerMessage(7206, LogLevel.Information, "{Database}: the sharded schemas of all shards are read again")]
    public static partial void SchemasFound(ILogger logger, string database);

    /// <summary>The catalog is back.</summary>
    [LoggerMessage(7202, LogLevel.Information, "{Database}: the catalog is read again")]
    public static partial void Found(ILogger logger, string database);
}

/// <summary>What this process knows of one map.</summary>
/// <param name="Epoch">The map that it goes by; 0 before the first one.</param>
/// <param name="IsFollowed">Whether the catalog can be read.</param>
internal readonly record struct TopologyReading(long Epoch, bool IsFollowed);

/// <summary>The readings of all sharded databases; any thread may set and read.</summary>
internal static class TopologyReadings
{
    private static readonly ConcurrentDictionary<string, TopologyReading> s_readings = new();

    /// <summary>Samples with the database.</summary>
    public static IEnumerable<MetricSample> Samples(Func<TopologyReading, double> read) =>
        s_readings.Select(pair => new MetricSample(read(pair.Value), [new("database", pair.Key)]));

    /// <summary>Keeps what is known.</summary>
    public static void Set(string database, TopologyReading reading) => s_readings[database] = reading;
}
