// Settings of where clients connect, how many connections there are, and how long a server lives.
namespace Drover.Configuration.Settings;

/// <summary>Listening, pool sizes, server connections.</summary>
internal static class PoolSettings
{
    private static readonly SettingGroup<ProxyOptions, ListenOptions> Listen = new(
        o => o.Listen,
        (o, g) => o with { Listen = g }
    );

    private static readonly SettingGroup<ProxyOptions, PoolOptions> Pool = new(
        o => o.Pool,
        (o, g) => o with { Pool = g }
    );

    private static readonly SettingGroup<ProxyOptions, ServerOptions> Server = new(
        o => o.Server,
        (o, g) => o with { Server = g }
    );

    /// <summary>Where clients connect.</summary>
    public static Setting<ProxyOptions>[] Listening { get; } =
    [
        Listen.List(
            "listen_addr",
            g => g.ListenAddr,
            (g, v) => g with { ListenAddr = v },
            "Addresses or host names for TCP, * for all; when empty, only the Unix socket is served."
        ) with
        {
            Reload = SettingReload.Restart,
        },
        Listen.Integer(
            "listen_port",
            g => g.ListenPort,
            (g, v) => g with { ListenPort = v },
            "Port of TCP, and part of the Unix socket's name.",
            min: 1,
            max: 65535
        ) with
        {
            Reload = SettingReload.Restart,
        },
        Listen.Integer(
            "listen_backlog",
            g => g.ListenBacklog,
            (g, v) => g with { ListenBacklog = v },
            "Connections that the kernel keeps waiting to be accepted.",
            min: 1
        ) with
        {
            Reload = SettingReload.Restart,
        },
        Listen.Text(
            "unix_socket_dir",
            g => g.UnixSocketDir,
            (g, v) => g with { UnixSocketDir = v },
            "Folder of the Unix socket, or @name for an abstract one; when empty there is none."
        ) with
        {
            Reload = SettingReload.Restart,
        },
        Listen.FileMode(
            "unix_socket_mode",
            g => g.UnixSocketMode,
            (g, v) => g with { UnixSocketMode = v },
            "File mode of the Unix socket."
        ) with
        {
            Reload = SettingReload.Restart,
        },
        Listen.Text(
            "unix_socket_group",
            g => g.UnixSocketGroup,
            (g, v) => g with { UnixSocketGroup = v },
            "Group that owns the Unix socket; when empty, the group of the process."
        ) with
        {
            Reload = SettingReload.Restart,
        },
        Listen.Boolean(
            "so_reuseport",
            g => g.SoReuseport,
            (g, v) => g with { SoReuseport = v },
            "Lets several processes listen on the same port."
        ) with
        {
            Reload = SettingReload.Restart,
        },
        Listen.Boolean(
            "tcp_defer_accept",
            g => g.TcpDeferAccept,
            (g, v) => g with { TcpDeferAccept = v },
            "Accepts a TCP connection only when its first bytes have come; on Linux."
        ) with
        {
            Reload = SettingReload.Restart,
        },
    ];

