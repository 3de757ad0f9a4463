// Logs of an HTTP server inside this process, without the host's own: its failures are told once, by Drover.
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.App.Hosting;

/// <summary>Gives the generic host no logger: it would write a stack trace of what its caller explains.</summary>
/// <param name="loggers">For all others; not owned.</param>
internal sealed class OwnLogs(ILoggerFactory loggers) : ILoggerFactory
{
    private const string Host = "Microsoft.Extensions.Hosting";

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith(Host, StringComparison.Ordinal)
            ? NullLogger.Instance
            : loggers.CreateLogger(categoryName);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

    /// <inheritdoc/>
    public void Dispose()
    {
        // The factory belongs to the process.
    }
}
