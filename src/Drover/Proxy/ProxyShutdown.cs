// SHUTDOWN in its three forms: how the process stops taking clients, and what it waits for.
using System.Net;
using Drover.Administration;
using Drover.Protocol;
using Drover.Sessions;
using Drover.Telemetry;
using Microsoft.Extensions.Logging;

namespace Drover.Proxy;

/// <summary>A shutdown begins once and can only be made faster.</summary>
internal sealed class ProxyShutdown(DataPlane plane, ProxyPauses pauses, IProxyHost host, ILogger log)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    /// <summary>How long clients have to take in that they are dropped; then the sockets go without a word.</summary>
    private static readonly TimeSpan GoodbyeMax = TimeSpan.FromMilliseconds(250);

    /// <summary>As PostgreSQL words it for those who come while it shuts down.</summary>
    private static readonly SessionEnd Refusal = new("the database system is shutting down", SqlState.CannotConnectNow);

    private readonly Lock _gate = new();
    private ShutdownMode? _mode;

    /// <summary>Where the process is in its life.</summary>
    public LifecycleStage Stage { get; private set; } = LifecycleStage.Starting;

    /// <summary>It listens.</summary>
    public void Serving() => Stage = LifecycleStage.Serving;

    /// <summary>Begins, or goes over to a faster way.</summary>
    public AdministrationResult Begin(ShutdownMode mode)
    {
        bool isFirst;
        lock (_gate)
        {
            if (_mode is { } running && running <= mode)
            {
                return AdministrationResult.Failed(
                    "already shutting down",
                    hint: running == ShutdownMode.Immediate ? null : "SHUTDOWN ends the process at once."
                );
            }
            isFirst = _mode is null;
            _mode = mode;
            Stage = LifecycleStage.Draining;
        }
        ICollection<ClientConnection> clients = plane.Services.Registry.Clients;
        int servers = plane.Directory.Pools.Sum(static pool => pool.Servers().Count);
        LogLifecycle.ShuttingDown(log, Name(mode), clients.Count(static client => !client.IsConsole), servers);
        plane.Services.Registry.IsRefusing = Refusal;
        // What is left of the Unix sockets is for the console only: whoever waits may want to look, or to hurry.
        plane.StopListening(static listener => listener.EndPoint is IPEndPoint);
        if (isFirst)
        {
            host.Draining();
        }
        _ = RunAsync(mode);
        return AdministrationResult.Ok;
    }

    private async Task RunAsync(ShutdownMode mode)
    {
        try
        {
            switch (mode)
            {
                case ShutdownMode.WaitForServers:
                    pauses.StopForGood();
                    await WaitAsync(mode, () => pauses.HasServers(null), DropWaiting);
                    break;
                case ShutdownMode.WaitForClients:
                    await WaitAsync(mode, HasClients, DropLogins);
                    break;
            }
            if (_mode == mode)
            {
                await SayGoodbyeAsync();
            }
        }
        catch (Exception bug)
        {
            // A shutdown that fails must still end the process.
            LogLifecycle.Unexpected(log, bug, "shutdown");
        }
        if (_mode == mode)
        {
            Stage = LifecycleStage.Stopped;
            host.Stopped();
        }
    }

    private async Task WaitAsync(ShutdownMode mode, Func<bool> goesOn, Action sweep)
    {
        while (_mode == mode)
        {
            sweep();
            if (!goesOn())
            {
                return;
            }
            await Task.Delay(Poll, plane.Time);
        }
    }

    private bool HasClients() =>
        plane.Services.Registry.Clients.Any(static client => !client.IsConsole && ConnectionReader.IsIn(client));

    private void DropWaiting()
    {
        foreach (ClientConnection client in plane.Services.Registry.Clients)
        {
            if (client.Session is { State: ClientState.Waiting })
            {
                client.Kill(new SessionEnd("server shutting down", SqlState.AdminShutdown));
            }
        }
        DropLogins();
    }

    /// <summary>Those who had connected and not yet logged in are new clients as well.</summary>
    private void DropLogins()
    {
        foreach (ClientConnection client in plane.Services.Registry.Clients)
        {
            bool mayBeConsole = client.DatabaseName is not { } database
                ? client.Connection.UnixPath is not null
                : database is "drover" or "pgbouncer";
            if (!mayBeConsole && !ConnectionReader.IsIn(client))
            {
                client.Kill(Refusal);
            }
        }
    }

    private async Task SayGoodbyeAsync()
    {
        SessionEnd goodbye = new("the database system is shutting down", SqlState.AdminShutdown);
        foreach (ClientConnection client in plane.Services.Registry.Clients)
        {
            if (client.IsLoggedIn && !client.IsConsole)
            {
                client.Kill(goodbye);
            }
        }
        long started = plane.Time.GetTimestamp();
        while (plane.Time.GetElapsedTime(started) < GoodbyeMax && HasClients())
        {
            await Task.Delay(Poll, plane.Time);
        }
    }

    private static string Name(ShutdownMode mode) =>
        mode switch
        {
            ShutdownMode.WaitForServers => "WAIT_FOR_SERVERS",
            ShutdownMode.WaitForClients => "WAIT_FOR_CLIENTS",
            _ => "at once",
        };
}
