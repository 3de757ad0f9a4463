// What the log says about connections to PostgreSQL.
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry;

/// <summary>Topic server; events 3000 to 3099.</summary>
internal static partial class LogServer
{
    /// <summary>A server is connected and logged in (<c>log_connections</c>).</summary>
    [LoggerMessage(3000, LogLevel.Information, "{Server} new connection to server (pid {Pid}, tls={Tls})")]
    public static partial void Connected(ILogger logger, string server, int pid, string tls);

    /// <summary>A server is closed (<c>log_disconnections</c>).</summary>
    [LoggerMessage(3001, LogLevel.Information, "{Server} closing because: {Reason} (age={AgeSeconds}s)")]
    public static partial void Closed(ILogger logger, string server, string reason, long ageSeconds);

    /// <summary>No connection could be made.</summary>
    [LoggerMessage(
        3002,
        LogLevel.Warning,
        "{Server} cannot connect: {Reason}. Is PostgreSQL up, and host and port right in [databases]? "
            + "Next try in {RetrySeconds} s (server_login_retry)."
    )]
    public static partial void ConnectFailed(ILogger logger, string server, string reason, double retrySeconds);

    /// <summary>PostgreSQL refused the login.</summary>
    [LoggerMessage(
        3003,
        LogLevel.Error,
        "{Server} login failed ({SqlState}): {Message}. Check the user's secret here and pg_hba.conf there. "
            + "Next try in {RetrySeconds} s (server_login_retry)."
    )]
    public static partial void LoginFailed(
        ILogger logger,
        string server,
        string sqlState,
        string message,
        double retrySeconds
    );

    /// <summary>The connection broke while it was in use.</summary>
    [LoggerMessage(
        3004,
        LogLevel.Warning,
        "{Server} broke while in use: {Reason}. Its client was told; PostgreSQL's own log has the cause."
    )]
    public static partial void Broke(ILogger logger, string server, string reason);

    /// <summary>PostgreSQL sent FATAL.</summary>
    [LoggerMessage(3005, LogLevel.Warning, "{Server} server said FATAL ({SqlState}): {Message}")]
    public static partial void Fatal(ILogger logger, string server, string sqlState, string message);

    /// <summary>The check or reset query failed, so the server is not used again.</summary>
    [LoggerMessage(
        3006,
        LogLevel.Warning,
        "{Server} {Setting} failed: {Reason}. The server is closed; correct the query if that happens often."
    )]
    public static partial void CheckFailed(ILogger logger, string server, string setting, string reason);

    /// <summary>A timeout ended the query or the wait for the server.</summary>
    [LoggerMessage(
        3007,
        LogLevel.Warning,
        "{Server} {Setting} ({Seconds} s): closed. Raise {Setting} if that is too short."
    )]
    public static partial void TimedOut(ILogger logger, string server, string setting, double seconds);

    /// <summary>A name could not be resolved.</summary>
    [LoggerMessage(3008, LogLevel.Warning, "cannot resolve {Host}: {Reason}. Check the name and this machine's DNS.")]
    public static partial void DnsFailed(ILogger logger, string host, string reason);

    /// <summary>TLS failed.</summary>
    [LoggerMessage(
        3009,
        LogLevel.Error,
        "{Server} TLS: {Reason}. Check server_tls_sslmode and server_tls_ca_file against the server's certificate."
    )]
    public static partial void TlsFailed(ILogger logger, string server, string reason);
}
