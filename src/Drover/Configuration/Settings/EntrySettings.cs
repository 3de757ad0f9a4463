// Settings of one database, one user, one peer.
namespace Drover.Configuration.Settings;

/// <summary>Settings of entries; all but a peer's host are optional and fall back to the proxy's.</summary>
internal static class EntrySettings
{
    private static readonly SettingGroup<DatabaseOptions, DatabaseOptions> Database = new(o => o, (_, g) => g);
    private static readonly SettingGroup<ShardedDatabaseOptions, ShardedDatabaseOptions> Sharded = new(
        o => o,
        (_, g) => g
    );
    private static readonly SettingGroup<UserOptions, UserOptions> User = new(o => o, (_, g) => g);
    private static readonly SettingGroup<PeerOptions, PeerOptions> Peer = new(o => o, (_, g) => g);

    /// <summary>Settings of a database.</summary>
    public static Setting<DatabaseOptions>[] Databases { get; } =
    [
        Database.Text(
            "dbname",
            g => g.Dbname,
            (g, v) => g with { Dbname = v },
            "Name of the database on the server; when not set, the name that the client used."
        ),
        Database.List(
            "host",
            g => g.Host,
            (g, v) => g with { Host = v },
            "Hosts, addresses or folders of a Unix socket; when not set, the Unix socket in unix_socket_dir."
        ),
        Database.Integer(
            "port",
            g => g.Port,
            (g, v) => g with { Port = v },
            "Port of the servers.",
            min: 1,
            max: 65535
        ),
        Database.Text(
            "user",
            g => g.User,
            (g, v) => g with { User = v },
            "User of every server connection; when not set, the client's own."
        ),
        Database.Text(
            "password",
            g => g.Password,
            (g, v) => g with { Password = v },
            "Password for user; when not set, the one in auth_file."
        ) with
        {
            IsSecret = true,
        },
        Database.Text(
            "auth_user",
            g => g.AuthUser,
            (g, v) => g with { AuthUser = v },
            "As the proxy's auth_user, for this database."
        ),
        Database.Text(
            "auth_query",
            g => g.AuthQuery,
            (g, v) => g with { AuthQuery = v },
            "As the proxy's auth_query, for this database."
        ),
        Database.Text(
            "auth_dbname",
            g => g.AuthDbname,
            (g, v) => g with { AuthDbname = v },
            "As the proxy's auth_dbname, for this database."
        ),
        Database.OptionalInteger(
            "pool_size",
            g => g.PoolSize,
            (g, v) => g with { PoolSize = v },
            "Most server connections per user; when not set, default_pool_size.",
            minusOneIsUnset: true
        ),
        Database.OptionalInteger(
            "min_pool_size",
            g => g.MinPoolSize,
            (g, v) => g with { MinPoolSize = v },
            "As the proxy's min_pool_size, for this database.",
            minusOneIsUnset: true
        ),
        Database.OptionalInteger(
            "reserve_pool_size",
            g => g.ReservePoolSize,
            (g, v) => g with { ReservePoolSize = v },
            "As the proxy's reserve_pool_size, for this database.",
            minusOneIsUnset: true
        ) with
        {
            Aliases = ["reserve_pool"],
        },
        Database.Choice(
            "pool_mode",
            Words.PoolModes,
            g => g.PoolMode,
            (g, v) => g with { PoolMode = v },
            "As the proxy's pool_mode, for this database."
        ),
        Database.OptionalInteger(
            "max_db_connections",
            g => g.MaxDbConnections,
            (g, v) => g with { MaxDbConnections = v },
            "As the proxy's max_db_connections, for this database; 0 as if not set.",
            minusOneIsUnset: true,
            zeroIsUnset: true
        ),
        Database.OptionalInteger(
            "max_db_client_connections",
            g => g.MaxDbClientConnections,
            (g, v) => g with { MaxDbClientConnections = v },
            "As the proxy's max_db_client_connections, for this database; 0 as if not set.",
            minusOneIsUnset: true,
            zeroIsUnset: true
        ),
        Database.OptionalDuration(
            "server_lifetime",
            g => g.ServerLifetime,
            (g, v) => g with { ServerLifetime = v },
            "As the proxy's server_lifetime, for this database; 0 as if not set."
        ),
        Database.Choice(
            "load_balance_hosts",
            Words.LoadBalancing,
            g => g.LoadBalanceHosts,
            (g, v) => g with { LoadBalanceHosts = v },
            "Which of several hosts takes a new connection: each in turn, or one until it fails (disable)."
        ),
        Database.Text(
            "connect_query",
            g => g.ConnectQuery,
            (g, v) => g with { ConnectQuery = v },
            "Query sent on a new server connection before a client gets it."
        ),
        Database.Text(
            "client_encoding",
            g => g.ClientEncoding,
            (g, v) => g with { ClientEncoding = v },
            "client_encoding that a server is asked for."
        ),
        Database.Text(
            "datestyle",
            g => g.Datestyle,
            (g, v) => g with { Datestyle = v },
            "DateStyle that a server is asked for."
        ),
        Database.Text(
            "timezone",
            g => g.Timezone,
            (g, v) => g with { Timezone = v },
            "TimeZone that a server is asked for."
        ),
        Database.Text(
            "application_name",
            g => g.ApplicationName,
            (g, v) => g with { ApplicationName = v },
            "application_name that a server is given."
        ),
    ];

