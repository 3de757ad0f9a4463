// What the log says about the coordinators of sharded databases.
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry.ControlPlane;

/// <summary>Topic topology; events 7250 to 7259. No connection string is ever an argument.</summary>
internal static partial class LogCoordinator
{
    /// <summary>It was brought up to the shards' schema.</summary>
    [LoggerMessage(
        7250,
        LogLevel.Information,
        "{Database}: the coordinator is what the shards are: {Statements} statements, nothing to change: {IsUnchanged}"
    )]
    public static partial void Made(ILogger logger, string database, int statements, bool isUnchanged);

    /// <summary>Something of the shards cannot be there.</summary>
    [LoggerMessage(
        7251,
        LogLevel.Warning,
        "{Database}: not on the coordinator, queries there that need it will fail: {Problem}"
    )]
    public static partial void NotMade(ILogger logger, string database, string problem);

    /// <summary>It cannot be brought up.</summary>
    [LoggerMessage(
        7252,
        LogLevel.Error,
        "{Database}: the coordinator is not in step with the shards: {Reason}. Queries that need several shards are "
            + "refused until it is."
    )]
    public static partial void Lost(ILogger logger, string database, string reason);

    /// <summary>It is in step again.</summary>
    [LoggerMessage(7253, LogLevel.Information, "{Database}: the coordinator is in step with the shards again")]
    public static partial void Found(ILogger logger, string database);

    /// <summary>Other proxies were not told of a change of the schema.</summary>
    [LoggerMessage(
        7254,
        LogLevel.Warning,
        "{Database}: other proxies are not told of a change of the schema and see it within 5 s: {Reason}"
    )]
    public static partial void NotTold(ILogger logger, string database, string reason);

    /// <summary>A table was dropped, and is in the map no more.</summary>
    [LoggerMessage(7255, LogLevel.Information, "{Database}: {Table} was dropped and leaves the map")]
    public static partial void Dropped(ILogger logger, string database, string table);
}
