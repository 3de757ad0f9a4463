// Settings of the whole process, in groups: properties are named after settings, defaults are those of PgBouncer 1.25.

namespace Drover.Configuration;

/// <summary>The [pgbouncer] section of pgbouncer.ini, the [proxy] table of drover.toml.</summary>
internal sealed record ProxyOptions
{
    /// <summary>Where clients connect.</summary>
    public ListenOptions Listen { get; init; } = new();

    /// <summary>How many connections, and who gets one when.</summary>
    public PoolOptions Pool { get; init; } = new();

    /// <summary>The life of a server connection.</summary>
    public ServerOptions Server { get; init; } = new();

    /// <summary>What a client's session may carry.</summary>
    public SessionOptions Session { get; init; } = new();

    /// <summary>How long anything may take.</summary>
    public TimeoutOptions Timeouts { get; init; } = new();

    /// <summary>How clients prove who they are.</summary>
    public AuthenticationOptions Authentication { get; init; } = new();

    /// <summary>TLS towards clients.</summary>
    public TlsOptions ClientTls { get; init; } = new() { Sslmode = TlsMode.Disable };

    /// <summary>TLS towards servers.</summary>
    public TlsOptions ServerTls { get; init; } = new() { Sslmode = TlsMode.Prefer };

    /// <summary>Sockets, buffers, event loops, names.</summary>
    public NetworkOptions Network { get; init; } = new();

    /// <summary>What is written to the log.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>The console, metrics, the process.</summary>
    public AdminOptions Admin { get; init; } = new();

    /// <summary>Partitions that are kept while the proxy runs.</summary>
    public MaintenanceOptions Maintenance { get; init; } = new();

    /// <summary>The web page.</summary>
    public WebOptions Web { get; init; } = new();
}

/// <summary>Where clients connect.</summary>
internal sealed record ListenOptions
{
    /// <summary>Addresses or names for TCP, <c>*</c> for all; empty: no TCP.</summary>
    public TextList ListenAddr { get; init; } = TextList.Empty;

    /// <summary>Port of TCP and of the Unix socket's name.</summary>
    public int ListenPort { get; init; } = 6432;

    /// <summary>Connections that the kernel keeps waiting for accept.</summary>
    public int ListenBacklog { get; init; } = 128;

    /// <summary>Folder of the Unix socket; <c>@…</c> abstract; empty: none.</summary>
    public string UnixSocketDir { get; init; } = "/tmp";

    /// <summary>File mode of the Unix socket, 0 to 0777 octal.</summary>
    public int UnixSocketMode { get; init; } = 0x1FF;

    /// <summary>Group of the Unix socket; empty: the process's.</summary>
    public string UnixSocketGroup { get; init; } = "";

    /// <summary>Several processes may listen on one port.</summary>
    public bool SoReuseport { get; init; }

    /// <summary>Accept when the first bytes are there.</summary>
    public bool TcpDeferAccept { get; init; } = true;
}

/// <summary>How many connections, and who gets one when. 0 is no limit where it is a maximum.</summary>
internal sealed record PoolOptions
{
    /// <summary>When a server connection may go to another client.</summary>
    public PoolMode PoolMode { get; init; } = PoolMode.Session;

    /// <summary>Most server connections per database and user.</summary>
    public int DefaultPoolSize { get; init; } = 20;

    /// <summary>Fewest server connections kept per database and user.</summary>
    public int MinPoolSize { get; init; }

    /// <summary>Extra server connections when clients wait too long; 0: none.</summary>
    public int ReservePoolSize { get; init; }

    /// <summary>How long a client waits before the reserve is used; zero: it never is.</summary>
    public TimeSpan ReservePoolTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most clients in all.</summary>
    public int MaxClientConn { get; init; } = 100;

    /// <summary>Most server connections per database.</summary>
    public int MaxDbConnections { get; init; }

    /// <summary>Most clients per database.</summary>
    public int MaxDbClientConnections { get; init; }

    /// <summary>Most server connections per user.</summary>
    public int MaxUserConnections { get; init; }

    /// <summary>Most clients per user.</summary>
    public int MaxUserClientConnections { get; init; }

    /// <summary>Take the server that idled longest, not the one used last.</summary>
    public bool ServerRoundRobin { get; init; }
}

/// <summary>The life of a server connection.</summary>
internal sealed record ServerOptions
{
    /// <summary>Cleans a server for its next client; empty: nothing is sent.</summary>
    public string ServerResetQuery { get; init; } = "DISCARD ALL";

    /// <summary>Send it in transaction and statement mode as well.</summary>
    public bool ServerResetQueryAlways { get; init; }

    /// <summary>Proves that an idle server is alive; null: no check; empty: an empty query.</summary>
    public string? ServerCheckQuery { get; init; } = "";

    /// <summary>Idle time after which the check is made; zero: always.</summary>
    public TimeSpan ServerCheckDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Close a server marked for closing after its transaction, in session mode too.</summary>
    public bool ServerFastClose { get; init; }

    /// <summary>Age at which an idle server connection is closed; zero: used once.</summary>
    public TimeSpan ServerLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Idle time after which a server connection is closed; zero: never.</summary>
    public TimeSpan ServerIdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Time for connecting and logging in.</summary>
    public TimeSpan ServerConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Pause after a login that failed.</summary>
    public TimeSpan ServerLoginRetry { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>What a client's session may carry.</summary>
internal sealed record SessionOptions
{
    /// <summary>Reported parameters that follow a client from server to server, beside the usual ones.</summary>
    public TextList TrackExtraParameters { get; init; } = ["IntervalStyle"];

    /// <summary>Start-up parameters to drop without an error.</summary>
    public TextList IgnoreStartupParameters { get; init; } = TextList.Empty;

    /// <summary>Refuse the simple query protocol.</summary>
    public bool DisablePqexec { get; init; }

    /// <summary>Put the client's address into application_name.</summary>
    public bool ApplicationNameAddHost { get; init; }

    /// <summary>Prepared statements kept per server connection; 0: not tracked.</summary>
    public int MaxPreparedStatements { get; init; } = 200;

    /// <summary>Drover: prepared statements that one client may hold.</summary>
    public int MaxClientPreparedStatements { get; init; } = 10_000;

    /// <summary>Drover: what a client SETs follows it from server to server.</summary>
    public bool TrackSessionState { get; init; } = true;
}

/// <summary>How long anything may take; zero is no limit.</summary>
internal sealed record TimeoutOptions
{
    /// <summary>A query on a server.</summary>
    public TimeSpan QueryTimeout { get; init; }

    /// <summary>A client in the queue for a server.</summary>
    public TimeSpan QueryWaitTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Time in the queue after which the client is told so by a notice.</summary>
    public TimeSpan QueryWaitNotify { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A cancel request that waits for a connection.</summary>
    public TimeSpan CancelWaitTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A client that sends nothing.</summary>
    public TimeSpan ClientIdleTimeout { get; init; }

    /// <summary>A client's login.</summary>
    public TimeSpan ClientLoginTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A client that sends nothing inside a transaction.</summary>
    public TimeSpan IdleTransactionTimeout { get; init; }

    /// <summary>A transaction.</summary>
    public TimeSpan TransactionTimeout { get; init; }

    /// <summary>SUSPEND's wait for buffers to drain.</summary>
    public TimeSpan SuspendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A database that the fallback made and nobody uses.</summary>
    public TimeSpan AutodbIdleTimeout { get; init; } = TimeSpan.FromHours(1);
}
