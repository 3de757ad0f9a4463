// Measured servers as the JSON interface has them.
using Drover.Advice;
using Drover.Advice.Ages;
using Drover.Advice.Metrics;
using Drover.App.Commands.Costs;
using Drover.History;
using Drover.History.Growth;
using Drover.History.Plans;

namespace Drover.App.Dashboard.Api;

/// <summary>Turns the history's rows into answers.</summary>
/// <param name="history">The measured servers.</param>
internal sealed class ServerBoard(IServerHistory history)
{
    private const int PointsMax = 360;

    private static readonly int[] s_steps = [10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400];

    /// <summary>Whether a server of this name is measured.</summary>
    public bool Has(string name) => history.Servers.Any(server => server.Name == name);

    /// <summary>How many there are.</summary>
    public int Count => history.Servers.Count;

    /// <summary>All servers now.</summary>
    public ServersAnswer Servers() => new([.. Latest().Select(Describe)]);

    /// <summary>Their last values, for the stream.</summary>
    public IReadOnlyList<LiveServer> Live() =>
        [
            .. Latest()
                .Select(static status => new LiveServer(
                    status.Server.Name,
                    WordOf(status.State),
                    status.At,
                    status.Values
                )),
        ];

    /// <summary>The advice, with what it saves where prices are known.</summary>
    public AdviceAnswer Advice(Func<string, PricedAdvice?> pricesOf) =>
        new([
            .. Latest()
                .Select(status => new ServerAdviceAnswer(
                    status.Server.Name,
                    status.InspectedAt,
                    [.. Priced(status, pricesOf(status.Server.Name)).Select(RecommendationAnswer.Of)]
                )),
        ]);

    /// <summary>The step for a time, so that there are at most as many points as a chart can show.</summary>
    public static TimeSpan StepFor(TimeSpan span, TimeSpan interval)
    {
        int fitting = s_steps.FirstOrDefault(
            step => step >= interval.TotalSeconds && span.TotalSeconds / step <= PointsMax,
            s_steps[^1]
        );
        return TimeSpan.FromSeconds(fitting);
    }

    /// <summary>Metrics over time.</summary>
    public async Task<ServerHistoryAnswer> ReadAsync(
        string server,
        IReadOnlyList<string> metrics,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation
    )
    {
        TimeSpan interval = history.Servers.First(one => one.Name == server).Interval;
        TimeSpan step = StepFor(to - from, interval);
        IReadOnlyList<MetricSeries> series = await history
            .ReadAsync(server, metrics, from, to, step, cancellation)
            .ConfigureAwait(false);
        // A step that no series has is left out; two steps around a gap have a null between them, so a line breaks.
        SortedSet<long> seconds = [];
        foreach (MetricPoint point in series.SelectMany(static one => one.Points))
        {
            seconds.Add(point.At.ToUnixTimeSeconds());
        }
        long stepSeconds = (long)step.TotalSeconds;
        foreach (long at in seconds.ToArray())
        {
            if (!seconds.Contains(at + stepSeconds) && at != seconds.Max)
            {
                seconds.Add(at + stepSeconds);
            }
        }
        return new ServerHistoryAnswer(
            step.TotalSeconds,
            [.. seconds.Select(static second => (double)second)],
            On(seconds, series, static point => point.Value),
            On(seconds, series, static point => point.Highest)
        );
    }

