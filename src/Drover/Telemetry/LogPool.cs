// What the log says about pools: waiting clients, pins, limits.
using Microsoft.Extensions.Logging;

namespace Drover.Telemetry;

/// <summary>Topic pool; events 2000 to 2099.</summary>
internal static partial class LogPool
{
    /// <summary>A client waited too long for a server.</summary>
    [LoggerMessage(
        2000,
        LogLevel.Warning,
        "{Client} query_wait_timeout ({Seconds} s): the pool's {PoolSize} servers were busy. "
            + "Raise pool_size, or look for long transactions with SHOW SERVERS."
    )]
    public static partial void WaitTimedOut(ILogger logger, string client, double seconds, int poolSize);

    /// <summary>A statement ran on several shards, or the coordinator (<c>cross_shard = "warn"</c>).</summary>
    [LoggerMessage(
        2009,
        LogLevel.Warning,
        "{Database}/{User}: {Statement} of {Tables} needs more than one shard; {LeftOut} more since the last line. "
            + "EXPLAIN says what each shard gets."
    )]
    public static partial void CrossShard(
        ILogger logger,
        string database,
        string user,
        string statement,
        string tables,
        int leftOut
    );

    /// <summary>A limit on servers stops a pool from growing.</summary>
    [LoggerMessage(
        2001,
        LogLevel.Warning,
        "pool {Database}/{User}: {Limit} = {Value} is reached and clients wait. "
            + "Raise it, or lower pool sizes elsewhere."
    )]
    public static partial void LimitReached(ILogger logger, string database, string user, string limit, int value);

    /// <summary>The reserve is used.</summary>
    [LoggerMessage(2002, LogLevel.Information, "pool {Database}/{User}: taking a server from the reserve")]
    public static partial void ReserveUsed(ILogger logger, string database, string user);

    /// <summary>A client keeps its server between transactions.</summary>
    [LoggerMessage(2003, LogLevel.Debug, "{Client} pinned to its server: {Reasons}")]
    public static partial void Pinned(ILogger logger, string client, PinReason reasons);

    /// <summary>A client was dropped by a timeout of its own.</summary>
    [LoggerMessage(
        2004,
        LogLevel.Warning,
        "{Client} dropped: {Setting} ({Seconds} s). Raise {Setting} if that is too short."
    )]
    public static partial void ClientTimedOut(ILogger logger, string client, string setting, double seconds);

    /// <summary>A client does not read what it asked for.</summary>
    [LoggerMessage(2005, LogLevel.Debug, "{Client} does not read; its server is held back until it does")]
    public static partial void ClientSlow(ILogger logger, string client);

    /// <summary>What functions do to a session is not known, so every transaction is looked at.</summary>
    [LoggerMessage(
        2007,
        LogLevel.Warning,
        "pool {Pool}: the catalogs could not be read ({SqlState}: {Message}). Until they are, the session is asked "
            + "after every transaction. Let the user read pg_proc and pg_depend, or set track_session_state = 0."
    )]
    public static partial void CatalogUnread(ILogger logger, string pool, string sqlState, string message);

    /// <summary>An entry made from <c>*</c> was not used for <c>autodb_idle_timeout</c>.</summary>
    [LoggerMessage(2008, LogLevel.Information, "database {Database}: made from *, and forgotten since nobody used it")]
    public static partial void Forgotten(ILogger logger, string database);

    /// <summary>The averages of a period (<c>log_stats</c>).</summary>
    [LoggerMessage(
        2006,
        LogLevel.Information,
        "stats: {Transactions} xacts/s, {Queries} queries/s, "
            + "{ClientParses} client parses/s, {ServerParses} server parses/s, "
            + "{Binds} binds/s, in {BytesIn} B/s, out {BytesOut} B/s, xact {TransactionUs} us, query {QueryUs} us, "
            + "wait {WaitUs} us"
    )]
    private static partial void Stats(
        ILogger logger,
        long transactions,
        long queries,
        long clientParses,
        long serverParses,
        long binds,
        long bytesIn,
        long bytesOut,
        long transactionUs,
        long queryUs,
        long waitUs
    );

    /// <summary>The averages of a period (<c>log_stats</c>).</summary>
    public static void Stats(ILogger logger, TrafficAverages a) =>
        Stats(
            logger,
            a.Transactions,
            a.Queries,
            a.ClientParses,
            a.ServerParses,
            a.Binds,
            a.BytesReceived,
            a.BytesSent,
            a.TransactionTimeUs,
            a.QueryTimeUs,
            a.WaitTimeUs
        );
}
