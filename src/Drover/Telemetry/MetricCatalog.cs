// Every metric in one place; the Prometheus page, OpenTelemetry and the documentation all look here.
using Drover.Telemetry.ControlPlane;
using Drover.Telemetry.Statements;

namespace Drover.Telemetry;

/// <summary>
/// Names follow OpenTelemetry's conventions for database clients
/// (https://opentelemetry.io/docs/specs/semconv/database/database-metrics/) where these have one, for a pooler is a
/// client of its servers; all else is <c>drover.*</c>. Labels are the database entry and the user, both bounded:
/// no pool is a stranger's, and no more entries are made from <c>*</c> than its directory allows.
/// </summary>
internal static class MetricCatalog
{
    private const double MicrosecondsPerSecond = 1e6;

    /// <summary>All families, in the order of the page.</summary>
    public static IReadOnlyList<MetricFamily> All { get; } =
    [.. Pools(), .. Traffic(), .. Process(), .. Operations(), .. Views(), .. Topology(), .. MonitorMetrics.All];

    private static IEnumerable<MetricFamily> Pools() =>
        [
            new(
                "db.client.connection.count",
                MetricKind.Gauge,
                "{connection}",
                "Server connections of a pool by state; 'used' is linked to a client.",
                reading => reading.Pools.SelectMany(Servers)
            ),
            PoolGauge(
                "db.client.connection.max",
                "{connection}",
                "Server connections that a pool may have.",
                p => p.PoolSize
            ),
            PoolGauge(
                "db.client.connection.pending_requests",
                "{request}",
                "Clients that wait for a server connection.",
                p => p.ClientsWaiting
            ),
            new(
                "db.client.connection.wait_time",
                MetricKind.Histogram,
                "s",
                "Time that clients waited for a server connection; zero waits included.",
                reading => Histograms(reading, c => c.WaitLatency)
            ),
            PoolGauge(
                "drover.clients",
                "{client}",
                "Clients that are linked to a server or idle.",
                p => p.ClientsActive
            ),
            PoolGauge(
                "drover.clients.pinned",
                "{client}",
                "Clients that keep their server between transactions.",
                p => p.ClientsPinned
            ),
            PoolGauge(
                "drover.pool.max_wait",
                "s",
                "How long the client at the head of the queue has waited.",
                p => p.MaxWaitUs / MicrosecondsPerSecond
            ),
        ];

    private static IEnumerable<MetricFamily> Traffic() =>
        [
            Counter("drover.queries", "{query}", "Queries answered.", c => c.Queries),
            Counter(
                "drover.scatters",
                "{query}",
                "Reads of several shards whose rows were put together by the proxy.",
                c => c.Scatters
            ),
            Counter("drover.transactions", "{transaction}", "Transactions ended.", c => c.Transactions),
            Counter("drover.server.assignments", "{assignment}", "Servers given to clients.", c => c.ServerAssignments),
            Counter("drover.received", "By", "Bytes received.", c => c.BytesReceived),
            Counter("drover.sent", "By", "Bytes sent.", c => c.BytesSent),
            Counter(
                "drover.client.parses",
                "{statement}",
                "Named statements that clients prepared.",
                c => c.ClientParses
            ),
            Counter("drover.server.parses", "{statement}", "Statements prepared on servers.", c => c.ServerParses),
            Counter("drover.binds", "{bind}", "Binds of named statements.", c => c.Binds),
            new(
                "drover.query.duration",
                MetricKind.Histogram,
                "s",
                "Time from a query's first byte to its answer's end.",
                reading => Histograms(reading, c => c.QueryLatency)
            ),
            new(
                "drover.transaction.duration",
                MetricKind.Histogram,
                "s",
                "Time from a transaction's begin to its end.",
                reading => Histograms(reading, c => c.TransactionLatency)
            ),
            new(
                "drover.errors",
                MetricKind.Counter,
                "{error}",
                "Errors sent to clients by class of SQLSTATE.",
                reading => reading.Traffic.SelectMany(Errors)
            ),
            new(
                "drover.pins",
                MetricKind.Counter,
                "{pin}",
                "Times that a client was tied to its server, by reason.",
                reading => reading.Traffic.SelectMany(Pins)
            ),
            new(
                "drover.logins.refused",
                MetricKind.Counter,
                "{login}",
                "Logins refused; the labels are empty where neither database nor user was known.",
                reading =>
                    reading
                        .Traffic.Select(t => new MetricSample(t.Counters.LoginsRefused, Labels(t.Database, t.User)))
                        .Append(new MetricSample(reading.LoginsRefused, Labels("", "")))
            ),
        ];

