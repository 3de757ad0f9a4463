// A shard whose server is gone: what does not need it goes on, what does is told so, and all is well when it is back.
using System.Diagnostics;
using System.Text.RegularExpressions;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Sharding.Commits;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding;

public sealed partial class ShardDownTests
{
    private const string Sum = "SELECT sum(balance) FROM accounts";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Others_go_on_and_nobody_waits_for_ever(int major)
    {
        await using CommitStage stage = await CommitStage.StartAsync(major);
        await using ShardedProxy proxy = await stage.Sharding.ServeAsync();
        (long here, long there) = (await stage.FillAsync(proxy)).Dequeue();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await using ScriptedClient other = await ConnectAsync(proxy);
        await other.Query("BEGIN").RunAsync();
        await other.Query(Zero(here)).RunAsync();
        Assert.Equal("C(UPDATE 1) Z(T)", await other.Query(Zero(there)).RunAsync());
        await proxy.ConsoleAsync("SET query_wait_timeout = 1", Token);
        await stage.ClusterOf(2).KillAsync(Token);

        // 1. A transaction that was there ends with its client, as in plain pooling.
        Assert.Matches(@"^E\((08006|57P0\d)\)$", await other.ReadAsync("E"));

        // 2. What needs it waits for so long, and no server is kept from those who do not.
        string[] impossible =
        [
            $"SELECT balance FROM accounts WHERE id = {there}",
            Sum,
            "SELECT id, balance FROM accounts ORDER BY balance, id LIMIT 3",
            Zero(there),
            "UPDATE accounts SET balance = 0",
            $"INSERT INTO entries VALUES ({here}, gen_random_uuid()), ({there}, gen_random_uuid())",
            "CREATE INDEX ON accounts (balance)",
            "COPY accounts TO STDOUT",
            $"EXPLAIN {Sum}",
        ];
        foreach (string sql in impossible)
        {
            await AskAsync(proxy, client, sql, here);
        }

        // 3. It is back.
        await stage.ClusterOf(2).StartAsync(Token);
        long back = Stopwatch.GetTimestamp();
        await proxy.ConsoleAsync("SET query_wait_timeout = 20", Token);
        Assert.Equal($"T D({CommitStage.Accounts * 1000}) C(SELECT 1) Z(I)", await client.Query(Sum).RunAsync());
        Assert.InRange(Stopwatch.GetElapsedTime(back), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal("C(UPDATE 1) Z(I)", await client.Query(Zero(there)).RunAsync());
        Assert.Equal(0, await stage.Sharding.PreparedAsync());
    }

    private static async Task AskAsync(ShardedProxy proxy, ScriptedClient client, string sql, long here)
    {
        string alone = $"SELECT balance FROM accounts WHERE id = {here}";
        long start = Stopwatch.GetTimestamp();
        await using ScriptedClient simple = await ConnectAsync(proxy);
        await using ScriptedClient batch = await ConnectAsync(proxy);
        await using ScriptedClient writer = await ConnectAsync(proxy);
        await simple.Query(sql).SendAsync();
        await batch.Parse("", sql).Bind("").Execute().Sync().SendAsync();
        await writer.Query("BEGIN").RunAsync();
        Assert.Equal("C(UPDATE 1) Z(T)", await writer.Query(Zero(here)).RunAsync());
        await writer.Query(sql).SendAsync();
        Assert.Equal("T D(1000) C(SELECT 1) Z(I)", await client.Query(alone).RunAsync());
        foreach (ScriptedClient each in (ScriptedClient[])[simple, batch, writer])
        {
            string told = await each.ReadAsync("E");
            Assert.True(Lost().IsMatch(told), $"{sql}: {told}");
        }
        Assert.Equal("T D(1000) C(SELECT 1) Z(I)", await client.Query(alone).RunAsync());
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(15));
    }

    private static string Zero(long account) => $"UPDATE accounts SET balance = 0 WHERE id = {account}";

    [GeneratedRegex(@"^(\S+ )*E\((08\w{3}|57P0\d|53300)\)$")]
    private static partial Regex Lost();

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");
}
