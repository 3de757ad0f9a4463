// A configuration while it is read: options so far, where each came from, and all that is wrong.
using System.Collections.Immutable;
using Drover.Configuration.Authentication;
using Drover.Configuration.Prices;
using Drover.Configuration.Settings;

namespace Drover.Configuration;

/// <summary>Collects what a reader finds; the validators look at it before it becomes options.</summary>
/// <param name="file">The file that was named on the command line.</param>
internal sealed class ConfigurationDraft(string file)
{
    private readonly Dictionary<string, SourcePlace> _places = new(StringComparer.Ordinal);
    private readonly List<ConfigurationError> _errors = [];
    private readonly List<ConfigurationNotice> _warnings = [];
    private readonly List<DatabaseOptions> _databases = [];
    private readonly List<ShardedDatabaseOptions> _sharded = [];
    private readonly List<UserOptions> _users = [];
    private readonly List<PeerOptions> _peers = [];
    private readonly List<MonitoredServerOptions> _monitored = [];
    private readonly List<ServerPriceOptions> _serverPrices = [];
    private MonitorOptions _monitor = new();
    private PriceOptions _prices = new();
    private DatabaseOptions? _fallback;

    /// <summary>The file that was named on the command line.</summary>
    public string File { get; } = file;

    /// <summary>That file could not be read: nothing else can be said of it.</summary>
    public bool IsUnread { get; private set; }

    /// <summary>A file could not be read: the one that was named, or one that it includes.</summary>
    public void Unreadable(SourcePlace from, string path, Exception error)
    {
        IsUnread |= path == File;
        string reason = error is FileNotFoundException or DirectoryNotFoundException
            ? "there is no such file"
            : error.Message;
        Error(from, $"cannot read '{path}': {reason}");
    }

    /// <summary>The process's settings so far.</summary>
    public ProxyOptions Proxy { get; private set; } = new();

    /// <summary>The files of users and rules, once they are read.</summary>
    public AuthenticationFiles AuthenticationFiles { get; set; } = new();

    /// <summary>True when something is wrong.</summary>
    public bool HasErrors => _errors.Count > 0;

    /// <summary>True when users that the user list does not know can be looked up somewhere.</summary>
    public bool HasAuthUser =>
        Proxy.Authentication.AuthUser.Length > 0
        || _fallback?.AuthUser is not null
        || _databases.Exists(database => database.AuthUser is not null);

    /// <summary>Notes what is wrong at a place.</summary>
    public void Error(SourcePlace place, string message) =>
        _errors.Add(new ConfigurationError(place.File, place.Line, place.Column, message));

    /// <summary>Notes what deserves a line in the log.</summary>
    public void Warn(SourcePlace place, string message) =>
        _warnings.Add(new ConfigurationNotice(place.File, place.Line, place.Column, message));

    /// <summary>Sets one of the process's settings from PgBouncer's spelling.</summary>
    public void SetProxy(Setting<ProxyOptions> setting, string text, SourcePlace place)
    {
        _places[setting.Name] = place;
        Proxy = Apply(setting, Proxy, text, place) ?? Proxy;
        if (setting.NoEffect is not null && setting.Format(Proxy) != setting.Format(new ProxyOptions()))
        {
            Warn(place, $"{setting.Name} has no effect here: {setting.NoEffect}");
        }
    }

    /// <summary>Sets one setting, or notes why it cannot be.</summary>
    public TOptions? Apply<TOptions>(Setting<TOptions> setting, TOptions options, string text, SourcePlace place)
        where TOptions : class
    {
        TOptions? changed = setting.Set(options, text, out string problem);
        if (changed is null)
        {
            Error(
                place,
                setting.IsSecret ? $"{setting.Name}: the value {problem}" : $"{setting.Name}: '{text}' {problem}"
            );
        }
        return changed;
    }