    private static IEnumerable<MetricFamily> Process() =>
        [
            new(
                "drover.serving",
                MetricKind.Gauge,
                "",
                "1 while new clients are accepted.",
                reading => [new(reading.Stage == LifecycleStage.Serving ? 1 : 0, [])]
            ),
            new(
                "drover.paused",
                MetricKind.Gauge,
                "",
                "1 while PAUSE or SUSPEND of everything is in force.",
                reading => [new(reading.State == ProxyState.Active ? 0 : 1, [])]
            ),
            DatabaseGauge("drover.database.paused", "1 while the database is paused.", d => d.Paused),
            DatabaseGauge("drover.database.disabled", "1 while the database takes no new clients.", d => d.Disabled),
            new(
                "drover.maintenance.actions",
                MetricKind.Counter,
                "{action}",
                "Actions of the partitions' maintenance by outcome; a run that failed as a whole counts as one.",
                _ =>
                    [
                        new(MaintenanceCounters.Done, [new("outcome", "done")]),
                        new(MaintenanceCounters.Failed, [new("outcome", "failed")]),
                        new(MaintenanceCounters.Refused, [new("outcome", "refused")]),
                    ]
            ),
        ];

    private static MetricFamily ViewGauge(string name, string unit, string help, Func<ViewReading, double> read) =>
        new(name, MetricKind.Gauge, unit, help, _ => ViewReadings.Samples(read));

    private static IEnumerable<MetricFamily> Operations() =>
        [
            new(
                "drover.operation.runs",
                MetricKind.Gauge,
                "{run}",
                "Runs in the journals of maintenance_databases, by state.",
                _ => OperationReadings.Samples("state", reading => reading.Runs)
            ),
            new(
                "drover.operation.rows",
                MetricKind.Counter,
                "{row}",
                "Rows that runs have copied, swept or compared, by step.",
                _ => OperationReadings.Samples("step", reading => reading.Rows)
            ),
            new(
                "drover.operation.step.duration",
                MetricKind.Counter,
                "s",
                "Time that steps of runs have taken.",
                _ => OperationReadings.Samples("step", reading => reading.StepSeconds)
            ),
            new(
                "drover.operation.throttled",
                MetricKind.Counter,
                "s",
                "Time that runs stood still because a limit of load was passed, by limit.",
                _ => OperationReadings.Samples("limit", reading => reading.ThrottledSeconds)
            ),
            new(
                "drover.operation.lock.retries",
                MetricKind.Counter,
                "{attempt}",
                "Attempts of runs at locks that were given up for a while, as the journal notes them.",
                _ => OperationReadings.Samples(reading => reading.LockWaits)
            ),
        ];

    private static IEnumerable<MetricFamily> Views() =>
        [
            ViewGauge(
                "drover.view.age",
                "s",
                "How old what a materialized view shows is at least: since its last refresh began.",
                static reading => reading.AgeSeconds
            ),
            ViewGauge(
                "drover.view.interval",
                "s",
                "How often a materialized view is to be refreshed.",
                static reading => reading.IntervalSeconds
            ),
            ViewGauge(
                "drover.view.refresh.duration",
                "s",
                "How long the last refresh of a materialized view took.",
                static reading => reading.DurationSeconds
            ),
            ViewGauge(
                "drover.view.failures",
                "{refresh}",
                "Refreshes of a materialized view that failed since the last one that did not.",
                static reading => reading.Failures
            ),
        ];