    /// <summary>Settings of a sharded database.</summary>
    public static Setting<ShardedDatabaseOptions>[] ShardedDatabases { get; } =
    [
        Sharded.Text(
            "catalog",
            g => g.Catalog,
            (g, v) => g with { Catalog = v },
            "Connection string of the database that keeps the map: URI or words, as libpq takes them. Its user and "
                + "password are used on the shards too when tables are declared; clients never use them."
        ) with
        {
            IsSecret = true,
            Origin = SettingOrigin.Drover,
        },
        Sharded.List(
            "shards",
            g => g.Shards,
            (g, v) => g with { Shards = v },
            "The shards: names of database entries. The first one has the tables that are on one server."
        ) with
        {
            Origin = SettingOrigin.Drover,
        },
        Sharded.Text(
            "coordinator",
            g => g.Coordinator,
            (g, v) => g with { Coordinator = v },
            "The database entry of the coordinator: an empty database, kept in step with the shards by Drover, "
                + "in which PostgreSQL answers reads that need several shards. Without it they are refused."
        ) with
        {
            Origin = SettingOrigin.Drover,
        },
        Sharded.Choice(
            "cross_shard",
            Words.CrossShards,
            g => g.CrossShard,
            (g, v) => g with { CrossShard = v },
            "What becomes of a statement that several shards or the coordinator run: it runs; it runs, and a WARNING "
                + "and the log say so (warn); it is refused with 0A000 (deny). DDL and writes of reference tables too."
        ) with
        {
            Origin = SettingOrigin.Drover,
        },
        Sharded.Choice(
            "sharding_key_update",
            Words.KeyUpdates,
            g => g.KeyUpdate,
            (g, v) => g with { KeyUpdate = v },
            "What becomes of an UPDATE of rows of one sharding key that sets another: it is refused with 0A000 "
                + "(error); the rows are taken from their shard and put on that of the new key, in one transaction "
                + "(move)."
        ) with
        {
            Origin = SettingOrigin.Drover,
        },
    ];

    /// <summary>Settings of a user.</summary>
    public static Setting<UserOptions>[] Users { get; } =
    [
        User.Choice(
            "pool_mode",
            Words.PoolModes,
            g => g.PoolMode,
            (g, v) => g with { PoolMode = v },
            "As the proxy's pool_mode, for this user."
        ),
        User.OptionalInteger(
            "pool_size",
            g => g.PoolSize,
            (g, v) => g with { PoolSize = v },
            "Most server connections per database for this user.",
            minusOneIsUnset: true
        ),
        User.OptionalInteger(
            "reserve_pool_size",
            g => g.ReservePoolSize,
            (g, v) => g with { ReservePoolSize = v },
            "As the proxy's reserve_pool_size, for this user.",
            minusOneIsUnset: true
        ),
        User.OptionalInteger(
            "max_user_connections",
            g => g.MaxUserConnections,
            (g, v) => g with { MaxUserConnections = v },
            "As the proxy's max_user_connections, for this user; 0 as if not set.",
            minusOneIsUnset: true,
            zeroIsUnset: true
        ),
        User.OptionalInteger(
            "max_user_client_connections",
            g => g.MaxUserClientConnections,
            (g, v) => g with { MaxUserClientConnections = v },
            "As the proxy's max_user_client_connections, for this user; 0 as if not set.",
            minusOneIsUnset: true,
            zeroIsUnset: true
        ),
        User.OptionalDuration(
            "query_timeout",
            g => g.QueryTimeout,
            (g, v) => g with { QueryTimeout = v },
            "As the proxy's query_timeout, for this user; 0 as if not set."
        ),
        User.OptionalDuration(
            "idle_transaction_timeout",
            g => g.IdleTransactionTimeout,
            (g, v) => g with { IdleTransactionTimeout = v },
            "As the proxy's idle_transaction_timeout, for this user; 0 as if not set."
        ),
        User.OptionalDuration(
            "transaction_timeout",
            g => g.TransactionTimeout,
            (g, v) => g with { TransactionTimeout = v },
            "As the proxy's transaction_timeout, for this user; 0 as if not set."
        ),
        User.OptionalDuration(
            "client_idle_timeout",
            g => g.ClientIdleTimeout,
            (g, v) => g with { ClientIdleTimeout = v },
            "As the proxy's client_idle_timeout, for this user; 0 as if not set."
        ),
        User.Choice(
            "cross_shard",
            Words.CrossShards,
            g => g.CrossShard,
            (g, v) => g with { CrossShard = v },
            "As a sharded database's cross_shard, for this user; it comes first."
        ) with
        {
            Origin = SettingOrigin.Drover,
        },
    ];

    /// <summary>Settings of a peer.</summary>
    public static Setting<PeerOptions>[] Peers { get; } =
    [
        Peer.Text(
            "host",
            g => g.Host,
            (g, v) => g with { Host = v },
            "Host, address or folder of the Unix socket of the peer."
        ),
        Peer.Integer("port", g => g.Port, (g, v) => g with { Port = v }, "Port of the peer.", min: 1, max: 65535),
        Peer.OptionalInteger(
            "pool_size",
            g => g.PoolSize,
            (g, v) => g with { PoolSize = v },
            "Most cancel requests under way to the peer; when not set, default_pool_size.",
            minusOneIsUnset: true
        ),
    ];
}
