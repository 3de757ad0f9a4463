// A monitor in this process, with short periods, and small questions to it.
using Drover.App.LocalPostgres;
using Drover.Configuration;
using Drover.History;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.IntegrationTests.History;

internal sealed class MonitorStage : IAsyncDisposable
{
    public const string Server = "shop";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _stop = new();
    private readonly DateTimeOffset _from = TimeProvider.System.GetUtcNow().AddSeconds(-1);
    private readonly Task _running;

    private MonitorStage(DroverOptions options)
    {
        Monitor = new ServerMonitor(options, Limits, TimeProvider.System, NullLogger.Instance);
        _running = Monitor.RunAsync(_stop.Token);
    }

    public static HistoryLimits Limits { get; } =
        new()
        {
            StatementPeriod = TimeSpan.FromMilliseconds(500),
            TablePeriod = TimeSpan.FromMilliseconds(500),
            InspectionPeriod = TimeSpan.FromSeconds(1),
            PlanPeriod = TimeSpan.FromMilliseconds(500),
            RestFactor = 1,
            StatementRestFactor = 1,
            RetryMax = TimeSpan.FromSeconds(1),
            ConnectTimeout = TimeSpan.FromSeconds(2),
        };

    public ServerMonitor Monitor { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts one and waits for two samples: from the first one on, nothing that happens is missed.</summary>
    public static async Task<MonitorStage> StartAsync(DroverOptions options)
    {
        MonitorStage stage = new(options);
        foreach (MonitoredServerOptions server in options.MonitoredServers)
        {
            await stage.UntilAsync(status => status.Cost.Samples >= 2 && status.At is not null, server.Name);
        }
        return stage;
    }

    public static DroverOptions Options(string history, params (string Name, string Connection)[] servers) =>
        new()
        {
            Monitor = new MonitorOptions { Interval = TimeSpan.FromMilliseconds(250), History = history },
            MonitoredServers =
            [
                .. servers.Select(one => new MonitoredServerOptions { Name = one.Name, Connection = one.Connection }),
            ],
        };

    public static string Url(LocalPostgresCluster cluster, string database, string user = "postgres") =>
        $"postgres://{user}@{LocalPostgresCluster.Host}:{cluster.Port}/{database}";

    public Task UntilAsync(Func<MonitorStatus, bool> condition, string server = Server) =>
        Eventually.HoldsAsync(
            () => Task.FromResult(condition(Monitor.Latest(server))),
            s_limit,
            Monitor.Latest(server).ToString()
        );

    /// <summary>Waits until everything that has happened so far is kept.</summary>
    public async Task SettleAsync(string server = Server)
    {
        long samples = Monitor.Latest(server).Cost.Samples;
        await UntilAsync(status => status.Cost.Samples >= samples + 6, server);
    }

    public Task<IReadOnlyList<StatementUse>> StatementsAsync() =>
        Monitor.ReadStatementsAsync(Server, _from, Soon(), 100, Token);

    public async Task<DatabaseUse> DatabaseAsync(string database) =>
        Assert.Single(await Monitor.ReadDatabasesAsync(Server, _from, Soon(), Token), one => one.Name == database);

    public Task<IReadOnlyList<TableUse>> TablesAsync() => Monitor.ReadTablesAsync(Server, _from, Soon(), 100, Token);

    public Task<IReadOnlyList<MetricSeries>> SeriesAsync(TimeSpan step, params string[] metrics) =>
        Monitor.ReadAsync(Server, metrics, _from, Soon(), step, Token);

    public double? Reading(string metric, string server = Server) =>
        Monitor.Latest(server).Metrics.First(one => one.Metric == metric).Value;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await Monitor.DisposeAsync();
        _stop.Dispose();
    }

    private static DateTimeOffset Soon() => TimeProvider.System.GetUtcNow().AddSeconds(1);
}
