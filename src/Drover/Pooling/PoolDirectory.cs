// All databases, users and pools of the running proxy, and what a reload does to them.
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Drover.Configuration;
using Drover.Configuration.Authentication;
using Drover.Pooling.Servers;
using Drover.Protocol.Authentication;
using Drover.Telemetry.Statements;
using Drover.Transport;

namespace Drover.Pooling;

/// <summary>Looked up at login, never on the way of a query. Safe from any thread.</summary>
internal sealed class PoolDirectory
{
    /// <summary>
    /// Databases made from <c>*</c> at the most: names come from strangers, and each is kept, shown and measured.
    /// </summary>
    internal const int AutomaticMax = 4096;

    /// <summary>How long a name is kept that nobody has proved to be anything: as long as a login may take.</summary>
    private const long UnprovenLifeMs = 60_000;

    /// <summary>Users that are kept, used or not, where anybody may be one.</summary>
    private const int StrangersMax = 1024;

    private readonly IServerConnector _connector;
    private readonly IReadOnlyList<EventLoop> _loops;
    private readonly ConcurrentDictionary<string, DatabaseEntry> _databases;
    private readonly ConcurrentDictionary<string, UserEntry> _users = new();
    private readonly ConcurrentDictionary<(string Database, string User), ServerPool> _pools = new();
    private readonly ConcurrentDictionary<(string Sharded, string User), PoolFamily> _families = new();
    private readonly Lock _reload = new();
    private readonly Lock _automatic = new();
    private Func<DatabaseOptions, StatementSamples?> _samplesOf = static _ => null;
    private int _generation = 1;

    public PoolDirectory(IServerConnector connector, IReadOnlyList<EventLoop> loops, DroverOptions options)
    {
        _connector = connector;
        _loops = loops;
        Options = options;
        _databases = new(
            options
                .Databases.Select(database => new DatabaseEntry(database, Pause))
                .Concat(options.Sharded.Select(sharded => Sharded(options, sharded)))
                .Select(static entry => KeyValuePair.Create(entry.Name, entry))
        );
    }

    /// <summary>The configuration in force.</summary>
    public DroverOptions Options { get; private set; }

    /// <summary>Which pool is whose may be another where this is; from 1.</summary>
    public int Generation => Volatile.Read(ref _generation);

    public IEnumerable<ServerPool> Pools => _pools.Values;

    public IEnumerable<DatabaseEntry> Databases => _databases.Values;

    public IEnumerable<UserEntry> Users => _users.Values;

    /// <summary>PAUSE and SUSPEND of everything; it holds for databases made meanwhile as well.</summary>
    public PauseSwitch Pause { get; } = new();

    /// <summary>Says who samples a database's statements; asked for each entry, also for later ones.</summary>
    public void SampleInto(Func<DatabaseOptions, StatementSamples?> samplesOf)
    {
        lock (_reload)
        {
            _samplesOf = samplesOf;
            Sample();
        }
    }

    private void Sample()
    {
        foreach (DatabaseEntry database in _databases.Values)
        {
            database.Samples = database.Sharded is null ? _samplesOf(database.Options) : null;
        }
    }

    /// <summary>Finds an entry, or makes one from <c>*</c>.</summary>
    public bool TryFindDatabase(string name, [NotNullWhen(true)] out DatabaseEntry? database)
    {
        if (_databases.TryGetValue(name, out database) && !database.IsAutomatic)
        {
            return true;
        }
        // Under the lock: an entry is not forgotten between the moments when it is found and used.
        lock (_automatic)
        {
            DroverOptions options = Options;
            if (!_databases.TryGetValue(name, out database))
            {
                bool isFull = _databases.Count >= options.Databases.Length + AutomaticMax;
                if (isFull || options.FallbackDatabase is not { } fallback)
                {
                    return false;
                }
                DatabaseOptions named = Automatic(fallback, name);
                DatabaseEntry made = new(named, Pause) { IsAutomatic = true, Samples = _samplesOf(named) };
                database = _databases.GetOrAdd(name, made);
            }
            database.LastUsedMs = NowMs();
            return true;
        }
    }

