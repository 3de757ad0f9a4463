// The servers of one database and user: who has them, who waits for them.
using System.Collections.Concurrent;
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Authentication;
using Drover.Telemetry;
using Drover.Transport;

namespace Drover.Pooling;

/// <summary>
/// Hands out server connections in order of arrival. The lock guards the lists and the waiters; it is never held over a
/// wait, and what must happen on another loop is posted there.
/// </summary>
/// <remarks>
/// A server belongs to the loop it is registered with. A client on another loop gets it by delivery: its loop lets go
/// of it, the client's adopts it. Clients and servers of one loop, the usual case, find each other without that.
/// </remarks>
internal sealed class ServerPool
{
    private readonly Lock _lock = new();
    private readonly WaiterQueue _waiters = new();
    private readonly IdleServers _idle = new();
    private readonly HashSet<ServerConnection> _servers = [];
    private readonly TrafficCounters[] _traffic;
    private readonly IServerConnector _connector;
    private int _connecting;
    private readonly ConnectBackoff _backoff = new();

    public ServerPool(
        DatabaseEntry database,
        UserEntry user,
        PoolConfiguration configuration,
        IServerConnector connector,
        IReadOnlyList<EventLoop> loops,
        PoolFamily? family = null
    )
    {
        Family = family ?? new PoolFamily();
        Database = database;
        User = user;
        Configuration = configuration;
        _connector = connector;
        Loops = loops;
        Cancels = new CancelPlaces(this);
        _traffic = [.. loops.Select(static _ => new TrafficCounters())];
    }

    public DatabaseEntry Database { get; }

    public UserEntry User { get; }

    public IReadOnlyList<EventLoop> Loops { get; }

    /// <summary>The settings in force; replaced by a reload.</summary>
    public PoolConfiguration Configuration { get; set; }

    /// <summary>What it has in common with the pools that a session may go to from here.</summary>
    public PoolFamily Family { get; }

    /// <summary>Prepared statements that its clients share.</summary>
    public PreparedStatementRegistry Statements => Family.Statements;

    /// <summary>Makes equal parameter sets one object.</summary>
    public ParameterInterner Parameters => Family.Parameters;

    /// <summary>Custom settings that its clients use.</summary>
    public CustomSettings CustomSettings => Family.CustomSettings;

    /// <summary>Settings that every new server has beyond its defaults: what connect_query set.</summary>
    public ParameterSet BaseSettings { get; set; } = ParameterSet.Empty;

    /// <summary>Places for cancel requests on their way to its servers.</summary>
    public CancelPlaces Cancels { get; }

    /// <summary>Servers that are logging in, by their numbers; for SHOW.</summary>
    public ConcurrentDictionary<long, ServerConnection> LoggingIn { get; } = new();

    /// <summary>What a login of the user has taught that auth_file does not know; of this database only.</summary>
    public ServerCredential Learnt { get; set; } = Pooling.ServerCredential.None;

    /// <summary>What it logs in with: the entry's own password, auth_file's, or what a login has taught.</summary>
    public ServerCredential ServerCredential() =>
        Configuration.Database.Password is { } password ? new ServerCredential(PasswordSecret.Parse(password), null)
        : User.Credential.Secret is not null ? User.Credential
        : Learnt;

    /// <summary>What clients see at login, by the start-up parameters they gave.</summary>
    public StartupProfiles Profiles { get; } = new();

    /// <summary>The last failure to connect; null when the last attempt went well.</summary>
    public PoolFailure? LastFailure => _backoff.LastFailure;

    /// <summary>RECONNECT, reload: servers of an older generation are closed when released.</summary>
    public int Generation { get; private set; }

    /// <summary>Someone has used it, so min_pool_size holds.</summary>
    public bool WasUsed { get; private set; }

    public TrafficCounters Traffic(EventLoop loop) => _traffic[loop.Index];

    public IReadOnlyList<TrafficCounters> AllTraffic => _traffic;

