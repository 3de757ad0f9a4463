// cross_shard: who may run statements on several shards, who is warned, who is refused.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Combining;

public sealed class CrossShardPolicyTests(PostgresFixture postgres)
{
    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Denied_client_is_refused_what_several_shards_would_run()
    {
        await using ShardingStage stage = await StartAsync("cross_shard = \"deny\"");
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy, "shop");
        string[] refused =
        [
            "SELECT * FROM plain",
            "SELECT count(*) FROM plain",
            "SELECT id, row_number() OVER (ORDER BY id) FROM plain",
            "EXPLAIN ANALYZE SELECT * FROM plain",
            "UPDATE plain SET a = 1",
            "INSERT INTO plain VALUES (1), (2), (3), (4), (5), (6)",
            "INSERT INTO kinds VALUES (9)",
            "COPY plain TO STDOUT",
            "CREATE INDEX ON plain (a)",
        ];
        foreach (string sql in refused)
        {
            Assert.Equal("E(0A000) Z(I)", await client.Query(sql).RunAsync());
            Assert.Equal("the statement needs more than one shard, and cross_shard = deny", client.LastError);
            Assert.EndsWith("E(0A000) Z(I)", await client.Parse("", sql).Bind("").Execute().Sync().RunAsync(), Ordinal);
        }
        string[] allowed =
        [
            "SELECT * FROM plain WHERE id = 3",
            "SELECT count(*) FROM kinds",
            "EXPLAIN SELECT * FROM plain",
            "INSERT INTO plain VALUES (1)",
            "BEGIN",
            "UPDATE plain SET a = 2 WHERE id = 1",
            "UPDATE plain SET a = 2 WHERE id = 2",
            "COMMIT",
        ];
        foreach (string sql in allowed)
        {
            Assert.DoesNotContain("E(", await client.Query(sql).RunAsync(), Ordinal);
        }
        await client.Query("BEGIN").RunAsync();
        Assert.Equal("E(0A000) Z(E)", await client.Query("SELECT * FROM plain").RunAsync());
        Assert.Equal("E(25P02) Z(E)", await client.Query("SELECT * FROM plain WHERE id = 1").RunAsync());
        Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("ROLLBACK").RunAsync());
    }

    [Fact]
    public async Task What_is_said_of_a_user_comes_before_what_is_said_of_the_database_and_a_reload_changes_both()
    {
        await using ShardingStage stage = await StartAsync("cross_shard = \"deny\"");
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy, "shop");
        await using ScriptedClient console = await ConnectAsync(proxy, "pgbouncer");
        Assert.Equal("E(0A000) Z(I)", await client.Query("SELECT id FROM plain").RunAsync());
        await stage.ConfigureAsync("[users.postgres]\ncross_shard = \"allow\"");
        await console.Query("RELOAD").RunAsync();
        Assert.Equal("T C(SELECT 0) Z(I)", await client.Query("SELECT id FROM plain").RunAsync());
        await stage.ConfigureAsync("cross_shard = \"allow\"\n[users.postgres]\ncross_shard = \"deny\"");
        await console.Query("RELOAD").RunAsync();
        Assert.Equal("E(0A000) Z(I)", await client.Query("SELECT id FROM plain").RunAsync());
        await stage.ConfigureAsync("cross_shard = \"allow\"");
        await console.Query("RELOAD").RunAsync();
        Assert.Equal("T C(SELECT 0) Z(I)", await client.Query("SELECT id FROM plain").RunAsync());
    }

    [Fact]
    public async Task Warned_client_hears_of_each_statement_and_the_log_of_the_first_without_its_values()
    {
        await using ShardingStage stage = await StartAsync("cross_shard = \"warn\"");
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        List<string> heard = [];
        client.Notice += (_, told) => heard.Add($"{told.Notice.Severity} {told.Notice.SqlState}");
        string[] statements =
        [
            "SELECT * FROM plain WHERE a = 4711",
            "SELECT id, row_number() OVER (ORDER BY id) FROM plain WHERE a = 4711",
            "UPDATE plain SET a = 4711",
        ];
        for (int i = 0; i < statements.Length; i++)
        {
            await RunAsync(client, statements[i]);
            Assert.Equal(Enumerable.Repeat("WARNING 01000", i + 1), heard);
        }
        await RunAsync(client, "SELECT * FROM plain WHERE id = 1");
        await RunAsync(client, "SELECT * FROM kinds");
        await RunAsync(client, "EXPLAIN SELECT * FROM plain");
        Assert.Equal(statements.Length, heard.Count);
        string[] lines = [.. proxy.Log.Split('\n').Where(static line => line.Contains("needs more than one", Ordinal))];
        Assert.Contains(
            "shop/postgres: Select of plain needs more than one shard; 0 more",
            Assert.Single(lines),
            Ordinal
        );
        Assert.DoesNotContain("4711", proxy.Log, Ordinal);
    }

    private async Task<ShardingStage> StartAsync(string settings)
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, 2);
        await stage.AddCoordinatorAsync(postgres, 18);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE plain (id bigint PRIMARY KEY, a int)");
        await stage.OnShardsAsync("CREATE TABLE kinds (id int PRIMARY KEY)");
        await stage.SetUpAsync("table shard plain --key id", "table reference kinds");
        await stage.ConfigureAsync(settings);
        return stage;
    }

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy, string database) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", database);

    private static async Task RunAsync(NpgsqlConnection client, string sql)
    {
        await using NpgsqlCommand command = new(sql, client);
        await command.ExecuteNonQueryAsync(Token);
    }
}
