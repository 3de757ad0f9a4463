// The monitor while servers restart, go away, forbid things or are standbys; and when there are two monitors.
using Drover.App.LocalPostgres;
using Drover.Configuration;
using Drover.History;
using Drover.History.Store;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Partitioning.Stress;
using Npgsql;

namespace Drover.IntegrationTests.History;

public sealed class MonitorSurvivalTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15, true)]
    [InlineData(18, false)]
    public async Task A_restart_in_the_middle_is_survived_and_gives_no_absurd_rate(int major, bool isCrash)
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions
            {
                Major = major,
                Settings = new Dictionary<string, string> { ["shared_preload_libraries"] = "pg_stat_statements" },
            },
            Token
        );
        await cluster.ExecuteAsync("CREATE EXTENSION pg_stat_statements; CREATE TABLE t AS SELECT 1 AS a", Token);
        await cluster.ExecuteAsync("DO $$ BEGIN FOR i IN 1 .. 50000 LOOP COMMIT; END LOOP; END $$", Token);
        await using MonitorStage stage = await MonitorStage.StartAsync(Options("", cluster, "postgres"));
        await stage.SettleAsync();
        DateTimeOffset restarted = TimeProvider.System.GetUtcNow();
        await cluster.StopAsync(isCrash, Token);
        await stage.UntilAsync(status => status.State == MonitorState.Unreachable);
        Assert.NotEmpty(stage.Monitor.Latest(MonitorStage.Server).Problem);
        await cluster.StartAsync(Token);
        await stage.UntilAsync(status => status.State == MonitorState.Measured && status.At > restarted);
        await stage.UntilAsync(status => status.History == HistoryState.Written);
        await stage.SettleAsync();
        Assert.True(stage.Monitor.Latest(MonitorStage.Server).Cost.Failures > 0);
        DatabaseUse use = await stage.DatabaseAsync("postgres");
        // What was before the first sample is in no interval, whatever the restart did to the counters.
        Assert.InRange(use.Transactions, 1, 20_000);
        MetricSeries rate = Assert.Single(await stage.SeriesAsync(TimeSpan.FromSeconds(1), "transactions"));
        Assert.All(rate.Points, static point => Assert.InRange(point.Highest, 0, 20_000));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task What_a_role_may_not_see_or_do_is_named_with_its_grant_and_works_once_granted(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        string role = $"watcher_{database}";
        await cluster.ExecuteAsync($"CREATE ROLE {role} LOGIN", Token);
        DroverOptions options = MonitorStage.Options(
            "",
            (MonitorStage.Server, MonitorStage.Url(cluster, database, role))
        );
        await using MonitorStage stage = await MonitorStage.StartAsync(options);
        await stage.UntilAsync(status => status.History == HistoryState.NotWritten);
        MonitorStatus status = stage.Monitor.Latest(MonitorStage.Server);
        Assert.Equal(MonitorState.Measured, status.State);
        Assert.Equal(11, status.Metrics.Count);
        Assert.Contains($"GRANT CREATE ON DATABASE \"{database}\" TO \"{role}\"", status.HistoryProblem, Ordinal);
        Assert.Contains(status.Metrics, one => one.Note.Contains($"GRANT pg_read_all_stats TO {role}", Ordinal));
        Assert.Contains(status.Metrics, one => one.Value is null && one.Note.Contains("CREATE EXTENSION", Ordinal));
        await cluster.ExecuteAsync(
            $"GRANT CREATE ON DATABASE {database} TO {role}; GRANT pg_read_all_stats TO {role}; "
                + "CREATE EXTENSION pg_stat_statements",
            Token,
            database
        );
        await stage.UntilAsync(status => status.History == HistoryState.Written && status.HistoryProblem.Length == 0);
        await cluster.ExecuteAsync("SELECT 'seen by others', count(*) FROM pg_class", Token, database);
        await stage.SettleAsync();
        Assert.Contains(await stage.StatementsAsync(), static one => one.Text.Contains("pg_class", Ordinal));
        await stage.UntilAsync(status => status.InspectedAt is not null);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_table_that_is_locked_hides_no_other_metric(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(
            "CREATE EXTENSION pg_stat_statements; CREATE TABLE t AS SELECT 1 AS id",
            Token,
            database
        );
        await using NpgsqlConnection holder = await cluster.OpenAsync(database, Token);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Token);
        await using (NpgsqlCommand command = new("LOCK TABLE t", holder))
        {
            await command.ExecuteNonQueryAsync(Token);
        }
        await using MonitorStage stage = await MonitorStage.StartAsync(Options("", cluster, database));
        await stage.SettleAsync();
        MonitorStatus status = stage.Monitor.Latest(MonitorStage.Server);
        Assert.Equal((MonitorState.Measured, 0L), (status.State, status.Cost.Failures));
        Assert.True(status.Values.ContainsKey("connections"));
        Assert.Equal(HistoryState.Written, status.History);
        Assert.Empty(await stage.TablesAsync());
        await held.RollbackAsync(Token);
        await stage.UntilAsync(status => status.InspectedAt is not null);
        await stage.SettleAsync();
        Assert.Contains(await stage.TablesAsync(), static one => one.Name == "public.t");
        // What an inspection plans leaves the session's lock_timeout as it was.
        await using NpgsqlTransaction again = await holder.BeginTransactionAsync(Token);
        await using (NpgsqlCommand command = new("LOCK TABLE t", holder))
        {
            await command.ExecuteNonQueryAsync(Token);
        }
        await stage.SettleAsync();
        Assert.Equal(0L, stage.Monitor.Latest(MonitorStage.Server).Cost.Failures);
    }

    [Fact]
    public async Task One_of_two_monitors_writes_and_the_other_takes_over()
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        MonitorStage first = await MonitorStage.StartAsync(Options("", cluster, database));
        await using MonitorStage second = await MonitorStage.StartAsync(Options("", cluster, database));
        try
        {
            await first.UntilAsync(status => status.History == HistoryState.Written);
            await second.UntilAsync(status => status.History == HistoryState.WrittenByAnother);
            // Who does not write can read.
            Assert.NotEmpty((await second.SeriesAsync(TimeSpan.FromSeconds(1), "connections"))[0].Points);
            Assert.Equal("1", await cluster.QueryAsync("SELECT count(*) FROM drover.history_servers", Token, database));
        }
        finally
        {
            await first.DisposeAsync();
        }
        await second.UntilAsync(status => status.History == HistoryState.Written);
    }

    [Fact]
    public async Task A_standby_is_measured_and_its_history_is_kept_on_its_primary()
    {
        await using LocalPostgresCluster primary = await LocalPostgresCluster.StartNewAsync(new(), Token);
        await using StandbyServer standby = await StandbyServer.StartAsync(primary, "reader");
        string url = $"host={standby.SocketFolder} port={primary.Port} user=postgres dbname=postgres";
        await using MonitorStage alone = await MonitorStage.StartAsync(MonitorStage.Options("", ("copy", url)));
        await alone.UntilAsync(status => status.History == HistoryState.NotWritten, "copy");
        Assert.Contains("a standby takes no writes", alone.Monitor.Latest("copy").HistoryProblem, Ordinal);
        await using MonitorStage both = await MonitorStage.StartAsync(
            MonitorStage.Options("", ("main", MonitorStage.Url(primary, "postgres")), ("copy", url))
        );
        await both.UntilAsync(status => status is { History: HistoryState.Written, IsStandby: true }, "copy");
        await both.UntilAsync(status => status is { History: HistoryState.Written, IsStandby: false }, "main");
        await both.UntilAsync(status => status.Values.ContainsKey("replication_lag"), "copy");
        Assert.Equal(
            "copy, main",
            await primary.QueryAsync("SELECT string_agg(name, ', ' ORDER BY name) FROM drover.history_servers", Token)
        );
        await both.UntilAsync(
            status => status.Metrics.Any(one => one.Note.Contains("the furthest of 1", Ordinal)),
            "main"
        );
    }

    [Fact]
    public async Task A_history_that_is_away_costs_only_the_samples_of_that_time()
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        await using LocalPostgresCluster keeper = await LocalPostgresCluster.StartNewAsync(new(), Token);
        await using MonitorStage stage = await MonitorStage.StartAsync(
            Options(MonitorStage.Url(keeper, "postgres"), cluster, database)
        );
        await stage.UntilAsync(status => status.History == HistoryState.Written);
        await keeper.StopAsync(immediate: true, Token);
        await stage.UntilAsync(status => status.History == HistoryState.NotWritten);
        DateTimeOffset? last = stage.Monitor.Latest(MonitorStage.Server).At;
        await stage.UntilAsync(status => status.At > last && status.State == MonitorState.Measured);
        await Assert.ThrowsAsync<Drover.Operations.OperationException>(() => stage.TablesAsync());
        await keeper.StartAsync(Token);
        await stage.UntilAsync(status => status.History == HistoryState.Written);
        Assert.Null(await cluster.QueryAsync("SELECT to_regnamespace('drover')::text", Token, database));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Days_are_made_ahead_and_those_past_the_retention_are_dropped(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await using (MonitorStage stage = await MonitorStage.StartAsync(Options("", cluster, database)))
        {
            await stage.UntilAsync(status => status.History == HistoryState.Written);
        }
        const string Count = """
            SELECT count(*) || ' ' || count(DISTINCT inhparent) FROM pg_inherits
            JOIN pg_class c ON c.oid = inhparent AND c.relkind = 'p'
            """;
        // Four tables; today and three days.
        Assert.Equal("16 4", await cluster.QueryAsync(Count, Token, database));
        await cluster.ExecuteAsync(
            """
            DO $$ BEGIN
                FOR back IN 5 .. 7 LOOP
                    EXECUTE format('CREATE TABLE drover.old_%s PARTITION OF drover.server_samples
                        FOR VALUES FROM (%L) TO (%L)', back, current_date - back, current_date - back + 1);
                    EXECUTE format('INSERT INTO drover.server_samples (at, server_id) VALUES (%L, 1)',
                        current_date - back);
                END LOOP;
            END $$
            """,
            Token,
            database
        );
        NpgsqlConnectionStringBuilder target = MonitorConnections.Parse(
            MonitorStage.Url(cluster, database),
            MonitorStage.Limits,
            out _
        )!;
        HistoryPartitions partitions = new(retentionDays: 6, MonitorStage.Limits, TimeProvider.System);
        Assert.Null(await partitions.KeepAsync(target, Token));
        // Of the days 5, 6 and 7 ago the last one is past six days.
        Assert.Equal(
            "drover.old_5, drover.old_6",
            await cluster.QueryAsync(
                """
                SELECT string_agg(oid::regclass::text, ', ' ORDER BY relname) FROM pg_class
                WHERE relname LIKE 'old%' AND relkind = 'r'
                """,
                Token,
                database
            )
        );
        Assert.Null(await cluster.QueryAsync("SELECT to_regclass('drover.old_7')::text", Token, database));
        Assert.Equal(
            "2",
            await cluster.QueryAsync(
                "SELECT count(*) FROM drover.server_samples WHERE at < current_date - 2",
                Token,
                database
            )
        );
    }

    [Fact]
    public async Task A_wrong_connection_string_is_told_without_its_password()
    {
        DroverOptions options = MonitorStage.Options("", ("odd", "host=h password=hidden nonsense=1"));
        await using ServerMonitor monitor = new(
            options,
            MonitorStage.Limits,
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance
        );
        await monitor.RunAsync(Token);
        MonitorStatus status = monitor.Latest("odd");
        Assert.Equal(MonitorState.Unreachable, status.State);
        Assert.Contains("nonsense is not known here", status.Problem, Ordinal);
        Assert.DoesNotContain("hidden", status.ToString(), Ordinal);
        Assert.Throws<ArgumentException>(() => monitor.Latest("another"));
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static DroverOptions Options(string history, LocalPostgresCluster cluster, string database) =>
        MonitorStage.Options(history, (MonitorStage.Server, MonitorStage.Url(cluster, database)));
}
