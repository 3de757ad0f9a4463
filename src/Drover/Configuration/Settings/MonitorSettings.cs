// Settings of servers that are measured.
namespace Drover.Configuration.Settings;

/// <summary>[monitor] and [monitor.servers.NAME].</summary>
internal static class MonitorSettings
{
    private static readonly SettingGroup<MonitorOptions, MonitorOptions> Whole = new(o => o, (_, g) => g);

    private static readonly SettingGroup<MonitoredServerOptions, MonitoredServerOptions> Server = new(
        o => o,
        (_, g) => g
    );

    /// <summary>Settings of all servers.</summary>
    public static Setting<MonitorOptions>[] Monitor { get; } =
    [
        Own(
            Whole.Duration(
                "interval",
                g => g.Interval,
                (g, v) => g with { Interval = v },
                "Time between two samples of a server; 0 for no measuring."
            )
        ),
        Own(
            Whole.Integer(
                "retention",
                g => g.Retention,
                (g, v) => g with { Retention = v },
                "How long samples are kept; the sizes at the end of each day are kept for good.",
                min: 1,
                max: 3650,
                unit: "days"
            )
        ),
        Own(
            Whole.Text(
                "history",
                g => g.History,
                (g, v) => g with { History = v },
                "Connection string of the database that keeps the history of all servers, in schema drover; when "
                    + "empty, each server's own database keeps its own."
            )
        ) with
        {
            IsSecret = true,
        },
        Own(
            Whole.Integer(
                "sample_statements",
                g => g.SampleStatements,
                (g, v) => g with { SampleStatements = v },
                "One in so many statements that this proxy sends to a measured server is looked at, for how far back "
                    + "it asks: only counts are kept. 0 for none.",
                min: 0,
                max: 1_000_000
            )
        ),
    ];

    /// <summary>Settings of one server.</summary>
    public static Setting<MonitoredServerOptions>[] Servers { get; } =
    [
        Own(
            Server.Text(
                "connection",
                g => g.Connection,
                (g, v) => g with { Connection = v },
                "Connection string of the database that is measured: URI or words, as libpq takes them."
            )
        ) with
        {
            IsSecret = true,
        },
        Own(
            Server.Text(
                "console",
                g => g.Console,
                (g, v) => g with { Console = v },
                "Connection string of the console of the PgBouncer or Drover in front of the server, such as "
                    + "postgres://stats@proxy:6432/pgbouncer, for pool utilisation; when empty, that is client "
                    + "connections over max_connections."
            )
        ) with
        {
            IsSecret = true,
        },
        Own(
            Server.Text(
                "node_exporter",
                g => g.NodeExporter,
                (g, v) => g with { NodeExporter = v },
                "URL of a node_exporter on the server's machine, for processor, memory and disks; when empty, /proc is "
                    + "read by the server, or here where the server is on this machine."
            )
        ),
    ];

    private static Setting<T> Own<T>(Setting<T> setting)
        where T : class => setting with { Origin = SettingOrigin.Drover, Reload = SettingReload.Restart };
}
