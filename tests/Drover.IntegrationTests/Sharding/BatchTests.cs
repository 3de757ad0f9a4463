// BEGIN and settings that come in one batch with something else, as drivers send them, and what other shards are told.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding;

public sealed class BatchTests(PostgresFixture postgres)
{
    [Fact]
    public async Task What_comes_in_a_batch_with_BEGIN_is_rolled_back_on_every_shard()
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        (string first, string second) = await FillAsync(stage, client);
        await client.Parse("begin", "BEGIN").Sync().RunAsync();
        string[] begins = ["", "begin"];
        foreach (string begin in begins)
        {
            if (begin.Length == 0)
            {
                client.Parse("", "BEGIN");
            }
            string began = await client
                .Bind(begin)
                .Execute()
                .Parse("", $"UPDATE t SET n = 7 WHERE id = {first}")
                .Bind("")
                .Execute()
                .Sync()
                .RunAsync();
            Assert.EndsWith("C(UPDATE 1) Z(T)", began, StringComparison.Ordinal);
            Assert.Equal("C(UPDATE 1) Z(T)", await client.Query($"UPDATE t SET n = 8 WHERE id = {second}").RunAsync());
            Assert.Equal("C(UPDATE 2) Z(T)", await client.Query("UPDATE t SET n = n + 1 WHERE n > 0").RunAsync());
            Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("ROLLBACK").RunAsync());
            Assert.Equal("0", await stage.FromShardAsync(1, "SELECT sum(n) FROM t"));
            Assert.Equal("0", await stage.FromShardAsync(2, "SELECT sum(n) FROM t"));
        }
    }

    /// <summary>A server is told of the transaction when it is taken, for the statement that comes then.</summary>
    [Fact]
    public async Task First_statement_of_a_transaction_runs_once_whatever_it_is()
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        Assert.Equal("C(BEGIN) Z(T)", await client.Query("BEGIN").RunAsync());
        Assert.Equal("E(3B001) Z(E)", await client.Query("ROLLBACK TO s").RunAsync());
        Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("ROLLBACK").RunAsync());
        Assert.Equal("C(BEGIN) Z(T)", await client.Query("BEGIN").RunAsync());
        Assert.Equal("C(SAVEPOINT) Z(T)", await client.Query("SAVEPOINT s").RunAsync());
        Assert.Equal("C(RELEASE) Z(T)", await client.Query("RELEASE s").RunAsync());
        Assert.Equal("E(3B001) Z(E)", await client.Query("ROLLBACK TO s").RunAsync());
        Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("ROLLBACK").RunAsync());
    }

    /// <summary>psycopg ends its pipelines with one.</summary>
    [Fact]
    public async Task Sync_alone_in_a_transaction_that_has_failed_on_several_shards_is_no_error()
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        (string first, string second) = await FillAsync(stage, client);
        Assert.Equal("C(BEGIN) Z(T)", await client.Query("BEGIN").RunAsync());
        Assert.Equal("C(UPDATE 1) Z(T)", await client.Query($"UPDATE t SET n = 8 WHERE id = {first}").RunAsync());
        Assert.Equal("C(UPDATE 1) Z(T)", await client.Query($"UPDATE t SET n = 8 WHERE id = {second}").RunAsync());
        Assert.Equal("E(22012) Z(E)", await client.Query("SELECT 1 / 0").RunAsync());
        Assert.Equal("Z(E)", await client.Sync().RunAsync());
        Assert.Equal("Z(E)", await client.Sync().RunAsync());
        Assert.Equal("E(25P02) Z(E)", await client.Query("SELECT 1").RunAsync());
        Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("ROLLBACK").RunAsync());
    }

    [Fact]
    public async Task Read_only_of_a_batch_holds_on_the_next_shard_too()
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        (string first, string second) = await FillAsync(stage, client);
        await client
            .Parse("", "BEGIN READ ONLY")
            .Bind("")
            .Execute()
            .Parse("", $"SELECT n FROM t WHERE id = {first}")
            .Bind("")
            .Execute()
            .Sync()
            .RunAsync();

        Assert.Equal("E(25006) Z(E)", await client.Query($"UPDATE t SET n = 8 WHERE id = {second}").RunAsync());
    }

    [Theory]
    [InlineData("SET LOCAL app.tenant = '7'", "current_setting('app.tenant')", "7")]
    [InlineData("SET ROLE reader", "current_user", "reader")]
    [InlineData("SET TRANSACTION READ ONLY", "current_setting('transaction_read_only')", "on")]
    public async Task Setting_that_comes_with_a_statement_is_on_all_shards_or_keeps_the_transaction_on_its_own(
        string setting,
        string question,
        string value
    )
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        (string first, string second) = await FillAsync(stage, client);
        foreach (bool isOnBoth in (bool[])[false, true])
        {
            await client.Query("BEGIN").RunAsync();
            if (isOnBoth)
            {
                await client.Query($"SELECT n FROM t WHERE id = {first}").RunAsync();
                await client.Query($"SELECT n FROM t WHERE id = {second}").RunAsync();
            }
            string set = await client
                .Parse("", setting)
                .Bind("")
                .Execute()
                .Parse("", $"SELECT 1 FROM t WHERE id = {first}")
                .Bind("")
                .Execute()
                .Sync()
                .RunAsync();
            Assert.EndsWith("C(SELECT 1) Z(T)", set, StringComparison.Ordinal);
            string next = await client.Query($"SELECT {question} FROM t WHERE id = {second}").RunAsync();
            Assert.Equal(isOnBoth ? $"T D({value}) C(SELECT 1) Z(T)" : "E(0A000) Z(E)", next);
            await client.Query("ROLLBACK").RunAsync();
        }
        Assert.Equal("0", await stage.FromShardAsync(2, "SELECT sum(n) FROM t"));
    }

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");

    private async Task<ShardingStage> StartAsync()
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, 2);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE t (id int PRIMARY KEY, n int); GRANT ALL ON t TO reader");
        await stage.SetUpAsync("table shard t --key id");
        return stage;
    }

    /// <summary>A key on each shard.</summary>
    private static async Task<(string First, string Second)> FillAsync(ShardingStage stage, ScriptedClient client)
    {
        string rows = string.Join(", ", Enumerable.Range(1, 20).Select(static id => $"({id}, 0)"));
        await client.Query($"INSERT INTO t VALUES {rows}").RunAsync();
        return (
            (await stage.FromShardAsync(1, "SELECT min(id) FROM t"))!,
            (await stage.FromShardAsync(2, "SELECT min(id) FROM t"))!
        );
    }
}
