// More groups of ProxyOptions: authentication, TLS, network, log, administration.
namespace Drover.Configuration;

/// <summary>How clients prove who they are.</summary>
internal sealed record AuthenticationOptions
{
    /// <summary>PgBouncer's default for <see cref="AuthQuery"/>.</summary>
    public const string DefaultAuthQuery =
        "SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END "
        + "FROM pg_authid WHERE rolname=$1 AND rolcanlogin";

    /// <summary>The method.</summary>
    public AuthType AuthType { get; init; } = AuthType.Md5;

    /// <summary>The user list (userlist.txt); empty: none.</summary>
    public string AuthFile { get; init; } = "";

    /// <summary>Rules for <see cref="AuthType.Hba"/>; empty: none.</summary>
    public string AuthHbaFile { get; init; } = "";

    /// <summary>User name maps for the rules; empty: none.</summary>
    public string AuthIdentFile { get; init; } = "";

    /// <summary>Who asks <see cref="AuthQuery"/>; empty: it is not asked.</summary>
    public string AuthUser { get; init; } = "";

    /// <summary>Finds a user's secret: one row of name and secret.</summary>
    public string AuthQuery { get; init; } = DefaultAuthQuery;

    /// <summary>The database entry in which <see cref="AuthQuery"/> is asked; empty: the client's.</summary>
    public string AuthDbname { get; init; } = "";

    /// <summary>Read, and of no effect: LDAP is not supported. May hold a password; never shown.</summary>
    public string AuthLdapOptions { get; init; } = "";

    /// <summary>Rounds when a SCRAM secret is made from a plain password.</summary>
    public int ScramIterations { get; init; } = 4096;

    /// <summary>The record without <see cref="AuthLdapOptions"/>.</summary>
    public override string ToString() => $"AuthenticationOptions {{ AuthType = {AuthType}, AuthFile = {AuthFile} }}";
}

/// <summary>TLS on one side; the setting's name has <c>client_tls_</c> or <c>server_tls_</c> before it.</summary>
internal sealed record TlsOptions
{
    /// <summary>How much TLS is asked for.</summary>
    public TlsMode Sslmode { get; init; }

    /// <summary>How it begins, servers only; a client shows by its first byte what it wants.</summary>
    public TlsNegotiation Negotiation { get; init; }

    /// <summary>Private key, PEM; empty: none.</summary>
    public string KeyFile { get; init; } = "";

    /// <summary>Certificate chain, PEM; empty: none.</summary>
    public string CertFile { get; init; } = "";

    /// <summary>Authorities that the other side's certificate is checked against, PEM; empty: none.</summary>
    public string CaFile { get; init; } = "";

    /// <summary>Versions that may be spoken.</summary>
    public TlsProtocols Protocols { get; init; } = TlsProtocols.Secure;

    /// <summary>Ciphers up to TLS 1.2 in OpenSSL's syntax; <c>default</c>: the system's.</summary>
    public string Ciphers { get; init; } = "default";

    /// <summary>Cipher suites of TLS 1.3; empty: the system's.</summary>
    public string Tls13Ciphers { get; init; } = "";

    /// <summary>Curve of the key exchange, clients only; read, and of no effect: the system chooses.</summary>
    public string Ecdhcurve { get; init; } = "auto";

    /// <summary>Classic Diffie-Hellman, clients only; read, and of no effect: the system chooses.</summary>
    public string Dheparams { get; init; } = "auto";
}

/// <summary>Sockets, buffers, event loops, names.</summary>
internal sealed record NetworkOptions
{
    /// <summary>Bytes read from a socket at once.</summary>
    public int PktBuf { get; init; } = 4096;

    /// <summary>Largest message that is let through, in bytes.</summary>
    public long MaxPacketSize { get; init; } = int.MaxValue;

    /// <summary>Buffers relayed for one connection before others get their turn; 0: no limit.</summary>
    public int SbufLoopcnt { get; init; } = 5;

    /// <summary>Keepalive probes on TCP connections.</summary>
    public bool TcpKeepalive { get; init; } = true;

    /// <summary>Probes until a connection is dead; 0: the system's.</summary>
    public int TcpKeepcnt { get; init; }

