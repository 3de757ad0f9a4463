// Settings of the network, the log, the console and the process.
namespace Drover.Configuration.Settings;

/// <summary>Network, log, administration.</summary>
internal static class OperationSettings
{
    private static readonly SettingGroup<ProxyOptions, NetworkOptions> Network = new(
        o => o.Network,
        (o, g) => o with { Network = g }
    );

    private static readonly SettingGroup<ProxyOptions, LogOptions> Log = new(o => o.Log, (o, g) => o with { Log = g });

    private static readonly SettingGroup<ProxyOptions, AdminOptions> Admin = new(
        o => o.Admin,
        (o, g) => o with { Admin = g }
    );

    private static readonly SettingGroup<ProxyOptions, MaintenanceOptions> Maintaining = new(
        o => o.Maintenance,
        (o, g) => o with { Maintenance = g }
    );

    /// <summary>Sockets, buffers, event loops, names.</summary>
    public static Setting<ProxyOptions>[] Networking { get; } =
    [
        Network.Integer(
            "pkt_buf",
            g => g.PktBuf,
            (g, v) => g with { PktBuf = v },
            "Size of the buffer that a socket is read into.",
            min: 256,
            max: 16_777_216,
            unit: "bytes"
        ) with
        {
            Reload = SettingReload.Restart,
            NoEffect = "buffers belong to the event loops, and an idle connection has none",
        },
        Network.Bytes(
            "max_packet_size",
            g => g.MaxPacketSize,
            (g, v) => g with { MaxPacketSize = v },
            "Largest message that is let through in either direction.",
            min: 1024,
            max: uint.MaxValue
        ) with
        {
            NoEffect = "a message of any length is streamed in bounded memory",
        },
        Network.Integer(
            "sbuf_loopcnt",
            g => g.SbufLoopcnt,
            (g, v) => g with { SbufLoopcnt = v },
            "Buffers relayed for one connection before others get their turn; 0 for no limit."
        ),
        Network.Boolean(
            "tcp_keepalive",
            g => g.TcpKeepalive,
            (g, v) => g with { TcpKeepalive = v },
            "Turns on TCP keepalive."
        ),
        Network.Integer(
            "tcp_keepcnt",
            g => g.TcpKeepcnt,
            (g, v) => g with { TcpKeepcnt = v },
            "Keepalive probes without an answer until a connection is dead; 0 for the system's number."
        ),
        Network.Duration(
            "tcp_keepidle",
            g => g.TcpKeepidle,
            (g, v) => g with { TcpKeepidle = v },
            "Idle time before the first keepalive probe; 0 for the system's time."
        ),
        Network.Duration(
            "tcp_keepintvl",
            g => g.TcpKeepintvl,
            (g, v) => g with { TcpKeepintvl = v },
            "Time between keepalive probes; 0 for the system's time."
        ),
        Network.Integer(
            "tcp_socket_buffer",
            g => g.TcpSocketBuffer,
            (g, v) => g with { TcpSocketBuffer = v },
            "Size of the kernel's buffers for a socket; 0 for the system's size.",
            unit: "bytes"
        ),
        Network.Duration(
            "tcp_user_timeout",
            g => g.TcpUserTimeout,
            (g, v) => g with { TcpUserTimeout = v },
            "How long sent bytes may stay unacknowledged before the connection is closed; 0 for the system's time.",
            milliseconds: true
        ),
        Network.Duration(
            "dns_max_ttl",
            g => g.DnsMaxTtl,
            (g, v) => g with { DnsMaxTtl = v },
            "How long the addresses of a host name are kept."
        ),
        Network.Duration(
            "dns_nxdomain_ttl",
            g => g.DnsNxdomainTtl,
            (g, v) => g with { DnsNxdomainTtl = v },
            "How long a failed look-up of a host name is kept."
        ),
        Network.Duration(
            "dns_zone_check_period",
            g => g.DnsZoneCheckPeriod,
            (g, v) => g with { DnsZoneCheckPeriod = v },
            "How often DNS zones are watched for changes."
        ) with
        {
            NoEffect = "names are looked up again when dns_max_ttl is over",
        },
        Network.Text("resolv_conf", g => g.ResolvConf, (g, v) => g with { ResolvConf = v }, "Another resolv.conf.") with
        {
            Reload = SettingReload.Restart,
            NoEffect = "the system's resolver is used",
        },
        Network.Integer(
            "event_loops",
            g => g.EventLoops,
            (g, v) => g with { EventLoops = v },
            "Number of event loops; 0 for one per core.",
            max: 1024
        ) with
        {
            Origin = SettingOrigin.Drover,
            Reload = SettingReload.Restart,
        },
        Network.Choice(
            "event_loop_kind",
            Words.EventLoops,
            g => g.EventLoopKind,
            (g, v) => g with { EventLoopKind = v },
            "What moves the bytes: epoll, portable sockets, or what fits the system."
        ) with
        {
            Origin = SettingOrigin.Drover,
            Reload = SettingReload.Restart,
        },
        Network.Integer(
            "client_buffer_max",
            g => g.ClientBufferMax,
            (g, v) => g with { ClientBufferMax = v },
            "Most bytes held for one client that does not read; then its server is not read either.",
            min: 4096,
            unit: "bytes"
        ) with
        {
            Origin = SettingOrigin.Drover,
        },
        Network.Integer(
            "server_buffer_max",
            g => g.ServerBufferMax,
            (g, v) => g with { ServerBufferMax = v },
            "Most bytes held for one server that does not read; then its client is not read either.",
            min: 4096,
            unit: "bytes"
        ) with
        {
            Origin = SettingOrigin.Drover,
        },
    ];

