// Three shards with a coordinator behind a proxy, and one server; both are asked the same.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding.Schemas;

internal sealed class TenantStage(
    ShardingStage shards,
    ShardedProxy proxy,
    ScriptedClient single,
    ScriptedClient sharded
) : IAsyncDisposable
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ShardingStage Shards => shards;

    public ShardedProxy Proxy => proxy;

    /// <summary>A client of the one server.</summary>
    public ScriptedClient Single => single;

    /// <summary>A client of the sharded database.</summary>
    public ScriptedClient Sharded => sharded;

    /// <summary>Makes both, with products for a reference table, orders sharded, and settings on one server.</summary>
    public static async Task<TenantStage> StartAsync(PostgresFixture postgres, int major)
    {
        ShardingStage shards = await ShardingStage.StartAsync(postgres, major, 3);
        await shards.AddCoordinatorAsync(postgres, major);
        await shards.SetUpAsync("shard init");
        await shards.OnShardsAsync(TenantCorpus.Schema);
        await shards.SetUpAsync("table reference products", "table shard orders --key customer_id");
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(TenantCorpus.Schema, Token, database);
        ShardedProxy proxy = await shards.ServeAsync();
        return new TenantStage(
            shards,
            proxy,
            await ScriptedClient.ConnectAsync(LocalPostgresCluster.Host, cluster.Port, "postgres", database),
            await ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop")
        );
    }

    /// <summary>Makes a schema on both sides, and has it sharded.</summary>
    /// <param name="schema">Its name.</param>
    /// <param name="arguments">More of the call.</param>
    public async Task AddAsync(string schema, string arguments = "")
    {
        await BothAsync(client => client.Query($"CREATE SCHEMA {schema}"));
        string answer = await sharded.Query($"CALL drover.shard_schema('{schema}'{arguments})").RunAsync();
        Assert.Equal("C(CALL) Z(I)", answer);
    }

    /// <summary>Asks both, and expects the same answer.</summary>
    public async Task BothAsync(Func<ScriptedClient, ScriptedClient> ask)
    {
        string expected = await ask(single).RunAsync();
        string answer = await ask(sharded).RunAsync();
        Assert.True(expected == answer, $"{expected} {single.LastError}\n{answer} {sharded.LastError}\n{proxy.Log}");
    }

    /// <summary>The same with a simple query.</summary>
    public Task BothAsync(string sql) => BothAsync(client => client.Query(sql));

    public async ValueTask DisposeAsync()
    {
        await sharded.DisposeAsync();
        await single.DisposeAsync();
        await proxy.DisposeAsync();
        await shards.DisposeAsync();
    }
}