    /// <summary>
    /// Takes a server, or joins the queue: the waiter's wake-up is signalled when it is served or has failed. True when
    /// <see cref="PoolWaiter.Server"/> or <see cref="PoolWaiter.Failure"/> is there at once.
    /// </summary>
    public bool TryAcquire(PoolWaiter waiter)
    {
        bool connect;
        lock (_lock)
        {
            WasUsed = true;
            waiter.Server = null;
            waiter.Failure = null;
            bool isOpen = !Database.IsStopped;
            if (isOpen && _waiters.Count == 0 && _idle.TakeFor(waiter, RoundRobin) is { } server)
            {
                ServerHandover.Lease(server, waiter);
                return true;
            }
            if (waiter.IsLogin && _servers.Count == 0 && _backoff.FailureUntilRetry(waiter.Loop.NowMs) is { } failure)
            {
                waiter.Failure = failure;
                waiter.State = WaiterState.Failed;
                return true;
            }
            _waiters.Join(waiter);
            if (isOpen)
            {
                ServeWaiters();
            }
            connect = waiter.State == WaiterState.Queued && isOpen && MayConnect(waiter.Loop.NowMs, useReserve: false);
            if (connect)
            {
                _connecting++;
            }
        }
        if (connect)
        {
            Connect(waiter.Loop);
        }
        return false;
    }

    /// <summary>Leaves the queue. False when a server was assigned meanwhile: it comes, and must be released.</summary>
    public bool TryCancel(PoolWaiter waiter)
    {
        lock (_lock)
        {
            return _waiters.TryLeave(waiter);
        }
    }

    /// <summary>
    /// Takes a server back; on the server's loop. It must be quiet and clean, else it is closed: a server is never
    /// handed over dirty.
    /// </summary>
    public void Release(ServerConnection server)
    {
        string reason = "unclean server";
        bool isClean = server.IsQuiet && !server.IsStateUnknown && !server.IsDying;
        // It may have said its last word and left, in one go: nobody would tell of that again.
        if (!isClean || (server.Transport.IsReadable && !IdleTalk.TryDrain(server, out reason)))
        {
            Discard(server, reason);
            return;
        }
        bool close;
        bool isOverSize;
        lock (_lock)
        {
            bool isUsedUp = server.LifetimeMs == 0 && server.ClientId != 0;
            server.ClientId = 0;
            server.Notifications = null;
            server.ReleasedMs = server.Transport.Loop.NowMs;
            if (server.CancelsInFlight > 0)
            {
                server.State = ServerState.BeingCanceled;
                server.Transport.Observer = server;
                return;
            }
            isOverSize = Configuration.Size is > 0 and int limit && _servers.Count > limit && _waiters.Count == 0;
            close = server.CloseNeeded || Database.IsStopped || isOverSize || server.IsExpired || isUsedUp;
            if (!close)
            {
                server.State = ServerState.Idle;
                server.Transport.Observer = server;
                _idle.Add(server);
                ServeWaiters();
            }
        }
        if (close)
        {
            Discard(
                server,
                server.CloseNeeded ? "close needed"
                    : Database.IsStopped ? "pause"
                    : isOverSize ? "too many servers in the pool"
                    : "server lifetime over"
            );
        }
    }

    /// <summary>Closes a server and makes room for another; on the server's loop.</summary>
    public void Discard(ServerConnection server, string reason)
    {
        EventLoop loop = server.Transport.Loop;
        lock (_lock)
        {
            if (!_servers.Remove(server))
            {
                return;
            }
            _idle.Remove(server);
        }
        server.Close();
        ServerPlace.GiveBack(this);
        _connector.OnClosed(server, reason);
        ConnectIfNeeded(loop);
    }

    /// <summary>A cancel request for the server begins or ends; from any thread.</summary>
    public void CountCancel(ServerConnection server, int change)
    {
        bool finished;
        lock (_lock)
        {
            server.CancelsInFlight += change;
            finished = server.CancelsInFlight == 0 && server.State == ServerState.BeingCanceled;
        }
        if (finished)
        {
            ServerHandover.ReleaseLater(server);
        }
    }