    /// <summary>Idle time before the first probe; zero: the system's.</summary>
    public TimeSpan TcpKeepidle { get; init; }

    /// <summary>Time between probes; zero: the system's.</summary>
    public TimeSpan TcpKeepintvl { get; init; }

    /// <summary>Kernel buffer of each socket, in bytes; 0: the system's.</summary>
    public int TcpSocketBuffer { get; init; }

    /// <summary>How long sent bytes may stay unacknowledged; zero: the system's.</summary>
    public TimeSpan TcpUserTimeout { get; init; }

    /// <summary>How long a name's addresses are kept.</summary>
    public TimeSpan DnsMaxTtl { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a failed look-up is kept.</summary>
    public TimeSpan DnsNxdomainTtl { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Read, and of no effect: zones are not watched.</summary>
    public TimeSpan DnsZoneCheckPeriod { get; init; }

    /// <summary>Read, and of no effect: the system's resolver is used.</summary>
    public string ResolvConf { get; init; } = "";

    /// <summary>Drover: number of event loops; 0: one per core.</summary>
    public int EventLoops { get; init; }

    /// <summary>Drover: what moves the bytes.</summary>
    public EventLoopKind EventLoopKind { get; init; }

    /// <summary>Drover: most bytes held for one client that does not read.</summary>
    public int ClientBufferMax { get; init; } = 256 * 1024;

    /// <summary>Drover: most bytes held for one server that does not read.</summary>
    public int ServerBufferMax { get; init; } = 256 * 1024;
}

/// <summary>What is written to the log.</summary>
internal sealed record LogOptions
{
    /// <summary>Logins.</summary>
    public bool LogConnections { get; init; } = true;

    /// <summary>Ends of connections, with the reason.</summary>
    public bool LogDisconnections { get; init; } = true;

    /// <summary>Errors that the proxy itself sends to clients.</summary>
    public bool LogPoolerErrors { get; init; } = true;

    /// <summary>Totals each <see cref="AdminOptions.StatsPeriod"/>.</summary>
    public bool LogStats { get; init; } = true;

    /// <summary>0 to 3.</summary>
    public int Verbose { get; init; }

    /// <summary>Also write to this file; empty: none.</summary>
    public string Logfile { get; init; } = "";

    /// <summary>Also write to syslog.</summary>
    public bool Syslog { get; init; }

    /// <summary>Name in syslog.</summary>
    public string SyslogIdent { get; init; } = "pgbouncer";

    /// <summary>Facility in syslog.</summary>
    public string SyslogFacility { get; init; } = "daemon";
}

/// <summary>The console, metrics, the process.</summary>
internal sealed record AdminOptions
{
    /// <summary>Users who may do everything on the console.</summary>
    public TextList AdminUsers { get; init; } = TextList.Empty;

    /// <summary>Users who may SHOW on the console.</summary>
    public TextList StatsUsers { get; init; } = TextList.Empty;

    /// <summary>Time over which averages are taken.</summary>
    public TimeSpan StatsPeriod { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>This proxy's number among its peers; 0: no peers.</summary>
    public int PeerId { get; init; }

    /// <summary>File that holds the process id; empty: none.</summary>
    public string Pidfile { get; init; } = "";

    /// <summary>User that root becomes; empty: none.</summary>
    public string User { get; init; } = "";

    /// <summary>Name of the process in its own messages.</summary>
    public string JobName { get; init; } = "pgbouncer";

    /// <summary>File for the next RELOAD; empty: the one that was loaded.</summary>
    public string Conffile { get; init; } = "";

    /// <summary>Drover: <c>address:port</c> for metrics and health; empty: off.</summary>
    public string MetricsListen { get; init; } = "";

    /// <summary>Drover: URL of an OpenTelemetry collector; empty: off.</summary>
    public string OtlpEndpoint { get; init; } = "";
}

/// <summary>Drover: partitions that are kept while the proxy runs.</summary>
internal sealed record MaintenanceOptions
{
    /// <summary>Connection strings of the databases; empty: none is kept.</summary>
    public TextList MaintenanceDatabases { get; init; } = TextList.Empty;

    /// <summary>Time between two runs; zero: none.</summary>
    public TimeSpan MaintenancePeriod { get; init; } = TimeSpan.FromHours(1);
}
