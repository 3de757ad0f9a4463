// PAUSE, RESUME, SUSPEND, RECONNECT, KILL, WAIT_CLOSE: what stops traffic and lets it go on.
using System.Net;
using Drover.Administration;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Sessions;
using Drover.Telemetry;
using Drover.Transport.Sockets;

namespace Drover.Proxy;

/// <summary>The commands of <see cref="IProxyAdministration"/> that stop and start traffic.</summary>
internal sealed class ProxyPauses(DataPlane plane)
{
    /// <summary>How often a waiting command looks again.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    /// <summary>How long KILL waits until what it has dropped is gone.</summary>
    private static readonly TimeSpan KillWaitMax = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();

    private static readonly AdministrationResult AlreadyStopped = AdministrationResult.Failed(
        "already suspended/paused",
        hint: "RESUME ends it."
    );

    private PauseSwitch Switch => plane.Directory.Pause;

    /// <summary>Whether traffic flows.</summary>
    public ProxyState State =>
        Switch.IsSuspended ? ProxyState.Suspended
        : Switch.IsPaused ? ProxyState.Paused
        : ProxyState.Active;

    /// <summary>PAUSE.</summary>
    public async ValueTask<AdministrationResult> PauseAsync(string? name, CancellationToken cancellation)
    {
        if (name is null)
        {
            if (!TryStopAll())
            {
                return AlreadyStopped;
            }
        }
        else if (plane.Directory.TryFindDatabase(name, out DatabaseEntry? database))
        {
            database.IsPaused = true;
            CloseIdle(name);
        }
        else
        {
            return AdministrationResult.NoSuchDatabase(name);
        }
        try
        {
            if (name is not null)
            {
                await StopShardsAsync(name, cancellation);
            }
            while (Names(name).Any(HasServers) && IsStillWanted(name))
            {
                await Task.Delay(Poll, plane.Time, cancellation);
            }
            return AdministrationResult.Ok;
        }
        catch (OperationCanceledException) when (name is null)
        {
            ResumeAll();
            throw;
        }
    }

    /// <summary>
    /// Of a sharded database: once its clients have ended what they began, its servers are handed out to nobody.
    /// </summary>
    private async ValueTask StopShardsAsync(string name, CancellationToken cancellation)
    {
        DatabaseEntry[] shards = [.. Entries(name).Where(entry => entry.Name != name)];
        while (IsStillWanted(name) && shards.Any(shard => IsUsedBy(shard.Name, name)))
        {
            await Task.Delay(Poll, plane.Time, cancellation);
        }
        foreach (DatabaseEntry shard in IsStillWanted(name) ? shards : [])
        {
            shard.IsPaused = true;
            CloseIdle(shard.Name);
        }
    }

    private bool IsUsedBy(string shard, string database) =>
        Pools(shard)
            .SelectMany(static pool => pool.Servers())
            .Any(server =>
                server.ClientId != 0
                && plane.Services.Registry.Find(server.ClientId) is { } client
                && client.DatabaseName == database
            );

    /// <summary>A database's entry, and of a sharded one its servers'.</summary>
    private IEnumerable<DatabaseEntry> Entries(string name) =>
        Find(name) is not { } database ? []
        : database.Sharded is not { } sharded ? [database]
        : [database, .. sharded.Shards.Append(sharded.Coordinator).Select(Find).OfType<DatabaseEntry>()];

    private IEnumerable<string?> Names(string? name) =>
        name is null ? Enumerable.Repeat<string?>(null, 1) : Entries(name).Select(static entry => (string?)entry.Name);

    /// <summary>Stops handing out servers at all; false when that is so already.</summary>
    public bool TryStopAll()
    {
        lock (_gate)
        {
            if (State != ProxyState.Active)
            {
                return false;
            }
            Switch.IsPaused = true;
        }
        CloseIdle(null);
        return true;
    }

    /// <summary>Stops handing out servers, whatever was in force before; for a shutdown.</summary>
    public void StopForGood()
    {
        lock (_gate)
        {
            Switch.IsPaused = true;
        }
        CloseIdle(null);
    }

    /// <summary>Whether any server is left, of one database or of all.</summary>
    public bool HasServers(string? name) =>
        Pools(name).Any(static pool => pool.Connecting > 0 || pool.Servers().Count > 0)
        || plane.Services.Registry.Clients.Any(client =>
            client.ReplicationServer is { } server && (name is null || server.Pool.Database.Name == name)
        );

    /// <summary>RESUME.</summary>
    public AdministrationResult Resume(string? name)
    {
        if (name is null)
        {
            return ResumeAll()
                ? AdministrationResult.Ok
                : AdministrationResult.Failed(
                    "pooler is not paused/suspended",
                    hint: "A single database is resumed by its name: RESUME db."
                );
        }
        if (Find(name) is not { } database)
        {
            return AdministrationResult.NoSuchDatabase(name);
        }
        if (!database.IsPaused)
        {
            return AdministrationResult.Failed($"database {name} is not paused");
        }
        foreach (DatabaseEntry entry in Entries(name))
        {
            entry.IsPaused = false;
            Serve(entry.Name);
        }
        return AdministrationResult.Ok;
    }

