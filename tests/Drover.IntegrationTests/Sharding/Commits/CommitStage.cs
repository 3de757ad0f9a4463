// Two shards and a catalog, each a server of its own behind a wire, so that any of them can be killed at any message.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Commits;

/// <summary>Accounts 1 to 200, each with 1,000, and an entry for each side of each transfer.</summary>
internal sealed class CommitStage : IAsyncDisposable
{
    public const int Accounts = 200;

    private readonly LocalPostgresCluster[] _clusters;
    private readonly StepRelay[] _relays;
    private readonly ShardingStage _stage;

    private CommitStage(LocalPostgresCluster[] clusters, StepRelay[] relays, ShardingStage stage)
    {
        _clusters = clusters;
        _relays = relays;
        _stage = stage;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ShardingStage Sharding => _stage;

    /// <summary>The wire to shard 1, to shard 2, and to the catalog (0).</summary>
    public StepRelay RelayOf(int server) => _relays[server];

    /// <summary>The server of shard 1, of shard 2, and of the catalog (0).</summary>
    public LocalPostgresCluster ClusterOf(int server) => _clusters[server];

    public static async Task<CommitStage> StartAsync(int major)
    {
        LocalPostgresOptions options = new()
        {
            Major = major,
            MaxConnections = 60,
            SharedBuffers = "16MB",
            Settings = new Dictionary<string, string> { ["max_prepared_transactions"] = "60" },
        };
        LocalPostgresCluster[] clusters = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(_ => LocalPostgresCluster.StartNewAsync(options, Token))
        );
        StepRelay[] relays = [.. clusters.Select(static cluster => new StepRelay(() => cluster.Port))];
        ShardPlace[] places = [.. clusters.Zip(relays, static (c, r) => new ShardPlace(c, "postgres", r.Port))];
        ShardingStage sharding = await ShardingStage.StartAsync(places[0], places[1..]);
        CommitStage stage = new(clusters, relays, sharding);
        await sharding.SetUpAsync("shard init");
        await sharding.OnShardsAsync(
            """
            CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL);
            CREATE TABLE entries (account bigint NOT NULL, transfer uuid NOT NULL, PRIMARY KEY (account, transfer))
            """
        );
        await sharding.SetUpAsync("table shard accounts --key id", "table shard entries --key account");
        return stage;
    }

    /// <summary>Makes the accounts. Gives pairs of them, one on each shard.</summary>
    public async Task<Queue<(long First, long Second)>> FillAsync(ShardedProxy proxy)
    {
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await using NpgsqlCommand insert = new(
            "INSERT INTO accounts VALUES "
                + string.Join(", ", Enumerable.Range(1, Accounts).Select(static id => $"({id}, 1000)")),
            client
        );
        await insert.ExecuteNonQueryAsync(Token);
        const string Ids = "SELECT string_agg(id::text, ',') FROM accounts";
        return new(
            (await Sharding.FromShardAsync(1, Ids))!
                .Split(',')
                .Zip((await Sharding.FromShardAsync(2, Ids))!.Split(','))
                .Select(static pair => (long.Parse(pair.First), long.Parse(pair.Second)))
        );
    }

    public async ValueTask DisposeAsync()
    {
        await _stage.DisposeAsync();
        foreach (StepRelay relay in _relays)
        {
            await relay.DisposeAsync();
        }
        foreach (LocalPostgresCluster cluster in _clusters)
        {
            await cluster.DisposeAsync();
        }
    }
}
