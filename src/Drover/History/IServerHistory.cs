// What the web page and the commands read of the servers that Drover keeps measuring.
using Drover.History.Growth;
using Drover.History.Plans;

namespace Drover.History;

/// <summary>
/// The measured servers: their last values at once, and what was kept of them. Any thread may call it. A name that is
/// not among <see cref="Servers"/> is an <see cref="ArgumentException"/>; a history that cannot be read now is an
/// <see cref="Operations.OperationException"/> whose message says why, and what would help.
/// </summary>
internal interface IServerHistory
{
    /// <summary>The servers of the section [monitor.servers], in the file's order; may be empty.</summary>
    IReadOnlyList<MonitoredServer> Servers { get; }

    /// <summary>The last values; of memory, so never slow and never a failure.</summary>
    MonitorStatus Latest(string server);

    /// <summary>
    /// Metrics over time, one series per name in the order asked for; see <see cref="ServerMetric.All"/> for names.
    /// Points are means over a step, on its grid, oldest first; a step in which nothing was measured has no point.
    /// </summary>
    Task<IReadOnlyList<MetricSeries>> ReadAsync(
        string server,
        IReadOnlyList<string> metrics,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// The tables as they were last seen in the time, the largest first, with what they were at its start.
    /// </summary>
    Task<IReadOnlyList<TableUse>> ReadTablesAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// How far back statements asked for rows in the days between two moments, for each table and source of which
    /// anything is known; those with the most samples first.
    /// </summary>
    Task<IReadOnlyList<TableAccess>> ReadAccessAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    ) => Task.FromResult<IReadOnlyList<TableAccess>>([]);

    /// <summary>One table over time; its name as <see cref="TableUse"/> has it.</summary>
    Task<IReadOnlyList<TablePoint>> ReadTableAsync(
        string server,
        string table,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    );

    /// <summary>The statements that took the most time between two moments.</summary>
    Task<IReadOnlyList<StatementUse>> ReadStatementsAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellationToken
    );

    /// <summary>One statement over time: what it did in each step.</summary>
    Task<IReadOnlyList<StatementPoint>> ReadStatementAsync(
        string server,
        long statement,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    );

    /// <summary>The plans that a statement had, the last one first; none where they are not kept.</summary>
    Task<IReadOnlyList<PlanPeriod>> ReadPlansAsync(
        string server,
        long statement,
        CancellationToken cancellationToken
    ) => Task.FromResult<IReadOnlyList<PlanPeriod>>([]);

    /// <summary>
    /// The size of a table, by its name, at the end of each day that is known, oldest first; for the empty name of the
    /// server as a whole, with the mean time of its queries and the most connections of each day.
    /// </summary>
    Task<IReadOnlyList<GrowthPoint>> ReadGrowthAsync(
        string server,
        string table,
        CancellationToken cancellationToken
    ) => Task.FromResult<IReadOnlyList<GrowthPoint>>([]);

    /// <summary>The server's databases between two moments, the busiest first.</summary>
    Task<IReadOnlyList<DatabaseUse>> ReadDatabasesAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    );
}
