// Pools, databases, users and the process as SHOW has them, read from the running engine by any thread.
using System.Net;
using System.Text;
using Drover.Configuration;
using Drover.Configuration.Settings;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Sessions;
using Drover.Telemetry;
using Drover.Transport;

namespace Drover.Proxy;

/// <summary>As <see cref="ConnectionReader"/>: nothing is locked for long, a value may be a moment old.</summary>
internal sealed class ProxySnapshots(DataPlane plane, ConnectionReader connections)
{
    /// <summary>The name under which PgBouncer's users look for the console's own rows.</summary>
    private const string ConsoleName = "pgbouncer";

    private const int ConsolePoolSize = 2;

    private DroverOptions Options => plane.Directory.Options;

    /// <summary>Counters by pool, summed over the loops.</summary>
    public IReadOnlyList<PoolTraffic> Traffic() =>
        [
            .. plane.Directory.Pools.Select(static pool =>
            {
                TrafficCounters sum = new();
                foreach (TrafficCounters loop in pool.AllTraffic)
                {
                    sum.Add(loop);
                }
                return new PoolTraffic(pool.Database.Name, pool.User.Name, sum);
            }),
        ];

    /// <summary>The same with the console's, for SHOW STATS.</summary>
    public IReadOnlyList<PoolTraffic> TrafficWithConsole()
    {
        TrafficCounters console = new();
        console.Add(plane.Services.ConsoleTraffic);
        return [.. Traffic(), new PoolTraffic(ConsoleName, ConsoleName, console)];
    }

    /// <summary>Every pool, by name.</summary>
    public IReadOnlyList<PoolSnapshot> Pools()
    {
        ILookup<ServerPool, ClientSession> sessions = plane
            .Services.Registry.Clients.Select(static client => client.Session)
            .OfType<ClientSession>()
            .ToLookup(static session => session.Pool);
        return
        [
            .. plane
                .Directory.Pools.Select(pool => Read(pool, sessions[pool]))
                .OrderBy(static pool => pool.Database, StringComparer.Ordinal)
                .ThenBy(static pool => pool.User, StringComparer.Ordinal),
        ];
    }

    /// <summary>Every database entry, by name.</summary>
    public IReadOnlyList<DatabaseSnapshot> Databases() =>
        [.. plane.Directory.Databases.OrderBy(static entry => entry.Name, StringComparer.Ordinal).Select(Read)];

    /// <summary>The console's rows.</summary>
    public ConsoleSnapshot Console() =>
        new(
            new PoolSnapshot
            {
                Database = ConsoleName,
                User = ConsoleName,
                ClientsActive = plane.Services.Registry.Clients.Count(static client => client.IsConsole),
                PoolMode = Words.PoolModes.Format(PoolMode.Statement),
                PoolSize = ConsolePoolSize,
            },
            new DatabaseSnapshot
            {
                Name = ConsoleName,
                Port = Options.Proxy.Listen.ListenPort,
                Database = ConsoleName,
                ForceUser = ConsoleName,
                PoolSize = ConsolePoolSize,
                ServerLifetimeSeconds = Seconds(Options.Proxy.Server.ServerLifetime),
                PoolMode = Words.PoolModes.Format(PoolMode.Statement),
                CurrentClientConnections = plane.Services.Registry.Clients.Count(static client => client.IsConsole),
            }
        );

    /// <summary>Every user that the configuration, the user list or a login has named.</summary>
    public IReadOnlyList<UserSnapshot> Users()
    {
        Dictionary<string, UserEntry> seen = [];
        foreach (UserEntry user in plane.Directory.Users)
        {
            seen[user.Name] = user;
        }
        IEnumerable<string> names = Options
            .Users.Select(static user => user.Name)
            .Concat(Options.AuthenticationFiles.Users.All.Select(static user => user.Name))
            .Concat(seen.Keys)
            .Distinct()
            .Order(StringComparer.Ordinal);
        return [.. names.Select(name => Read(name, seen.GetValueOrDefault(name)))];
    }

    /// <summary>The counts of SHOW LISTS.</summary>
    public ListSnapshot Lists()
    {
        ICollection<ClientConnection> clients = plane.Services.Registry.Clients;
        return new ListSnapshot(
            FreeClients: 0,
            UsedClients: clients.Count,
            LoginClients: clients.Count(static client => !ConnectionReader.IsIn(client)),
            FreeServers: 0,
            UsedServers: connections.Servers().Count,
            DnsNames: plane.Resolver.Snapshot().Count,
            DnsQueries: 0
        );
    }

    /// <summary>
    /// Buffers that the loops share, and bytes that are kept for single connections; there are no caches of objects.
    /// </summary>
    public IReadOnlyList<MemorySnapshot> Memory()
    {
        List<ClientSession> sessions =
        [
            .. plane.Services.Registry.Clients.Select(static client => client.Session).OfType<ClientSession>(),
        ];
        int kept = sessions.Sum(static session => session.Inbox.Count + session.Outbox.Pending);
        int statements = plane.Directory.Pools.Sum(static pool => pool.Statements.Snapshot().Count);
        return
        [
            new("loop_buffers", TransportLimits.ScratchBytes, plane.Loops.Count * 2, 0),
            new("kept_client_bytes", 1, kept, 0),
            new("prepared_statements", IntPtr.Size, statements, 0),
        ];
    }