    private static IEnumerable<MetricFamily> Topology() =>
        [
            new(
                "drover.sharded.statements",
                MetricKind.Counter,
                "{statement}",
                "Statements of a sharded database by tier: one shard, scatter, coordinator, divided write.",
                reading => reading.Tiers.SelectMany(Tiers)
            ),
            new(
                "drover.topology.epoch",
                MetricKind.Gauge,
                "",
                "The epoch of a sharded database's map that this proxy has.",
                _ => TopologyReadings.Samples(reading => reading.Epoch)
            ),
            new(
                "drover.topology.followed",
                MetricKind.Gauge,
                "",
                "1 while the catalog of a sharded database can be read; 0 while its map may be old.",
                _ => TopologyReadings.Samples(reading => reading.IsFollowed ? 1 : 0)
            ),
        ];

    private static MetricFamily Counter(string name, string unit, string help, Func<TrafficCounters, long> read) =>
        new(
            name,
            MetricKind.Counter,
            unit,
            help,
            reading => reading.Traffic.Select(t => new MetricSample(read(t.Counters), Labels(t.Database, t.User)))
        );

    private static MetricFamily PoolGauge(string name, string unit, string help, Func<PoolSnapshot, double> read) =>
        new(
            name,
            MetricKind.Gauge,
            unit,
            help,
            reading => reading.Pools.Select(p => new MetricSample(read(p), Labels(p.Database, p.User)))
        );

    private static MetricFamily DatabaseGauge(string name, string help, Func<DatabaseSnapshot, bool> read) =>
        new(
            name,
            MetricKind.Gauge,
            "",
            help,
            reading => reading.Databases.Select(d => new MetricSample(read(d) ? 1 : 0, [new("database", d.Name)]))
        );

    private static IEnumerable<MetricSample> Histograms(
        TelemetryReading reading,
        Func<TrafficCounters, LatencyHistogram> read
    ) => reading.Traffic.Select(t => new MetricSample(0, Labels(t.Database, t.User), read(t.Counters)));

    private static IEnumerable<MetricSample> Servers(PoolSnapshot pool) =>
        [
            InState(pool, "used", pool.ServersActive),
            InState(pool, "idle", pool.ServersIdle + pool.ServersUsed),
            InState(pool, "testing", pool.ServersTested),
            InState(pool, "connecting", pool.ServersLogin),
            InState(pool, "canceling", pool.ServersActiveCancel + pool.ServersBeingCanceled),
        ];

    private static MetricSample InState(PoolSnapshot pool, string state, int count) =>
        new(count, [.. Labels(pool.Database, pool.User), new("state", state)]);

    // A class that never occurred has no line: 45 lines of zero for each pool help nobody.
    private static IEnumerable<MetricSample> Errors(PoolTraffic traffic)
    {
        for (int i = 0; i < SqlStateClass.Count; i++)
        {
            if (traffic.Counters.Errors[i] is > 0 and long count)
            {
                yield return new(
                    count,
                    [.. Labels(traffic.Database, traffic.User), new("sqlstate_class", SqlStateClass.Name(i))]
                );
            }
        }
    }

    private static IEnumerable<MetricSample> Pins(PoolTraffic traffic)
    {
        for (int i = 0; i < PinReasons.Count; i++)
        {
            yield return new(
                traffic.Counters.Pins[i],
                [.. Labels(traffic.Database, traffic.User), new("reason", PinReasons.Name(i))]
            );
        }
    }

    private static IEnumerable<MetricSample> Tiers(TierTraffic traffic) =>
        traffic.Counts.Select(
            (count, tier) =>
                new MetricSample(
                    count,
                    [new("database", traffic.Database), new("tier", StatementTiers.NameOf((StatementTier)tier))]
                )
        );

    private static KeyValuePair<string, string>[] Labels(string database, string user) =>
        [new("database", database), new("user", user)];
}
