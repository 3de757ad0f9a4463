// What the log says about clients that come, are refused and go.
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry;

/// <summary>Topic login; events 1000 to 1099. No password, secret or cancel key is ever an argument.</summary>
internal static partial class LogLogin
{
    /// <summary>A client is in (<c>log_connections</c>).</summary>
    [LoggerMessage(1000, LogLevel.Information, "{Client} login: db={Database} user={User} tls={Tls}")]
    public static partial void Accepted(ILogger logger, string client, string database, string user, string tls);

    /// <summary>A client is gone (<c>log_disconnections</c>).</summary>
    [LoggerMessage(1001, LogLevel.Information, "{Client} closing because: {Reason} (age={AgeSeconds}s)")]
    public static partial void Closed(ILogger logger, string client, string reason, long ageSeconds);

    /// <summary>Wrong password or unknown user: the client cannot tell them apart, the log can.</summary>
    [LoggerMessage(
        1002,
        LogLevel.Warning,
        "{Client} login refused ({SqlState}): {Reason}. Check the user's entry in auth_file or what auth_query returns."
    )]
    public static partial void Refused(ILogger logger, string client, string sqlState, string reason);

    /// <summary>There is no such database entry.</summary>
    [LoggerMessage(
        1003,
        LogLevel.Warning,
        "{Client} login refused: no such database: {Database}. Add it to [databases], or an entry '*' for all names."
    )]
    public static partial void NoSuchDatabase(ILogger logger, string client, string database);

    /// <summary>A limit on clients is reached.</summary>
    [LoggerMessage(
        1004,
        LogLevel.Warning,
        "{Client} login refused: {Limit} = {Value} is reached. Raise it, "
            + "or find who holds the connections with SHOW CLIENTS."
    )]
    public static partial void LimitReached(ILogger logger, string client, string limit, long value);

    /// <summary>It took too long to log in.</summary>
    [LoggerMessage(
        1005,
        LogLevel.Warning,
        "{Client} login refused: client_login_timeout ({Seconds} s). The network, or auth_query's database, is slow."
    )]
    public static partial void TimedOut(ILogger logger, string client, double seconds);

    /// <summary>The rules let nobody in from there.</summary>
    [LoggerMessage(
        1006,
        LogLevel.Warning,
        "{Client} login refused: no rule of auth_hba_file lets it in (line {Line}; 0: none matches). Add a rule above."
    )]
    public static partial void NoRule(ILogger logger, string client, int line);

    /// <summary>TLS was needed, or failed.</summary>
    [LoggerMessage(
        1007,
        LogLevel.Warning,
        "{Client} TLS: {Reason}. Check client_tls_sslmode here and sslmode at the client."
    )]
    public static partial void TlsFailed(ILogger logger, string client, string reason);

    /// <summary>The proxy itself sent an error to a client (<c>log_pooler_errors</c>).</summary>
    [LoggerMessage(1008, LogLevel.Warning, "{Client} pooler error ({SqlState}): {Message}")]
    public static partial void PoolerError(ILogger logger, string client, string sqlState, string message);

    /// <summary>The client sent something that no client sends.</summary>
    [LoggerMessage(
        1009,
        LogLevel.Warning,
        "{Client} protocol violation: {Reason}. Not PostgreSQL's protocol, or a broken driver; "
            + "the connection is closed."
    )]
    public static partial void ProtocolViolation(ILogger logger, string client, string reason);
}
