// What the log says about the process: start, listening, shutdown, limits of the machine.
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry;

/// <summary>Topic lifecycle; events 5000 to 5099.</summary>
internal static partial class LogLifecycle
{
    /// <summary>It is up.</summary>
    [LoggerMessage(5000, LogLevel.Information, "process up: Drover {Version}, pid {Pid}, {Loops} event loop(s)")]
    public static partial void Up(ILogger logger, string version, int pid, int loops);

    /// <summary>It accepts clients somewhere.</summary>
    [LoggerMessage(5001, LogLevel.Information, "listening on {Endpoint}")]
    public static partial void Listening(ILogger logger, string endpoint);

    /// <summary>It cannot accept clients there.</summary>
    [LoggerMessage(
        5002,
        LogLevel.Critical,
        "{Problem}. Is another pooler running there? Stop it, or change listen_addr or listen_port."
    )]
    public static partial void CannotListen(ILogger logger, string problem);

    /// <summary>Shutdown has begun.</summary>
    [LoggerMessage(5003, LogLevel.Information, "shutting down ({Mode}): {Clients} client(s), {Servers} server(s) left")]
    public static partial void ShuttingDown(ILogger logger, string mode, int clients, int servers);

    /// <summary>It is over.</summary>
    [LoggerMessage(5004, LogLevel.Information, "process down")]
    public static partial void Down(ILogger logger);

    /// <summary>The machine allows fewer files than the limits need.</summary>
    [LoggerMessage(
        5005,
        LogLevel.Warning,
        "only {Limit} open files are allowed, {Needed} may be needed: raise ulimit -n (LimitNOFILE= in the unit) "
            + "or lower max_client_conn"
    )]
    public static partial void FewDescriptors(ILogger logger, long limit, long needed);

    /// <summary>No descriptor was left for a client.</summary>
    [LoggerMessage(
        5006,
        LogLevel.Error,
        "cannot accept a client: {Reason}. Raise ulimit -n (LimitNOFILE= in the unit); accepting again in {Seconds} s."
    )]
    public static partial void AcceptFailed(ILogger logger, string reason, double seconds);

    /// <summary>Metrics are served.</summary>
    [LoggerMessage(5007, LogLevel.Information, "metrics and health on http://{Endpoint}")]
    public static partial void MetricsListening(ILogger logger, string endpoint);

    /// <summary>Metrics cannot be served; traffic goes on.</summary>
    [LoggerMessage(
        5008,
        LogLevel.Error,
        "cannot serve metrics on {Endpoint}: {Reason}. Traffic is not affected; change metrics_listen and restart."
    )]
    public static partial void MetricsFailed(ILogger logger, string endpoint, string reason);

    /// <summary>systemd cannot be told.</summary>
    [LoggerMessage(5009, LogLevel.Warning, "cannot notify systemd: {Reason}. Check NotifyAccess= of the unit.")]
    public static partial void NotifyFailed(ILogger logger, string reason);

    /// <summary>Lines were lost because nobody took them.</summary>
    [LoggerMessage(5010, LogLevel.Warning, "{Lines} log line(s) were dropped: the log's reader or disk is too slow")]
    public static partial void LinesDropped(ILogger logger, long lines);

    /// <summary>A bug of ours; the connection is closed and all others go on.</summary>
    [LoggerMessage(5011, LogLevel.Error, "{What} failed unexpectedly. Please report this with the lines around it.")]
    public static partial void Unexpected(ILogger logger, Exception exception, string what);
}
