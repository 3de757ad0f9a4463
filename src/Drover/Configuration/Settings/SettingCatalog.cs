// Every setting in one place: files, console, converter and documentation all look here.
using Drover.Configuration.Prices;

namespace Drover.Configuration.Settings;

/// <summary>A table of settings that can be searched by name.</summary>
internal sealed class SettingTable<TOptions>
    where TOptions : class
{
    private readonly Dictionary<string, Setting<TOptions>> _byName = new(StringComparer.Ordinal);

    /// <summary>A table of these settings, in this order.</summary>
    public SettingTable(params Setting<TOptions>[][] groups)
    {
        All = [.. groups.SelectMany(group => group)];
        foreach (Setting<TOptions> setting in All)
        {
            _byName.Add(setting.Name, setting);
            foreach (string alias in setting.Aliases)
            {
                _byName.Add(alias, setting);
            }
        }
    }

    /// <summary>All settings, in the order of the documentation.</summary>
    public IReadOnlyList<Setting<TOptions>> All { get; }

    /// <summary>The setting of this name or alias; null when there is none. Case matters, as in PgBouncer.</summary>
    public Setting<TOptions>? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The setting that a mistyped name most likely means; null when none is near.</summary>
    public string? Nearest(string name) => Spelling.Nearest(name, _byName.Keys);
}

/// <summary>Every setting.</summary>
internal static class SettingCatalog
{
    /// <summary>Settings of the process, by topic.</summary>
    public static IReadOnlyList<(string Topic, Setting<ProxyOptions>[] Settings)> Topics { get; } =
    [
        ("Listening", PoolSettings.Listening),
        ("Pools", PoolSettings.Pools),
        ("Server connections", PoolSettings.Servers),
        ("Sessions", SessionSettings.Sessions),
        ("Timeouts", SessionSettings.Timing),
        ("Authentication", AuthenticationSettings.Clients),
        ("TLS with clients", AuthenticationSettings.TowardsClients),
        ("TLS with servers", AuthenticationSettings.TowardsServers),
        ("Network", OperationSettings.Networking),
        ("Log", OperationSettings.Logging),
        ("Administration", OperationSettings.Administration),
        ("Maintenance of partitions", OperationSettings.Maintenance),
        ("The web page", WebSettings.All),
    ];

    /// <summary>Settings of the process.</summary>
    public static SettingTable<ProxyOptions> Proxy { get; } = new([.. Topics.Select(topic => topic.Settings)]);

    /// <summary>Settings of a database.</summary>
    public static SettingTable<DatabaseOptions> Databases { get; } = new(EntrySettings.Databases);

    /// <summary>Settings of a sharded database.</summary>
    public static SettingTable<ShardedDatabaseOptions> Sharded { get; } = new(EntrySettings.ShardedDatabases);

    /// <summary>Settings of a user.</summary>
    public static SettingTable<UserOptions> Users { get; } = new(EntrySettings.Users);

    /// <summary>Settings of a peer.</summary>
    public static SettingTable<PeerOptions> Peers { get; } = new(EntrySettings.Peers);

    /// <summary>Settings of all servers that are measured.</summary>
    public static SettingTable<MonitorOptions> Monitor { get; } = new(MonitorSettings.Monitor);

    /// <summary>Settings of a server that is measured.</summary>
    public static SettingTable<MonitoredServerOptions> MonitoredServers { get; } = new(MonitorSettings.Servers);

    /// <summary>Settings of all prices.</summary>
    public static SettingTable<PriceOptions> Prices { get; } = new(PriceSettings.Prices);

    /// <summary>Settings of what a server costs.</summary>
    public static SettingTable<ServerPriceOptions> ServerPrices { get; } = new(PriceSettings.Servers);

    /// <summary>The process's settings in the order of SHOW CONFIG: by name.</summary>
    public static IReadOnlyList<Setting<ProxyOptions>> ByName { get; } =
    [.. Proxy.All.OrderBy(setting => setting.Name, StringComparer.Ordinal)];
}
