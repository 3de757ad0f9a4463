// Merged reads that are cut off, held up, or run into another schema: one error or the right rows, and nobody is left.
using System.Diagnostics;
using System.Globalization;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;

namespace Drover.IntegrationTests.Sharding;

public sealed class MergeFaultTests(PostgresFixture postgres)
{
    /// <summary>48 MB: more than sockets hold.</summary>
    private const string Large = "SELECT id, repeat('x', 200000) FROM plain";

    private const string Working =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ~ 'repeat' "
        + "AND pid <> pg_backend_pid() AND state = 'active'";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("")]
    [InlineData(" ORDER BY id")]
    public async Task Shard_that_is_lost_in_the_middle_is_one_error_and_the_session_goes_on(string order)
    {
        await using MergeStage stage = await StartAsync();
        await BeginLargeAsync(stage, order);
        await stage.Shards.OnShardAsync(
            2,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                + "AND query ~ 'repeat' AND pid <> pg_backend_pid() AND state = 'active'"
        );
        string answer = await stage.Client.ReadAsync("Z");
        Assert.Matches("E\\((57P01|08006)\\) Z\\(I\\)$", answer);
        Assert.Equal(1, Count(answer, "E("));
        await ExpectRestAsync(stage);
        Assert.Equal(
            "T D(1) C(SELECT 1) Z(I)",
            await stage.AskAsync("SELECT id FROM plain ORDER BY id LIMIT 1", Form.Simple)
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ORDER BY id")]
    public async Task Cancel_ends_it_on_every_shard(string order)
    {
        await using MergeStage stage = await StartAsync();
        await BeginLargeAsync(stage, order);
        await stage.Client.CancelAsync();
        string answer = await stage.Client.ReadAsync("Z");
        Assert.EndsWith("E(57014) Z(I)", answer, StringComparison.Ordinal);
        Assert.Equal(1, Count(answer, "E("));
        await ExpectRestAsync(stage);
        Assert.Equal(
            "T D(1) C(SELECT 1) Z(I)",
            await stage.AskAsync("SELECT id FROM plain ORDER BY id LIMIT 1", Form.Simple)
        );
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(" ORDER BY id", false)]
    [InlineData(" ORDER BY id", true)]
    public async Task Client_that_is_gone_leaves_no_busy_server(string order, bool isInTransaction)
    {
        await using MergeStage stage = await StartAsync();
        await using (ScriptedClient client = await stage.ConnectAsync())
        {
            if (isInTransaction)
            {
                await client.Query("BEGIN").RunAsync();
            }
            await client.Query(Large + order).SendAsync();
            await client.ReadAsync("D");
        }
        await ExpectRestAsync(stage);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ORDER BY id")]
    public async Task Client_that_does_not_read_holds_the_shards_up_and_the_proxy_keeps_little(string order)
    {
        await using MergeStage stage = await StartAsync();
        Assert.Equal(240, Count(await stage.Client.Query("SELECT id FROM plain" + order).RunAsync(), "D("));
        long before = MemoryOf(stage);
        await BeginLargeAsync(stage, order);
        long grown = MemoryOf(stage) - before;
        Assert.True(grown < 24 * 1024 * 1024, $"the proxy grew by {grown:N0} bytes");
        string answer = await stage.Client.ReadAsync("Z");
        Assert.Equal(240, Count(answer, "D("));
        Assert.EndsWith("C(SELECT 240) Z(I)", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Transaction_sees_what_it_wrote_on_every_shard()
    {
        await using MergeStage stage = await StartAsync();
        ScriptedClient client = stage.Client;
        await client.Query("BEGIN").RunAsync();
        await client.Query("UPDATE plain SET a = 99 WHERE id IN (1, 2, 3, 4, 5, 6)").RunAsync();
        const string Changed = "SELECT id FROM plain WHERE a = 99 ORDER BY id";
        Assert.Equal("T D(1) D(2) D(3) D(4) D(5) D(6) C(SELECT 6) Z(T)", await client.Query(Changed).RunAsync());
        Assert.Equal("C(SAVEPOINT) Z(T)", await client.Query("SAVEPOINT s").RunAsync());
        string failed = await client.Query("SELECT id, 1 / (id - 7) FROM plain").RunAsync();
        Assert.EndsWith("E(22012) Z(E)", failed, StringComparison.Ordinal);
        Assert.Equal("E(25P02) Z(E)", await client.Query(Changed).RunAsync());
        Assert.Equal("C(ROLLBACK) Z(T)", await client.Query("ROLLBACK TO s").RunAsync());
        Assert.Equal("T D(1) D(2) C(SELECT 2) Z(T)", await client.Query(Changed + " LIMIT 2").RunAsync());
        Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("ROLLBACK").RunAsync());
        Assert.Equal("T C(SELECT 0) Z(I)", await client.Query(Changed).RunAsync());
    }

    [Fact]
    public async Task Bounds_may_be_parameters_of_a_statement_that_is_run_again()
    {
        await using MergeStage stage = await StartAsync();
        ScriptedClient client = stage.Client;
        await client
            .Parse("page", "SELECT id FROM plain WHERE a < $3 ORDER BY id LIMIT $1 OFFSET $2")
            .Sync()
            .RunAsync();
        Assert.Equal(
            "2 D(3) D(7) C(SELECT 2) Z(I)",
            await client.Bind("page", "2", "2", "4").Execute().Sync().RunAsync()
        );
        Assert.Equal("2 C(SELECT 0) Z(I)", await client.Bind("page", "0", "5", "4").Execute().Sync().RunAsync());
        Assert.Equal(
            "2 D(240) C(SELECT 1) Z(I)",
            await client.Bind("page", "9", "239", "9").Execute().Sync().RunAsync()
        );
    }

    [Fact]
    public async Task Servers_are_given_back_and_used_again()
    {
        await using MergeStage stage = await StartAsync();
        for (int i = 0; i < 40; i++)
        {
            await stage.AskAsync("SELECT id, a FROM plain ORDER BY a, id", Form.Binary);
            await stage.AskAsync("SELECT id, 1 / (a - 3) FROM plain", Form.Text);
        }
        for (int shard = 1; shard <= 3; shard++)
        {
            string? servers = await stage.Shards.FromShardAsync(
                shard,
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ~ 'FROM plain' "
                    + "AND pid <> pg_backend_pid()"
            );
            Assert.InRange(int.Parse(servers!, CultureInfo.InvariantCulture), 1, 2);
        }
    }

    [Fact]
    public async Task Shard_that_sorts_otherwise_is_an_error_and_not_another_order()
    {
        await using MergeStage stage = await StartAsync();
        await stage.Shards.OnShardAsync(2, "ALTER TABLE things ALTER c TYPE text COLLATE \"en-x-icu\"");
        Assert.Equal("E(XX000)", await stage.AskAsync("SELECT c, id FROM things ORDER BY c, id", Form.Simple));
        await ExpectRestAsync(stage);
    }

    [Fact]
    public async Task Columns_that_were_added_past_the_proxy_do_not_shift_the_order()
    {
        await using MergeStage stage = await StartAsync();
        const string Shifting = "SELECT p.*, k.name FROM plain p JOIN kinds k ON k.id = p.a ORDER BY k.name, p.id";
        Assert.Empty(await stage.CompareAsync(Shifting, Form.Simple));
        await stage.OnBothAsync("ALTER TABLE plain ADD x int DEFAULT 5");
        Assert.Empty(await stage.CompareAsync(Shifting, Form.Simple));
        await stage.OnBothAsync("ALTER TABLE plain ALTER a TYPE text");
        Assert.Empty(await stage.CompareAsync("SELECT a, id FROM plain ORDER BY a, id", Form.Simple));
    }

    private Task<MergeStage> StartAsync() => MergeStage.StartAsync(postgres, 18, 3, hasCoordinator: false);

    /// <summary>Reads the first row only; goes on when every shard waits to send more.</summary>
    private static async Task BeginLargeAsync(MergeStage stage, string order)
    {
        await stage.Client.Query(Large + order).SendAsync();
        await stage.Client.ReadAsync("T");
        for (int shard = 1; shard <= 3; shard++)
        {
            int at = shard;
            const string Held = Working + " AND wait_event = 'ClientWrite'";
            await Eventually.HoldsAsync(async () => await stage.Shards.FromShardAsync(at, Held) == "1", s_limit);
        }
    }

    /// <summary>Nobody is at work or in a transaction.</summary>
    private static async Task ExpectRestAsync(MergeStage stage)
    {
        for (int shard = 1; shard <= 3; shard++)
        {
            int at = shard;
            const string Busy =
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                + "AND backend_type = 'client backend' AND state <> 'idle'";
            await Eventually.HoldsAsync(async () => await stage.Shards.FromShardAsync(at, Busy) == "0", s_limit);
        }
    }

    private static int Count(string text, string what) => text.Split(what).Length - 1;

    private static long MemoryOf(MergeStage stage)
    {
        using Process process = Process.GetProcessById(stage.Proxy.ProcessId);
        return process.WorkingSet64;
    }
}