    public UserEntry User(string name)
    {
        UserEntry user = _users.GetOrAdd(
            name,
            key => new UserEntry(key)
            {
                Options = Options.Users.FirstOrDefault(user => user.Name == key),
                Credential = Options.AuthenticationFiles.Users.TryFind(key, out UserListEntry? listed)
                    ? new ServerCredential(PasswordSecret.Parse(listed.Secret), null)
                    : ServerCredential.None,
            }
        );
        user.LastUsedMs = NowMs();
        return user;
    }

    /// <summary>The pool of a database for a client's user, or for the user that the entry forces.</summary>
    public ServerPool Pool(DatabaseEntry database, UserEntry client) =>
        PoolOf(database, database.Options.User is { } forced ? User(forced) : client);

    /// <summary>The pool of a database for exactly this server user.</summary>
    public ServerPool PoolOf(DatabaseEntry database, UserEntry user) =>
        // A client of a sharded database asks for each transaction.
        _pools.TryGetValue((database.Name, user.Name), out ServerPool? pool)
            ? pool
            : AddPool(database, user);

    private ServerPool AddPool(DatabaseEntry database, UserEntry user) =>
        _pools.GetOrAdd(
            (database.Name, user.Name),
            _ => new ServerPool(database, user, Resolve(database, user), _connector, _loops, Family(database, user))
        );

    /// <summary>The pools that a client of a database may get servers from; the home shard's first.</summary>
    public IEnumerable<ServerPool> PoolsOf(DatabaseEntry database, UserEntry client) =>
        database.Sharded is { } sharded
            ? sharded.Shards.Append(sharded.Coordinator).Select(shard => ShardPool(shard, client)).OfType<ServerPool>()
            : [Pool(database, client)];

    /// <summary>The pool of a shard, by the name that the map has; null where the configuration lacks it.</summary>
    public ServerPool? ShardPool(string shard, UserEntry client) =>
        _databases.TryGetValue(shard, out DatabaseEntry? entry) ? Pool(entry, client) : null;

    private PoolFamily? Family(DatabaseEntry database, UserEntry user) =>
        Options.Sharded.FirstOrDefault(sharded =>
            sharded.Shards.Contains(database.Name) || sharded.Coordinator == database.Name
        )
            is { } sharded
            ? _families.GetOrAdd((sharded.Name, user.Name), static _ => new PoolFamily())
            : null;

    // What clients of the whole are held to (limits, time-outs, a forced user) stands in the home shard's entry.
    private DatabaseEntry Sharded(DroverOptions options, ShardedDatabaseOptions sharded) =>
        new(options.Databases.First(home => home.Name == sharded.Shards[0]) with { Name = sharded.Name }, Pause)
        {
            Sharded = sharded,
        };

    public bool TryFindPool(string database, string user, [NotNullWhen(true)] out ServerPool? pool) =>
        _pools.TryGetValue((database, user), out pool);

    /// <summary>Pools that a minimum size keeps warm before any client comes: those with a forced user.</summary>
    public void Warm()
    {
        foreach (DatabaseEntry database in _databases.Values)
        {
            int minimum = database.Options.MinPoolSize ?? Options.Proxy.Pool.MinPoolSize;
            if (minimum > 0 && database.Options.User is { } user)
            {
                Pool(database, User(user));
            }
        }
    }

    /// <summary>
    /// Puts a new configuration in force. Servers whose connection would differ are closed when released. Returns the
    /// databases that are gone: their clients have to go, too.
    /// </summary>
    public IReadOnlyList<DatabaseEntry> Apply(DroverOptions next)
    {
        lock (_reload)
        {
            Options = next;
            Interlocked.Increment(ref _generation);
            foreach (DatabaseOptions database in next.Databases)
            {
                _databases.AddOrUpdate(
                    database.Name,
                    _ => new DatabaseEntry(database, Pause),
                    (_, known) =>
                    {
                        known.Options = database;
                        return known;
                    }
                );
            }
            foreach (UserEntry user in _users.Values)
            {
                user.Options = next.Users.FirstOrDefault(options => options.Name == user.Name);
            }
            List<DatabaseEntry> removed = DropRemoved(next);
            Sample();
            Interlocked.Increment(ref _generation);
            foreach (ServerPool pool in _pools.Values)
            {
                PoolConfiguration before = pool.Configuration;
                pool.Configuration = Resolve(pool.Database, pool.User);
                pool.Profiles.Clear();
                pool.Cancels.OnResized();
                if (before.NeedsReconnect(pool.Configuration))
                {
                    pool.CloseServers();
                }
            }
            return removed;
        }
    }

