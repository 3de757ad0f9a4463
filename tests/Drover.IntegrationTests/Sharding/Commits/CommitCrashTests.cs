// Money moves between shards while the proxy is killed again and again: none is made or lost, nothing is left prepared.
using System.Collections.Concurrent;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Commits;

public sealed class CommitCrashTests(PostgresFixture postgres)
{
    private const int Accounts = 24;
    private const int Shards = 3;
    private const int Clients = 6;

    /// <summary>Time for recovery: what is prepared for over 5 s was left.</summary>
    private static readonly TimeSpan s_recovery = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Proxy_that_is_killed_between_two_shards_leaves_all_of_a_transfer_or_nothing(int major)
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, Shards);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(
            """
            CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL);
            CREATE TABLE entries (account bigint NOT NULL, transfer uuid NOT NULL, PRIMARY KEY (account, transfer))
            """
        );
        await stage.SetUpAsync("table shard accounts --key id");
        await stage.SetUpAsync("table shard entries --key account");
        ConcurrentDictionary<Guid, bool> acknowledged = [];
        ShardedProxy proxy = await stage.ServeAsync();
        try
        {
            await using (NpgsqlConnection client = await proxy.OpenAsync(Token))
            {
                for (int id = 1; id <= Accounts; id++)
                {
                    await using NpgsqlCommand insert = new($"INSERT INTO accounts VALUES ({id}, 1000)", client);
                    await insert.ExecuteNonQueryAsync(Token);
                }
            }
            int kills = Environment.GetEnvironmentVariable("DROVER_LONG") is { Length: > 0 } ? 40 : 4;
            for (int kill = 0; kill < kills; kill++)
            {
                using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
                Task[] clients =
                [
                    .. Enumerable
                        .Range(0, Clients)
                        .Select(client =>
                            TransferAsync(proxy, new Random((kill * 100) + client), acknowledged, stop.Token)
                        ),
                ];
                int before = acknowledged.Count;
                await Eventually.HoldsAsync(() => acknowledged.Count > before + 20, TimeSpan.FromSeconds(60));
                await proxy.KillAsync();
                await stop.CancelAsync();
                await Task.WhenAll(clients);
                await proxy.DisposeAsync();
                proxy = await stage.ServeAsync();
            }
            await Eventually.HoldsAsync(async () => await stage.PreparedAsync() == 0, s_recovery);
        }
        finally
        {
            await proxy.DisposeAsync();
        }
        await CheckAsync(stage, acknowledged);
    }

    /// <summary>Both sides of a transfer are there or neither, and every acknowledged one is.</summary>
    private static async Task CheckAsync(ShardingStage stage, ConcurrentDictionary<Guid, bool> acknowledged)
    {
        long total = 0;
        List<string> entries = [];
        for (int shard = 1; shard <= Shards; shard++)
        {
            total += long.Parse((await stage.FromShardAsync(shard, "SELECT sum(balance) FROM accounts"))!);
            string all = (await stage.FromShardAsync(shard, "SELECT string_agg(transfer::text, ',') FROM entries"))!;
            entries.AddRange(all.Split(','));
        }
        Assert.Equal(Accounts * 1000L, total);
        Dictionary<Guid, int> sides = entries.GroupBy(Guid.Parse).ToDictionary(one => one.Key, one => one.Count());
        Assert.All(sides.Values, static count => Assert.Equal(2, count));
        Assert.All(acknowledged.Keys, transfer => Assert.Contains(transfer, sides.Keys));
    }

    private static async Task TransferAsync(
        ShardedProxy proxy,
        Random random,
        ConcurrentDictionary<Guid, bool> acknowledged,
        CancellationToken token
    )
    {
        try
        {
            await using NpgsqlConnection client = await proxy.OpenAsync(token);
            while (!token.IsCancellationRequested)
            {
                // In one order, so that nobody waits for whoever waits for him.
                int[] two = [.. random.GetItems(Enumerable.Range(1, Accounts).ToArray(), 2).Order()];
                if (two[0] == two[1])
                {
                    continue;
                }
                Guid transfer = Guid.NewGuid();
                await using NpgsqlTransaction transaction = await client.BeginTransactionAsync(token);
                foreach ((int account, int amount) in ((int, int)[])[(two[0], 7), (two[1], -7)])
                {
                    await using NpgsqlCommand move = new(
                        $"UPDATE accounts SET balance = balance + {amount} WHERE id = {account}",
                        client
                    );
                    await move.ExecuteNonQueryAsync(token);
                    await using NpgsqlCommand enter = new(
                        $"INSERT INTO entries VALUES ({account}, '{transfer}')",
                        client
                    );
                    await enter.ExecuteNonQueryAsync(token);
                }
                await transaction.CommitAsync(token);
                acknowledged[transfer] = true;
            }
        }
        catch (Exception cut) when (cut is NpgsqlException or IOException or OperationCanceledException)
        {
            // The proxy was killed: what was under way is in doubt, and is all there or not at all.
        }
    }
}
