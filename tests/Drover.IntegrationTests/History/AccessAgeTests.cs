// How far back queries ask, measured in the proxy's traffic and in pg_stat_activity, against what was really asked.
using System.Globalization;
using Drover.Advice;
using Drover.Advice.Ages;
using Drover.Advice.Findings;
using Drover.App.LocalPostgres;
using Drover.History;
using Drover.History.Sampling;
using Drover.History.Store;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Serve;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.IntegrationTests.History;

public sealed class AccessAgeTests(PostgresFixture fixture)
{
    /// <summary>In each hundred, in turns that do not fit the sampling: 78, 18, 3 and 1, as the story has it.</summary>
    private static readonly int[] s_days =
    [
        .. Enumerable
            .Range(0, 100)
            .Select(static n =>
                (n * 37 % 100) switch
                {
                    < 78 => 5,
                    < 96 => 25,
                    < 99 => 80,
                    _ => 400,
                }
            ),
    ];

    private const string Secret = "zq-secret-7731";
    private const string Orders = "public.orders";

    private static readonly TimeSpan s_kept = TimeSpan.FromSeconds(100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Traffic_through_the_proxy_is_measured_and_no_value_is_kept(int major)
    {
        (LocalPostgresCluster cluster, string database) = await MadeAsync(major);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("drover-age-");
        int port = ServeProcess.FindFreePort();
        string file = await ConfigureAsync(folder.FullName, port, cluster, database);
        await using ShardedProxy proxy = await ShardedProxy.StartAsync(file, port, Token);
        // Until the first look at the tables is over, samples wait.
        await Eventually.HoldsAsync(
            async () =>
                await ScalarAsync<bool>(cluster, database, "SELECT to_regclass('drover.access_days') IS NOT NULL"),
            s_kept
        );
        for (int hundred = 0; hundred < 120; hundred += 2)
        {
            // A hundred samples at a time, and a queue of 500 that is read each second.
            long start = TimeProvider.System.GetTimestamp();
            await Task.WhenAll(SimpleAsync(proxy.Port), ExtendedAsync(proxy, (hundred & 2) == 0));
            TimeSpan left = TimeSpan.FromMilliseconds(450) - TimeProvider.System.GetElapsedTime(start);
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, Token);
        }
        await Eventually.HoldsAsync(
            async () =>
                await ScalarAsync<bool>(
                    cluster,
                    database,
                    "SELECT coalesce(sum(samples), 0) >= 5000 FROM drover.access_days WHERE source = 'proxy'"
                ),
            s_kept,
            proxy.Log
        );
        await HoldsAsync(cluster, database, "proxy");
        double calls = await ScalarAsync<double>(
            cluster,
            database,
            "SELECT d7 + d30 + d90 + older FROM drover.access_days WHERE source = 'proxy'"
        );
        Assert.InRange(calls, 11_000, 13_000);
        await KeepsNoValueAsync(cluster, database);
        Assert.DoesNotContain(Secret, proxy.Log, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Straight_traffic_is_measured_by_what_sessions_ran_last(int major)
    {
        const int Sessions = 50;
        (LocalPostgresCluster cluster, string database) = await MadeAsync(major);
        await using NpgsqlConnection monitor = await cluster.OpenAsync(database, Token);
        using AccessWatch watch = new(null, MonitorStage.Limits, TimeProvider.System);
        _ = await watch.TakeAsync(monitor, Token);
        List<ScriptedClient> clients = [];
        for (int i = 0; i < Sessions; i++)
        {
            clients.Add(
                await ScriptedClient.ConnectAsync(LocalPostgresCluster.Host, cluster.Port, "postgres", database)
            );
        }
        AccessCounts sum = default;
        for (int round = 0; round < 102; round++)
        {
            await Task.WhenAll(
                clients.Select((client, i) => client.Query(Literal(s_days[((round * Sessions) + i) % 100])).RunAsync())
            );
            AccessKey key = new(Orders, AccessKey.Activity);
            sum += (await watch.TakeAsync(monitor, Token)).GetValueOrDefault(key);
            // Nothing new: what is seen again does not count again.
            sum += (await watch.TakeAsync(monitor, Token)).GetValueOrDefault(key);
        }
        foreach (ScriptedClient client in clients)
        {
            await client.DisposeAsync();
        }
        Assert.Equal(102 * Sessions, sum.Samples);
        IsTheStory(sum);
    }

    [Fact]
    public async Task Times_without_a_zone_are_the_servers_and_a_text_that_is_cut_off_says_nothing()
    {
        (LocalPostgresCluster cluster, string database) = await MadeAsync(18);
        // Midnight there is 13 hours before that of UTC: with it, seven days and a half are eight.
        await cluster.ExecuteAsync($"ALTER DATABASE {database} SET timezone = 'Pacific/Auckland'", Token);
        await using ServerAccess access = new(new NpgsqlConnectionStringBuilder(cluster.ConnectionStringTo(database)));
        await using NpgsqlConnection monitor = await access.OpenAsync(Token);
        using AccessWatch watch = new(null, MonitorStage.Limits, TimeProvider.System);
        _ = await watch.TakeAsync(monitor, Token);
        await using ScriptedClient client = await ScriptedClient.ConnectAsync(
            LocalPostgresCluster.Host,
            cluster.Port,
            "postgres",
            database
        );
        AccessKey key = new(Orders, AccessKey.Activity);
        string at = Since(7).AddHours(-18).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        await client.Query($"SELECT count(*) FROM orders WHERE created_at >= '{at}'").RunAsync();
        Assert.Equal(1, (await watch.TakeAsync(monitor, Token))[key].Month);
        await client
            .Query($"SELECT count(*) FROM orders WHERE id > 0 {new string(' ', 1000)} AND created_at > now()")
            .RunAsync();
        Assert.Empty(await watch.TakeAsync(monitor, Token));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task The_finding_says_what_is_known_and_else_how_to_know_it(int major)
    {
        (LocalPostgresCluster cluster, string database) = await MadeAsync(major);
        await using NpgsqlConnection connection = await cluster.OpenAsync(database, Token);
        AdviceLimits limits = new() { LargeTableBytes = 1 };
        Recommendation unknown = Assert.Single(await PartitionAdvice.ReadAsync(connection, null, limits, Token));
        Assert.Contains("how far back queries ask is not known: [monitor.servers.NAME]", unknown.Evidence);
        await using (MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database)))
        {
            await stage.UntilAsync(static status => status.History == HistoryState.Written);
            await stage.SettleAsync();
            await cluster.ExecuteAsync(
                """
                INSERT INTO drover.access_days
                SELECT 1, 'public.orders', current_date - n, 'proxy', 39, 9, 1.5, 0.5, 0, 0, 300
                FROM generate_series(0, 1) n
                """,
                Token,
                database
            );
            TableAccess read = Assert.Single(
                await stage.Monitor.ReadAccessAsync(
                    MonitorStage.Server,
                    TimeProvider.System.GetUtcNow().AddDays(-7),
                    TimeProvider.System.GetUtcNow(),
                    Token
                ),
                static one => one.Source == "proxy"
            );
            Assert.Equal((Orders, 78.0, 600L), (read.Name, read.Counts.Week, read.Counts.Samples));
        }
        Recommendation known = Assert.Single(await PartitionAdvice.ReadAsync(connection, null, limits, Token));
        Assert.Contains(
            "of 600 queries sampled in the proxy in 30 days 78 % ask for the last 7 days (±3.3 points), 18 % for 30, "
                + "3 % for 90, 1 % for more, 0 % for all ages",
            known.Evidence,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "partition by month, keep 3 hot: the last 30 days, which lie in up to 3 calendar months, are all that "
                + "96 % of the queries ask for",
            known.Expected,
            StringComparison.Ordinal
        );
        // The same name on two servers may be two tables.
        await cluster.ExecuteAsync(
            """
            INSERT INTO drover.history_servers (name) VALUES ('other');
            INSERT INTO drover.access_days SELECT id, 'public.orders', current_date, 'proxy', 1, 1, 1, 1, 0, 0, 300
            FROM drover.history_servers WHERE name = 'other'
            """,
            Token,
            database
        );
        Recommendation two = Assert.Single(await PartitionAdvice.ReadAsync(connection, null, limits, Token));
        Assert.Contains("how far back queries ask is not known", two.Evidence, StringComparison.Ordinal);
        await OfOneServerAsync(cluster, database);
    }

    // The monitor knows which of several it measures, wherever the history is; a history that may not be read is none.
    private static async Task OfOneServerAsync(LocalPostgresCluster cluster, string database)
    {
        NpgsqlConnectionStringBuilder place = new(cluster.ConnectionStringTo(database));
        await using HistoryReader reader = new(new ServerAccess(place), MonitorStage.Server, MonitorStage.Limits);
        KeptFindings kept = (await reader.ReadFindingsAsync(database, new AdviceLimits(), Token))!;
        Assert.Equal(("proxy", 600L), (kept.Accesses[Orders].Source, kept.Accesses[Orders].Counts.Samples));
        string role = $"stranger_{database}";
        await cluster.ExecuteAsync($"CREATE ROLE {role} LOGIN; GRANT pg_monitor TO {role}", Token);
        ProgramAnswer answer = await TestedProgram.RunAsync([
            "inspect",
            MonitorStage.Url(cluster, database, role),
            "--seconds",
            "1",
        ]);
        Assert.True(answer.ExitCode == 0, answer.ToString());
    }

    private async Task<(LocalPostgresCluster Cluster, string Database)> MadeAsync(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(
            """
            CREATE TABLE orders (id bigserial PRIMARY KEY, created_at timestamptz NOT NULL, customer text);
            INSERT INTO orders (created_at, customer)
            SELECT now() - interval '1000 days' + n * interval '1 day', 'c' FROM generate_series(0, 1000) n;
            ANALYZE orders;
            """,
            Token,
            database
        );
        return (cluster, database);
    }

    private static async Task<string> ConfigureAsync(
        string folder,
        int port,
        LocalPostgresCluster cluster,
        string database
    )
    {
        string file = Path.Combine(folder, "drover.toml");
        await File.WriteAllTextAsync(Path.Combine(folder, "users.txt"), "\"postgres\" \"\"\n", Token);
        await File.WriteAllTextAsync(
            file,
            $"""
            [proxy]
            listen_addr = "127.0.0.1"
            listen_port = {port}
            unix_socket_dir = ""
            auth_type = "trust"
            auth_file = "{Path.Combine(folder, "users.txt")}"
            pool_mode = "transaction"
            verbose = 2
            [databases.shop]
            host = "localhost"
            port = {cluster.Port}
            dbname = "{database}"
            [monitor]
            interval = "1s"
            sample_statements = 2
            [monitor.servers.shop]
            connection = "{MonitorStage.Url(cluster, database)}"
            """,
            Token
        );
        return file;
    }

    private static Configuration.DroverOptions Options(LocalPostgresCluster cluster, string database) =>
        MonitorStage.Options("", (MonitorStage.Server, MonitorStage.Url(cluster, database)));

    private static DateTime Since(int days) => TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-days);

