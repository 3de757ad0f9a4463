// Two measured servers with a history that looks like one, for tests and for the pictures of the page.
using Drover.Advice;
using Drover.Advice.Ages;
using Drover.Advice.Metrics;
using Drover.Advice.Plans;
using Drover.History;
using Drover.History.Growth;
using Drover.History.Plans;
using Drover.Operations;

namespace Drover.Tests.Dashboard;

/// <summary>Everything is made from the time alone, so that it is the same in every run.</summary>
internal sealed class FakeHistory(TimeProvider time) : IServerHistory
{
    private static readonly double[] s_levels = [1.8, 62, 99.1, 97.4, 18, 0.4, 31, 44, 58, 0.6, 0.2];
    private static readonly double[] s_swings = [0.9, 14, 0.5, 1.2, 2, 0.5, 16, 18, 3, 1.1, 0.3];

    private static readonly string[] s_notes =
    [
        "mean of 18,204,113 calls",
        "124 of max_connections = 200, 21.5 active on average",
        "of the last interval",
        "of 41 tables of 8 MB and more",
        "22 GB of 124 GB, mostly public.orders",
        "standby replica-b",
        "nvme0n1",
        "of 16 processors",
        "MemTotal − MemAvailable",
        "no session waits for a lock",
        "3 since the last reset",
    ];

