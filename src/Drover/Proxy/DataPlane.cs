// The data plane put together: loops, listeners, clients and pools.
using System.Collections.Immutable;
using System.Net.Sockets;
using Drover.Configuration;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Routing;
using Drover.Sessions;
using Drover.Sql.Parsing;
using Drover.Telemetry;
using Drover.Telemetry.Statements;
using Drover.Transport;
using Drover.Transport.Sockets;
using Drover.Transport.Tls;
using Microsoft.Extensions.Logging;

namespace Drover.Proxy;

/// <summary>
/// Owns the event loops and everything on them. Built once from a valid configuration; a reload changes its parts.
/// </summary>
internal sealed class DataPlane : ISupervisor, IDisposable
{
    private readonly ILogger _log;
    private ImmutableArray<Listener> _listeners = [];
    private readonly EventLoop[] _loops;
    private readonly TimeProvider _time;
    private readonly ParserThreads? _parsers;

    public DataPlane(DroverOptions options, TlsSetup tls, TimeProvider time, ILogger log)
    {
        _log = log;
        _time = time;
        _loops = LoopFactory.Create(options.Proxy.Network, time);
        Resolver = new HostResolver(time);
        ServerConnector connector = new(time, Resolver, this) { Tls = tls.Server };
        Directory = new PoolDirectory(connector, _loops, options);
        _parsers = options.Sharded.IsEmpty ? null : new ParserThreads();
        Services = new ClientServices(Directory, connector, time, log)
        {
            ClientTls = tls.Client,
            Sharded = options.Sharded.ToDictionary(
                static sharded => sharded.Name,
                _ => new ShardedDatabaseState(new PostgresParser(PgQueryLibrary.Instance, _parsers!), time)
            ),
            CrossShard = options.Sharded.ToDictionary(
                static sharded => sharded.Name,
                _ => new CrossShardStatistics(_loops.Length)
            ),
        };
    }

    public PoolDirectory Directory { get; }

    public ClientServices Services { get; }

    public HostResolver Resolver { get; }

    public TimeProvider Time => _time;

    public IReadOnlyList<EventLoop> Loops => _loops;

    public IReadOnlyList<Listener> Listeners => _listeners;

    /// <summary>Starts the loops and maintenance.</summary>
    public void Start()
    {
        foreach (EventLoop loop in _loops)
        {
            loop.OnDefect = defect => LogLifecycle.Unexpected(_log, defect, $"loop {loop.Index}");
            loop.Start();
        }
        _loops[0].Post(static state => ((DataPlane)state!).BeginMaintenance(), this);
    }

    /// <summary>
    /// Binds what listen_addr, listen_port and unix_socket_dir say. Throws <see cref="SocketException"/> with the
    /// address in its message.
    /// </summary>
    public void Listen()
    {
        foreach (Socket socket in ListenSockets.Bind(Directory.Options.Proxy))
        {
            Listen(socket);
        }
    }

    /// <summary>Takes over a listening socket, bound here or by systemd, whose files are not ours to remove.</summary>
    public void Listen(Socket socket, bool keepsFile = false)
    {
        Listener listener = new(
            socket,
            _loops[0],
            Place,
            reason => LogLifecycle.AcceptFailed(_log, reason, TransportLimits.AcceptRetry.TotalSeconds)
        )
        {
            KeepsFile = keepsFile,
        };
        _listeners = _listeners.Add(listener);
        LogLifecycle.Listening(_log, socket.LocalEndPoint?.ToString() ?? "socket");
        listener.Start();
    }

    /// <summary>Closes listening sockets; with a predicate only some.</summary>
    public void StopListening(Func<Listener, bool> which)
    {
        foreach (Listener listener in _listeners.Where(which))
        {
            _listeners = _listeners.Remove(listener);
            _loops[0].Post(static state => ((Listener)state!).Dispose(), listener);
        }
    }

    /// <inheritdoc/>
    public EventLoop? EvictIdle(ServerPool pool)
    {
        // The one that has been idle the longest goes, whichever pool has it; it may have been taken meanwhile.
        IEnumerable<ServerPool> neighbours = Directory
            .Pools.Where(other => other != pool && (other.Database == pool.Database || other.User == pool.User))
            .Select(other => (Pool: other, Since: other.LongestIdleSinceMs()))
            .Where(static other => other.Since != long.MaxValue)
            .OrderBy(static other => other.Since)
            .Select(static other => other.Pool);
        foreach (ServerPool other in neighbours)
        {
            if (other.EvictIdle() is { } loop)
            {
                return loop;
            }
        }
        return null;
    }

    /// <inheritdoc/>
    public void ServerConnected(ServerConnection server) =>
        LogServer.Connected(
            _log,
            Name(server.Pool),
            server.ProcessId,
            (server.Transport as TlsConnection)?.Description ?? ""
        );

    /// <inheritdoc/>
    public void ServerClosed(ServerConnection server, string reason) =>
        LogServer.Closed(_log, Name(server.Pool), reason, (server.Transport.Loop.NowMs - server.ConnectedMs) / 1000);

    /// <inheritdoc/>
    public void ServerFailed(ServerPool pool, PoolFailure failure) =>
        LogServer.LoginFailed(
            _log,
            Name(pool),
            failure.SqlState,
            failure.Detail is null ? failure.Message : $"{failure.Message}: {failure.Detail}",
            pool.Configuration.Options.Proxy.Server.ServerLoginRetry.TotalSeconds
        );

    /// <inheritdoc/>
    public void CatalogUnread(ServerPool pool, PoolFailure failure) =>
        LogPool.CatalogUnread(_log, Name(pool), failure.SqlState, failure.Message);

    public void Dispose()
    {
        // A listener is its loop's as long as that runs.
        foreach (EventLoop loop in _loops)
        {
            loop.Dispose();
        }
        foreach (Listener listener in _listeners)
        {
            listener.Dispose();
        }
        _parsers?.Dispose();
    }

    private static string Name(ServerPool pool) => $"{pool.Database.Name}/{pool.User.Name}";

    /// <summary>
    /// Puts a new client on the loop that has room: the first one until it is busy, so that a quiet proxy polls once.
    /// </summary>
    private void Place(SocketHandle socket)
    {
        EventLoop loop = LoopBalance.Choose(_loops);
        loop.Post(
            static state =>
            {
                (DataPlane plane, EventLoop on, SocketHandle client) = ((DataPlane, EventLoop, SocketHandle))state!;
                Connection accepted = on.Adopt(client);
                new ClientConnection(on.Decorator?.Accepted(accepted) ?? accepted, plane.Services).Run();
            },
            (this, loop, socket)
        );
    }

    private async void BeginMaintenance()
    {
        Directory.Warm();
        while (!_loops[0].IsStopping)
        {
            try
            {
                Maintain();
            }
            catch (Exception bug)
            {
                LogLifecycle.Unexpected(_log, bug, "maintenance");
            }
            await _loops[0].DelayAsync(TimeSpan.FromMilliseconds(300));
        }
    }

    private void Maintain()
    {
        foreach (ServerPool pool in Directory.Pools)
        {
            pool.Maintain(_loops[0]);
        }
        foreach (string forgotten in Directory.ForgetIdle())
        {
            LogPool.Forgotten(_log, forgotten);
        }
        LoopBalance.Adjust(_loops);
    }
}