    /// <summary>An idle server became readable; on its loop. Usually it is gone.</summary>
    public void OnIdleReady(ServerConnection server)
    {
        lock (_lock)
        {
            if (
                server.State is not (ServerState.Idle or ServerState.BeingCanceled)
                || server.Transport.Observer != server
            )
            {
                return;
            }
            _idle.Remove(server);
            server.State = ServerState.Tested;
        }
        if (IdleTalk.TryDrain(server, out string reason))
        {
            Release(server);
        }
        else
        {
            Discard(server, reason);
        }
    }

    /// <summary>KILL, RECONNECT and reload: closes idle servers and marks the others; from any thread.</summary>
    public void CloseServers()
    {
        // The next ones may begin with other settings: of the role, of the database.
        Profiles.Clear();
        List<ServerConnection> closing;
        lock (_lock)
        {
            Generation++;
            foreach (ServerConnection server in _servers)
            {
                server.CloseNeeded = true;
            }
            closing = _idle.TakeAll();
        }
        ServerHandover.CloseLater(closing, "close needed");
    }

    /// <summary>PAUSE: closes idle servers; the others are closed as they are released. From any thread.</summary>
    public void CloseIdle(string reason)
    {
        List<ServerConnection> closing;
        lock (_lock)
        {
            closing = _idle.TakeAll();
        }
        ServerHandover.CloseLater(closing, reason);
    }

