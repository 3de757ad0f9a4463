// Pools, databases and users at one moment, with the columns that SHOW needs.
namespace Drover.Telemetry;

/// <summary>One pool (database and user) of SHOW POOLS.</summary>
internal sealed record PoolSnapshot
{
    /// <summary>The database entry.</summary>
    public required string Database { get; init; }

    /// <summary>The user.</summary>
    public required string User { get; init; }

    /// <summary>Clients that are linked to a server, or idle.</summary>
    public int ClientsActive { get; init; }

    /// <summary>Clients that have asked and have no server yet.</summary>
    public int ClientsWaiting { get; init; }

    /// <summary>Cancel requests that were forwarded.</summary>
    public int ClientsActiveCancelRequest { get; init; }

    /// <summary>Cancel requests that wait.</summary>
    public int ClientsWaitingCancelRequest { get; init; }

    /// <summary>Servers linked to a client.</summary>
    public int ServersActive { get; init; }

    /// <summary>Servers that forward a cancel request.</summary>
    public int ServersActiveCancel { get; init; }

    /// <summary>Servers that wait for a cancel request to be over.</summary>
    public int ServersBeingCanceled { get; init; }

    /// <summary>Servers that are free.</summary>
    public int ServersIdle { get; init; }

    /// <summary>Servers that must be checked before use.</summary>
    public int ServersUsed { get; init; }

    /// <summary>Servers that are reset or checked now.</summary>
    public int ServersTested { get; init; }

    /// <summary>Servers that log in.</summary>
    public int ServersLogin { get; init; }

    /// <summary>Microseconds that the client at the head of the queue has waited.</summary>
    public long MaxWaitUs { get; init; }

    /// <summary><c>session</c>, <c>transaction</c> or <c>statement</c>.</summary>
    public required string PoolMode { get; init; }

    /// <summary>How hosts are chosen; null where there is one host.</summary>
    public string? LoadBalanceHosts { get; init; }

    /// <summary>Clients that keep their server between transactions.</summary>
    public int ClientsPinned { get; init; }

    /// <summary>The most servers that the pool may have, without the reserve.</summary>
    public int PoolSize { get; init; }
}

/// <summary>One entry of SHOW DATABASES.</summary>
internal sealed record DatabaseSnapshot
{
    /// <summary>The entry's name.</summary>
    public required string Name { get; init; }

    /// <summary>The host, or hosts; null: a Unix socket in the default folder.</summary>
    public string? Host { get; init; }

    /// <summary>The port.</summary>
    public int Port { get; init; }

    /// <summary>The database's name on the server.</summary>
    public required string Database { get; init; }

    /// <summary>The user that servers are logged in as, whoever the client is.</summary>
    public string? ForceUser { get; init; }

    /// <summary>Servers per pool.</summary>
    public int PoolSize { get; init; }

    /// <summary>Servers that are kept ready per pool.</summary>
    public int MinPoolSize { get; init; }

    /// <summary>Servers in addition when clients wait too long.</summary>
    public int ReservePoolSize { get; init; }

    /// <summary>Seconds after which a server is replaced.</summary>
    public int ServerLifetimeSeconds { get; init; }

    /// <summary>The entry's own pool mode; null: the general one.</summary>
    public string? PoolMode { get; init; }

    /// <summary>How hosts are chosen; null where there is one host.</summary>
    public string? LoadBalanceHosts { get; init; }

    /// <summary>The most servers for the entry; 0: no limit.</summary>
    public int MaxConnections { get; init; }

    /// <summary>Servers now.</summary>
    public int CurrentConnections { get; init; }

    /// <summary>The most clients for the entry; 0: no limit.</summary>
    public int MaxClientConnections { get; init; }

    /// <summary>Clients now.</summary>
    public int CurrentClientConnections { get; init; }

    /// <summary>PAUSE or KILL stopped it.</summary>
    public bool Paused { get; init; }

    /// <summary>DISABLE stopped new clients.</summary>
    public bool Disabled { get; init; }
}

/// <summary>One user of SHOW USERS.</summary>
internal sealed record UserSnapshot
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The user's own pool size; null: none.</summary>
    public int? PoolSize { get; init; }

    /// <summary>The user's own reserve; null: none.</summary>
    public int? ReservePoolSize { get; init; }

    /// <summary>The user's own pool mode; null: none.</summary>
    public string? PoolMode { get; init; }

    /// <summary>The most servers for the user; 0: no limit.</summary>
    public int MaxUserConnections { get; init; }

    /// <summary>Servers now.</summary>
    public int CurrentConnections { get; init; }

    /// <summary>The most clients of the user; 0: no limit.</summary>
    public int MaxUserClientConnections { get; init; }

    /// <summary>Clients now.</summary>
    public int CurrentClientConnections { get; init; }
}

/// <summary>The console as one more pool and database, the way PgBouncer lists it; metrics leave it out.</summary>
/// <param name="Pool">Its row of SHOW POOLS.</param>
/// <param name="Database">Its row of SHOW DATABASES.</param>
internal sealed record ConsoleSnapshot(PoolSnapshot Pool, DatabaseSnapshot Database);