    /// <summary>Adds a database; one of the same name is replaced, as in PgBouncer.</summary>
    public void Add(DatabaseOptions database, SourcePlace place)
    {
        _places["databases." + database.Name] = place;
        if (database.Name is "pgbouncer" or "drover")
        {
            Error(place, $"the database name '{database.Name}' belongs to the console: choose another");
            return;
        }
        if (database.IsFallback)
        {
            _fallback = database;
            return;
        }
        Replace(_databases, database, other => other.Name == database.Name);
    }

    /// <summary>Adds a sharded database; one of the same name is replaced.</summary>
    public void Add(ShardedDatabaseOptions sharded, SourcePlace place)
    {
        _places["sharded." + sharded.Name] = place;
        Replace(_sharded, sharded, other => other.Name == sharded.Name);
    }

    /// <summary>Adds a user; one of the same name is replaced.</summary>
    public void Add(UserOptions user, SourcePlace place)
    {
        _places["users." + user.Name] = place;
        Replace(_users, user, other => other.Name == user.Name);
    }

    /// <summary>Adds a peer; one of the same number is replaced.</summary>
    public void Add(PeerOptions peer, SourcePlace place)
    {
        if (peer.Host.Length == 0)
        {
            Error(place, $"peer {peer.PeerId} has no host: add host=");
        }
        Replace(_peers, peer, other => other.PeerId == peer.PeerId);
    }

    /// <summary>Sets one of the settings of [monitor].</summary>
    public void SetMonitor(Setting<MonitorOptions> setting, string text, SourcePlace place)
    {
        _places["monitor." + setting.Name] = place;
        _monitor = Apply(setting, _monitor, text, place) ?? _monitor;
    }

    /// <summary>Adds a server that is measured; one of the same name is replaced.</summary>
    public void Add(MonitoredServerOptions server, SourcePlace place)
    {
        _places["monitor.servers." + server.Name] = place;
        Replace(_monitored, server, other => other.Name == server.Name);
    }

    /// <summary>Sets one of the settings of [prices].</summary>
    public void SetPrices(Setting<PriceOptions> setting, string text, SourcePlace place) =>
        _prices = Apply(setting, _prices, text, place) ?? _prices;

    /// <summary>Adds what a server costs; one of the same name is replaced.</summary>
    public void Add(ServerPriceOptions price, SourcePlace place)
    {
        _places["prices.servers." + price.Name] = place;
        Replace(_serverPrices, price, other => other.Name == price.Name);
    }

    /// <summary>Where a setting of the process was set; the file as a whole when it was not.</summary>
    public SourcePlace PlaceOf(string name) => _places.GetValueOrDefault(name, new SourcePlace(File));

    /// <summary>Where a database was described.</summary>
    public SourcePlace PlaceOf(DatabaseOptions database) => PlaceOf("databases." + database.Name);

    /// <summary>Where a server that is measured was described.</summary>
    public SourcePlace PlaceOf(MonitoredServerOptions server) => PlaceOf("monitor.servers." + server.Name);

    /// <summary>Where a sharded database was described.</summary>
    public SourcePlace PlaceOf(ShardedDatabaseOptions sharded) => PlaceOf("sharded." + sharded.Name);

    /// <summary>The options as they stand, whether or not they hold.</summary>
    public DroverOptions ToOptions() =>
        new()
        {
            Proxy = Proxy,
            Databases = [.. _databases],
            FallbackDatabase = _fallback,
            Sharded = [.. _sharded],
            Users = [.. _users],
            Peers = [.. _peers],
            Monitor = _monitor,
            MonitoredServers = [.. _monitored],
            Prices = _prices,
            ServerPrices = [.. _serverPrices],
            AuthenticationFiles = AuthenticationFiles,
            Warnings = [.. _warnings],
        };

    /// <summary>The options, or all errors.</summary>
    public ConfigurationResult ToResult() =>
        HasErrors ? ConfigurationResult.Invalid([.. _errors], [.. _warnings]) : ConfigurationResult.Valid(ToOptions());

    private static void Replace<T>(List<T> list, T item, Predicate<T> same)
    {
        int index = list.FindIndex(same);
        if (index < 0)
        {
            list.Add(item);
        }
        else
        {
            list[index] = item;
        }
    }
}
