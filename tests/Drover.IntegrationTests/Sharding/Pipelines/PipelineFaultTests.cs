// The proxy and a shard are killed at every message of a batch on two shards: all of it or nothing, and truly told.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Operations;
using Drover.IntegrationTests.Sharding.Commits;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Pipelines;

/// <summary>Some of the strikes in the usual run, others for each version; with DROVER_LONG all.</summary>
public sealed class PipelineFaultTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(90);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static bool IsLong => Environment.GetEnvironmentVariable("DROVER_LONG") is { Length: > 0 };

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Batch_that_is_struck_at_any_message_is_whole_or_nothing(int major)
    {
        await using CommitStage stage = await CommitStage.StartAsync(major);
        ShardedProxy proxy = await stage.Sharding.ServeAsync();
        List<(string Place, Guid Transfer, bool? Told)> transfers = [];
        try
        {
            Queue<(long First, long Second)> pairs = await stage.FillAsync(proxy);
            foreach (Strike strike in Strikes().Where((_, i) => IsLong || i % 4 == major % 4))
            {
                (long first, long second) = pairs.Dequeue();
                ShardedProxy struck = proxy;
                Task done = stage
                    .RelayOf(strike.Server)
                    .ArmAsync(
                        strike.Message,
                        strike.Verdict,
                        () => strike.IsProxy ? struck.KillAsync() : stage.ClusterOf(2).KillAsync(CancellationToken.None)
                    );
                Guid transfer = Guid.NewGuid();
                transfers.Add(($"{strike}", transfer, await TransferAsync(proxy, first, second, transfer)));
                await done.WaitAsync(s_limit, Token);
                if (strike.IsProxy)
                {
                    await proxy.DisposeAsync();
                    proxy = await stage.Sharding.ServeAsync();
                }
                else
                {
                    await stage.ClusterOf(2).StartAsync(Token);
                }
                await AgainAsync(proxy, pairs.Dequeue(), transfers);
            }
            await Eventually.HoldsAsync(async () => await stage.Sharding.PreparedAsync() == 0, s_limit, "recovery");
        }
        finally
        {
            await proxy.DisposeAsync();
        }
        await CheckAsync(stage, transfers);
    }

    /// <summary>At each message the proxy or the second shard, before it arrives or when its answer is lost.</summary>
    private static IEnumerable<Strike> Strikes()
    {
        (string Message, int Server)[] messages =
        [
            ("UPDATE accounts", 1),
            ("UPDATE accounts", 2),
            ("INSERT INTO entries", 2),
            ("PREPARE TRANSACTION", 1),
            ("PREPARE TRANSACTION", 2),
            ("INSERT INTO drover.decisions", 0),
            ("COMMIT PREPARED", 1),
            ("COMMIT PREPARED", 2),
        ];
        foreach ((string message, int server) in messages)
        {
            foreach (WireVerdict moment in (WireVerdict[])[WireVerdict.CutBefore, WireVerdict.CutAnswer])
            {
                yield return new Strike(message, server, moment, IsProxy: true);
                yield return new Strike(message, server, moment, IsProxy: false);
            }
        }
    }

    private static async Task AgainAsync(
        ShardedProxy proxy,
        (long First, long Second) pair,
        List<(string Place, Guid Transfer, bool? Told)> transfers
    ) =>
        await Eventually.HoldsAsync(
            async () =>
            {
                Guid transfer = Guid.NewGuid();
                bool? told = await TransferAsync(proxy, pair.First, pair.Second, transfer);
                transfers.Add(("afterwards", transfer, told));
                return told == true;
            },
            s_limit,
            $"a transfer after {transfers[^1].Place}"
        );

    /// <summary>Whether the client was told that it is done; null if it does not know.</summary>
    private static async Task<bool?> TransferAsync(ShardedProxy proxy, long first, long second, Guid transfer)
    {
        try
        {
            await using NpgsqlConnection client = await proxy.OpenAsync(Token);
            await using NpgsqlBatch batch = new(client);
            foreach ((long account, int amount) in ((long, int)[])[(first, 7), (second, -7)])
            {
                batch.BatchCommands.Add(new($"UPDATE accounts SET balance = balance + {amount} WHERE id = {account}"));
                batch.BatchCommands.Add(new($"INSERT INTO entries VALUES ({account}, '{transfer}')"));
            }
            await batch.ExecuteNonQueryAsync(Token);
            return true;
        }
        catch (PostgresException told) when (told.SqlState != "08007")
        {
            return false;
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    private static async Task CheckAsync(CommitStage stage, List<(string Place, Guid Transfer, bool? Told)> transfers)
    {
        long total = 0;
        List<Guid> entries = [];
        foreach (int shard in (int[])[1, 2])
        {
            total += long.Parse((await stage.Sharding.FromShardAsync(shard, "SELECT sum(balance) FROM accounts"))!);
            string? all = await stage.Sharding.FromShardAsync(
                shard,
                "SELECT string_agg(transfer::text, ',') FROM entries"
            );
            entries.AddRange((all ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Guid.Parse));
        }
        foreach ((string place, Guid transfer, bool? told) in transfers)
        {
            int sides = entries.Count(entry => entry == transfer);
            bool isTrue = told switch
            {
                true => sides == 2,
                false => sides == 0,
                null => sides is 0 or 2,
            };
            Assert.True(isTrue, $"{place}: told {told}, and {sides} of 2 sides are there");
        }
        Assert.Equal(CommitStage.Accounts * 1000L, total);
    }

    /// <summary>Something is killed when a message comes by on the wire to a server.</summary>
    private sealed record Strike(string Message, int Server, WireVerdict Verdict, bool IsProxy);
}