    private readonly MonitoredServer _primary = new("shop-primary", "db1.example:5432/shop as drover", s_interval);
    private readonly MonitoredServer _standby = new("shop-replica", "db2.example:5432/shop as drover", s_interval);
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);

    /// <summary>What every read fails with; null: none does.</summary>
    public string? Problem { get; set; }

    /// <summary>The points of every metric from a time on; null: those that are made up.</summary>
    public Func<DateTimeOffset, IReadOnlyList<MetricPoint>>? Points { get; set; }

    public IReadOnlyList<MonitoredServer> Servers => [_primary, _standby];

    public MonitorStatus Latest(string server)
    {
        bool isPrimary = server == _primary.Name;
        DateTimeOffset now = time.GetUtcNow();
        return new MonitorStatus
        {
            Server = isPrimary ? _primary : _standby,
            State = isPrimary ? MonitorState.Measured : MonitorState.Unreachable,
            Problem = isPrimary ? "" : "db2.example:5432 refused the connection",
            At = isPrimary ? now.AddSeconds(-3) : now.AddMinutes(-4),
            Version = "18.1",
            IsStandby = !isPrimary,
            Metrics = isPrimary ? Readings(now) : [],
            Values = isPrimary
                ? ServerMetric
                    .Eleven.Where(IsHad)
                    .ToDictionary(m => m.Name, m => ValueAt(m.Name, now))
                    .Append(KeyValuePair.Create("database_size", 132_000_000_000d))
                    .ToDictionary()
                : new Dictionary<string, double>(),
            Partitions = isPrimary
                ? new Dictionary<string, string>
                {
                    ["public.events_p2026_10"] = "public.events",
                    ["public.events_p2026_11"] = "public.events",
                }
                : new Dictionary<string, string>(),
            Blockers = isPrimary ? ["pid 4711 (app@shop): idle in transaction for 42 s, blocks 3"] : [],
            Recommendations = isPrimary ? Advice() : [],
            InspectedAt = isPrimary ? now.AddMinutes(-6) : null,
            History = isPrimary ? HistoryState.Written : HistoryState.NotWritten,
            HistoryProblem = isPrimary ? "" : "the server is a standby, and its primary is not measured",
            Cost = new MonitorCost(8640, 2, TimeSpan.FromMinutes(9), TimeSpan.FromSeconds(96)),
        };
    }

    public Task<IReadOnlyList<MetricSeries>> ReadAsync(
        string server,
        IReadOnlyList<string> metrics,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    ) =>
        Give<MetricSeries>([
            .. metrics.Select(name => new MetricSeries(
                ServerMetric.Find(name)!,
                Points is { } points ? points(from)
                    : name == "cpu_usage" ? []
                    :
                    [
                        .. Grid(from, to, step)
                            .Select(at => new MetricPoint(at, ValueAt(name, at), ValueAt(name, at) * 1.2)),
                    ]
            )),
        ]);

    public Task<IReadOnlyList<TableUse>> ReadTablesAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellationToken
    ) =>
        Give<TableUse>([
            Table("public.orders", 61, 412, 9.1, 22, 140, 18_400_000),
            Table("public.order_items", 38, 1_204, 4.4, 11, 12, 9_120_000),
            Table("public.events_p2026_10", 10, 130, 0.2, 46, 3_000, 100),
            Table("public.events_p2026_11", 7, 100, 3.7, 46, 400, 20),
            Table("public.customers", 4.2, 18, 0.1, 3, 2, 31_000_000),
            Table("public.products", 0.6, 0.8, 0, 0.2, 41_000, 800_000),
            Table("audit.\"Log entries\"", 0.3, 9, 0.02, 0, 0, 14),
        ]);

    public Task<IReadOnlyList<TableAccess>> ReadAccessAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    ) =>
        Give<TableAccess>([
            new("public.events", "activity", new AccessCounts(9, 1, 0, 0, 40, 50, 100)),
            new("public.orders", "activity", new AccessCounts(1, 1, 1, 1, 1, 1, 6)),
            new("public.orders", "proxy", new AccessCounts(7_800, 1_800, 300, 100, 0, 250, 102)),
        ]);

    public Task<IReadOnlyList<TablePoint>> ReadTableAsync(
        string server,
        string table,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    ) =>
        Give<TablePoint>([
            .. Grid(from, to, step)
                .Select(at =>
                {
                    double grown = 1 + ((at - from) / (to - from) * 0.15);
                    return new TablePoint(at, (long)(61e9 * grown), 412e6 * grown, 900_000, 22_000_000_000, 3, 90_000);
                }),
        ]);

    public Task<IReadOnlyList<StatementUse>> ReadStatementsAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit,
        CancellationToken cancellationToken
    ) =>
        Give<StatementUse>([
            Statement(
                1,
                "SELECT o.id, o.total, i.sku, i.quantity FROM orders o JOIN order_items i ON i.order_id = o.id "
                    + "WHERE o.customer_id = $1 AND o.created_at > $2 ORDER BY o.created_at DESC LIMIT $3",
                1_204_331,
                2_410_000,
                1.4
            ),
            Statement(2, "UPDATE products SET stock = stock - $1 WHERE id = $2 AND stock >= $1", 611_002, 980_400, 0.9),
            Statement(3, "INSERT INTO events (customer_id, kind, payload) VALUES ($1, $2, $3)", 2_900_114, 640_900, 1),
            Statement(
                4,
                "SELECT date_trunc($1, created_at) AS day, count(*), sum(total) FROM orders "
                    + "WHERE created_at >= $2 GROUP BY 1 ORDER BY 1",
                288,
                412_000,
                2.2
            ),
            Statement(5, "SELECT * FROM customers WHERE email = $1", 804_000, 96_000, 0),
        ]);

    public Task<IReadOnlyList<StatementPoint>> ReadStatementAsync(
        string server,
        long statement,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellationToken
    ) =>
        Give<StatementPoint>([
            .. Grid(from, to, step)
                .Select(at =>
                {
                    double calls = step.TotalSeconds * (60 + ValueAt("calls", at));
                    return new StatementPoint(at, (long)calls, calls * ValueAt("query_time", at), (long)(calls * 8));
                }),
        ]);

    public Task<IReadOnlyList<PlanPeriod>> ReadPlansAsync(
        string server,
        long statement,
        CancellationToken cancellationToken
    )
    {
        PlanNode before = PlanNode.Read(
            """
            {"Node Type": "Index Scan", "Schema": "public", "Relation Name": "orders",
             "Index Name": "orders_created_idx", "Index Cond": "(created_at >= $1)",
             "Total Cost": 8.44, "Plan Rows": 12}
            """
        );
        PlanNode after = PlanNode.Read(
            """
            {"Node Type": "Seq Scan", "Schema": "public", "Relation Name": "orders",
             "Filter": "(created_at >= $1)", "Total Cost": 91204.5, "Plan Rows": 12}
            """
        );
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset changed = now.AddMinutes(-95);
        return Give<PlanPeriod>([
            new(changed, now, PlanShape.Of(after), after, 91_204.5, PlanShape.Difference(before, after), 18, 75_060),
            new(now.AddDays(-9), changed, PlanShape.Of(before), before, 8.44, "", 2_592, 10_368),
        ]);
    }

    public Task<IReadOnlyList<GrowthPoint>> ReadGrowthAsync(
        string server,
        string table,
        CancellationToken cancellationToken
    ) =>
        Give<GrowthPoint>([
            .. Enumerable
                .Range(0, 120)
                .Select(day =>
                {
                    double bytes = 96e9 * Math.Exp(day / 380.0);
                    return new GrowthPoint(
                        DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(day - 120),
                        bytes,
                        null,
                        Math.Pow(bytes / 96e9, 1.2) * (1.5 + (0.05 * Math.Sin(day))),
                        null,
                        96 + Math.Round((day / 5.0) + (8 * Math.Sin(day / 1.1)))
                    );
                }),
        ]);

    public Task<IReadOnlyList<DatabaseUse>> ReadDatabasesAsync(
        string server,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellationToken
    ) => Give<DatabaseUse>([new DatabaseUse("shop", 132_000_000_000, 8_120_000, 900_000_000, 4_100_000, 1, 0)]);

    /// <summary>Small and even waves over a daily one.</summary>
    public static double ValueAt(string metric, DateTimeOffset at)
    {
        int index = ServerMetric.Eleven.ToList().FindIndex(one => one.Name == metric);
        double level = index < 0 ? 40 : s_levels[index];
        double swing = index < 0 ? 12 : s_swings[index];
        double t = at.ToUnixTimeSeconds();
        double wave =
            (0.55 * Math.Sin((t / 86_400 * 2 * Math.PI) + index))
            + (0.25 * Math.Sin((t / 1_700) + (2 * index)))
            + (0.2 * Math.Sin((t / 131) + (5 * index)));
        return Math.Max(0, Math.Round(level + (swing * wave), 3));
    }

    private static bool IsHad(ServerMetric metric) => metric.Name != "cpu_usage";

    private static MetricReading[] Readings(DateTimeOffset now) =>
        [
            .. ServerMetric.Eleven.Select(
                (metric, i) =>
                    IsHad(metric)
                        ? new MetricReading(metric.Title, ValueAt(metric.Name, now), metric.Unit, "a view", s_notes[i])
                        : MetricReading.Missing(
                            metric.Title,
                            metric.Unit,
                            "/proc/stat",
                            "GRANT pg_read_server_files TO drover"
                        )
            ),
        ];

    private static Recommendation[] Advice() =>
        [
            new(
                "sequence-exhaustion",
                "public.events_id_seq",
                Gain.Safety,
                71,
                "71 % of the values of integer are used; 1,524,713,390 of 2,147,483,647",
                "inserts go on; at the present rate they fail in 94 days",
                "the table is written anew: 17 GB, under an exclusive lock, unless it is done by steps",
                "foreign keys to the column have to change too",
                "ALTER TABLE public.events ALTER COLUMN id TYPE bigint",
                ""
            ),
            new(
                "partition-table",
                "public.orders",
                Gain.Time,
                61e9,
                "61 GB, and created_at is in the order of insertion (correlation 0.998)",
                "queries of one month read a thirtieth; old months are dropped, not deleted",
                "one copy of the table while it runs; drover partition plan says how long",
                "an UPDATE by id alone looks into every partition",
                "drover partition start public.orders --by created_at",
                "drover partition rollback public.orders"
            ),
            new(
                "unused-index",
                "public.order_items_note_idx",
                Gain.Space,
                3.1e9,
                "no scan in 42 days, and no constraint rests on it",
                "3.1 GB, and one index less to write",
                "none",
                "a yearly report may use it: look at the standbys too",
                "DROP INDEX CONCURRENTLY public.order_items_note_idx",
                "CREATE INDEX CONCURRENTLY order_items_note_idx ON public.order_items USING btree (note)"
            )
            {
                FreedBytes = 3_100_000_000,
            },
        ];

    private static IEnumerable<DateTimeOffset> Grid(DateTimeOffset from, DateTimeOffset to, TimeSpan step)
    {
        long seconds = (long)step.TotalSeconds;
        long first = (from.ToUnixTimeSeconds() / seconds * seconds) + seconds;
        for (long at = first; at <= to.ToUnixTimeSeconds(); at += seconds)
        {
            yield return DateTimeOffset.FromUnixTimeSeconds(at);
        }
    }

    private static TableUse Table(
        string name,
        double gigabytes,
        double millionRows,
        double grown,
        double bloat,
        long whole,
        long byIndex
    ) =>
        new(
            name,
            (long)(gigabytes * 0.6 * (1L << 30)),
            (long)(gigabytes * (1L << 30)),
            millionRows * 1e6,
            (long)(millionRows * 1e4),
            (long)(gigabytes * 0.6 * (1L << 30) * bloat / 100),
            whole,
            byIndex,
            (long)((gigabytes - grown) * (1L << 30)),
            millionRows * 9e5
        );

    private static StatementUse Statement(long id, string text, long calls, double totalMs, double before) =>
        new(
            7_000_000_000_000_000_000 + id,
            "shop",
            text,
            calls,
            totalMs,
            calls * 9,
            calls * 40,
            calls / 3,
            before == 0 ? 0 : calls,
            before == 0 ? 0 : totalMs / before,
            id == 1 ? new DateTimeOffset(2026, 11, 23, 8, 30, 0, TimeSpan.Zero) : null
        );

    private Task<IReadOnlyList<T>> Give<T>(IReadOnlyList<T> rows) =>
        Problem is { } problem ? throw new OperationException(problem) : Task.FromResult(rows);
}
