// Batches whose statements go to several shards: the client sees what one server would have answered, or 0A000.
using System.Diagnostics;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;

namespace Drover.IntegrationTests.Sharding.Pipelines;

public sealed class ShardedPipelineTests(PostgresFixture postgres)
{
    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Batch_over_shards_is_answered_as_one_server_answers_it(int major)
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, major);
        await ExpectSameAsync(stage, PipelineCorpus.All);
    }

    [Fact]
    public async Task Flush_and_Sync_end_nothing_that_has_ended_before()
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, 18);
        await ExpectSameAsync(stage, FlushCorpus.All);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Several_statements_of_a_simple_query_are_answered_as_one_server_answers_them(int major)
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, major);
        await ExpectSameAsync(stage, PipelineCorpus.Scripts);
    }

    [Fact]
    public async Task What_cannot_be_one_transaction_is_refused_and_nothing_of_its_batch_is_kept()
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, 18);
        foreach ((string script, string answer) in PipelineCorpus.Refused)
        {
            Assert.Equal(answer, await PipelineStage.RunAsync(stage.Client, script));
            await stage.ExpectSameRowsAsync(script);
        }
    }

    [Fact]
    public async Task Answers_come_at_a_Flush_and_the_rest_stays_open()
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, 18);
        ScriptedClient client = stage.Client;
        for (int id = 1; id <= 6; id++)
        {
            PipelineStage.Queue(client, $"x UPDATE t SET n = {id + 500} WHERE id = {id}\nf");
            await client.SendAsync();
            Assert.Equal("1 2 n C(UPDATE 1)", await client.ReadAsync("C"));
        }
        await using ScriptedClient other = await stage.ConnectAsync();
        Assert.Equal("T C(SELECT 0) Z(I)", await other.Query("SELECT id FROM t WHERE n > 500").RunAsync());
        Assert.Equal("Z(I)", await client.Sync().RunAsync());
        Assert.Equal("T D(6) C(SELECT 1) Z(I)", await CountAsync(other));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_that_vanishes_in_the_middle_leaves_nothing(bool terminates)
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, 18);
        await using (ScriptedClient client = await stage.ConnectAsync())
        {
            PipelineStage.Queue(
                client,
                """
                x UPDATE t SET n = 600 WHERE id = 1
                x UPDATE t SET n = 600 WHERE id = 2
                x UPDATE t SET n = 600 WHERE id = 3
                x UPDATE t SET note = 'gone'
                f
                """
            );
            if (terminates)
            {
                client.Terminate();
            }
            await client.SendAsync();
            await client.ReadAsync("C", terminates ? 1 : 4);
        }
        await ExpectNobodyAsync(stage);
        await stage.ExpectSameRowsAsync("vanished");
    }

    [Fact]
    public async Task Long_batch_is_in_little_memory_and_all_or_nothing()
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, 18);
        const int Statements = 3000;
        await RunLongAsync(stage, 300, fails: false);
        using Process proxy = Process.GetProcessById(stage.Proxy.ProcessId);
        long before = proxy.WorkingSet64;
        string done = await RunLongAsync(stage, Statements, fails: false);
        Assert.EndsWith("Z(I)", done, StringComparison.Ordinal);
        Assert.Equal(Statements, done.Split("C(UPDATE 1)").Length - 1);
        proxy.Refresh();
        long grown = proxy.WorkingSet64 - before;
        Assert.True(grown < 96 * 1024 * 1024, $"the proxy grew by {grown:N0} bytes");
        string failed = await RunLongAsync(stage, Statements, fails: true);
        Assert.EndsWith("E(23514) Z(I)", failed, StringComparison.Ordinal);
        for (int shard = 1; shard <= 3; shard++)
        {
            Assert.Equal("0", await stage.Shards.FromShardAsync(shard, "SELECT count(*) FROM t WHERE note ~ '^f'"));
        }
        Assert.Equal(0, await stage.Shards.PreparedAsync());
    }

    [Fact]
    public async Task Cancel_in_the_middle_ends_the_whole_batch()
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, 18);
        PipelineStage.Queue(
            stage.Client,
            """
            x UPDATE t SET n = 700 WHERE id = 1
            x UPDATE t SET n = 700 WHERE id = 2
            x SELECT pg_sleep(30) FROM t WHERE id = 3
            x UPDATE t SET n = 700 WHERE id = 4
            s
            """
        );
        await stage.Client.SendAsync();
        await Eventually.HoldsAsync(async () => await SleepersAsync(stage) == 1, TimeSpan.FromSeconds(20));
        await stage.Client.CancelAsync();
        Assert.EndsWith("E(57014) Z(I)", await stage.Client.ReadAsync("Z"), StringComparison.Ordinal);
        await stage.ExpectSameRowsAsync("cancelled");
        await ExpectNobodyAsync(stage);
    }

    private static async Task ExpectSameAsync(PipelineStage stage, IEnumerable<string> scripts)
    {
        List<string> failures = [];
        foreach (string script in scripts)
        {
            try
            {
                await stage.ExpectSameAsync(script);
            }
            catch (Xunit.Sdk.XunitException failure)
            {
                failures.Add(failure.Message);
            }
            catch (OperationCanceledException)
            {
                failures.Add($"no answer: {script}");
                break;
            }
        }
        Assert.True(failures.Count == 0, string.Join("\n\n", failures) + "\n" + stage.Proxy.Log);
    }

    /// <summary>More bytes than a unit of messages may have, in one write, while the answers are read.</summary>
    private static async Task<string> RunLongAsync(PipelineStage stage, int statements, bool fails)
    {
        const int Piece = 500;
        string note = new(fails ? 'f' : 'n', 40_000);
        ScriptedClient client = stage.Client;
        Task<string> answer = client.ReadAsync("Z");
        client.Parse("", "UPDATE t SET note = $2, n = $3::int WHERE id = $1");
        for (int i = 0; i < statements; i++)
        {
            bool isLast = i == statements - 1;
            client.Bind("", $"{(i % 20) + 1}", note, fails && isLast ? "5000" : "1").Execute();
            if (i % Piece == Piece - 1 || isLast)
            {
                await (isLast ? client.Sync() : client).SendAsync();
            }
        }
        return await answer;
    }

    private static async Task<int> SleepersAsync(PipelineStage stage)
    {
        int count = 0;
        for (int shard = 1; shard <= 3; shard++)
        {
            string? some = await stage.Shards.FromShardAsync(
                shard,
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
                    + "AND query ~ 'pg_sleep' AND pid <> pg_backend_pid()"
            );
            count += int.Parse(some!, System.Globalization.CultureInfo.InvariantCulture);
        }
        return count;
    }

    private static Task<string> CountAsync(ScriptedClient client) =>
        client.Query("SELECT count(*) FROM t WHERE n > 500").RunAsync();

    /// <summary>No server has anything of a client's any more.</summary>
    private static async Task ExpectNobodyAsync(PipelineStage stage)
    {
        for (int shard = 1; shard <= 3; shard++)
        {
            int number = shard;
            await Eventually.HoldsAsync(
                async () =>
                    await stage.Shards.FromShardAsync(
                        number,
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                            + "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
                    ) == "0",
                TimeSpan.FromSeconds(20)
            );
        }
    }
}
