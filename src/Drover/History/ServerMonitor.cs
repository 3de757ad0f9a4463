// All measured servers, and the reading of what was kept of them.
using Drover.Configuration;
using Drover.History.Growth;
using Drover.History.Plans;
using Drover.History.Store;
using Drover.Operations;
using Drover.Telemetry.Statements;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drover.History;

/// <summary>Runs a collector per server and reads their histories.</summary>
internal sealed class ServerMonitor : IServerHistory, IAsyncDisposable
{
    private readonly List<ServerCollector> _collectors;
    private readonly HistoryTarget? _shared;

    /// <summary>A monitor of the configuration's servers; nothing runs yet.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="limits">Limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Topic monitor.</param>
    public ServerMonitor(DroverOptions options, HistoryLimits limits, TimeProvider time, ILogger logger)
    {
        bool isOff = options.Monitor.Interval == TimeSpan.Zero;
        if (options.Monitor.History.Length > 0)
        {
            NpgsqlConnectionStringBuilder? target = MonitorConnections.Parse(
                options.Monitor.History,
                limits,
                out string problem
            );
            _shared = new HistoryTarget(target, $"history in [monitor]: {problem}");
        }
        _collectors =
        [
            .. options
                .MonitoredServers.Where(_ => !isOff)
                .Select(server => new ServerCollector(server, options.Monitor, limits, TargetOf, time, logger)),
        ];
    }

    /// <inheritdoc/>
    public IReadOnlyList<MonitoredServer> Servers => [.. _collectors.Select(static one => one.Status.Server)];

    /// <summary>
    /// Where the statements of a proxied database are put aside: with the measured server of the same host, port and
    /// database. Null where none is, or where none are wanted.
    /// </summary>
    public StatementSamples? SamplesOf(DatabaseOptions database) =>
        _collectors.FirstOrDefault(one => one.Target is { } target && ServerAddress.IsOf(database, target))?.Samples;

    /// <summary>Runs until it is cancelled; at once over where nothing is measured.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_collectors.Select(one => one.RunAsync(cancellationToken)));

    /// <inheritdoc/>
    public MonitorStatus Latest(string server) => Find(server).Status;

    /// <inheritdoc/>
    public Task<IReadOnlyList<MetricSeries>> ReadAsync(
        string server,
        IReadOnlyList<string> metrics,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    ) => ReaderOf(server).ReadAsync(metrics, from, to, step, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TableUse>> ReadTablesAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellationToken
    ) => ReaderOf(server).ReadTablesAsync(from, to, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TableAccess>> ReadAccessAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    ) => ReaderOf(server).ReadAccessAsync(from, to, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TablePoint>> ReadTableAsync(
        string server,
        string table,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    ) => ReaderOf(server).ReadTableAsync(table, from, to, step, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StatementUse>> ReadStatementsAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellationToken
    ) => ReaderOf(server).ReadStatementsAsync(from, to, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StatementPoint>> ReadStatementAsync(
        string server,
        long statement,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    ) => ReaderOf(server).ReadStatementAsync(statement, from, to, step, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<PlanPeriod>> ReadPlansAsync(
        string server,
        long statement,
        CancellationToken cancellationToken
    ) => ReaderOf(server).ReadPlansAsync(statement, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<GrowthPoint>> ReadGrowthAsync(
        string server,
        string table,
        CancellationToken cancellationToken
    ) => ReaderOf(server).ReadGrowthAsync(table, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DatabaseUse>> ReadDatabasesAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    ) => ReaderOf(server).ReadDatabasesAsync(from, to, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (ServerCollector one in _collectors)
        {
            await one.DisposeAsync();
        }
    }

    // The database that is named for all; else the server's own, or that of its primary when it is a standby.
    private HistoryTarget TargetOf(ServerCollector collector)
    {
        if (_shared is { } shared)
        {
            return shared;
        }
        if (collector.Identity is not { IsStandby: true } standby)
        {
            return new HistoryTarget(collector.Target, "");
        }
        ServerCollector? primary = _collectors.FirstOrDefault(other =>
            other.Identity is { IsStandby: false, System: not null } identity && identity.System == standby.System
        );
        return primary is not null
            ? new HistoryTarget(primary.Target, "")
            : new HistoryTarget(
                null,
                "a standby takes no writes: set history in [monitor], or measure its primary too, and its history is "
                    + "kept there"
            );
    }

    private ServerCollector Find(string server) =>
        _collectors.FirstOrDefault(one => one.Status.Server.Name == server)
        ?? throw new ArgumentException($"no server '{server}' is measured", nameof(server));

    private HistoryReader ReaderOf(string server)
    {
        ServerCollector collector = Find(server);
        MonitorStatus status = collector.Status;
        return collector.Reader
            ?? throw new OperationException(
                status.HistoryProblem.Length > 0 ? $"the history of {server} is not kept: {status.HistoryProblem}"
                : status.Problem.Length > 0 ? $"the history of {server} cannot be read: {status.Problem}"
                : $"the history of {server} is not open yet: its first sample is being taken"
            );
    }
}
