// Real standbys: one that lags is found, and what it scans counts before an index is called unused.
using Drover.Advice;
using Drover.Advice.Metrics;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Partitioning.Stress;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.IntegrationTests.Advice;

public sealed class StandbyTests(PostgresFixture fixture)
{
    private const string Table = """
        CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int, note text);
        INSERT INTO orders SELECT n, n, 'n' || n FROM generate_series(1, 100000) n;
        CREATE INDEX by_customer ON orders (customer_id);
        CREATE INDEX by_note ON orders (note)
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Standby_that_lags_is_found_from_its_primary_and_on_itself(int major)
    {
        await using LocalPostgresCluster primary = await StartAsync(major);
        await using StandbyServer standby = await StandbyServer.StartAsync(primary, "reader");
        AdviceLimits limits = new() { StandbyLagBytes = 4 << 20 };
        Assert.DoesNotContain("lagging-standby", await CodesAsync(primary.ConnectionStringTo("postgres")));
        await standby.PauseAsync();
        // Received and not replayed. The primary knows no time of it: all was replayed when the replay stood still.
        await primary.ExecuteAsync("CREATE TABLE more AS SELECT generate_series(1, 300000) n", Token);
        string local =
            $"Host={standby.SocketFolder};Port={primary.Port};Username=postgres;Database=postgres;Pooling=false";
        await Eventually.HoldsAsync(
            async () =>
                (await CodesAsync(primary.ConnectionStringTo("postgres"))).Contains("lagging-standby")
                && (await CodesAsync(local)).Contains("lagging-standby"),
            TimeSpan.FromSeconds(60),
            "the lag is not found"
        );
        await standby.ResumeAsync();
        await Eventually.HoldsAsync(
            async () => !(await CodesAsync(local)).Contains("lagging-standby"),
            TimeSpan.FromSeconds(60),
            "the lag is found still"
        );

        // What it has, it has replayed; but nothing comes any more.
        Assert.Equal(0, await LagAsync());
        await ExecuteAsync(local, "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'");
        await ExecuteAsync(local, "SELECT pg_reload_conf()");
        await Eventually.HoldsAsync(
            async () => await LagAsync() > 0,
            TimeSpan.FromSeconds(60),
            "a standby that hears of no primary is said to be up to date"
        );

        async Task<double?> LagAsync()
        {
            await using ServerAccess access = new(new NpgsqlConnectionStringBuilder(local));
            await using NpgsqlConnection connection = await access.OpenAsync(Token);
            return (await ReplicationFacts.ReadAsync(connection, Token)).LagSeconds;
        }

        async Task<string[]> CodesAsync(string target)
        {
            await using ServerAccess access = new(new NpgsqlConnectionStringBuilder(target) { Pooling = false });
            await using NpgsqlConnection connection = await access.OpenAsync(Token);
            Inspection found = await Inspector.InspectAsync(
                connection,
                null,
                [],
                TimeSpan.FromMilliseconds(100),
                limits,
                TimeProvider.System,
                Token
            );
            return [.. found.Recommendations.Select(static one => one.Code)];
        }
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Scans_on_a_standby_count_and_one_of_another_cluster_is_refused(int major)
    {
        await using LocalPostgresCluster primary = await StartAsync(major);
        await primary.ExecuteAsync(Table, Token);
        await primary.ExecuteAsync("VACUUM ANALYZE orders", Token);
        await using StandbyServer standby = await StandbyServer.StartAsync(primary, "reader");
        string url = $"host={standby.SocketFolder} port={primary.Port} user=postgres dbname=postgres";

        // 1. Without a look at the standby neither is sure.
        ProgramAnswer answer = await DropAsync(primary);
        Assert.Contains("public.by_customer is left: a standby may use it", answer.Output, Ordinal);
        Assert.Contains("public.by_note is left: a standby may use it", answer.Output, Ordinal);

        // 2. The standby uses one: the other is sure to be unused.
        string local = $"Host={standby.SocketFolder};Port={primary.Port};Username=postgres;Database=postgres";
        await using (NpgsqlConnection reader = new(local + ";Pooling=false"))
        {
            await reader.OpenAsync(Token);
            await using NpgsqlCommand scan = new("SELECT count(id) FROM orders WHERE customer_id = 7", reader);
            Assert.Equal(1L, await scan.ExecuteScalarAsync(Token));
        }
        await Eventually.HoldsAsync(
            async () => !(await DropAsync(primary, "--dry-run", "--standby", url)).Output.Contains("customer", Ordinal),
            TimeSpan.FromSeconds(30),
            "the standby's scan is not counted"
        );
        answer = await DropAsync(primary, "--standby", url, "--standby", url);
        Assert.True(answer.ExitCode == 0, answer.ToString());
        Assert.Equal(
            "by_customer,orders_pkey",
            await primary.QueryAsync(
                "SELECT string_agg(indexname, ',' ORDER BY indexname) FROM pg_indexes WHERE tablename = 'orders'",
                Token
            )
        );

        // 3. What is no standby of it.
        string itself = InspectProgram.Url(primary, "postgres");
        answer = await DropAsync(primary, "--standby", itself);
        Assert.Equal(3, answer.ExitCode);
        Assert.Contains("is no standby", answer.Error, Ordinal);
        (LocalPostgresCluster stranger, string database) = await fixture.CreateDatabaseAsync(major, Token);
        answer = await TestedProgram.RunAsync([
            "inspect",
            InspectProgram.Url(stranger, database),
            "--seconds",
            "1",
            "--standby",
            url,
        ]);
        Assert.Equal(3, answer.ExitCode);
        Assert.Contains("is a standby of another cluster", answer.Error, Ordinal);
        answer = await DropAsync(primary, "--standby", "postgres://x:secret@127.0.0.1:1/postgres");
        Assert.Equal(1, answer.ExitCode);
        Assert.Contains("--standby: 127.0.0.1:1/postgres as x cannot be reached", answer.Error, Ordinal);
        Assert.DoesNotContain("secret", answer.Error, Ordinal);
        Assert.Equal(2, (await DropAsync(primary, "--standby", "nonsense=1")).ExitCode);
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static async Task ExecuteAsync(string target, string sql)
    {
        await using NpgsqlConnection connection = new(target);
        await connection.OpenAsync(Token);
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static Task<LocalPostgresCluster> StartAsync(int major) =>
        LocalPostgresCluster.StartNewAsync(new LocalPostgresOptions { Major = major }, Token);

    private static Task<ProgramAnswer> DropAsync(LocalPostgresCluster primary, params string[] options) =>
        TestedProgram.RunAsync([
            "index",
            "drop",
            "--all",
            "--unused-days",
            "0",
            "-d",
            InspectProgram.Url(primary, "postgres"),
            .. options,
        ]);
}
