// What the log says about the admin console and about signals that stand for its commands.
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry;

/// <summary>Topic console; events 6000 to 6099.</summary>
internal static partial class LogConsole
{
    /// <summary>An administrator did something.</summary>
    [LoggerMessage(6000, LogLevel.Information, "{Command} command issued by {User}")]
    public static partial void CommandIssued(ILogger logger, string user, string command);

    /// <summary>It did not work.</summary>
    [LoggerMessage(6001, LogLevel.Warning, "{Command} by {User} failed: {Reason}")]
    public static partial void CommandFailed(ILogger logger, string user, string command, string reason);

    /// <summary>A signal came that means a command.</summary>
    [LoggerMessage(6002, LogLevel.Information, "got {Signal}, same as {Command} on the console")]
    public static partial void Signal(ILogger logger, string signal, string command);
}
