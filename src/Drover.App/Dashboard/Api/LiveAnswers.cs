// What the JSON interface says of the running proxy. Times are ISO 8601 in UTC, units are in the names.
namespace Drover.App.Dashboard.Api;

/// <summary>An error, for a person.</summary>
internal sealed record ApiError(string Error);

/// <summary>The body of POST /login.</summary>
internal sealed record LoginRequest(string? Token);

/// <summary>Whether the asker is logged in, and what there is to see.</summary>
/// <param name="LoginRequired">A token is asked for.</param>
/// <param name="LoggedIn">The asker may read.</param>
/// <param name="Version">Of Drover; empty for one who may not read.</param>
/// <param name="Servers">Servers that are measured.</param>
/// <param name="IsSharded">A sharded database is configured.</param>
/// <param name="HasJournals">Journals of operations are followed.</param>
internal sealed record SessionAnswer(
    bool LoginRequired,
    bool LoggedIn,
    string Version,
    int Servers,
    bool IsSharded,
    bool HasJournals
);

/// <summary>The proxy at one moment; also each event of the stream.</summary>
internal sealed record LiveAnswer
{
    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Of Drover.</summary>
    public required string Version { get; init; }

    /// <summary>starting, serving, draining or stopped.</summary>
    public required string Stage { get; init; }

    /// <summary>active, paused or suspended.</summary>
    public required string State { get; init; }

    /// <summary>Since the page's server started, with the process.</summary>
    public required double UptimeSeconds { get; init; }

    /// <summary>Clients that have a place.</summary>
    public int Clients { get; init; }

    /// <summary>Clients that wait for a server.</summary>
    public int ClientsWaiting { get; init; }

    /// <summary>Clients that keep their server between transactions.</summary>
    public int ClientsPinned { get; init; }

    /// <summary>Server connections.</summary>
    public int Servers { get; init; }

    /// <summary>Server connections at work.</summary>
    public int ServersActive { get; init; }

    /// <summary>The fullest pool, servers at work over its size, in percent.</summary>
    public double PoolUtilisationPercent { get; init; }

    /// <summary>The longest wait for a server now.</summary>
    public double LongestWaitMs { get; init; }

    /// <summary>Queries per second since the sample before.</summary>
    public double QueriesPerSecond { get; init; }

    /// <summary>Transactions per second.</summary>
    public double TransactionsPerSecond { get; init; }

    /// <summary>Errors sent to clients, per second.</summary>
    public double ErrorsPerSecond { get; init; }

    /// <summary>From clients and servers.</summary>
    public double ReceivedBytesPerSecond { get; init; }

    /// <summary>To clients and servers.</summary>
    public double SentBytesPerSecond { get; init; }

    /// <summary>Half of the queries were as fast; a quarter too high at most; null: there were none.</summary>
    public double? QueryP50Ms { get; init; }

    /// <summary>99 of 100 queries were as fast.</summary>
    public double? QueryP99Ms { get; init; }

    /// <summary>99 of 100 waits for a server were as short.</summary>
    public double? WaitP99Ms { get; init; }

    /// <summary>Measured servers with their last values.</summary>
    public IReadOnlyList<LiveServer> Measured { get; init; } = [];
}

/// <summary>A measured server's last values.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">starting, measured or unreachable.</param>
/// <param name="At">When; null: never yet.</param>
/// <param name="Values">By the metric's name; what is missing is absent.</param>
internal sealed record LiveServer(
    string Name,
    string State,
    DateTimeOffset? At,
    IReadOnlyDictionary<string, double> Values
);

/// <summary>Series over one axis of time.</summary>
/// <param name="StepSeconds">Between two points, where there are no gaps.</param>
/// <param name="Times">Seconds since 1970, ascending.</param>
/// <param name="Series">As many values each; null: not known.</param>
internal sealed record HistoryAnswer(
    double StepSeconds,
    IReadOnlyList<double> Times,
    IReadOnlyDictionary<string, IReadOnlyList<double?>> Series
);

/// <summary>Pools and databases.</summary>
internal sealed record PoolsAnswer(IReadOnlyList<PoolAnswer> Pools, IReadOnlyList<DatabaseAnswer> Databases);

/// <summary>One pool: a database and a user.</summary>
internal sealed record PoolAnswer(
    string Database,
    string User,
    string Mode,
    int Size,
    int ClientsActive,
    int ClientsWaiting,
    int ClientsPinned,
    int ServersActive,
    int ServersIdle,
    int ServersOther,
    double LongestWaitMs,
    double QueriesPerSecond,
    double? QueryP99Ms,
    long Queries,
    long Errors
);

/// <summary>One database entry.</summary>
internal sealed record DatabaseAnswer(
    string Name,
    string? Host,
    int Port,
    string Database,
    int Clients,
    int ClientsMax,
    int Servers,
    int ServersMax,
    bool Paused,
    bool Disabled
);

/// <summary>Connections of one side.</summary>
/// <param name="Total">All that there are.</param>
/// <param name="States">How many in each state.</param>
/// <param name="Connections">Those who wait longest first; at most the limit.</param>
internal sealed record ConnectionsAnswer(
    int Total,
    IReadOnlyDictionary<string, int> States,
    IReadOnlyList<ConnectionAnswer> Connections
);

/// <summary>One connection.</summary>
internal sealed record ConnectionAnswer(
    long Id,
    string? User,
    string? Database,
    string State,
    string Address,
    int Port,
    string Application,
    DateTimeOffset ConnectedAt,
    DateTimeOffset RequestAt,
    double WaitMs,
    string? Pinned,
    string Tls,
    int PreparedStatements,
    long? Link
);