    /// <summary>
    /// Forgets automatic entries that nobody has used for autodb_idle_timeout, or has ever got into, and their pools
    /// with them. Names them.
    /// </summary>
    public IReadOnlyList<string> ForgetIdle()
    {
        long limitMs = (long)Options.Proxy.Timeouts.AutodbIdleTimeout.TotalMilliseconds;
        List<string> forgotten = [];
        foreach (DatabaseEntry database in _databases.Values.Where(static database => database.IsAutomatic))
        {
            long lifeMs = database.WasEntered ? limitMs : UnprovenLifeMs;
            if (lifeMs > 0 && IsForgotten(database, lifeMs))
            {
                forgotten.Add(database.Name);
            }
        }
        ForgetStrangers();
        return forgotten;
    }

    /// <summary>With auth_type any whatever a client calls itself is a user, and nothing bounds their number.</summary>
    private void ForgetStrangers()
    {
        if (Options.Proxy.Authentication.AuthType != AuthType.Any || _users.Count < StrangersMax)
        {
            return;
        }
        HashSet<string> owners = [.. _pools.Keys.Select(static pool => pool.User)];
        foreach (UserEntry user in _users.Values)
        {
            bool isUsed =
                user.Clients > 0 || user.Servers > 0 || user.Options is not null || owners.Contains(user.Name);
            if (!isUsed && NowMs() - user.LastUsedMs > UnprovenLifeMs)
            {
                _users.TryRemove(user.Name, out _);
            }
        }
    }

    private bool IsForgotten(DatabaseEntry database, long limitMs)
    {
        lock (_automatic)
        {
            long nowMs = NowMs();
            bool isUsed = database.Clients > 0 || database.Servers > 0 || database.IsPaused || database.IsDisabled;
            if (isUsed)
            {
                database.LastUsedMs = nowMs;
            }
            if (nowMs - database.LastUsedMs <= limitMs)
            {
                return false;
            }
            foreach ((string Database, string User) key in _pools.Keys.Where(key => key.Database == database.Name))
            {
                _pools.TryRemove(key, out _);
            }
            bool isRemoved = _databases.TryRemove(database.Name, out _);
            Interlocked.Increment(ref _generation);
            return isRemoved;
        }
    }

    private long NowMs() => _loops.Count > 0 ? _loops[0].NowMs : 0;

    private PoolConfiguration Resolve(DatabaseEntry database, UserEntry user) =>
        new(Options, database.Options, user.Options);

    private static DatabaseOptions Automatic(DatabaseOptions fallback, string name) =>
        fallback with
        {
            Name = name,
            Dbname = fallback.Dbname ?? name,
        };

    /// <summary>
    /// Forgets databases that are configured no more; automatic ones follow the entry they were made from.
    /// </summary>
    private List<DatabaseEntry> DropRemoved(DroverOptions next)
    {
        List<DatabaseEntry> removed = [];
        foreach (DatabaseEntry database in _databases.Values)
        {
            // Which databases are sharded, and into what, is settled at the start of the process.
            if (database.Sharded is not null || next.Databases.Any(kept => kept.Name == database.Name))
            {
                continue;
            }
            if (database.IsAutomatic && next.FallbackDatabase is { } fallback)
            {
                database.Options = Automatic(fallback, database.Name);
                continue;
            }
            database.IsDisabled = true;
            removed.Add(database);
            _databases.TryRemove(database.Name, out _);
            foreach (KeyValuePair<(string, string), ServerPool> pool in _pools.Where(p => p.Value.Database == database))
            {
                _pools.TryRemove(pool);
                pool.Value.CloseServers();
            }
        }
        return removed;
    }
}
