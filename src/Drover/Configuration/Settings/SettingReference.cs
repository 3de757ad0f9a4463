// Writes docs/configuration.md from the setting tables.
using Drover.Configuration.Prices;

namespace Drover.Configuration.Settings;

/// <summary>The reference of all settings, as Markdown.</summary>
internal static class SettingReference
{
    private const string Opening = """
        # Configuration

        <!-- Written by `drover config docs` from src/Drover/Configuration/Settings: change the tables there. -->

        Drover reads PgBouncer's own file (`drover serve --pgbouncer-ini pgbouncer.ini`) or its own
        (`drover serve --config drover.toml`). `drover config convert pgbouncer.ini` turns the first into the second,
        and `drover config check FILE` reports every error of either at once, with its line.

        Names, units and defaults are those of PgBouncer 1.25. **Origin** says whether a setting is PgBouncer's or
        Drover's own; **change** says when a new value takes hold: on `RELOAD` (or SIGHUP, or `SET` on the console) or
        after a restart. A reload is all or nothing: when the file has an error, nothing changes and the log names the
        line.

        ## The two formats

        | | pgbouncer.ini | drover.toml |
        |---|---|---|
        | the process | `[pgbouncer]`, one `name = value` a line | `[proxy]` |
        | a database | `shop = host=h1 port=5432 pool_size=10` in `[databases]` | `[databases.shop]` |
        | a database that is many servers | no | `[sharded.shop]` |
        | all other databases | `* = host=h1` | `[databases."*"]` |
        | a user | `alice = pool_mode=session` in `[users]` | `[users.alice]` |
        | servers that are measured | no | `[monitor]`, and `[monitor.servers.NAME]` for each |
        | what servers cost | no | `[prices]`, and `[prices.servers.NAME]` for each |
        | a peer | `2 = host=h2` in `[peers]` | `[peers.2]` |
        | duration | a number of the unit named below | `"500ms"`, `"15s"`, `"2min"`, `"1h"`, `"1d"`, or a number |
        | amount | no | `12000` or `0.115`, kept as it is written |
        | boolean | `0` or `1` | `true` or `false` |
        | list | `a, b` | `["a", "b"]` |
        | value with blanks | `connect_query='SELECT ''x'''` in an entry | `"SELECT 'x'"` |
        | another file | `%include FILE` | no |
        | unknown name | a warning in the log | an error |

        Relative paths are relative to the working directory, as in PgBouncer.

        ## A whole file

        ```toml
        [proxy]
        listen_addr = "127.0.0.1"
        listen_port = 6432
        pool_mode = "transaction"
        auth_file = "/etc/drover/userlist.txt"   # a line each: "app" "its password or secret"
        admin_users = ["app"]                    # of the console: psql -h 127.0.0.1 -p 6432 -U app pgbouncer
        web_listen = "127.0.0.1:6480"            # the web page
        metrics_listen = "127.0.0.1:6481"        # Prometheus

        [databases.shop]                         # what clients connect to
        host = "db1"

        [monitor.servers.shop]                   # what is measured; optional
        connection = "postgres://drover@db1/shop"
        ```

        """;

    /// <summary>Writes the whole page, with line feeds.</summary>
    public static void Write(TextWriter output)
    {
        output.Write(Opening.ReplaceLineEndings("\n"));
        ProxyOptions defaults = new();
        foreach ((string topic, Setting<ProxyOptions>[] settings) in SettingCatalog.Topics)
        {
            WriteTable(topic, settings, setting => setting.Format(defaults), output);
        }
        DatabaseOptions database = new() { Name = "" };
        WriteTable("A database", EntrySettings.Databases, setting => setting.Format(database), output);
        ShardedDatabaseOptions sharded = new() { Name = "" };
        WriteTable("A sharded database", EntrySettings.ShardedDatabases, setting => setting.Format(sharded), output);
        UserOptions user = new() { Name = "" };
        WriteTable("A user", EntrySettings.Users, setting => setting.Format(user), output);
        PeerOptions peer = new() { PeerId = 1 };
        WriteTable("A peer", EntrySettings.Peers, setting => setting.Format(peer), output);
        MonitorOptions monitor = new();
        WriteTable("Measuring", MonitorSettings.Monitor, setting => setting.Format(monitor), output);
        MonitoredServerOptions server = new() { Name = "" };
        WriteTable("A server that is measured", MonitorSettings.Servers, setting => setting.Format(server), output);
        PriceOptions prices = new();
        WriteTable("Prices", PriceSettings.Prices, setting => setting.Format(prices), output);
        ServerPriceOptions price = new() { Name = "" };
        WriteTable("What a server costs", PriceSettings.Servers, setting => setting.Format(price), output);
    }

    private static void WriteTable<TOptions>(
        string title,
        IEnumerable<Setting<TOptions>> settings,
        Func<Setting<TOptions>, string?> defaultOf,
        TextWriter output
    )
        where TOptions : class
    {
        output.Write(
            $"\n## {title}\n\n| setting | type | default | origin | change | meaning |\n|---|---|---|---|---|---|\n"
        );
        foreach (Setting<TOptions> setting in settings)
        {
            string value = defaultOf(setting) is { Length: > 0 } text ? $"`{EscapeBars(text)}`" : "not set";
            string origin = setting.Origin == SettingOrigin.PgBouncer ? "PgBouncer" : "Drover";
            string change = setting.Reload == SettingReload.OnReload ? "reload" : "restart";
            output.Write(
                $"| `{setting.Name}` | {TypeOf(setting)} | {value} | {origin} | {change} | {MeaningOf(setting)} |\n"
            );
        }
    }

    private static string TypeOf<TOptions>(Setting<TOptions> setting)
        where TOptions : class
    {
        string type = setting.Kind switch
        {
            SettingKind.Integer => "integer",
            SettingKind.Boolean => "boolean",
            SettingKind.Duration => "duration",
            SettingKind.List => "list",
            SettingKind.FileMode => "octal file mode",
            SettingKind.Amount => "amount",
            SettingKind.Choice => string.Join(", ", setting.Words.Select(word => $"`{word}`")),
            _ => "text",
        };
        return setting.Unit is null ? type : $"{type}, {setting.Unit}";
    }

    private static string MeaningOf<TOptions>(Setting<TOptions> setting)
        where TOptions : class
    {
        string text = Escape(setting.Meaning);
        text += setting.IsSecret ? " Never shown." : "";
        text += setting.Aliases.Count > 0 ? $" Also read as `{setting.Aliases}`." : "";
        return text + (setting.NoEffect is null ? "" : $" Read, and of no effect: {setting.NoEffect}.");
    }

    private static string Escape(string text) => EscapeBars(text).Replace("<", "&lt;", StringComparison.Ordinal);

    private static string EscapeBars(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
