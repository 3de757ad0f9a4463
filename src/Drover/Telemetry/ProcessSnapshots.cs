// The smaller SHOW results: lists, memory, names, prepared statements, state.
namespace Drover.Telemetry;

/// <summary>The counts of SHOW LISTS; databases, users and pools are counted from their own snapshots.</summary>
/// <param name="FreeClients">Client objects that are kept for reuse.</param>
/// <param name="UsedClients">Clients, those that log in included.</param>
/// <param name="LoginClients">Clients that log in.</param>
/// <param name="FreeServers">Server objects that are kept for reuse.</param>
/// <param name="UsedServers">Servers.</param>
/// <param name="DnsNames">Names in the cache.</param>
/// <param name="DnsQueries">Look-ups under way.</param>
internal sealed record ListSnapshot(
    int FreeClients,
    int UsedClients,
    int LoginClients,
    int FreeServers,
    int UsedServers,
    int DnsNames,
    int DnsQueries
);

/// <summary>One kind of buffer or object in SHOW MEM.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Size">Bytes of one.</param>
/// <param name="Used">How many are in use.</param>
/// <param name="Free">How many are kept for reuse.</param>
internal sealed record MemorySnapshot(string Name, int Size, int Used, int Free);

/// <summary>A host name in the cache.</summary>
/// <param name="HostName">The name.</param>
/// <param name="TimeToLiveSeconds">Seconds until it is looked up again.</param>
/// <param name="Addresses">What it resolved to.</param>
internal sealed record DnsHostSnapshot(string HostName, long TimeToLiveSeconds, IReadOnlyList<string> Addresses);

/// <summary>A prepared statement that clients share.</summary>
/// <param name="Database">The database entry.</param>
/// <param name="ServerName">Its name on the servers.</param>
/// <param name="Clients">Clients that hold it.</param>
/// <param name="Servers">Servers on which it is prepared now.</param>
/// <param name="Query">The text.</param>
internal sealed record PreparedStatementSnapshot(
    string Database,
    string ServerName,
    int Clients,
    int Servers,
    string Query
);

/// <summary>A shard of a sharded database, as the map in force has it.</summary>
/// <param name="Database">The sharded database.</param>
/// <param name="Number">The shard's number.</param>
/// <param name="Name">Its database entry.</param>
/// <param name="Host">Its host, or hosts; null for the Unix socket.</param>
/// <param name="Port">Its port.</param>
/// <param name="Slots">By colocation group how many of the 4,096 slots it has, such as <c>bigint 2048</c>.</param>
/// <param name="Epoch">The map's epoch.</param>
internal sealed record ShardSnapshot(
    string Database,
    int Number,
    string Name,
    string? Host,
    int Port,
    string Slots,
    long Epoch
);

/// <summary>A table that the map of a sharded database names, or a schema as <c>acme.*</c>.</summary>
/// <param name="Database">The sharded database.</param>
/// <param name="Table">With its schema.</param>
/// <param name="Key">The column of the sharding key; null of a reference table.</param>
/// <param name="Group">Its colocation group; null of a reference table.</param>
internal sealed record DeclaredTableSnapshot(string Database, string Table, string? Key, string? Group)
{
    /// <summary>The shard that has all of it, if it is a schema; null of a table.</summary>
    public string? Shard { get; init; }
}

/// <summary>A socket on which clients are accepted.</summary>
/// <param name="FileDescriptor">The descriptor.</param>
/// <param name="Address">IP address, or <c>unix</c>.</param>
/// <param name="Port">The port.</param>
internal sealed record ListenerSnapshot(int FileDescriptor, string Address, int Port);

/// <summary>One setting of SHOW CONFIG.</summary>
/// <param name="Key">PgBouncer's name for it.</param>
/// <param name="Value">As one would write it in pgbouncer.ini; secrets are left out by whoever makes this.</param>
/// <param name="Default">The default, in the same form.</param>
/// <param name="Changeable">Whether SET and RELOAD change it.</param>
internal sealed record SettingSnapshot(string Key, string? Value, string? Default, bool Changeable);

/// <summary>Whether traffic flows.</summary>
internal enum ProxyState
{
    /// <summary>It does.</summary>
    Active,

    /// <summary>PAUSE is in force, or a shutdown that waits for servers.</summary>
    Paused,

    /// <summary>SUSPEND is in force.</summary>
    Suspended,
}

/// <summary>Where the process is in its life; <c>/readyz</c> and systemd are told.</summary>
internal enum LifecycleStage
{
    /// <summary>Not listening yet.</summary>
    Starting,

    /// <summary>Serving.</summary>
    Serving,

    /// <summary>Shutting down: no new clients.</summary>
    Draining,

    /// <summary>About to exit.</summary>
    Stopped,
}
