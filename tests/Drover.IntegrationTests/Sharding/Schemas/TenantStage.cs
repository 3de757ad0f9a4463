// Three shards with a coordinator behind a proxy, and one server; both are asked the same.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding.Schemas;

internal sealed class TenantStage(ShardingStage shards, ShardedProxy proxy, Func<Task<ScriptedClient>> connectSingle)
    : IAsyncDisposable
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ShardingStage Shards => shards;

    public ShardedProxy Proxy => proxy;

    /// <summary>A client of the one server.</summary>
    public ScriptedClient Single { get; private set; } = null!;

    /// <summary>A client of the sharded database.</summary>
    public ScriptedClient Sharded { get; private set; } = null!;

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
        TenantStage stage = new(
            shards,
            proxy,
            () => ScriptedClient.ConnectAsync(LocalPostgresCluster.Host, cluster.Port, "postgres", database)
        );
        await stage.ConnectAsync();
        return stage;
    }

    /// <summary>Logs in, also again: both clients are others then.</summary>
    public async Task ConnectAsync()
    {
        await CloseAsync();
        Single = await connectSingle();
        Sharded = await ConnectOtherAsync();
    }

    /// <summary>One more client of the sharded database.</summary>
    public Task<ScriptedClient> ConnectOtherAsync() =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");

    private async Task CloseAsync()
    {
        foreach (ScriptedClient? client in (ScriptedClient?[])[Sharded, Single])
        {
            await (client?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    /// <summary>Makes a schema on both sides, and has it sharded.</summary>
    /// <param name="schema">Its name.</param>
    /// <param name="arguments">More of the call.</param>
    public async Task AddAsync(string schema, string arguments = "")
    {
        await BothAsync(client => client.Query($"CREATE SCHEMA {schema}"));
        string answer = await Sharded.Query($"CALL drover.shard_schema('{schema}'{arguments})").RunAsync();
        Assert.Equal("C(CALL) Z(I)", answer);
    }

    /// <summary>Asks both, and expects the same answer.</summary>
    public async Task BothAsync(Func<ScriptedClient, ScriptedClient> ask)
    {
        string expected = await ask(Single).RunAsync();
        string answer = await ask(Sharded).RunAsync();
        Assert.True(expected == answer, $"{expected} {Single.LastError}\n{answer} {Sharded.LastError}\n{proxy.Log}");
    }

    /// <summary>The same with a simple query.</summary>
    public Task BothAsync(string sql) => BothAsync(client => client.Query(sql));

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await proxy.DisposeAsync();
        await shards.DisposeAsync();
    }
}
