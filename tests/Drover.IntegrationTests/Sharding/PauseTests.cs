// PAUSE of a sharded database: what was begun ends, what is begun next waits, and no server is left.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding;

public sealed class PauseTests(PostgresFixture postgres)
{
    private const string Proxied = """
        SELECT count(*)::text FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'postgres' AND pid <> pg_backend_pid()
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Paused_database_lets_transactions_come_to_other_shards_and_then_has_no_servers()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, 2);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE t (k int PRIMARY KEY, v int)");
        await stage.SetUpAsync("table shard t --key k");
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient busy = await ConnectAsync(proxy);
        await using ScriptedClient other = await ConnectAsync(proxy);
        await busy.Query("BEGIN").RunAsync();
        await busy.Query("INSERT INTO t VALUES (1, 1)").RunAsync();
        Task<string[]> pausing = proxy.ConsoleAsync("PAUSE shop", Token);
        await Task.Delay(TimeSpan.FromSeconds(1), Token);
        Task<string> waiting = other.Query("SELECT count(*) FROM t").RunAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(500), Token);
        Assert.False(waiting.IsCompleted);
        Assert.False(pausing.IsCompleted);
        for (int key = 2; key < 8; key++)
        {
            Assert.Equal("C(INSERT 0 1) Z(T)", await busy.Query($"INSERT INTO t VALUES ({key}, 1)").RunAsync());
        }
        Assert.Equal("C(COMMIT) Z(I)", await busy.Query("COMMIT").RunAsync());
        await pausing.WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.False(waiting.IsCompleted);
        for (int shard = 1; shard <= 2; shard++)
        {
            await Eventually.HoldsAsync(
                async () => await stage.FromShardAsync(shard, Proxied) == "0",
                TimeSpan.FromSeconds(10)
            );
        }
        await proxy.ConsoleAsync("RESUME shop", Token);
        Assert.Equal("T D(7) C(SELECT 1) Z(I)", await waiting.WaitAsync(TimeSpan.FromSeconds(20), Token));
        Assert.Equal("C(INSERT 0 1) Z(I)", await busy.Query("INSERT INTO t VALUES (9, 1)").RunAsync());
        await proxy.ConsoleAsync("RECONNECT shop", Token);
        Assert.Equal("T D(8) C(SELECT 1) Z(I)", await other.Query("SELECT count(*) FROM t").RunAsync());
    }

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");
}
