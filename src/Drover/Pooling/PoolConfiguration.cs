// The settings of one pool, resolved from database, user and proxy. Immutable; replaced whole by a reload. What every
// query asks for is resolved once, here.
using Drover.Configuration;

namespace Drover.Pooling;

internal sealed class PoolConfiguration
{
    public PoolConfiguration(DroverOptions options, DatabaseOptions database, UserOptions? user)
    {
        Options = options;
        Database = database;
        User = user;
        Mode = user?.PoolMode ?? database.PoolMode ?? options.Proxy.Pool.PoolMode;
        Size = user?.PoolSize ?? database.PoolSize ?? options.Proxy.Pool.DefaultPoolSize;
        SharesStatements = Mode != PoolMode.Session && options.Proxy.Session.MaxPreparedStatements > 0;
        FollowsSession = Mode != PoolMode.Session && options.Proxy.Session.TrackSessionState;
        ClientBufferMax = options.Proxy.Network.ClientBufferMax;
        ServerBufferMax = options.Proxy.Network.ServerBufferMax;
    }

    public DroverOptions Options { get; }

    public DatabaseOptions Database { get; }

    public UserOptions? User { get; }

    public PoolMode Mode { get; }

    public int Size { get; }

    public int ClientBufferMax { get; }

    public int ServerBufferMax { get; }

    public int MinSize => Database.MinPoolSize ?? Options.Proxy.Pool.MinPoolSize;

    public int ReserveSize => User?.ReservePoolSize ?? Database.ReservePoolSize ?? Options.Proxy.Pool.ReservePoolSize;

    public TimeSpan ReserveTimeout => Options.Proxy.Pool.ReservePoolTimeout;

    public int DatabaseConnectionsMax => Database.MaxDbConnections ?? Options.Proxy.Pool.MaxDbConnections;

    public int UserConnectionsMax => User?.MaxUserConnections ?? Options.Proxy.Pool.MaxUserConnections;

    public TimeSpan Lifetime => Database.ServerLifetime ?? Options.Proxy.Server.ServerLifetime;

    public TimeSpan QueryTimeout => User?.QueryTimeout ?? Options.Proxy.Timeouts.QueryTimeout;

    public TimeSpan IdleTransactionTimeout =>
        User?.IdleTransactionTimeout ?? Options.Proxy.Timeouts.IdleTransactionTimeout;

    public TimeSpan TransactionTimeout => User?.TransactionTimeout ?? Options.Proxy.Timeouts.TransactionTimeout;

    public TimeSpan ClientIdleTimeout => User?.ClientIdleTimeout ?? Options.Proxy.Timeouts.ClientIdleTimeout;

    /// <summary>Whether statements are shared: only where a client changes servers.</summary>
    public bool SharesStatements { get; }

    /// <summary>Whether the session's state follows the client.</summary>
    public bool FollowsSession { get; }

    /// <summary>Whether a change needs new server connections: anything that was settled when they were made.</summary>
    public bool NeedsReconnect(PoolConfiguration next) =>
        !Database.Host.Equals(next.Database.Host)
        || Database.Port != next.Database.Port
        || Database.Dbname != next.Database.Dbname
        || Database.User != next.Database.User
        || Database.Password != next.Database.Password
        || Database.ConnectQuery != next.Database.ConnectQuery
        || Database.ClientEncoding != next.Database.ClientEncoding
        || Database.Datestyle != next.Database.Datestyle
        || Database.Timezone != next.Database.Timezone
        || Database.ApplicationName != next.Database.ApplicationName
        || Options.Proxy.ServerTls != next.Options.Proxy.ServerTls;
}
