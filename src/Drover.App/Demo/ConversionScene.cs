// The third scene: orders becomes partitioned while the clients of the second go on asking.
using System.Globalization;
using Drover.Operations.Running;
using Drover.Partitioning.Conversion;

namespace Drover.App.Demo;

/// <summary>
/// A conversion under the pooled traffic, with the default throttle. The clients are told nothing: no statement
/// changes, no connection is closed, and the statements that their drivers have prepared must survive the swap.
/// </summary>
internal sealed class ConversionScene : IDemoScene
{
    // PgBouncer has no prepared statements in transaction mode before 1.21: with another proxy nobody prepares.
    private const int PreparingEvery = 4;

    // A client that waited through the whole swap is answered, and counted, a little after it.
    private static readonly TimeSpan s_echo = TimeSpan.FromSeconds(1);

    private static readonly (QueryKind Kind, string Name, int? Share)[] s_queries =
    [
        (QueryKind.Dashboard, "dashboard", null),
        (QueryKind.OrdersOfWeek, "orders of the last 7 days", 78),
        (QueryKind.OrdersOfMonth, "orders of 7 to 30 days ago", 18),
        (QueryKind.OrdersOfQuarter, "orders of 30 to 90 days ago", 3),
        (QueryKind.OrdersOlder, "orders older than 90 days", 1),
        (QueryKind.ChangeOrder, "change of an order, by its id", null),
    ];

    public string Name => "partitioned";

    public string Caption(DemoOptions options) =>
        $"orders becomes partitioned by month while {ClosingTable.Count(options.PooledClients)} clients go on asking "
        + $"through Drover on {options.ServerConnections} server connections. Measured before; then copied, compared "
        + "row by row and swapped, throttled as by default; then measured again, the old table still following.";

    /// <summary>
    /// 1. The plain table is measured. 2. It is converted. 3. The same is measured again. The columns of the closing
    /// table are those of 3.
    /// </summary>
    public async Task<SceneResult> PlayAsync(
        DemoStage stage,
        Action<TrafficSnapshot> show,
        CancellationToken cancellationToken
    )
    {
        ProxyProcess proxy = await stage.StartProxyAsync(cancellationToken);
        TrafficLoad load = new(Name, stage, stage.Options.PooledClients, proxy.Port)
        {
            PreparingEvery = stage.Options.ProxyProgram is null ? PreparingEvery : 0,
        };
        SceneResult result = await load.RunAsync(
            async () =>
            {
                // 1.
                QueryFigures[] before = await MeasureAsync(stage, load, "before", show, cancellationToken);
                // 2.
                ConversionProcess conversion = new(stage);
                IReadOnlyList<(DateTimeOffset End, double MaxMs)> ticks = await load.ShowWhileAsync(
                    ConvertAsync(stage, conversion, cancellationToken),
                    conversion.Describe,
                    show,
                    cancellationToken
                );
                await load.WarmUpAsync(show, cancellationToken);
                // 3.
                SceneResult after = await load.MeasureAsync("after", show, cancellationToken);
                QueryFigures[] figures = await FiguresAsync(stage, after.Times, cancellationToken);
                ConversionResult done = Conclude(conversion, ticks, before, figures);
                return after with { Conversion = done };
            },
            show,
            cancellationToken
        );
        // A client may fail after the measurement too.
        return result with
        {
            Conversion = result.Conversion! with
            {
                Partitions = await CountPartitionsAsync(stage, cancellationToken),
                PreparingClients = load.PreparingClients,
                FailedQueries = result.Errors,
            },
        };
    }

    private static async Task ConvertAsync(
        DemoStage stage,
        ConversionProcess conversion,
        CancellationToken cancellationToken
    )
    {
        await conversion.RunAsync(cancellationToken);
        await Task.Delay(s_echo, stage.TimeProvider, cancellationToken);
    }

    private static async Task<QueryFigures[]> MeasureAsync(
        DemoStage stage,
        TrafficLoad load,
        string phase,
        Action<TrafficSnapshot> show,
        CancellationToken cancellationToken
    )
    {
        SceneResult measured = await load.MeasureAsync(phase, show, cancellationToken);
        return await FiguresAsync(stage, measured.Times, cancellationToken);
    }

    private static async Task<QueryFigures[]> FiguresAsync(
        DemoStage stage,
        TrafficTimes times,
        CancellationToken cancellationToken
    )
    {
        List<QueryFigures> figures = [];
        foreach ((QueryKind kind, _, _) in s_queries)
        {
            QueryCost cost = await QueryCost.ReadAsync(stage, kind, cancellationToken);
            HdrHistogram.HistogramBase one = times.Of(kind);
            figures.Add(new(one.TotalCount, one.AverageMs(), one.PercentileMs(95), cost.Pages, cost.Relations));
        }
        return [.. figures];
    }

    private static ConversionResult Conclude(
        ConversionProcess conversion,
        IReadOnlyList<(DateTimeOffset End, double MaxMs)> ticks,
        QueryFigures[] before,
        QueryFigures[] after
    )
    {
        RunReport report = conversion.Report!;
        StepReport copy = Step(report, ConversionSteps.Copy);
        StepReport swap = Step(report, ConversionSteps.CutOver);
        return new ConversionResult
        {
            Command = conversion.Command,
            WayBack = conversion.WayBack,
            RowsCopied = copy.Rows,
            RowsCompared = Step(report, ConversionSteps.Verify).Rows,
            CopyRowsPerSecond = copy.Rows / Math.Max(Seconds(copy), 0.001),
            Seconds = (Step(report, ConversionSteps.Watching).StartedAt! - report.CreatedAt).Value.TotalSeconds,
            LongestPauseMs = ticks
                .Where(tick => tick.End > swap.StartedAt && tick.End < swap.FinishedAt + s_echo)
                .Select(static tick => tick.MaxMs)
                .DefaultIfEmpty()
                .Max(),
            Steps =
            [
                .. report
                    .Steps.Where(static step => step is { Detour: null, FinishedAt: not null })
                    .Select(static step => new StepSeconds(step.Name, Seconds(step))),
            ],
            Queries =
            [
                .. s_queries.Select((query, at) => new QueryChange(query.Name, query.Share, before[at], after[at])),
            ],
        };
    }

    private static async Task<int> CountPartitionsAsync(DemoStage stage, CancellationToken cancellationToken)
    {
        const string sql = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'orders'::regclass";
        string? count = await stage.Cluster.QueryAsync(sql, cancellationToken, Shop.Database);
        return int.Parse(count!, CultureInfo.InvariantCulture);
    }

    private static StepReport Step(RunReport report, string name) => report.Steps.First(step => step.Name == name);

    private static double Seconds(StepReport step) => (step.FinishedAt! - step.StartedAt!).Value.TotalSeconds;
}
