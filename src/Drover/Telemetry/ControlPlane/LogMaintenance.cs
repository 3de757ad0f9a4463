// What the log and the metrics say about partitions that are kept while the proxy runs.
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry.ControlPlane;

/// <summary>Topic maintenance; events 7000 to 7099. No connection string is ever an argument.</summary>
internal static partial class LogMaintenance
{
    /// <summary>Something was done.</summary>
    [LoggerMessage(7000, LogLevel.Information, "{Table}: {Action}")]
    public static partial void Done(ILogger logger, string table, string action);

    /// <summary>Something was not done; the next run tries again.</summary>
    [LoggerMessage(7001, LogLevel.Error, "{Table}: {Action} failed: {Reason}. The next run tries again.")]
    public static partial void Failed(ILogger logger, string table, string action, string reason);

    /// <summary>Something that a policy asks for is not done.</summary>
    [LoggerMessage(7002, LogLevel.Warning, "{Table}: {Subject}: {Consequence}. {Remedy}")]
    public static partial void Refused(ILogger logger, string table, string subject, string consequence, string remedy);

    /// <summary>A database was not maintained at all.</summary>
    [LoggerMessage(7003, LogLevel.Error, "partitions of database {Database} are not kept: {Reason}")]
    public static partial void DatabaseFailed(ILogger logger, string database, string reason);

    /// <summary>Something that may be meant, and is told.</summary>
    [LoggerMessage(7004, LogLevel.Information, "{Table}: {Subject}: {Consequence}. {Remedy} ({Code})")]
    public static partial void Told(
        ILogger logger,
        string table,
        string subject,
        string consequence,
        string remedy,
        string code
    );
}

/// <summary>Counters of the process; any thread may count.</summary>
internal static class MaintenanceCounters
{
    private static long s_done;
    private static long s_failed;
    private static long s_refused;

    /// <summary>Actions that were done.</summary>
    public static long Done => Interlocked.Read(ref s_done);

    /// <summary>Actions, or whole runs, that failed.</summary>
    public static long Failed => Interlocked.Read(ref s_failed);

    /// <summary>What a policy asks for and the plan refused.</summary>
    public static long Refused => Interlocked.Read(ref s_refused);

    /// <summary>Counts what a run did.</summary>
    public static void Count(long done, long failed, long refused)
    {
        Interlocked.Add(ref s_done, done);
        Interlocked.Add(ref s_failed, failed);
        Interlocked.Add(ref s_refused, refused);
    }
}
