// What the log says about the web page.
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry.ControlPlane;

/// <summary>Topic web; events 7500 to 7599.</summary>
internal static partial class LogWeb
{
    /// <summary>The page is served.</summary>
    [LoggerMessage(7500, LogLevel.Information, "web page on {Address}")]
    public static partial void Listening(ILogger logger, string address);

    /// <summary>The page cannot be served while another process hands over; traffic goes on.</summary>
    [LoggerMessage(
        7501,
        LogLevel.Warning,
        "cannot serve the web page on {Endpoint}: {Reason}. With so_reuseport traffic goes on without it: another "
            + "process may be handing over"
    )]
    public static partial void Failed(ILogger logger, string endpoint, string reason);

    /// <summary>Somebody guesses; at most once a minute for each address.</summary>
    [LoggerMessage(7502, LogLevel.Warning, "wrong token for the web page from {Address}: {Count} since the last line")]
    public static partial void WrongToken(ILogger logger, string address, int count);

    /// <summary>A reader of live values did not keep up.</summary>
    [LoggerMessage(7503, LogLevel.Debug, "a reader of the web page's live values is too slow and was dropped")]
    public static partial void SlowReader(ILogger logger);

    /// <summary>A bug of ours, or a server that cannot be read.</summary>
    [LoggerMessage(7504, LogLevel.Error, "the web page could not answer {Path}")]
    public static partial void Unanswered(ILogger logger, Exception exception, string path);

    /// <summary>The certificate that was there goes on being shown.</summary>
    [LoggerMessage(7505, LogLevel.Warning, "cannot read the web page's certificate again: {Reason}")]
    public static partial void OldCertificate(ILogger logger, string reason);

    /// <summary>The page cannot be served.</summary>
    [LoggerMessage(
        7507,
        LogLevel.Critical,
        "cannot serve the web page on {Endpoint}: {Reason}; change web_listen, or end what listens there"
    )]
    public static partial void CannotListen(ILogger logger, string endpoint, string reason);

    /// <summary>The page may not be served as it is configured.</summary>
    [LoggerMessage(7506, LogLevel.Critical, "{Problem}")]
    public static partial void Refused(ILogger logger, string problem);
}