    /// <summary>What is written to the log.</summary>
    public static Setting<ProxyOptions>[] Logging { get; } =
    [
        Log.Boolean("log_connections", g => g.LogConnections, (g, v) => g with { LogConnections = v }, "Logs logins."),
        Log.Boolean(
            "log_disconnections",
            g => g.LogDisconnections,
            (g, v) => g with { LogDisconnections = v },
            "Logs ends of connections with their reasons."
        ),
        Log.Boolean(
            "log_pooler_errors",
            g => g.LogPoolerErrors,
            (g, v) => g with { LogPoolerErrors = v },
            "Logs the errors that Drover itself sends to clients."
        ),
        Log.Boolean("log_stats", g => g.LogStats, (g, v) => g with { LogStats = v }, "Logs totals every stats_period."),
        Log.Integer(
            "verbose",
            g => g.Verbose,
            (g, v) => g with { Verbose = v },
            "How much is logged beyond the usual.",
            max: 3
        ),
        Log.Text(
            "logfile",
            g => g.Logfile,
            (g, v) => g with { Logfile = v },
            "File that the log is written to as well."
        ),
        Log.Boolean("syslog", g => g.Syslog, (g, v) => g with { Syslog = v }, "Writes the log to syslog as well."),
        Log.Text(
            "syslog_ident",
            g => g.SyslogIdent,
            (g, v) => g with { SyslogIdent = v },
            "Name of the program in syslog."
        ),
        Log.Text(
            "syslog_facility",
            g => g.SyslogFacility,
            (g, v) => g with { SyslogFacility = v },
            "Facility in syslog: auth, authpriv, daemon, user or local0 to local7."
        ),
    ];

    /// <summary>The console, metrics, the process.</summary>
    public static Setting<ProxyOptions>[] Administration { get; } =
    [
        Admin.List(
            "admin_users",
            g => g.AdminUsers,
            (g, v) => g with { AdminUsers = v },
            "Users who may run every command on the console."
        ),
        Admin.List(
            "stats_users",
            g => g.StatsUsers,
            (g, v) => g with { StatsUsers = v },
            "Users who may run SHOW on the console."
        ),
        Admin.Duration(
            "stats_period",
            g => g.StatsPeriod,
            (g, v) => g with { StatsPeriod = v },
            "Time over which averages are taken, and between totals in the log."
        ),
        Admin.Integer(
            "peer_id",
            g => g.PeerId,
            (g, v) => g with { PeerId = v },
            "This proxy's number among its peers, to which cancel requests are handed on; 0 for no peers.",
            max: 16383
        ) with
        {
            NoEffect = "cancel requests are not handed on to peers yet",
        },
        Admin.Text("pidfile", g => g.Pidfile, (g, v) => g with { Pidfile = v }, "File that holds the process id.") with
        {
            Reload = SettingReload.Restart,
        },
        Admin.Text(
            "user",
            g => g.User,
            (g, v) => g with { User = v },
            "User that the process becomes after it was started as root."
        ) with
        {
            Reload = SettingReload.Restart,
        },
        Admin.Text("job_name", g => g.JobName, (g, v) => g with { JobName = v }, "Name of the service.") with
        {
            Reload = SettingReload.Restart,
            Aliases = ["service_name"],
            NoEffect = "it names a service of Windows",
        },
        Admin.Text(
            "conffile",
            g => g.Conffile,
            (g, v) => g with { Conffile = v },
            "Configuration file for the next RELOAD; when empty, the one that was loaded."
        ),
        Admin.Text(
            "metrics_listen",
            g => g.MetricsListen,
            (g, v) => g with { MetricsListen = v },
            "address:port of HTTP for metrics and health; when empty there is none."
        ) with
        {
            Origin = SettingOrigin.Drover,
            Reload = SettingReload.Restart,
        },
        Admin.Text(
            "otlp_endpoint",
            g => g.OtlpEndpoint,
            (g, v) => g with { OtlpEndpoint = v },
            "URL of an OpenTelemetry collector; when empty nothing is sent."
        ) with
        {
            Origin = SettingOrigin.Drover,
            Reload = SettingReload.Restart,
        },
    ];

    /// <summary>Partitions that are kept while the proxy runs.</summary>
    public static Setting<ProxyOptions>[] Maintenance { get; } =
    [
        Maintaining.List(
            "maintenance_databases",
            g => g.MaintenanceDatabases,
            (g, v) => g with { MaintenanceDatabases = v },
            "Connection strings (postgres:// URIs) of the primaries whose partitions are kept by their policies, "
                + "whose views are refreshed, and whose operations the web page and the metrics show; when empty "
                + "there are none."
        ) with
        {
            Origin = SettingOrigin.Drover,
            Reload = SettingReload.Restart,
            IsSecret = true,
        },
        Maintaining.Duration(
            "maintenance_period",
            g => g.MaintenancePeriod,
            (g, v) => g with { MaintenancePeriod = v },
            "Time between two runs of the partitions' maintenance; 0 for none."
        ) with
        {
            Origin = SettingOrigin.Drover,
            Reload = SettingReload.Restart,
        },
    ];
}
