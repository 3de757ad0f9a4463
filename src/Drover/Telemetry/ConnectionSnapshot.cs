// One client or server connection as SHOW CLIENTS, SERVERS and SOCKETS have it.
namespace Drover.Telemetry;

/// <summary>Which side of the proxy a connection is on.</summary>
internal enum ConnectionSide
{
    /// <summary>From a client to the proxy.</summary>
    Client,

    /// <summary>From the proxy to PostgreSQL.</summary>
    Server,
}

/// <summary>What a connection does now; PgBouncer's names, one list for both sides.</summary>
internal enum ConnectionState
{
    /// <summary>Client or server: logging in.</summary>
    Login,

    /// <summary>Client or server: linked to the other. A client without a link is shown as idle.</summary>
    Active,

    /// <summary>Client: nothing asked. Server: free and usable at once.</summary>
    Idle,

    /// <summary>Client: asked, and has no server yet.</summary>
    Waiting,

    /// <summary>Server: free for so long that <c>server_check_query</c> must run first.</summary>
    Used,

    /// <summary>Server: runs the reset query or the check query.</summary>
    Tested,

    /// <summary>Client: a cancel request that was forwarded.</summary>
    ActiveCancelRequest,

    /// <summary>Client: a cancel request that waits for its turn.</summary>
    WaitingCancelRequest,

    /// <summary>Server: forwards a cancel request.</summary>
    ActiveCancel,

    /// <summary>Server: would be free, but a cancel request aimed at it is still under way.</summary>
    BeingCanceled,
}

/// <summary>What a replication connection replicates.</summary>
internal enum ReplicationKind
{
    /// <summary>An ordinary connection.</summary>
    None,

    /// <summary>One database's changes.</summary>
    Logical,

    /// <summary>The whole cluster's log.</summary>
    Physical,
}

/// <summary>
/// A connection at one moment. Clients and servers have the same columns in PgBouncer, hence one record.
/// </summary>
internal sealed record ConnectionSnapshot
{
    /// <summary>Which side.</summary>
    public required ConnectionSide Side { get; init; }

    /// <summary>Unique over clients and servers while the process lives; KILL_CLIENT takes it.</summary>
    public required long Id { get; init; }

    /// <summary>The id of the connection on the other side; null: not linked.</summary>
    public long? LinkId { get; init; }

    /// <summary>The user that logged in; null while that is not known.</summary>
    public string? User { get; init; }

    /// <summary>The database entry; null while that is not known.</summary>
    public string? Database { get; init; }

    /// <summary>Replication or not.</summary>
    public ReplicationKind Replication { get; init; }

    /// <summary>What it does.</summary>
    public required ConnectionState State { get; init; }

    /// <summary>The other end's IP address, or <c>unix</c>.</summary>
    public required string Address { get; init; }

    /// <summary>The other end's port.</summary>
    public int Port { get; init; }

    /// <summary>This end's IP address, or <c>unix</c>.</summary>
    public string LocalAddress { get; init; } = "";

    /// <summary>This end's port.</summary>
    public int LocalPort { get; init; }

    /// <summary>When the connection was made.</summary>
    public DateTimeOffset ConnectTime { get; init; }

    /// <summary>When the last request came.</summary>
    public DateTimeOffset RequestTime { get; init; }

    /// <summary>Microseconds that the client has waited for the query that it has asked; 0: none is open.</summary>
    public long WaitUs { get; init; }

    /// <summary>The server is closed as soon as it is released.</summary>
    public bool CloseNeeded { get; init; }

    /// <summary>The process at the other end where it is known, else 0.</summary>
    public int RemotePid { get; init; }

    /// <summary>Version and cipher, such as <c>TLSv1.3/TLS_AES_256_GCM_SHA384</c>; empty: no TLS.</summary>
    public string Tls { get; init; } = "";

    /// <summary>The client's <c>application_name</c>; on a server that of its client.</summary>
    public string ApplicationName { get; init; } = "";

    /// <summary>How many prepared statements it has.</summary>
    public int PreparedStatements { get; init; }

    /// <summary>Why the client keeps its server.</summary>
    public PinReason Pinned { get; init; }

    /// <summary>The file descriptor, or -1.</summary>
    public int FileDescriptor { get; init; } = -1;

    /// <summary>Bytes in the receive buffer (SHOW SOCKETS).</summary>
    public int ReceiveBuffered { get; init; }

    /// <summary>How many of them are parsed.</summary>
    public int ReceiveParsed { get; init; }

    /// <summary>Bytes of the current message that are still to come.</summary>
    public int MessageRemaining { get; init; }

    /// <summary>Bytes that wait to be sent.</summary>
    public int SendBuffered { get; init; }
}
