// Signals as console commands, with PgBouncer's meaning.
using System.Runtime.InteropServices;
using Drover.Administration;
using Drover.Telemetry;
using Microsoft.Extensions.Logging;

namespace Drover.App.Hosting;

/// <summary>
/// SIGHUP reloads; SIGTERM shuts down when the clients are gone, SIGINT when the servers are, SIGQUIT at once; a second
/// SIGTERM or SIGINT does it at once too; SIGUSR1 pauses, SIGUSR2 resumes.
/// </summary>
internal sealed class SignalCommands : IDisposable
{
    // Raw numbers of Linux: .NET has no names for these two.
    private const PosixSignal User1 = (PosixSignal)10;
    private const PosixSignal User2 = (PosixSignal)12;

    private readonly IProxyAdministration _proxy;
    private readonly Func<ValueTask<AdministrationResult>> _reload;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>Prepares the commands; <see cref="Listen"/> registers the signals.</summary>
    /// <param name="proxy">Is told.</param>
    /// <param name="reload">What SIGHUP runs: the proxy's reload and what goes with it, such as the log file.</param>
    /// <param name="logger">Topic console.</param>
    public SignalCommands(IProxyAdministration proxy, Func<ValueTask<AdministrationResult>> reload, ILogger logger)
    {
        _proxy = proxy;
        _reload = reload;
        _logger = logger;
    }

    /// <summary>Takes the signals over from the system's defaults.</summary>
    public void Listen()
    {
        PosixSignal[] signals =
        [
            PosixSignal.SIGHUP,
            PosixSignal.SIGTERM,
            PosixSignal.SIGINT,
            PosixSignal.SIGQUIT,
            .. OperatingSystem.IsLinux() ? [User1, User2] : Array.Empty<PosixSignal>(),
        ];
        foreach (PosixSignal signal in signals)
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Take));
        }
    }

    /// <summary>Does what a signal means.</summary>
    public async ValueTask HandleAsync(PosixSignal signal)
    {
        bool again = _proxy.Stage == LifecycleStage.Draining;
        (string name, string command, ShutdownMode? mode) = signal switch
        {
            PosixSignal.SIGHUP => ("SIGHUP", "RELOAD", (ShutdownMode?)null),
            PosixSignal.SIGTERM when !again => ("SIGTERM", "SHUTDOWN WAIT_FOR_CLIENTS", ShutdownMode.WaitForClients),
            PosixSignal.SIGINT when !again => ("SIGINT", "SHUTDOWN WAIT_FOR_SERVERS", ShutdownMode.WaitForServers),
            PosixSignal.SIGTERM => ("SIGTERM", "SHUTDOWN", ShutdownMode.Immediate),
            PosixSignal.SIGINT => ("SIGINT", "SHUTDOWN", ShutdownMode.Immediate),
            PosixSignal.SIGQUIT => ("SIGQUIT", "SHUTDOWN", ShutdownMode.Immediate),
            User1 => ("SIGUSR1", "PAUSE", null),
            _ => ("SIGUSR2", "RESUME", null),
        };
        LogConsole.Signal(_logger, name, command);
        AdministrationResult result = command switch
        {
            "RELOAD" => await _reload().ConfigureAwait(false),
            "PAUSE" => await _proxy.PauseAsync(null, _stop.Token).ConfigureAwait(false),
            "RESUME" => _proxy.Resume(null),
            _ => _proxy.Shutdown(mode ?? ShutdownMode.Immediate),
        };
        if (!result.Succeeded)
        {
            LogConsole.CommandFailed(_logger, name, command, result.Error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _stop.Cancel();
        _stop.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true;
        _ = RunAsync(context.Signal);
    }

    private async Task RunAsync(PosixSignal signal)
    {
        try
        {
            await HandleAsync(signal).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
        catch (Exception failure)
        {
            // A signal must never end the process by accident: nobody else would see the exception.
            LogLifecycle.Unexpected(_logger, failure, $"signal {signal}");
        }
    }
}
