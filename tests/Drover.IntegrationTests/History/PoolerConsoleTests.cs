// Pool utilisation from the console of the real PgBouncer, and of Drover, against clients known to hold servers.
using System.Text.Json;
using Drover.App.LocalPostgres;
using Drover.Configuration;
using Drover.History;
using Drover.IntegrationTests.Advice;
using Drover.IntegrationTests.Clients;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.History;

public sealed class PoolerConsoleTests(PostgresFixture fixture)
{
    private const string Password = "s3cret";
    private const int PoolSize = 8;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("pgbouncer", "md5")]
    [InlineData("pgbouncer", "scram-sha-256")]
    [InlineData("pgbouncer", "plain")]
    [InlineData("", "scram-sha-256")]
    public async Task Clients_that_hold_servers_are_counted_by_inspect_serve_and_top(string program, string auth)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        await using ProxyUnderTest pooler = await StartAsync(cluster, database, program, auth);
        await using Holders holders = await Holders.StartAsync(pooler, 6);

        // 1. inspect, over its interval.
        string console = Console(pooler, "stats", Password);
        JsonElement found = await InspectProgram.JsonAsync(cluster, database, "postgres", "--console", console);
        JsonElement metric = found
            .GetProperty("metrics")
            .EnumerateArray()
            .Single(static one => one.GetProperty("metric").GetString() == "connection pool utilisation");
        Assert.Equal(75, metric.GetProperty("value").GetDouble());
        Assert.Contains("clients hold 6 of 8 servers", metric.GetProperty("note").GetString(), Ordinal);
        Assert.DoesNotContain(Password, found.ToString(), Ordinal);

        // 2. The monitor: what it shows, keeps and exports.
        DroverOptions options = MonitorStage.Options("", (MonitorStage.Server, MonitorStage.Url(cluster, database)));
        MonitoredServerOptions server = options.MonitoredServers[0] with { Console = console };
        await using (MonitorStage stage = await MonitorStage.StartAsync(options with { MonitoredServers = [server] }))
        {
            await stage.UntilAsync(status => status.Values.GetValueOrDefault("pool_utilisation") == 75);
            await stage.SettleAsync();
            MetricSeries kept = Assert.Single(await stage.SeriesAsync(TimeSpan.FromSeconds(1), "pool_utilisation"));
            Assert.All(kept.Points, static point => Assert.Equal(75, point.Highest));
            await holders.EndAsync(3);
            await stage.UntilAsync(status => status.Values.GetValueOrDefault("pool_utilisation") == 37.5);
        }

        // 3. top.
        ProgramAnswer answer = await TestedProgram.RunAsync([
            "top",
            MonitorStage.Url(cluster, database),
            "--once",
            "--interval",
            "1",
            "--console",
            console,
        ]);
        Assert.True(answer.ExitCode == 0, answer.ToString());
        Assert.Matches("shop/app +\\d+ +0 +3 +3", answer.Output);
        Assert.Matches(@"connection pool utilisation +37\.5 %", answer.Output);
    }

    [Fact]
    public async Task Clients_that_wait_are_told_and_a_pool_in_its_reserve_is_above_full()
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(15, Token);
        await using ProxyUnderTest pooler = await StartAsync(cluster, database, "pgbouncer", "md5", "2");
        await using Holders holders = await Holders.StartAsync(pooler, PoolSize);
        Task waiting = holders.AddAsync(pooler);
        MetricAnswer answer = default!;
        await Eventually.HoldsAsync(
            async () =>
            {
                answer = await InspectAsync(cluster, database, Console(pooler, "stats", Password));
                return answer.Note.Contains("clients wait", Ordinal);
            },
            TimeSpan.FromSeconds(30)
        );
        Assert.False(waiting.IsCompleted);
        Assert.Equal(100, answer.Value);
        Assert.Matches(@"clients hold 8 of 8 servers; 1 clients wait, up to \d", answer.Note);
        await holders.EndAsync(1);
        await waiting;
    }

    [Theory]
    [InlineData("stats", "wrong", "login refused: ")]
    [InlineData("nobody", Password, "login refused: ")]
    [InlineData("app", Password, "Put the user into admin_users or stats_users")]
    public async Task Console_that_refuses_is_told_and_the_rest_is_measured(string user, string password, string told)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        await using ProxyUnderTest pooler = await StartAsync(cluster, database, "pgbouncer", "scram-sha-256");
        MetricAnswer answer = await InspectAsync(cluster, database, Console(pooler, user, password));
        Assert.Null(answer.Value);
        Assert.Contains(told, answer.Note, Ordinal);
        Assert.DoesNotContain(password, answer.Note, Ordinal);
    }

    [Fact]
    public async Task Console_that_is_away_or_is_a_database_is_told_and_comes_back_by_itself()
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        MetricAnswer answer = await InspectAsync(cluster, database, "postgres://stats@127.0.0.1:1/pgbouncer");
        Assert.Contains("cannot be reached: ", answer.Note, Ordinal);
        Assert.Null(answer.Value);
        answer = await InspectAsync(cluster, database, MonitorStage.Url(cluster, database));
        Assert.Contains("this is a database. The console's is pgbouncer", answer.Note, Ordinal);
        answer = await InspectAsync(cluster, database, $"postgres://a@127.0.0.1:{cluster.Port}/b?sslmode=require");
        Assert.Contains("the server has no TLS, and sslmode asks for it", answer.Note, Ordinal);

        ProxyUnderTest first = await StartAsync(cluster, database, "pgbouncer", "md5");
        DroverOptions options = MonitorStage.Options("", (MonitorStage.Server, MonitorStage.Url(cluster, database)));
        MonitoredServerOptions server = options.MonitoredServers[0] with
        {
            Console = Console(first, "stats", Password),
        };
        await using MonitorStage stage = await MonitorStage.StartAsync(options with { MonitoredServers = [server] });
        await stage.UntilAsync(static status => status.Values.ContainsKey("pool_utilisation"));
        int port = first.Port;
        await first.DisposeAsync();
        await stage.UntilAsync(static status => !status.Values.ContainsKey("pool_utilisation"));
        Assert.Null(stage.Reading("connection pool utilisation"));
        Assert.Equal(MonitorState.Measured, stage.Monitor.Latest(MonitorStage.Server).State);
        await using ProxyUnderTest second = await StartAsync(cluster, database, "pgbouncer", "md5", port: port);
        await stage.UntilAsync(static status => status.Values.ContainsKey("pool_utilisation"));
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static string Console(ProxyUnderTest pooler, string user, string password) =>
        $"postgres://{user}:{password}@{ProxyUnderTest.Host}:{pooler.Port}/pgbouncer";

    private static async Task<MetricAnswer> InspectAsync(LocalPostgresCluster cluster, string database, string console)
    {
        JsonElement found = await InspectProgram.JsonAsync(cluster, database, "postgres", "--console", console);
        Assert.Equal(11, found.GetProperty("metrics").GetArrayLength());
        JsonElement metric = found
            .GetProperty("metrics")
            .EnumerateArray()
            .Single(static one => one.GetProperty("metric").GetString() == "connection pool utilisation");
        JsonElement value = metric.GetProperty("value");
        return new MetricAnswer(
            value.ValueKind == JsonValueKind.Null ? null : value.GetDouble(),
            metric.GetProperty("note").GetString()!
        );
    }

    private static Task<ProxyUnderTest> StartAsync(
        LocalPostgresCluster cluster,
        string database,
        string program,
        string auth,
        string reserve = "0",
        int? port = null
    ) =>
        ProxyUnderTest.StartAsync(
            new Dictionary<string, string>
            {
                ["auth_type"] = auth,
                ["pool_mode"] = "transaction",
                ["default_pool_size"] = $"{PoolSize}",
                ["reserve_pool_size"] = reserve,
                ["reserve_pool_timeout"] = "60",
                ["stats_users"] = "stats",
                ["admin_users"] = "boss",
            },
            new Dictionary<string, string>
            {
                ["shop"] = $"host={LocalPostgresCluster.Host} port={cluster.Port} dbname={database}",
            },
            new Dictionary<string, string>
            {
                ["app"] = Password,
                ["stats"] = Password,
                ["boss"] = Password,
            },
            Token,
            program,
            port
        );

    private sealed record MetricAnswer(double? Value, string Note);

    /// <summary>Clients in the middle of a transaction: each holds a server.</summary>
    private sealed class Holders : IAsyncDisposable
    {
        private readonly List<NpgsqlConnection> _held = [];

        public static async Task<Holders> StartAsync(ProxyUnderTest pooler, int count)
        {
            Holders holders = new();
            for (int i = 0; i < count; i++)
            {
                await holders.AddAsync(pooler);
            }
            return holders;
        }

        public async Task AddAsync(ProxyUnderTest pooler)
        {
            NpgsqlConnection connection = new(
                $"Host={ProxyUnderTest.Host};Port={pooler.Port};Username=app;Password={Password};Database=shop;"
                    + "Pooling=false;Server Compatibility Mode=NoTypeLoading;No Reset On Close=true"
            );
            await connection.OpenAsync(Token);
            await using NpgsqlCommand begin = new("BEGIN", connection);
            await begin.ExecuteNonQueryAsync(Token);
            lock (_held)
            {
                _held.Add(connection);
            }
        }

        public async Task EndAsync(int count)
        {
            foreach (NpgsqlConnection connection in _held.Take(count).ToArray())
            {
                await using NpgsqlCommand end = new("COMMIT", connection);
                await end.ExecuteNonQueryAsync(Token);
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (NpgsqlConnection connection in _held)
            {
                await connection.DisposeAsync();
            }
        }
    }
}