    /// <summary>How many connections, and who gets one when.</summary>
    public static Setting<ProxyOptions>[] Pools { get; } =
    [
        Pool.Choice(
            "pool_mode",
            Words.PoolModes,
            g => g.PoolMode,
            (g, v) => g with { PoolMode = v },
            "When a server connection may be given to another client: when the client leaves, when its "
                + "transaction ends, or when its statement ends."
        ),
        Pool.Integer(
            "default_pool_size",
            g => g.DefaultPoolSize,
            (g, v) => g with { DefaultPoolSize = v },
            "Most server connections for one database and user."
        ),
        Pool.Integer(
            "min_pool_size",
            g => g.MinPoolSize,
            (g, v) => g with { MinPoolSize = v },
            "Server connections that are kept open for one database and user once the pool is in use."
        ),
        Pool.Integer(
            "reserve_pool_size",
            g => g.ReservePoolSize,
            (g, v) => g with { ReservePoolSize = v },
            "Extra server connections for a pool whose clients wait too long; 0 for none."
        ),
        Pool.Duration(
            "reserve_pool_timeout",
            g => g.ReservePoolTimeout,
            (g, v) => g with { ReservePoolTimeout = v },
            "How long a client waits before the reserve is used; 0 turns the reserve off."
        ),
        Pool.Integer(
            "max_client_conn",
            g => g.MaxClientConn,
            (g, v) => g with { MaxClientConn = v },
            "Most client connections in all."
        ),
        Pool.Integer(
            "max_db_connections",
            g => g.MaxDbConnections,
            (g, v) => g with { MaxDbConnections = v },
            "Most server connections for one database, whoever the user; 0 for no limit."
        ),
        Pool.Integer(
            "max_db_client_connections",
            g => g.MaxDbClientConnections,
            (g, v) => g with { MaxDbClientConnections = v },
            "Most client connections to one database; 0 for no limit."
        ),
        Pool.Integer(
            "max_user_connections",
            g => g.MaxUserConnections,
            (g, v) => g with { MaxUserConnections = v },
            "Most server connections for one user, whatever the database; 0 for no limit."
        ),
        Pool.Integer(
            "max_user_client_connections",
            g => g.MaxUserClientConnections,
            (g, v) => g with { MaxUserClientConnections = v },
            "Most client connections of one user; 0 for no limit."
        ),
        Pool.Boolean(
            "server_round_robin",
            g => g.ServerRoundRobin,
            (g, v) => g with { ServerRoundRobin = v },
            "Takes the server connection that has idled longest, where the default is the one used last."
        ),
    ];

    /// <summary>The life of a server connection.</summary>
    public static Setting<ProxyOptions>[] Servers { get; } =
    [
        Server.Text(
            "server_reset_query",
            g => g.ServerResetQuery,
            (g, v) => g with { ServerResetQuery = v },
            "Sent to a server when a client gives it back in session mode; when empty, nothing is sent."
        ),
        Server.Boolean(
            "server_reset_query_always",
            g => g.ServerResetQueryAlways,
            (g, v) => g with { ServerResetQueryAlways = v },
            "Sends the reset query in transaction and statement mode too."
        ),
        Server.Text(
            "server_check_query",
            g =>
                g.ServerCheckQuery switch
                {
                    null => "",
                    "" => "<empty>",
                    var query => query,
                },
            (g, v) =>
                g with
                {
                    ServerCheckQuery = v switch
                    {
                        "" => null,
                        "<empty>" => "",
                        _ => v,
                    },
                },
            "Query that shows that an idle server is alive; <empty> sends an empty query, nothing turns the check off."
        ),
        Server.Duration(
            "server_check_delay",
            g => g.ServerCheckDelay,
            (g, v) => g with { ServerCheckDelay = v },
            "How long a server connection may idle before it is checked; 0 checks it every time."
        ),
        Server.Boolean(
            "server_fast_close",
            g => g.ServerFastClose,
            (g, v) => g with { ServerFastClose = v },
            "Closes a server that is marked for closing after its transaction, in session mode too, "
                + "which ends the client's session."
        ),
        Server.Duration(
            "server_lifetime",
            g => g.ServerLifetime,
            (g, v) => g with { ServerLifetime = v },
            "Age at which a server connection that nobody uses is closed; 0 closes it after one use."
        ),
        Server.Duration(
            "server_idle_timeout",
            g => g.ServerIdleTimeout,
            (g, v) => g with { ServerIdleTimeout = v },
            "How long a server connection may idle before it is closed; 0 for no limit."
        ),
        Server.Duration(
            "server_connect_timeout",
            g => g.ServerConnectTimeout,
            (g, v) => g with { ServerConnectTimeout = v },
            "How long connecting to a server and logging in may take; 0 for no limit."
        ),
        Server.Duration(
            "server_login_retry",
            g => g.ServerLoginRetry,
            (g, v) => g with { ServerLoginRetry = v },
            "Pause before the next attempt after a server refused a login or could not be reached."
        ),
    ];
}