    /// <summary>RESUME: serves who waits.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            _backoff.RetryNow();
            ServeWaiters();
        }
        ConnectIfNeeded(Loops[0]);
    }

    /// <summary>Every server, for SHOW and KILL.</summary>
    public IReadOnlyList<ServerConnection> Servers()
    {
        lock (_lock)
        {
            return [.. _servers];
        }
    }

    /// <summary>How many wait, and the arrival of the one who waits longest.</summary>
    public (int Count, long OldestMs) Waiting()
    {
        lock (_lock)
        {
            return (_waiters.Count, _waiters.OldestMs);
        }
    }

    /// <summary>When the server idle the longest was released, on the loops' clock; MaxValue when none is.</summary>
    public long LongestIdleSinceMs()
    {
        lock (_lock)
        {
            return _idle.OldestReleaseMs;
        }
    }

    public int Connecting => Volatile.Read(ref _connecting);

    /// <summary>Tells whoever watches that the catalogs could not be read.</summary>
    public void ReportCatalogUnread(PoolFailure failure) => _connector.OnCatalogUnread(this, failure);

    /// <summary>
    /// Closes one idle server, on the loop that is returned, to make room for another pool's. Null when it has none.
    /// </summary>
    public EventLoop? EvictIdle()
    {
        ServerConnection server;
        lock (_lock)
        {
            if (_idle.Count == 0 || _waiters.Count > 0)
            {
                return null;
            }
            server = _idle.TakeLongestIdle();
            server.State = ServerState.Tested;
        }
        EventLoop loop = server.Transport.Loop;
        ServerHandover.CloseLater([server], "evicted");
        return loop;
    }

    /// <summary>Idle time, lifetime, minimum and reserve; from the loop that maintains pools.</summary>
    public void Maintain(EventLoop loop)
    {
        PoolConfiguration configuration = Configuration;
        List<ServerConnection> closing;
        int wanted = 0;
        lock (_lock)
        {
            int keep = configuration.MinSize;
            closing = Database.IsStopped ? _idle.TakeAll() : _idle.TakeSpare(configuration, loop.NowMs, _servers.Count);
            bool longWait =
                _waiters.Count > 0
                && configuration.ReserveTimeout > TimeSpan.Zero
                && loop.NowMs - _waiters.OldestMs > (long)configuration.ReserveTimeout.TotalMilliseconds;
            int target = _waiters.Count > 0 ? _servers.Count + _waiters.Count : 0;
            target = WasUsed || Database.Options.User is not null ? Math.Max(target, keep) : target;
            while (
                !Database.IsStopped
                && _servers.Count - closing.Count + _connecting < target
                && wanted < _waiters.Count + keep
                && MayConnect(loop.NowMs, longWait, allowWithoutWaiter: true)
            )
            {
                _connecting++;
                wanted++;
            }
        }
        ServerHandover.CloseLater(closing, "idle timeout, lifetime over or pool too large");
        for (int i = 0; i < wanted; i++)
        {
            Connect(loop);
        }
    }

    /// <summary>Gives idle servers to the first in the queue, whichever loops they live on. Under the lock.</summary>
    private void ServeWaiters()
    {
        while (_idle.Count > 0 && !Database.IsStopped && _waiters.TryTakeFirst(out PoolWaiter? waiter))
        {
            if (_idle.TakeFor(waiter, RoundRobin) is { } near)
            {
                ServerHandover.Lease(near, waiter);
                waiter.Loop.Post(waiter.Wakeup);
            }
            else
            {
                ServerHandover.Deliver(_idle.TakeNewest(), waiter);
            }
        }
    }

    private void ConnectIfNeeded(EventLoop loop)
    {
        bool connect;
        lock (_lock)
        {
            connect = !Database.IsStopped && _waiters.Count > _connecting && MayConnect(loop.NowMs, useReserve: false);
            if (connect)
            {
                _connecting++;
            }
        }
        if (connect)
        {
            Connect(loop);
        }
    }

    /// <summary>Whether one more connection may be opened now. Under the lock.</summary>
    private bool MayConnect(long nowMs, bool useReserve, bool allowWithoutWaiter = false)
    {
        PoolConfiguration configuration = Configuration;
        int limit = configuration.Size + (useReserve ? configuration.ReserveSize : 0);
        return _backoff.MayTry(nowMs, _connecting)
            && (limit <= 0 || _servers.Count + _connecting < limit)
            && (allowWithoutWaiter || _connecting < _waiters.Count);
    }

    private bool RoundRobin => Configuration.Options.Proxy.Pool.ServerRoundRobin;

    /// <summary>Opens one connection; its place in the count of those connecting is taken already.</summary>
    private void Connect(EventLoop loop) => loop.Post(async _ => await ConnectAsync(loop), null);

    private async Task ConnectAsync(EventLoop loop)
    {
        PoolFailure? failure = null;
        ServerConnection? server = null;
        if (!await ServerPlace.TryTakeAsync(this, _connector))
        {
            // Maintenance tries again.
            lock (_lock)
            {
                _connecting--;
            }
            return;
        }
        int generation = Generation;
        try
        {
            (server, failure) = await _connector.ConnectAsync(this, loop);
        }
        catch (Exception bug)
        {
            // A defect of ours must not cost the pool a place for ever.
            failure = new PoolFailure(Protocol.SqlState.InternalError, bug.Message);
        }
        if (server is null)
        {
            ServerPlace.GiveBack(this);
            OnConnectFailed(loop, failure!);
            return;
        }
        lock (_lock)
        {
            _connecting--;
            _backoff.Succeeded();
            _servers.Add(server);
            LoggingIn.TryRemove(server.Id, out _);
            server.CloseNeeded |= generation != Generation;
        }
        _connector.OnConnected(server);
        Release(server);
        ConnectIfNeeded(loop);
    }

    private void OnConnectFailed(EventLoop loop, PoolFailure failure)
    {
        List<PoolWaiter> refused = [];
        lock (_lock)
        {
            _connecting--;
            _backoff.Failed(failure, loop.NowMs, Configuration.Options.Proxy.Server.ServerLoginRetry);
            if (_servers.Count == 0)
            {
                // A login is told at once; a query waits for better times, unless the server itself said no.
                refused = _waiters.Refuse(failure, loginsOnly: !failure.IsFinal);
            }
        }
        foreach (PoolWaiter waiter in refused)
        {
            waiter.Loop.Post(waiter.Wakeup);
        }
        _connector.OnFailed(this, failure);
    }
}