    /// <summary>The sockets that accept clients.</summary>
    public IReadOnlyList<ListenerSnapshot> Listeners() =>
        [
            .. plane.Listeners.Select(listener =>
                listener.EndPoint is IPEndPoint address
                    ? new ListenerSnapshot(listener.Descriptor, address.Address.ToString(), address.Port)
                    : new ListenerSnapshot(listener.Descriptor, "unix", Options.Proxy.Listen.ListenPort)
            ),
        ];

    /// <summary>Shared prepared statements that somebody has.</summary>
    public IReadOnlyList<PreparedStatementSnapshot> PreparedStatements() =>
        [
            .. plane.Directory.Pools.SelectMany(static pool =>
                pool.Statements.Snapshot()
                    .Where(static statement => statement.Clients > 0 || statement.Servers > 0)
                    .Select(statement => new PreparedStatementSnapshot(
                        pool.Database.Name,
                        Encoding.ASCII.GetString(statement.ServerName),
                        statement.Clients,
                        statement.Servers,
                        statement.Text
                    ))
            ),
        ];

    /// <summary>Every setting, by name.</summary>
    public IReadOnlyList<SettingSnapshot> Settings() =>
        [
            .. SettingConsole
                .Show(Options.Proxy)
                .Select(static row => new SettingSnapshot(row.Key, row.Value, row.Default, row.Changeable)),
        ];

    private PoolSnapshot Read(ServerPool pool, IEnumerable<ClientSession> sessions)
    {
        int waiting = 0;
        int others = 0;
        int pinned = 0;
        foreach (ClientSession session in sessions)
        {
            waiting += session.State == ClientState.Waiting ? 1 : 0;
            others += session.State == ClientState.Waiting ? 0 : 1;
            pinned += session.Pins == PinReason.None ? 0 : 1;
        }
        long nowMs = connections.NowMs();
        IReadOnlyList<ServerConnection> servers = pool.Servers();
        ILookup<ConnectionState, ServerConnection> byState = servers.ToLookup(s => connections.StateOf(s, nowMs));
        int cancels = servers.Sum(static server => server.CancelsInFlight);
        (int queued, long oldestMs) = pool.Waiting();
        return new PoolSnapshot
        {
            Database = pool.Database.Name,
            User = pool.User.Name,
            ClientsActive = others,
            ClientsWaiting = waiting,
            ClientsActiveCancelRequest = cancels,
            ClientsWaitingCancelRequest = pool.Cancels.Waiting,
            ServersActive = byState[ConnectionState.Active].Count(),
            ServersActiveCancel = cancels,
            ServersBeingCanceled = byState[ConnectionState.BeingCanceled].Count(),
            ServersIdle = byState[ConnectionState.Idle].Count(),
            ServersUsed = byState[ConnectionState.Used].Count(),
            ServersTested = byState[ConnectionState.Tested].Count(),
            ServersLogin = pool.Connecting,
            MaxWaitUs = queued == 0 ? 0 : Math.Max(0, nowMs - oldestMs) * 1000,
            PoolMode = Words.PoolModes.Format(pool.Configuration.Mode),
            LoadBalanceHosts = LoadBalance(pool.Database.Options),
            ClientsPinned = pinned,
            PoolSize = pool.Configuration.Size,
        };
    }

    private DatabaseSnapshot Read(DatabaseEntry entry)
    {
        DatabaseOptions own = entry.Options;
        PoolOptions pool = Options.Proxy.Pool;
        return new DatabaseSnapshot
        {
            Name = entry.Name,
            Host = own.Host.Count == 0 ? null : string.Join(',', own.Host),
            Port = own.Port,
            Database = own.Dbname ?? own.Name,
            ForceUser = own.User,
            PoolSize = own.PoolSize ?? pool.DefaultPoolSize,
            MinPoolSize = own.MinPoolSize ?? pool.MinPoolSize,
            ReservePoolSize = own.ReservePoolSize ?? pool.ReservePoolSize,
            ServerLifetimeSeconds = Seconds(own.ServerLifetime ?? Options.Proxy.Server.ServerLifetime),
            PoolMode = own.PoolMode is { } mode ? Words.PoolModes.Format(mode) : null,
            LoadBalanceHosts = LoadBalance(own),
            MaxConnections = own.MaxDbConnections ?? pool.MaxDbConnections,
            CurrentConnections = entry.Servers,
            MaxClientConnections = own.MaxDbClientConnections ?? pool.MaxDbClientConnections,
            CurrentClientConnections = entry.Clients,
            Paused = entry.IsPaused,
            Disabled = entry.IsDisabled,
        };
    }

    private UserSnapshot Read(string name, UserEntry? entry)
    {
        UserOptions? own = entry?.Options ?? Options.Users.FirstOrDefault(user => user.Name == name);
        PoolOptions pool = Options.Proxy.Pool;
        return new UserSnapshot
        {
            Name = name,
            PoolSize = own?.PoolSize,
            ReservePoolSize = own?.ReservePoolSize,
            PoolMode = own?.PoolMode is { } mode ? Words.PoolModes.Format(mode) : null,
            MaxUserConnections = own?.MaxUserConnections ?? pool.MaxUserConnections,
            CurrentConnections = entry?.Servers ?? 0,
            MaxUserClientConnections = own?.MaxUserClientConnections ?? pool.MaxUserClientConnections,
            CurrentClientConnections = entry?.Clients ?? 0,
        };
    }

    private static string? LoadBalance(DatabaseOptions database) =>
        database.Host.Count > 1 ? Words.LoadBalancing.Format(database.LoadBalanceHosts) : null;

    private static int Seconds(TimeSpan time) => (int)Math.Min(time.TotalSeconds, int.MaxValue);
}