    private static string Literal(int days) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"SELECT count(*) FROM orders WHERE created_at >= '{Since(days):yyyy-MM-dd HH:mm:ss}+00' "
        ) + $"AND customer <> '{Secret}'";

    // A hundred in one write each, as psql does it.
    private static async Task SimpleAsync(int port)
    {
        await using ScriptedClient client = await ScriptedClient.ConnectAsync("127.0.0.1", port, "postgres", "shop");
        foreach (int days in s_days)
        {
            Assert.EndsWith("Z(I)", await client.Query(Literal(days)).RunAsync(), StringComparison.Ordinal);
        }
    }

    // A hundred with parameters: unnamed, or prepared by name.
    private static async Task ExtendedAsync(ShardedProxy proxy, bool isNamed)
    {
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await using NpgsqlCommand command = new(
            "SELECT count(*) FROM orders o WHERE o.customer <> $2 AND o.created_at > $1",
            client
        );
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = Since(1) });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Secret });
        if (isNamed)
        {
            await command.PrepareAsync(Token);
        }
        foreach (int days in s_days)
        {
            ((NpgsqlParameter<DateTime>)command.Parameters[0]).TypedValue = Since(days);
            await command.ExecuteScalarAsync(Token);
        }
    }

    private static async Task HoldsAsync(LocalPostgresCluster cluster, string database, string source)
    {
        await using NpgsqlConnection connection = await cluster.OpenAsync(database, Token);
        await using NpgsqlCommand command = new(
            """
            SELECT sum(d7), sum(d30), sum(d90), sum(older), sum(all_ages), sum(unknown), sum(samples)::bigint
            FROM drover.access_days WHERE source = $1 AND table_name = 'public.orders'
            """,
            connection
        )
        {
            Parameters = { new NpgsqlParameter { Value = source } },
        };
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(Token);
        Assert.True(await row.ReadAsync(Token));
        IsTheStory(AccessHistory.CountsOf(row, 0));
    }

    // 5,000 random samples know a share of 78 % to 1.2 points, 19 times of 20; two points are seen once in 1,500 times.
    private static void IsTheStory(AccessCounts counts)
    {
        Assert.True(counts.Samples >= 5_000, counts.ToString());
        Assert.Equal((0.0, 0.0), (counts.All, counts.Unknown));
        Assert.InRange(counts.Share(counts.Week), 0.76, 0.80);
        Assert.InRange(counts.Share(counts.Month), 0.16, 0.20);
        Assert.InRange(counts.Share(counts.Quarter), 0.01, 0.05);
        Assert.InRange(counts.Share(counts.Older), 0.001, 0.03);
        Assert.Equal(30, counts.HotDays(AccessHistory.HotShare));
    }

    private static async Task KeepsNoValueAsync(LocalPostgresCluster cluster, string database)
    {
        await using NpgsqlConnection connection = await cluster.OpenAsync(database, Token);
        await using NpgsqlCommand list = new(
            "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'drover'::regnamespace AND relkind = 'r'",
            connection
        );
        List<string> tables = [];
        await using (NpgsqlDataReader reader = await list.ExecuteReaderAsync(Token))
        {
            while (await reader.ReadAsync(Token))
            {
                tables.Add(reader.GetString(0));
            }
        }
        Assert.Contains("drover.access_days", tables);
        foreach (string table in tables)
        {
            string sql =
                $"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{Secret}%' OR t::text LIKE '%created_at%'";
            Assert.Equal(0L, await ScalarAsync<long>(cluster, database, sql));
        }
    }

    private static async Task<T> ScalarAsync<T>(LocalPostgresCluster cluster, string database, string sql)
    {
        await using NpgsqlConnection connection = await cluster.OpenAsync(database, Token);
        await using NpgsqlCommand command = new(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }
}
