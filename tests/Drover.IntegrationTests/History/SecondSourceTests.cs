// What the monitor says, against a second source: pgbench's own count and latency, a known number of deadlocks.
using System.Globalization;
using System.Text.RegularExpressions;
using Drover.App.LocalPostgres;
using Drover.History;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.History;

public sealed partial class SecondSourceTests(MeasuredPostgresFixture fixture)
{
    // Of this database alone: the cluster is shared.
    private const string Forget = """
        SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Calls_and_transactions_are_those_that_pgbench_made(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync("CREATE EXTENSION pg_stat_statements", Token, database);
        await BenchAsync(cluster, database, "-i", "-q", "-s", "1");
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database));
        await BenchAsync(cluster, database, "-n", "-c", "2", "-t", "300");
        await stage.SettleAsync();
        StatementUse update = Assert.Single(
            await stage.StatementsAsync(),
            one => one.Text.StartsWith("UPDATE pgbench_branches", StringComparison.Ordinal)
        );
        Assert.Equal((600, 600), (update.Calls, update.Rows));
        Assert.True(update.TotalMs > 0 && update.BlocksHit > 600);
        DatabaseUse use = await stage.DatabaseAsync(database);
        // Beside pgbench's there are those of the monitor and of what was before it.
        string? all = await cluster.QueryAsync(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()",
            Token,
            database
        );
        Assert.InRange(use.Transactions, 600, long.Parse(all!, CultureInfo.InvariantCulture));
        Assert.True(use.Bytes > 10_000_000);
        TableUse accounts = Assert.Single(await stage.TablesAsync(), one => one.Name == "public.pgbench_accounts");
        Assert.Equal(100_000, accounts.Rows);
        // An UPDATE and a SELECT by the primary key for each transaction.
        Assert.Equal(1200, accounts.IndexScans);
        Assert.Equal(0, accounts.SequentialScans);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Query_time_is_the_latency_that_pgbench_saw(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync("CREATE EXTENSION pg_stat_statements", Token, database);
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database));
        string script = Path.Combine(Directory.CreateTempSubdirectory("drover-bench-").FullName, "sleep.sql");
        await File.WriteAllTextAsync(script, "SELECT pg_sleep(0.05);\n", Token);
        File.SetUnixFileMode(Path.GetDirectoryName(script)!, (UnixFileMode)0x1ED);
        string report = await BenchAsync(cluster, database, "-n", "-c", "4", "-t", "40", "-f", script);
        double latency = double.Parse(Latency().Match(report).Groups[1].Value, CultureInfo.InvariantCulture);
        await stage.SettleAsync();
        MetricSeries series = Assert.Single(await stage.SeriesAsync(TimeSpan.FromHours(1), "query_time"));
        double mean = series.Points.Sum(static point => point.Value) / series.Points.Count;
        // A few statements of pgbench's own start are in the mean; the way there and back is not.
        Assert.InRange(mean, 45, latency);
        StatementUse sleep = Assert.Single(
            await stage.StatementsAsync(),
            static one => one.Text.StartsWith("SELECT pg_sleep", StringComparison.Ordinal)
        );
        Assert.Equal(160, sleep.Calls);
        Assert.InRange(sleep.MeanMs, 50, latency);
        // Four clients without a pause: as many calls a second as pgbench says, while it ran.
        MetricSeries calls = Assert.Single(await stage.SeriesAsync(TimeSpan.FromMilliseconds(250), "calls"));
        double rate = double.Parse(Rate().Match(report).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(calls.Points.Max(static point => point.Highest), rate * 0.5, 160);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Deadlocks_are_counted_and_who_blocks_is_named(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(
            "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)",
            Token,
            database
        );
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database));
        for (int i = 0; i < 3; i++)
        {
            await DeadlockAsync(cluster, database);
        }
        await stage.SettleAsync();
        Assert.Equal(3, (await stage.DatabaseAsync(database)).Deadlocks);
        Assert.True(stage.Reading("deadlock rate") > 0);
        MetricSeries rate = Assert.Single(await stage.SeriesAsync(TimeSpan.FromHours(1), "deadlock_rate"));
        Assert.True(rate.Points[^1].Highest > 0);

        await using NpgsqlConnection holder = await cluster.OpenAsync(database, Token);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Token);
        await RunAsync(holder, "UPDATE t SET id = id WHERE id = 1");
        await using NpgsqlConnection waiter = await cluster.OpenAsync(database, Token);
        Task waiting = RunAsync(waiter, "UPDATE t SET id = id WHERE id = 1");
        await stage.UntilAsync(status =>
            status.Blockers.Any(one => one.StartsWith($"pid {holder.ProcessID} ", StringComparison.Ordinal))
        );
        Assert.Equal(1, stage.Reading("lock contention"));
        await held.RollbackAsync(Token);
        await waiting;
        await stage.UntilAsync(status => status.Blockers.Count == 0);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Resets_in_the_middle_make_no_value_negative_or_absurd(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync("CREATE EXTENSION pg_stat_statements", Token, database);
        await BenchAsync(cluster, database, "-i", "-q", "-s", "1");
        await cluster.ExecuteAsync("DO $$ BEGIN FOR i IN 1 .. 50000 LOOP COMMIT; END LOOP; END $$", Token, database);
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database));
        for (int i = 0; i < 3; i++)
        {
            await BenchAsync(cluster, database, "-n", "-c", "2", "-t", "100");
            await stage.SettleAsync();
            await cluster.ExecuteAsync("SELECT pg_stat_reset()", Token, database);
            await cluster.ExecuteAsync(Forget, Token, database);
            await stage.SettleAsync();
        }
        StatementUse update = Assert.Single(
            await stage.StatementsAsync(),
            one => one.Text.StartsWith("UPDATE pgbench_tellers", StringComparison.Ordinal)
        );
        Assert.Equal(600, update.Calls);
        // The 50,000 from before the first sample are in none.
        Assert.InRange((await stage.DatabaseAsync(database)).Transactions, 600, 20_000);
        foreach (MetricSeries series in await stage.SeriesAsync(TimeSpan.FromSeconds(1), [.. Names()]))
        {
            Assert.All(series.Points, point => Assert.True(point.Value >= 0, series.Metric.Name));
            if (series.Metric.Unit == "%")
            {
                Assert.All(series.Points, point => Assert.True(point.Highest <= 100, series.Metric.Name));
            }
        }
    }

    private static IEnumerable<string> Names() => ServerMetric.All.Select(static metric => metric.Name);

    private static Drover.Configuration.DroverOptions Options(LocalPostgresCluster cluster, string database) =>
        MonitorStage.Options("", (MonitorStage.Server, MonitorStage.Url(cluster, database)));

    private static async Task DeadlockAsync(LocalPostgresCluster cluster, string database)
    {
        await using NpgsqlConnection one = await cluster.OpenAsync(database, Token);
        await using NpgsqlConnection two = await cluster.OpenAsync(database, Token);
        foreach (NpgsqlConnection each in new[] { one, two })
        {
            await RunAsync(each, "SET deadlock_timeout = '10ms'; BEGIN");
        }
        await RunAsync(one, "UPDATE t SET id = id WHERE id = 1");
        await RunAsync(two, "UPDATE t SET id = id WHERE id = 2");
        Task[] crossed =
        [
            RunAsync(one, "UPDATE t SET id = id WHERE id = 2"),
            RunAsync(two, "UPDATE t SET id = id WHERE id = 1"),
        ];
        PostgresException failure = await Assert.ThrowsAsync<PostgresException>(() => Task.WhenAll(crossed));
        Assert.Equal(PostgresErrorCodes.DeadlockDetected, failure.SqlState);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task<string> BenchAsync(LocalPostgresCluster cluster, string database, params string[] options)
    {
        const string Program = "/usr/bin/pgbench";
        Assert.SkipUnless(File.Exists(Program), "pgbench is missing: apt-get install postgresql-15");
        string port = cluster.Port.ToString(CultureInfo.InvariantCulture);
        CommandRun run = await CommandRun.RunAsync(
            [Program, .. options, "-h", LocalPostgresCluster.Host, "-p", port, "-U", "postgres", database],
            "/",
            Token
        );
        Assert.True(run.ExitCode == 0, run.Error);
        return run.Output;
    }

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"latency average = ([0-9.]+) ms")]
    private static partial Regex Latency();
}