    /// <summary>Tables.</summary>
    public async Task<TablesAnswer> TablesAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellation
    )
    {
        IReadOnlyList<TableUse> tables = await history
            .ReadTablesAsync(server, from, to, limit, cancellation)
            .ConfigureAwait(false);
        IReadOnlyList<TableAccess> accesses = await history
            .ReadAccessAsync(server, from, to, cancellation)
            .ConfigureAwait(false);
        IReadOnlyDictionary<string, string> partitions = history.Latest(server).Partitions;
        return new TablesAnswer(
            from,
            to,
            [
                .. tables.Select(table => new TableAnswer(
                    table.Name,
                    table.Bytes,
                    table.TotalBytes,
                    table.Rows,
                    table.DeadRows,
                    table.BloatBytes,
                    table.SequentialScans,
                    table.IndexScans,
                    table.TotalBytesBefore,
                    table.RowsBefore,
                    partitions.GetValueOrDefault(table.Name)
                )),
            ],
            accesses
                .GroupBy(static one => one.Name)
                .ToDictionary(
                    static group => group.Key,
                    // What has parameters says more, if it has anything.
                    static group =>
                        AccessOf(group.OrderBy(static one => one.Source == "proxy" ? 0 : 1).First())
                )
        );
    }

    private static AccessAnswer AccessOf(TableAccess access)
    {
        AccessCounts counts = access.Counts;
        double all = counts.Known + counts.Unknown;
        return new AccessAnswer(
            access.Source,
            counts.Samples,
            counts.Share(counts.Week),
            counts.Share(counts.Month),
            counts.Share(counts.Quarter),
            counts.Share(counts.Older),
            counts.Share(counts.All),
            all > 0 ? counts.Unknown / all : 0,
            counts.HotDays(AccessHistory.HotShare) is { } days ? AccessCounts.MonthsOf(days) : null
        );
    }

    /// <summary>One table over time.</summary>
    public async Task<HistoryAnswer> TableAsync(
        string server,
        string table,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation
    )
    {
        TimeSpan step = StepFor(to - from, TimeSpan.FromMinutes(1));
        IReadOnlyList<TablePoint> points = await history
            .ReadTableAsync(server, table, from, to, step, cancellation)
            .ConfigureAwait(false);
        return new HistoryAnswer(
            step.TotalSeconds,
            [.. points.Select(static point => (double)point.At.ToUnixTimeSeconds())],
            new Dictionary<string, IReadOnlyList<double?>>
            {
                ["total_bytes"] = [.. points.Select(static point => (double?)point.TotalBytes)],
                ["rows"] = [.. points.Select(static point => (double?)point.Rows)],
                ["dead_rows"] = [.. points.Select(static point => (double?)point.DeadRows)],
                ["bloat_bytes"] = [.. points.Select(static point => (double?)point.BloatBytes)],
                ["sequential_scans"] = [.. points.Select(static point => (double?)point.SequentialScans)],
                ["index_scans"] = [.. points.Select(static point => (double?)point.IndexScans)],
            }
        );
    }

    /// <summary>Statements.</summary>
    public async Task<StatementsAnswer> StatementsAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellation
    )
    {
        IReadOnlyList<StatementUse> statements = await history
            .ReadStatementsAsync(server, from, to, limit, cancellation)
            .ConfigureAwait(false);
        return new StatementsAnswer(
            from,
            to,
            statements.Sum(static one => one.TotalMs),
            [.. statements.Select(Describe)]
        );
    }

    /// <summary>One statement over time.</summary>
    public async Task<HistoryAnswer> StatementAsync(
        string server,
        long statement,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation
    )
    {
        TimeSpan step = StepFor(to - from, TimeSpan.FromMinutes(1));
        IReadOnlyList<StatementPoint> points = await history
            .ReadStatementAsync(server, statement, from, to, step, cancellation)
            .ConfigureAwait(false);
        double seconds = step.TotalSeconds;
        return new HistoryAnswer(
            seconds,
            [.. points.Select(static point => (double)point.At.ToUnixTimeSeconds())],
            new Dictionary<string, IReadOnlyList<double?>>
            {
                ["calls_per_second"] = [.. points.Select(point => (double?)(point.Calls / seconds))],
                ["mean_ms"] = [.. points.Select(MeanOf)],
                ["rows_per_second"] = [.. points.Select(point => (double?)(point.Rows / seconds))],
            }
        );
    }

    /// <summary>The plans of a statement.</summary>
    public async Task<PlansAnswer> PlansAsync(string server, long statement, CancellationToken cancellation)
    {
        IReadOnlyList<PlanPeriod> plans = await history
            .ReadPlansAsync(server, statement, cancellation)
            .ConfigureAwait(false);
        return new PlansAnswer(
            history.Latest(server).PlanProblem,
            [
                .. plans.Select(static one => new PlanAnswer(
                    one.FirstSeen,
                    one.LastSeen,
                    one.Shape,
                    one.Difference,
                    one.Cost,
                    one.Calls,
                    one.MeanMs,
                    [.. one.Plan.Lines()]
                )),
            ]
        );
    }

    /// <summary>Growth of a server, or of a table of it.</summary>
    public async Task<GrowthAnswer> GrowthAsync(
        string server,
        string table,
        double? bytesMax,
        CancellationToken cancellation
    )
    {
        IReadOnlyList<GrowthPoint> points = await history
            .ReadGrowthAsync(server, table, cancellation)
            .ConfigureAwait(false);
        return GrowthAnswer.Of(server, table, points, new GrowthLimits(bytesMax, null, null, null));
    }

    /// <summary>Databases.</summary>
    public async Task<DatabasesAnswer> DatabasesAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation
    )
    {
        IReadOnlyList<DatabaseUse> databases = await history
            .ReadDatabasesAsync(server, from, to, cancellation)
            .ConfigureAwait(false);
        return new DatabasesAnswer(
            from,
            to,
            [
                .. databases.Select(static one => new DatabaseUseAnswer(
                    one.Name,
                    one.Bytes,
                    one.Transactions,
                    one.BlocksHit,
                    one.BlocksRead,
                    one.Deadlocks,
                    one.TempBytes
                )),
            ]
        );
    }

    private static IEnumerable<Recommendation> Priced(MonitorStatus status, PricedAdvice? prices) =>
        prices is null ? status.Recommendations : status.Recommendations.Select(prices.With);

    private IEnumerable<MonitorStatus> Latest() => history.Servers.Select(server => history.Latest(server.Name));

    private static double? MeanOf(StatementPoint point) => point.Calls > 0 ? point.TotalMs / point.Calls : null;

    private static Dictionary<string, IReadOnlyList<double?>> On(
        SortedSet<long> seconds,
        IReadOnlyList<MetricSeries> series,
        Func<MetricPoint, double> value
    )
    {
        Dictionary<string, IReadOnlyList<double?>> byName = [];
        foreach (MetricSeries one in series)
        {
            Dictionary<long, double> byTime = [];
            foreach (MetricPoint point in one.Points)
            {
                byTime[point.At.ToUnixTimeSeconds()] = Math.Round(value(point), 4);
            }
            byName[one.Metric.Name] =
            [
                .. seconds.Select(second => byTime.TryGetValue(second, out double known) ? known : (double?)null),
            ];
        }
        return byName;
    }

    private static ServerAnswer Describe(MonitorStatus status) =>
        new()
        {
            Name = status.Server.Name,
            Address = status.Server.Address,
            IntervalSeconds = status.Server.Interval.TotalSeconds,
            State = WordOf(status.State),
            Problem = status.Problem,
            At = status.At,
            Version = status.Version,
            IsStandby = status.IsStandby,
            Metrics = [.. status.Metrics.Select(Describe)],
            Blockers = status.Blockers,
            Recommendations = status.Recommendations.Count,
            History = status.History.ToString().ToLowerInvariant(),
            HistoryProblem = status.HistoryProblem,
            CostPercent = CostOf(status),
        };

    private static MetricAnswer Describe(MetricReading reading) =>
        new(
            ServerMetric.Eleven.First(metric => metric.Title == reading.Metric).Name,
            reading.Metric,
            reading.Value,
            reading.Unit,
            reading.Source,
            reading.Note
        );

    private static StatementAnswer Describe(StatementUse use) =>
        new(
            use.Id.ToString(System.Globalization.CultureInfo.InvariantCulture),
            use.Database,
            use.Text,
            use.Calls,
            Math.Round(use.TotalMs, 3),
            Math.Round(use.MeanMs, 4),
            use.Rows,
            use.BlocksHit,
            use.BlocksRead,
            use.CallsBefore,
            Math.Round(use.TotalMsBefore, 3),
            use.PlanChanged
        );

    private static double CostOf(MonitorStatus status)
    {
        double seconds = status.Cost.Samples * status.Server.Interval.TotalSeconds;
        return seconds > 0 ? Math.Round(100 * status.Cost.Processor.TotalSeconds / seconds, 3) : 0;
    }

    private static string WordOf(MonitorState state) => state.ToString().ToLowerInvariant();
}
