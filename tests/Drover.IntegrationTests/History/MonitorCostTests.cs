// What measuring costs, in this process and in the server's: below one in a hundred of a processor.
using System.Globalization;
using Drover.App.LocalPostgres;
using Drover.History;
using Drover.IntegrationTests.LocalPostgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.IntegrationTests.History;

public sealed class MonitorCostTests(MeasuredPostgresFixture fixture, ITestOutputHelper output)
{
    private const double TicksPerSecond = 100;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Measuring_a_server_of_1000_tables_and_many_statements_costs_less_than_a_hundredth(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await FillAsync(cluster, database);
        HistoryLimits usual = new();
        await using ServerMonitor monitor = new(
            MonitorStage.Options("", (MonitorStage.Server, MonitorStage.Url(cluster, database))),
            // As usual, but for the interval: 60 samples are ten minutes, which have two looks at the tables.
            usual with
            {
                TablePeriod = TimeSpan.FromSeconds(8),
                StatementPeriod = TimeSpan.FromSeconds(1.5),
                InspectionPeriod = TimeSpan.FromSeconds(15),
                PlanPeriod = TimeSpan.FromSeconds(8),
                RestFactor = 1,
            },
            TimeProvider.System,
            NullLogger.Instance
        );
        using CancellationTokenSource stop = new();
        Task running = monitor.RunAsync(stop.Token);
        // The first samples make tables and partitions and compile what runs afterwards.
        await Eventually.HoldsAsync(() => Latest().Cost.Samples >= 8, TimeSpan.FromSeconds(60));
        MonitorCost before = Latest().Cost;
        double serverBefore = await ServerSecondsAsync(cluster, database);
        await Eventually.HoldsAsync(() => Latest().Cost.Samples >= before.Samples + 60, TimeSpan.FromMinutes(6));
        MonitorCost after = Latest().Cost;
        double server = await ServerSecondsAsync(cluster, database) - serverBefore;
        await stop.CancelAsync();
        await running;
        TimeSpan span = new Drover.Configuration.MonitorOptions().Interval * (after.Samples - before.Samples);
        double own = (after.Processor - before.Processor) / span;
        double theirs = server / span.TotalSeconds;
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"PostgreSQL {major}: {own:P3} of a processor here, {theirs:P3} in the server's sessions"
            )
        );
        Assert.Equal(0, after.Failures);
        Assert.InRange(own, 0.00001, 0.01);
        Assert.InRange(theirs, 0, 0.01);

        MonitorStatus Latest() => monitor.Latest(MonitorStage.Server);
    }

    private static async Task FillAsync(LocalPostgresCluster cluster, string database)
    {
        await cluster.ExecuteAsync("CREATE EXTENSION pg_stat_statements", Token, database);
        await cluster.ExecuteAsync(
            """
            DO $$ BEGIN
                FOR i IN 1 .. 1000 LOOP
                    EXECUTE format('CREATE TABLE t%s (id bigint PRIMARY KEY, at timestamptz, note text)', i);
                END LOOP;
            END $$
            """,
            Token,
            database
        );
        foreach (int[] some in Enumerable.Range(1, 1000).Chunk(100))
        {
            string statements = string.Join(';', some.Select(static i => $"SELECT id FROM t{i}; SELECT at FROM t{i}"));
            await cluster.ExecuteAsync(statements, Token, database);
        }
        await cluster.ExecuteAsync("ANALYZE", Token, database);
        string? known = await cluster.QueryAsync("SELECT count(*) >= 2000 FROM pg_stat_statements", Token, database);
        Assert.Equal("t", known);
    }

    // utime and stime of proc(5) of the monitor's sessions.
    private static async Task<double> ServerSecondsAsync(LocalPostgresCluster cluster, string database)
    {
        string pids =
            await cluster.QueryAsync(
                $"""
                SELECT string_agg(pid::text, ' ') FROM pg_stat_activity
                WHERE application_name = 'drover monitor' AND datname = '{database}'
                """,
                Token
            ) ?? "";
        double seconds = 0;
        foreach (string pid in pids.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string stat = await File.ReadAllTextAsync($"/proc/{pid}/stat", Token);
            string[] words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            seconds +=
                (
                    long.Parse(words[11], CultureInfo.InvariantCulture)
                    + long.Parse(words[12], CultureInfo.InvariantCulture)
                ) / TicksPerSecond;
        }
        return seconds;
    }
}
