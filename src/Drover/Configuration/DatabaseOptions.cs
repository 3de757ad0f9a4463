// What a configuration says about one database, one user, one peer. Null: the proxy's default holds.
using System.Text;

namespace Drover.Configuration;

/// <summary>A database as clients name it, and where its connections go.</summary>
internal sealed record DatabaseOptions
{
    /// <summary>The port of a server when none is given.</summary>
    public const int DefaultPort = 5432;

    /// <summary>The name that clients use; <c>*</c> for the fallback.</summary>
    public required string Name { get; init; }

    /// <summary>The database's name on the server; null: the name that the client used.</summary>
    public string? Dbname { get; init; }

    /// <summary>Hosts, addresses, or Unix socket folders (<c>/…</c>, <c>@…</c>); empty: the Unix socket.</summary>
    public TextList Host { get; init; } = TextList.Empty;

    /// <summary>The servers' port.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>The user of every server connection; null: the client's own.</summary>
    public string? User { get; init; }

    /// <summary>The password for <see cref="User"/>. Never shown.</summary>
    public string? Password { get; init; }

    /// <summary>Who asks <see cref="AuthQuery"/> for users that the user list does not know.</summary>
    public string? AuthUser { get; init; }

    /// <summary>The query that finds a user's secret.</summary>
    public string? AuthQuery { get; init; }

    /// <summary>The database entry in which <see cref="AuthQuery"/> is asked.</summary>
    public string? AuthDbname { get; init; }

    /// <summary>Most server connections per user.</summary>
    public int? PoolSize { get; init; }

    /// <summary>Fewest server connections kept per user.</summary>
    public int? MinPoolSize { get; init; }

    /// <summary>Extra server connections when clients wait too long.</summary>
    public int? ReservePoolSize { get; init; }

    /// <summary>When a server connection may go to another client.</summary>
    public PoolMode? PoolMode { get; init; }

    /// <summary>Most server connections in all pools of this database.</summary>
    public int? MaxDbConnections { get; init; }

    /// <summary>Most clients of this database.</summary>
    public int? MaxDbClientConnections { get; init; }

    /// <summary>Age at which an idle server connection is closed.</summary>
    public TimeSpan? ServerLifetime { get; init; }

    /// <summary>Which host of a list takes the next new connection.</summary>
    public LoadBalanceHosts LoadBalanceHosts { get; init; }

    /// <summary>Sent on each new server connection before a client gets it.</summary>
    public string? ConnectQuery { get; init; }

    /// <summary>Start-up parameter for the server.</summary>
    public string? ClientEncoding { get; init; }

    /// <summary>Start-up parameter for the server.</summary>
    public string? Datestyle { get; init; }

    /// <summary>Start-up parameter for the server.</summary>
    public string? Timezone { get; init; }

    /// <summary>Start-up parameter for the server.</summary>
    public string? ApplicationName { get; init; }

    /// <summary>True for the <c>*</c> entry.</summary>
    public bool IsFallback => Name == "*";

    private bool PrintMembers(StringBuilder text)
    {
        text.Append($"Name = {Name}, Dbname = {Dbname}, Host = {Host}, Port = {Port}, User = {User}");
        text.Append(Password is null ? ", Password = " : ", Password = ***");
        text.Append($", PoolSize = {PoolSize}, PoolMode = {PoolMode}");
        return true;
    }
}

/// <summary>A user's own limits and timeouts; they take precedence over the database's and the proxy's.</summary>
internal sealed record UserOptions
{
    /// <summary>The user's name.</summary>
    public required string Name { get; init; }

    /// <summary>When a server connection may go to another client.</summary>
    public PoolMode? PoolMode { get; init; }

    /// <summary>Most server connections per database.</summary>
    public int? PoolSize { get; init; }

    /// <summary>Extra server connections when clients wait too long.</summary>
    public int? ReservePoolSize { get; init; }

    /// <summary>Most server connections in all pools of this user.</summary>
    public int? MaxUserConnections { get; init; }

    /// <summary>Most clients of this user.</summary>
    public int? MaxUserClientConnections { get; init; }

    /// <summary>Longest a query may run.</summary>
    public TimeSpan? QueryTimeout { get; init; }

    /// <summary>Longest a client may idle inside a transaction.</summary>
    public TimeSpan? IdleTransactionTimeout { get; init; }

    /// <summary>Longest a transaction may take.</summary>
    public TimeSpan? TransactionTimeout { get; init; }

    /// <summary>Longest a client may idle.</summary>
    public TimeSpan? ClientIdleTimeout { get; init; }

    /// <summary>What becomes of a statement that needs several shards.</summary>
    public CrossShard? CrossShard { get; init; }
}

/// <summary>Another proxy of the same group, which may own the session that a cancel request is for.</summary>
internal sealed record PeerOptions
{
    /// <summary>The port of a peer when none is given.</summary>
    public const int DefaultPort = 6432;

    /// <summary>The peer's <c>peer_id</c>, 1 to 16383.</summary>
    public required int PeerId { get; init; }

    /// <summary>Host, address, or Unix socket folder.</summary>
    public string Host { get; init; } = "";

    /// <summary>The peer's port.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Most cancel requests under way to it; null: <c>default_pool_size</c>.</summary>
    public int? PoolSize { get; init; }
}