    /// <summary>SUSPEND.</summary>
    public async ValueTask<AdministrationResult> SuspendAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (State != ProxyState.Active)
            {
                return AlreadyStopped;
            }
            if (plane.Directory.Databases.FirstOrDefault(static entry => entry.IsPaused) is { } paused)
            {
                return AdministrationResult.Failed(
                    $"cannot suspend: database {paused.Name} is paused",
                    hint: $"RESUME {paused.Name} first."
                );
            }
            Switch.IsSuspended = true;
        }
        // Unix sockets stay open: a new console must be able to say RESUME.
        foreach (Listener listener in plane.Listeners.Where(static listener => listener.EndPoint is IPEndPoint))
        {
            listener.IsPaused = true;
        }
        long started = plane.Time.GetTimestamp();
        TimeSpan limit = plane.Directory.Options.Proxy.Timeouts.SuspendTimeout;
        try
        {
            while (State == ProxyState.Suspended && Unflushed() is { Count: > 0 } slow)
            {
                if (limit > TimeSpan.Zero && plane.Time.GetElapsedTime(started) > limit)
                {
                    slow.ForEach(static client =>
                        client.Kill(new SessionEnd("suspend_timeout", SqlState.AdminShutdown))
                    );
                    break;
                }
                await Task.Delay(Poll, plane.Time, cancellation);
            }
            return AdministrationResult.Ok;
        }
        catch (OperationCanceledException)
        {
            ResumeAll();
            throw;
        }
    }

    /// <summary>RECONNECT.</summary>
    public AdministrationResult Reconnect(string? name)
    {
        if (name is not null && Find(name) is null)
        {
            return AdministrationResult.NoSuchDatabase(name);
        }
        plane.Resolver.Clear();
        foreach (ServerPool pool in Names(name).SelectMany(Pools))
        {
            pool.CloseServers();
        }
        // A replication connection may never end by itself: it cannot be waited for.
        foreach (ClientConnection client in plane.Services.Registry.Clients)
        {
            if (client.ReplicationServer is { } server && (name is null || server.Pool.Database.Name == name))
            {
                client.Kill(new SessionEnd("database configuration changed", SqlState.AdminShutdown));
            }
        }
        return AdministrationResult.Ok;
    }

    /// <summary>KILL.</summary>
    public async ValueTask<AdministrationResult> KillAsync(string? name, CancellationToken cancellation)
    {
        if (State != ProxyState.Active)
        {
            return AlreadyStopped;
        }
        if (name is not null && !plane.Directory.TryFindDatabase(name, out _))
        {
            return AdministrationResult.NoSuchDatabase(name);
        }
        foreach (DatabaseEntry database in plane.Directory.Databases.Where(entry => name is null || entry.Name == name))
        {
            database.IsPaused = true;
        }
        foreach (ServerPool pool in Pools(name))
        {
            pool.CloseServers();
        }
        List<ClientConnection> killed = [.. plane.Services.Registry.Clients.Where(client => IsOf(client, name))];
        killed.ForEach(static client => client.Kill(ForcedDisconnect));
        long started = plane.Time.GetTimestamp();
        while (
            plane.Time.GetElapsedTime(started) < KillWaitMax
            && (HasServers(name) || killed.Exists(client => plane.Services.Registry.Find(client.Id) is not null))
        )
        {
            await Task.Delay(Poll, plane.Time, cancellation);
        }
        return AdministrationResult.Ok;
    }

    /// <summary>What a client is told that is dropped by name or number.</summary>
    public static SessionEnd ForcedDisconnect { get; } = new("admin forced disconnect", SqlState.AdminShutdown);

    /// <summary>WAIT_CLOSE.</summary>
    public async ValueTask<AdministrationResult> WaitCloseAsync(string? name, CancellationToken cancellation)
    {
        if (name is not null && Find(name) is null)
        {
            return AdministrationResult.NoSuchDatabase(name);
        }
        List<ServerConnection> marked =
        [
            .. Names(name)
                .SelectMany(Pools)
                .SelectMany(static pool => pool.Servers())
                .Where(static server => server.CloseNeeded),
        ];
        while (marked.Exists(static server => server.State != ServerState.Closed))
        {
            await Task.Delay(Poll, plane.Time, cancellation);
        }
        return AdministrationResult.Ok;
    }

    /// <summary>DISABLE and ENABLE.</summary>
    public AdministrationResult SetDisabled(string name, bool disabled)
    {
        if (Find(name) is not { } database)
        {
            return AdministrationResult.NoSuchDatabase(name);
        }
        database.IsDisabled = disabled;
        return AdministrationResult.Ok;
    }

    private bool ResumeAll()
    {
        bool wasSuspended;
        lock (_gate)
        {
            if (State == ProxyState.Active)
            {
                return false;
            }
            wasSuspended = Switch.IsSuspended;
            Switch.IsPaused = false;
            Switch.IsSuspended = false;
        }
        Serve(null);
        if (wasSuspended)
        {
            foreach (Listener listener in plane.Listeners)
            {
                listener.Resume();
            }
            foreach (ClientConnection client in plane.Services.Registry.Clients)
            {
                client.Wake();
            }
        }
        return true;
    }

    /// <summary>Whether the pause still holds: somebody else may have resumed while one waited.</summary>
    private bool IsStillWanted(string? name) => name is null ? Switch.IsPaused : Find(name) is { IsPaused: true };

    private void CloseIdle(string? name)
    {
        foreach (ServerPool pool in Pools(name))
        {
            pool.CloseIdle("pause");
        }
    }

    private void Serve(string? name)
    {
        foreach (ServerPool pool in Pools(name))
        {
            pool.Resume();
        }
    }

    private List<ClientConnection> Unflushed() =>
        [
            .. plane.Services.Registry.Clients.Where(static client =>
                client.Session is { } session
                && (session.Outbox.Pending > 0 || session.Server is { Outbox.Pending: > 0 })
            ),
        ];

    private IEnumerable<ServerPool> Pools(string? name) =>
        plane.Directory.Pools.Where(pool => name is null || pool.Database.Name == name);

    private DatabaseEntry? Find(string name) => plane.Directory.Databases.FirstOrDefault(entry => entry.Name == name);

    private static bool IsOf(ClientConnection client, string? name) =>
        !client.IsConsole && (name is null || client.DatabaseName == name);
}
