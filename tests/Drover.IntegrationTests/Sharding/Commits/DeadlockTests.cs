// Transactions that wait for each other on different shards: one fails in time, the other goes on.
using System.Diagnostics;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Commits;

public sealed class DeadlockTests(PostgresFixture postgres)
{
    private const string Schema = """
        CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL);
        CREATE TABLE rates (id bigint PRIMARY KEY, value bigint NOT NULL)
        """;

    /// <summary>The promise is two seconds; the rest is for a machine that does other things.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(6);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Two_that_wait_for_each_other_on_two_shards_are_parted(int major)
    {
        await using ShardingStage stage = await StartAsync(major);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ShardedProxy other = await stage.ServeSecondAsync();
        (long one, long two) = await AccountsOnTwoShardsAsync(stage, proxy);
        // Of one proxy, and of two that know of each other by the catalog only.
        await PartAsync(proxy, proxy, one, two);
        await PartAsync(proxy, other, one, two);
        await PartAsync(other, proxy, one, two);
        Assert.Equal("2", await stage.FromShardAsync(1, "SELECT value FROM rates WHERE id = 1"));
        Assert.Equal(0, await stage.PreparedAsync());
    }

    [Fact]
    public async Task Writers_of_every_copy_of_a_row_all_come_to_an_end()
    {
        await using ShardingStage stage = await StartAsync(major: 18);
        await using ShardedProxy proxy = await stage.ServeAsync();
        const int Each = 20;
        Task[] writers =
        [
            .. Enumerable
                .Range(0, 4)
                .Select(async _ =>
                {
                    await using NpgsqlConnection client = await proxy.OpenAsync(Token);
                    for (int done = 0; done < Each; )
                    {
                        string? failure = await client.FailureAsync("UPDATE rates SET value = value + 1 WHERE id = 1");
                        Assert.True(failure is null or "40P01", failure);
                        done += failure is null ? 1 : 0;
                    }
                }),
        ];
        await Task.WhenAll(writers).WaitAsync(TimeSpan.FromMinutes(4), Token);
        for (int shard = 1; shard <= 2; shard++)
        {
            Assert.Equal(
                $"{2 + (4 * Each)}",
                await stage.FromShardAsync(shard, "SELECT value FROM rates WHERE id = 1")
            );
        }
    }

    private static async Task PartAsync(ShardedProxy first, ShardedProxy second, long one, long two)
    {
        await using NpgsqlConnection a = await first.OpenAsync(Token);
        await using NpgsqlConnection b = await second.OpenAsync(Token);
        await using NpgsqlTransaction ofA = await a.BeginTransactionAsync(Token);
        await using NpgsqlTransaction ofB = await b.BeginTransactionAsync(Token);
        Assert.Null(await a.FailureAsync(Add, one));
        Assert.Null(await b.FailureAsync(Add, two));
        Stopwatch waited = Stopwatch.StartNew();
        Task<string?> waitingA = a.FailureAsync(Add, two);
        Task<string?> waitingB = b.FailureAsync(Add, one);
        Task<string?[]> both = Task.WhenAll(waitingA, waitingB);
        await Task.WhenAny(both, Task.Delay(TimeSpan.FromSeconds(25), Token));
        Assert.True(both.IsCompletedSuccessfully, $"{first.Log}\n{second.Log}");
        string?[] failures = await both;
        Assert.True(waited.Elapsed < s_limit, $"after {waited.Elapsed}");
        Assert.Equal([null, "40P01"], failures.Order());
        // Who failed is in a failed transaction, who went on commits.
        (NpgsqlConnection lost, NpgsqlTransaction won) = failures[0] is null ? (b, ofA) : (a, ofB);
        Assert.Equal("25P02", await lost.FailureAsync(Add, one));
        await won.CommitAsync(Token);
    }

    private const string Add = "UPDATE accounts SET balance = balance + 1 WHERE id = $1";

    /// <summary>Two accounts that are on different shards.</summary>
    private static async Task<(long One, long Two)> AccountsOnTwoShardsAsync(ShardingStage stage, ShardedProxy proxy)
    {
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        for (long id = 1; id <= 20; id++)
        {
            Assert.Null(await client.FailureAsync("INSERT INTO accounts VALUES ($1, 0)", id));
        }
        string? one = await stage.FromShardAsync(1, "SELECT min(id) FROM accounts");
        string? two = await stage.FromShardAsync(2, "SELECT min(id) FROM accounts");
        return (long.Parse(one!), long.Parse(two!));
    }

    private async Task<ShardingStage> StartAsync(int major)
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards: 2);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Schema);
        await stage.SetUpAsync("table shard accounts --key id");
        await stage.SetUpAsync("table reference rates");
        await stage.OnShardsAsync("INSERT INTO rates VALUES (1, 2)");
        return stage;
    }
}
