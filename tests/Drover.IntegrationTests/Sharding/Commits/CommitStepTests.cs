// The proxy, each shard and the catalog are killed at every message of a commit on two shards: all or nothing, and
// whoever was told how it ended was told the truth.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Operations;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Commits;

/// <summary>Every fifth of the strikes in the usual run, others for each version; with DROVER_LONG all.</summary>
public sealed class CommitStepTests
{
    private const string Prepare = "PREPARE TRANSACTION";
    private const string Decide = "INSERT INTO drover.decisions";
    private const string Finish = "COMMIT PREPARED";

    /// <summary>What is killed besides servers 0 (the catalog), 1 and 2.</summary>
    private const int TheProxy = 3;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(90);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static bool IsLong => Environment.GetEnvironmentVariable("DROVER_LONG") is { Length: > 0 };

    private enum Told
    {
        Committed,
        Failed,
        InDoubt,
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Commit_that_is_struck_at_any_message_is_whole_or_nothing_and_told_truly(int major)
    {
        await using CommitStage stage = await CommitStage.StartAsync(major);
        ShardedProxy proxy = await stage.Sharding.ServeAsync();
        List<(string Place, Guid Transfer, Told Told)> transfers = [];
        try
        {
            // What is struck is locked until the recovery has been: the next one is on other accounts.
            Queue<(long First, long Second)> pairs = await stage.FillAsync(proxy);
            (long First, long Second) spare = pairs.Dequeue();
            foreach (Strike strike in Strikes().Where((_, i) => IsLong || i % 5 == major % 5))
            {
                (long first, long second) = pairs.Dequeue();
                ShardedProxy struck = proxy;
                Task done = stage
                    .RelayOf(strike.Server)
                    .ArmAsync(strike.Message, strike.Verdict, () => KillAsync(stage, struck, strike));
                Guid transfer = Guid.NewGuid();
                Told told = await TransferAsync(proxy, first, second, transfer);
                transfers.Add(($"{strike}", transfer, told));
                await done.WaitAsync(s_limit, Token);
                proxy = await MendAsync(stage, proxy, strike);
                await WaitForServiceAsync(proxy, spare, transfers);
            }
            await Eventually.HoldsAsync(async () => await stage.Sharding.PreparedAsync() == 0, s_limit, "recovery");
        }
        finally
        {
            await proxy.DisposeAsync();
        }
        await CheckAsync(stage, transfers);
    }

    [Fact]
    public async Task Transaction_that_a_shard_rolls_back_instead_of_preparing_is_rolled_back_on_all()
    {
        await using CommitStage stage = await CommitStage.StartAsync(18);
        await using ShardedProxy proxy = await stage.Sharding.ServeAsync();
        (long first, long second) = (await stage.FillAsync(proxy)).Dequeue();
        // PREPARE TRANSACTION of a failed transaction is answered with the tag ROLLBACK and no error (manual,
        // PREPARE TRANSACTION, Notes); so is a ROLLBACK.
        Task done = stage
            .RelayOf(2)
            .ArmAsync(Prepare, WireVerdict.Pass, static () => Task.CompletedTask, instead: "ROLLBACK");
        Guid transfer = Guid.NewGuid();

        Told told = await TransferAsync(proxy, first, second, transfer);

        await done.WaitAsync(s_limit, Token);
        await Eventually.HoldsAsync(async () => await stage.Sharding.PreparedAsync() == 0, s_limit, "recovery");
        await CheckAsync(stage, [("tag ROLLBACK", transfer, told)]);
        Assert.Equal(Told.Failed, told);
    }

    /// <summary>
    /// At each message: the proxy and the server that it goes to, before it arrives, when it is sent, and when it is
    /// done and nobody knows; the other servers, before it arrives.
    /// </summary>
    private static IEnumerable<Strike> Strikes()
    {
        (string Message, int Server)[] messages = [(Prepare, 1), (Prepare, 2), (Decide, 0), (Finish, 1), (Finish, 2)];
        WireVerdict[] moments = [WireVerdict.CutBefore, WireVerdict.CutBehind, WireVerdict.CutAnswer];
        foreach ((string message, int server) in messages)
        {
            foreach (WireVerdict moment in moments)
            {
                yield return new Strike(message, server, moment, TheProxy);
                yield return new Strike(message, server, moment, server);
            }
            foreach (int other in Enumerable.Range(0, 3).Where(other => other != server))
            {
                yield return new Strike(message, server, WireVerdict.Pass, other);
            }
        }
    }

    private static Task KillAsync(CommitStage stage, ShardedProxy proxy, Strike strike) =>
        strike.Victim == TheProxy
            ? proxy.KillAsync()
            : stage.ClusterOf(strike.Victim).KillAsync(CancellationToken.None);

    private static async Task<ShardedProxy> MendAsync(CommitStage stage, ShardedProxy proxy, Strike strike)
    {
        if (strike.Victim != TheProxy)
        {
            await stage.ClusterOf(strike.Victim).StartAsync(Token);
            return proxy;
        }
        await proxy.DisposeAsync();
        return await stage.Sharding.ServeAsync();
    }

    private static async Task WaitForServiceAsync(
        ShardedProxy proxy,
        (long First, long Second) pair,
        List<(string Place, Guid Transfer, Told Told)> transfers
    )
    {
        await Eventually.HoldsAsync(
            async () =>
            {
                Guid transfer = Guid.NewGuid();
                Told told = await TransferAsync(proxy, pair.First, pair.Second, transfer);
                transfers.Add(("afterwards", transfer, told));
                return told == Told.Committed;
            },
            s_limit,
            $"a transfer after {transfers[^1].Place}"
        );
    }

    private static async Task<Told> TransferAsync(ShardedProxy proxy, long first, long second, Guid transfer)
    {
        bool commits = false;
        try
        {
            await using NpgsqlConnection client = await proxy.OpenAsync(Token);
            await using NpgsqlTransaction transaction = await client.BeginTransactionAsync(Token);
            foreach ((long account, int amount) in ((long, int)[])[(first, 7), (second, -7)])
            {
                foreach (
                    string sql in (string[])
                        [
                            $"UPDATE accounts SET balance = balance + {amount} WHERE id = {account}",
                            $"INSERT INTO entries VALUES ({account}, '{transfer}')",
                        ]
                )
                {
                    await using NpgsqlCommand command = new(sql, client);
                    await command.ExecuteNonQueryAsync(Token);
                }
            }
            commits = true;
            await transaction.CommitAsync(Token);
            return Told.Committed;
        }
        catch (PostgresException told) when (told.SqlState != "08007")
        {
            return Told.Failed;
        }
        catch (NpgsqlException)
        {
            return commits ? Told.InDoubt : Told.Failed;
        }
    }

    private static async Task CheckAsync(CommitStage stage, List<(string Place, Guid Transfer, Told Told)> transfers)
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
        foreach ((string place, Guid transfer, Told told) in transfers)
        {
            int sides = entries.Count(entry => entry == transfer);
            bool isTrue = told switch
            {
                Told.Committed => sides == 2,
                Told.Failed => sides == 0,
                _ => sides is 0 or 2,
            };
            Assert.True(isTrue, $"{place}: told {told}, and {sides} of 2 sides are there");
        }
        Assert.Equal(CommitStage.Accounts * 1000L, total);
    }

    /// <summary>A server is killed when a message comes by on the wire to one.</summary>
    private sealed record Strike(string Message, int Server, WireVerdict Verdict, int Victim);
}
