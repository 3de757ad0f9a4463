// What the log says about configuration files and reloads.
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry;

/// <summary>Topic config; events 4000 to 4099.</summary>
internal static partial class LogConfiguration
{
    /// <summary>Something in a file is wrong; nothing has changed.</summary>
    [LoggerMessage(4000, LogLevel.Error, "{File}:{Line}: {Message}")]
    public static partial void Wrong(ILogger logger, string file, int line, string message);

    /// <summary>Something in a file is odd, and was read all the same.</summary>
    [LoggerMessage(4001, LogLevel.Warning, "{File}:{Line}: {Message}")]
    public static partial void Odd(ILogger logger, string file, int line, string message);

    /// <summary>A reload is in force.</summary>
    [LoggerMessage(4002, LogLevel.Information, "configuration reloaded from {File}")]
    public static partial void Reloaded(ILogger logger, string file);

    /// <summary>A reload was refused.</summary>
    [LoggerMessage(
        4003,
        LogLevel.Error,
        "RELOAD refused: {Errors} error(s) in {File}, see above; the old configuration stays in force. "
            + "Correct them and reload again."
    )]
    public static partial void ReloadRefused(ILogger logger, string file, int errors);

    /// <summary>A setting that only a restart changes was changed.</summary>
    [LoggerMessage(4004, LogLevel.Warning, "{Setting} cannot change while running: restart to make it take effect")]
    public static partial void NeedsRestart(ILogger logger, string setting);

    /// <summary>A TLS file is wrong.</summary>
    [LoggerMessage(4005, LogLevel.Error, "TLS: {File}: {Reason}. The old certificates stay in use.")]
    public static partial void TlsFileWrong(ILogger logger, string file, string reason);
}
