// Gives every client that logs in to the admin database a console of its own.
using Drover.Administration;
using Microsoft.Extensions.Logging;

namespace Drover.App.Console;

/// <summary>Opens consoles on one running proxy.</summary>
internal sealed class ConsoleFactory : IConsoleFactory
{
    private readonly IProxyAdministration _proxy;
    private readonly ILogger _logger;

    /// <summary>Consoles on <paramref name="proxy"/>.</summary>
    public ConsoleFactory(IProxyAdministration proxy, ILoggerFactory loggers)
    {
        _proxy = proxy;
        _logger = loggers.CreateLogger("Drover.Console");
        // Tools that tell a pooler from a server look for "bouncer" in the version.
        Parameters =
        [
            new("server_version", proxy.Version + "/bouncer"),
            new("client_encoding", "UTF8"),
            new("server_encoding", "UTF8"),
            new("DateStyle", "ISO"),
            new("TimeZone", "GMT"),
            new("standard_conforming_strings", "on"),
            new("is_superuser", "on"),
            new("integer_datetimes", "on"),
        ];
    }

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; }

    /// <inheritdoc/>
    public IConsoleSession Open(ConsoleUser user) =>
        new ConsoleSession(_proxy, user, new CommandRunner(_proxy, user, _logger));
}
