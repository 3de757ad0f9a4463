// A simple query that ends a transaction on several shards first, as connection pools reset a session, and goes on.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding.Pipelines;

public sealed class LeadingRollbackTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData("ROLLBACK; BEGIN", true)]
    [InlineData("ROLLBACK; BEGIN", false)]
    [InlineData("rollback ;; SELECT name FROM customers WHERE id = 3", true)]
    [InlineData("ROLLBACK; SELECT name FROM customers WHERE id = 3", false)]
    [InlineData("COMMIT; SELECT count(*), sum(id) FROM customers", true)]
    [InlineData("ROLLBACK; SELECT count(*) FROM customers; SELECT name FROM customers WHERE id = 4", true)]
    [InlineData("ABORT; SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;", true)]
    [InlineData("ROLLBACK; SELECT 1 / 0", true)]
    [InlineData("ROLLBACK; BEGIN; INSERT INTO customers VALUES (99, 'n'); ROLLBACK; SELECT 1", true)]
    public async Task End_comes_first_and_the_rest_as_if_it_had_been_sent_behind_it(string sql, bool fails)
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        string[] parts = sql.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string apart = await RunAsync(client, [parts[0], string.Join(';', parts[1..])], fails);
        string together = await RunAsync(client, [sql], fails);
        int first = apart.IndexOf(" Z(I)", StringComparison.Ordinal);
        Assert.Equal(apart.Remove(first, " Z(I)".Length), together);
        Assert.Equal(9L.ToString(), await CountAsync(stage));
    }

    [Theory]
    [InlineData("ROLLBACK; SELECT count(*) FROM customers", "C(ROLLBACK) T D(9) C(SELECT 1) Z(I)")]
    [InlineData("COMMIT; UPDATE customers SET name = 'y'", "C(ROLLBACK) C(UPDATE 9) Z(I)")]
    [InlineData(
        "ROLLBACK; BEGIN; UPDATE customers SET name = 'y'; COMMIT; SELECT 1 / 0",
        "C(ROLLBACK) C(BEGIN) C(UPDATE 9) E(0A000)"
    )]
    [InlineData("ROLLBACK TO a; UPDATE customers SET name = 'y'", "E(0A000) Z(E)")]
    [InlineData("ROLLBACK AND CHAIN; UPDATE customers SET name = 'y'", "E(0A000) Z(E)")]
    [InlineData("ROLLBACK TO a; SELECT 7", "C(ROLLBACK) T D(7) C(SELECT 1) Z(T)")]
    [InlineData("SELECT 1; ROLLBACK; UPDATE customers SET name = 'y'", "E(25P02) Z(E)")]
    public async Task End_of_what_failed_on_one_shard_does_not_take_the_rest_there(string sql, string expected)
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await client.Query("BEGIN; SAVEPOINT a; SELECT 1 / 0").RunAsync();
        Assert.StartsWith(expected, await client.Query(sql).RunAsync());
    }

    [Theory]
    [InlineData("ROLLBACK", "SELECT 7", "C(ROLLBACK) 1 2 n D(7) C(SELECT 1) Z(I)")]
    [InlineData("ROLLBACK", "SELECT count(*) FROM customers", "C(ROLLBACK) 1 2 D(9) C(SELECT 1) Z(I)")]
    [InlineData("ROLLBACK", "UPDATE customers SET name = 'y'", "C(ROLLBACK) 1 2 C(UPDATE 9) Z(I)")]
    [InlineData("ROLLBACK", "SELECT id FROM customers WHERE id = 2", "C(ROLLBACK) 1 2 D(2) C(SELECT 1) Z(I)")]
    [InlineData("ROLLBACK", "SELECT 1 / 0", "C(ROLLBACK) 1 E(22012) Z(I)")]
    public async Task Batch_that_begins_with_the_end_goes_on_as_any_other(string end, string rest, string expected)
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        string[][] beginnings =
        [
            ["SELECT id FROM customers WHERE id > 0"],
            ["UPDATE customers SET name = 'x' WHERE id = 1", "UPDATE customers SET name = 'x' WHERE id = 4"],
            ["UPDATE customers SET name = 'x'", "SELECT 1 / 0"],
            ["UPDATE customers SET name = 'x' WHERE id = 1", "SELECT 1 / 0"],
            ["SELECT nothing FROM nowhere.at_all"],
            ["LISTEN x", "SELECT id FROM customers a JOIN customers b USING (name) FOR UPDATE"],
        ];
        foreach (string[] beginning in beginnings)
        {
            await client.Query("BEGIN").RunAsync();
            foreach (string sql in beginning)
            {
                await client.Query(sql).RunAsync();
            }
            client.Parse("", end).Bind("").Execute().Parse("", rest).Bind("").Execute().Sync();
            string answer = await client.RunAsync();
            Assert.EndsWith(Shorten(expected), Shorten(answer));
            Assert.Equal("T D(9) C(SELECT 1) Z(I)", await client.Query("SELECT count(*) FROM customers").RunAsync());
            await client.Query("UPDATE customers SET name = 'n'").RunAsync();
        }
    }

    [Theory]
    [InlineData("ROLLBACK TO a")]
    [InlineData("ROLLBACK AND CHAIN")]
    [InlineData("COMMIT AND CHAIN")]
    public async Task What_goes_back_otherwise_is_refused_in_front_of_more_and_not_taken_for_a_statement(string end)
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        foreach (bool isBatch in (bool[])[true, false])
        {
            await client.Query("BEGIN").RunAsync();
            await client.Query("UPDATE customers SET name = 'x'").RunAsync();
            await client.Query("SAVEPOINT a").RunAsync();
            await client.Query("SELECT 1 / 0").RunAsync();
            ScriptedClient asked = isBatch
                ? client.Parse("", end).Bind("").Execute().Parse("", "SELECT 1").Bind("").Execute().Sync()
                : client.Query($"{end}; SELECT 1");
            Assert.Equal("E(0A000) Z(E)", await asked.RunAsync());
            Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("ROLLBACK").RunAsync());
        }
    }

    /// <summary>Behind an error nothing runs up to the client's own Sync.</summary>
    [Theory]
    [InlineData("a value")]
    [InlineData("a portal")]
    [InlineData("a statement")]
    [InlineData("other text")]
    [InlineData("types")]
    public async Task What_may_fail_in_front_of_the_rest_is_not_cut_off(string wrong)
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        foreach (string beginning in (string[])["SELECT 1", "UPDATE customers SET name = 'x'"])
        {
            await client.Query("BEGIN").RunAsync();
            await client.Query(beginning).RunAsync();
            await client.Query("SELECT 1 / 0").RunAsync();
            ScriptedClient first = wrong switch
            {
                "a value" => client.Parse("", "ROLLBACK").Bind("", "7").Execute(),
                "a portal" => client.Parse("", "ROLLBACK").Bind("").DescribePortal("nobody").Execute(),
                "a statement" => client.Parse("", "ROLLBACK").Bind("").DescribeStatement("nobody").Execute(),
                "other text" => client.Parse("other", "SELECT 7").Parse("", "ROLLBACK").Bind("").Execute(),
                _ => client.Parse("", "ROLLBACK").Bind("").Execute("nobody"),
            };
            first.Parse("", "ROLLBACK").Bind("").Execute();
            first.Parse("", "INSERT INTO customers VALUES (99, 'n')").Bind("").Execute().Sync();
            string answer = await first.RunAsync();
            Assert.EndsWith(" Z(E)", answer);
            // One error, whatever came before it.
            Assert.Equal(2, answer.Split(" E(").Length + (answer.StartsWith("E(", StringComparison.Ordinal) ? 1 : 0));
            await client.Query("ROLLBACK").RunAsync();
            Assert.Equal("T D(9) C(SELECT 1) Z(I)", await client.Query("SELECT count(*) FROM customers").RunAsync());
        }
    }

    /// <summary>What the proxy answers in a server's place is answered only where it cannot be wrong.</summary>
    [Fact]
    public async Task Begin_with_a_value_or_a_portal_that_is_not_there_is_an_error_and_begins_nothing()
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectOnlyAsync(proxy);
        client.Parse("", "BEGIN").Bind("", "7").Execute().Sync();
        Assert.Equal("1 E(08P01) Z(I)", await client.RunAsync());
        client.Parse("", "BEGIN").Bind("").DescribePortal("nobody").Execute().Sync();
        Assert.Equal("1 2 E(34000) Z(I)", await client.RunAsync());
        client.Parse("", "BEGIN").DescribeStatement("").Bind("").Execute().Sync();
        Assert.EndsWith("2 C(BEGIN) Z(T)", await client.RunAsync());
        Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("ROLLBACK").RunAsync());
    }

    [Fact]
    public async Task Statements_with_names_behind_the_end_are_answered_message_for_message()
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        for (int i = 0; i < 12; i++)
        {
            await using ScriptedClient client = await ConnectOnlyAsync(proxy);
            await client.Query("BEGIN").RunAsync();
            await client.Query("SELECT 1 / 0").RunAsync();
            client.Parse("", "ROLLBACK").Bind("").Execute();
            client.Parse("s1", "SELECT 7 AS z").Bind("s1").Execute().CloseStatement("s1").Sync();
            Assert.Equal("1 2 C(ROLLBACK) 1 2 D(7) C(SELECT 1) 3 Z(I)", await client.RunAsync());
        }
    }

    private static Task<ScriptedClient> ConnectOnlyAsync(ShardedProxy proxy) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");

    private static string Shorten(string answer) => answer.Replace(" n ", " ", StringComparison.Ordinal);

    [Theory]
    [InlineData("ROLLBACK; SELECT 7", "C(ROLLBACK) T D(7) C(SELECT 1) Z(I)")]
    [InlineData("COMMIT; SELECT count(*) FROM customers", "C(ROLLBACK) T D(9) C(SELECT 1) Z(I)")]
    [InlineData("ROLLBACK; BEGIN", "C(ROLLBACK) C(BEGIN) Z(T)")]
    public async Task End_of_what_failed_before_any_server_knew_comes_first(string sql, string expected)
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await client.Query("BEGIN").RunAsync();
        string refused = await client.Query("UPDATE customers SET id = 7 WHERE name = 'n'").RunAsync();
        Assert.Equal("E(0A000) Z(E)", refused);
        Assert.Equal(expected, await client.Query(sql).RunAsync());
    }

    // Its servers have only answered the proxy: nobody has been told that they are ready.
    [Theory]
    [InlineData("ROLLBACK; SELECT id FROM customers WHERE id = 1", "C(ROLLBACK) T D(1) C(SELECT 1) Z(I)")]
    [InlineData("ROLLBACK; SELECT id FROM customers WHERE id = 2", "C(ROLLBACK) T D(2) C(SELECT 1) Z(I)")]
    [InlineData("ROLLBACK; SELECT id FROM customers WHERE id = 3", "C(ROLLBACK) T D(3) C(SELECT 1) Z(I)")]
    [InlineData("ROLLBACK; SELECT count(*) FROM customers", "C(ROLLBACK) T D(9) C(SELECT 1) Z(I)")]
    [InlineData("ROLLBACK; UPDATE customers SET name = 'y'", "C(ROLLBACK) C(UPDATE 9) Z(I)")]
    public async Task Rest_finds_its_server_where_only_several_shards_have_been_read(string sql, string expected)
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        foreach (string read in (string[])["id IN (1, 2, 3)", "id > 0"])
        {
            await client.Query("BEGIN").RunAsync();
            await client.Query($"SELECT id FROM customers WHERE {read}").RunAsync();
            Assert.Equal(expected, await client.Query(sql).RunAsync());
            Assert.Equal("T D(9) C(SELECT 1) Z(I)", await client.Query("SELECT count(*) FROM customers").RunAsync());
        }
    }

    private async Task<ShardingStage> StartAsync()
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 3);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE customers (id bigint PRIMARY KEY, name text)");
        await stage.SetUpAsync("table shard customers --key id");
        return stage;
    }

    private static async Task<ScriptedClient> ConnectAsync(ShardedProxy proxy)
    {
        ScriptedClient client = await ConnectOnlyAsync(proxy);
        for (int id = 1; id <= 9; id++)
        {
            await client.Query($"INSERT INTO customers VALUES ({id}, 'n{id}')").RunAsync();
        }
        return client;
    }

    private static async Task<string> RunAsync(ScriptedClient client, string[] texts, bool fails)
    {
        await client.Query("BEGIN").RunAsync();
        for (int id = 1; id <= 9; id++)
        {
            Assert.Equal(
                "C(UPDATE 1) Z(T)",
                await client.Query($"UPDATE customers SET name = 'x' WHERE id = {id}").RunAsync()
            );
        }
        if (fails)
        {
            await client.Query("SELECT 1 / (id - 5) FROM customers WHERE id = 5").RunAsync();
        }
        List<string> answers = [];
        foreach (string text in texts)
        {
            answers.Add(await client.Query(text).RunAsync());
        }
        await client.Query("ROLLBACK").RunAsync();
        return string.Join(' ', answers);
    }

    private static async Task<string> CountAsync(ShardingStage stage)
    {
        int count = 0;
        for (int shard = 1; shard <= 3; shard++)
        {
            count += int.Parse(
                (await stage.FromShardAsync(shard, "SELECT count(*) FROM customers WHERE name ~ '^n'"))!,
                System.Globalization.CultureInfo.InvariantCulture
            );
        }
        return count.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
