// Writes options as drover.toml: only what differs from the defaults, by topic.
using System.Globalization;
using Drover.Configuration.Prices;
using Drover.Configuration.Settings;

namespace Drover.Configuration.Files;

/// <summary>Writes drover.toml; reading it gives equal options. Passwords are written in clear.</summary>
internal static class TomlConfigurationWriter
{
    /// <summary>Writes the options.</summary>
    public static void Write(DroverOptions options, TextWriter output)
    {
        output.Write("[proxy]\n");
        ProxyOptions defaults = new();
        foreach ((string topic, Setting<ProxyOptions>[] settings) in SettingCatalog.Topics)
        {
            Setting<ProxyOptions>[] changed =
            [
                .. settings.Where(setting => setting.Format(options.Proxy) != setting.Format(defaults)),
            ];
            if (changed.Length > 0)
            {
                output.Write($"# {topic}\n");
            }
            foreach (Setting<ProxyOptions> setting in changed)
            {
                WriteSetting(setting, options.Proxy, output);
            }
        }
        IEnumerable<DatabaseOptions> databases = options.FallbackDatabase is { } fallback
            ? options.Databases.Append(fallback)
            : options.Databases;
        foreach (DatabaseOptions database in databases)
        {
            DatabaseOptions plain = new() { Name = database.Name };
            WriteEntry("databases", database.Name, SettingCatalog.Databases, database, plain, output);
        }
        foreach (ShardedDatabaseOptions sharded in options.Sharded)
        {
            ShardedDatabaseOptions plain = new() { Name = sharded.Name };
            WriteEntry("sharded", sharded.Name, SettingCatalog.Sharded, sharded, plain, output);
        }
        foreach (UserOptions user in options.Users)
        {
            WriteEntry("users", user.Name, SettingCatalog.Users, user, new UserOptions { Name = user.Name }, output);
        }
        foreach (PeerOptions peer in options.Peers)
        {
            string id = peer.PeerId.ToString(CultureInfo.InvariantCulture);
            WriteEntry("peers", id, SettingCatalog.Peers, peer, new PeerOptions { PeerId = peer.PeerId }, output);
        }
        WriteMonitor(options, output);
        WritePrices(options, output);
    }

    private static void WritePrices(DroverOptions options, TextWriter output)
    {
        PriceOptions defaults = new();
        if (options.Prices != defaults)
        {
            output.Write("\n[prices]\n");
            WriteChanged(SettingCatalog.Prices, options.Prices, defaults, output);
        }
        foreach (ServerPriceOptions server in options.ServerPrices)
        {
            ServerPriceOptions plain = new() { Name = server.Name };
            WriteEntry("prices.servers", server.Name, SettingCatalog.ServerPrices, server, plain, output);
        }
    }

    private static void WriteMonitor(DroverOptions options, TextWriter output)
    {
        MonitorOptions defaults = new();
        if (options.Monitor != defaults)
        {
            output.Write("\n[monitor]\n");
            WriteChanged(SettingCatalog.Monitor, options.Monitor, defaults, output);
        }
        foreach (MonitoredServerOptions server in options.MonitoredServers)
        {
            MonitoredServerOptions plain = new() { Name = server.Name };
            WriteEntry("monitor.servers", server.Name, SettingCatalog.MonitoredServers, server, plain, output);
        }
    }

    private static void WriteEntry<TOptions>(
        string room,
        string name,
        SettingTable<TOptions> table,
        TOptions options,
        TOptions defaults,
        TextWriter output
    )
        where TOptions : class
    {
        bool bare = name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
        output.Write($"\n[{room}.{(bare ? name : TomlValue.Quote(name))}]\n");
        WriteChanged(table, options, defaults, output);
    }

    private static void WriteChanged<TOptions>(
        SettingTable<TOptions> table,
        TOptions options,
        TOptions defaults,
        TextWriter output
    )
        where TOptions : class
    {
        foreach (Setting<TOptions> setting in table.All)
        {
            if (setting.Format(options) is { } text && text != setting.Format(defaults))
            {
                WriteSetting(setting, options, output);
            }
        }
    }

    private static void WriteSetting<TOptions>(Setting<TOptions> setting, TOptions options, TextWriter output)
        where TOptions : class =>
        output.Write(
            $"{setting.Name} = {TomlValue.Write(setting.Kind, setting.Unit, setting.Format(options) ?? "")}\n"
        );
}
