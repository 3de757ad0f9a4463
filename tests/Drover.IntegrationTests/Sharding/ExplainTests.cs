// EXPLAIN of a sharded database: the way of the statement, and what each of its servers says.
using System.Text.Json;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding;

public sealed class ExplainTests(PostgresFixture postgres)
{
    private const string Shop = """
        CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL);
        CREATE TABLE customers (id bigint PRIMARY KEY, name text);
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Plan_says_which_servers_have_a_part_and_what_each_makes_of_it(int major)
    {
        await using ShardingStage stage = await StartAsync(major, hasCoordinator: true);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        int shard = 0;
        for (long id = 1; id <= 20; id++)
        {
            await RunAsync(client, $"INSERT INTO customers VALUES ({id}, 'n')");
        }
        while (await stage.FromShardAsync(++shard, "SELECT count(*) FROM customers WHERE id = 7") == "0") { }

        await OneShardAsync(client, shard);
        await SeveralServersAsync(client);
        await JsonAsync(client);
        Assert.Equal("n", await AskAsync(client, "SELECT name FROM customers WHERE id = 7"));
    }

    /// <summary>By a literal, by a parameter, by a hint in front.</summary>
    private static async Task OneShardAsync(NpgsqlConnection client, int shard)
    {
        string one = $"""
            Drover
              Tier: one shard
              ->  Shard s{shard}
                    ->  Index Scan using customers_pkey on customers
                          Index Cond: (id = '7'::bigint)
            """;
        Assert.Equal(
            one.Replace("'7'::bigint", "7"),
            await TextAsync(client, "EXPLAIN (COSTS OFF) SELECT name FROM customers WHERE id = 7")
        );
        Assert.Equal(
            one.Replace("id = 7", "id = $1"),
            await TextAsync(client, "EXPLAIN (COSTS OFF) SELECT name FROM customers WHERE id = $1", 7L)
        );
        Assert.Contains(
            "->  Shard s2\n",
            await TextAsync(client, "/* drover: shard=2 */ EXPLAIN (COSTS OFF) SELECT name FROM customers")
        );
        Assert.Contains("one shard", await TextAsync(client, "EXPLAIN (COSTS OFF) SELECT * FROM products"));
    }

    /// <summary>What each gets, and what is made of their rows.</summary>
    private static async Task SeveralServersAsync(NpgsqlConnection client)
    {
        Assert.Equal(
            """
            Drover
              Tier: scatter: several shards, put together by the proxy
              Rows: merged by column 1 descending
              Rows Left Out: 2
              Rows At Most: 3
              Statement: SELECT id FROM customers ORDER BY id DESC
                LIMIT ((3)::bigint + (2)::bigint) OFFSET (0 * (2)::bigint)
              ->  Shard s1
                    ->  Limit
                          ->  Index Only Scan Backward using customers_pkey on customers
              ->  Shard s2
                    ->  Limit
                          ->  Index Only Scan Backward using customers_pkey on customers
            """,
            await TextAsync(client, "EXPLAIN (COSTS OFF) SELECT id FROM customers ORDER BY id DESC\n LIMIT 3 OFFSET 2")
        );
        string analyzed = await TextAsync(
            client,
            "EXPLAIN (ANALYZE, VERBOSE, BUFFERS, COSTS OFF, TIMING OFF) SELECT id FROM customers"
        );
        Assert.Equal(2, Count(analyzed, "(actual rows="));
        Assert.Equal(2, Count(analyzed, "Output: id"));
        Assert.Equal(2, Count(analyzed, "Execution Time:"));
        Assert.Contains("Rows: as they come", analyzed);

        // The coordinator, where PostgreSQL itself plans over foreign tables.
        string coordinated = await TextAsync(
            client,
            "EXPLAIN (COSTS OFF) SELECT a.id FROM customers a JOIN customers b ON a.name = b.name"
        );
        Assert.Contains("  Tier: coordinator\n  ->  Coordinator all\n", coordinated);
        Assert.Contains("Foreign Scan", coordinated);
    }

    /// <summary>One row and one document; another format of several is refused.</summary>
    private static async Task JsonAsync(NpgsqlConnection client)
    {
        JsonElement single = await DocumentAsync(client, "EXPLAIN (FORMAT JSON) SELECT * FROM customers WHERE id = 7");
        Assert.Equal("one", single.GetProperty("Drover").GetProperty("Tier").GetString());
        Assert.Equal("Index Scan", single.GetProperty("Plan").GetProperty("Node Type").GetString());
        JsonElement several = await DocumentAsync(
            client,
            "EXPLAIN (ANALYZE, FORMAT JSON, SETTINGS) SELECT id, name FROM customers WHERE name <> '\"\\é'"
        );
        several = several.GetProperty("Drover");
        Assert.Equal("scatter", several.GetProperty("Tier").GetString());
        JsonElement[] servers = [.. several.GetProperty("Servers").EnumerateArray()];
        Assert.Equal(["s1", "s2"], servers.Select(static server => server.GetProperty("Shard").GetString()));
        Assert.EndsWith("name <> '\"\\é'", servers[0].GetProperty("Statement").GetString());
        Assert.Equal(
            20,
            servers.Sum(static server =>
                server.GetProperty("Explain")[0].GetProperty("Plan").GetProperty("Actual Rows").GetDouble()
            )
        );
        Assert.StartsWith(
            "- Plan:",
            await TextAsync(client, "EXPLAIN (FORMAT YAML) SELECT * FROM customers WHERE id = 7")
        );
        await RefusedAsync(client, "EXPLAIN (FORMAT YAML) SELECT * FROM customers", "0A000");
        await RefusedAsync(client, "EXPLAIN (COZY) SELECT * FROM customers", "42601");
    }

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Write_that_is_explained_runs_only_if_it_is_analyzed_and_then_on_all_shards_or_on_none(int major)
    {
        await using ShardingStage stage = await StartAsync(major, hasCoordinator: false);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await DividedAsync(client, stage);
        await UpdateAsync(client, stage);

        // What all shards have alike.
        Assert.Contains(
            "Writes: every shard the same",
            await TextAsync(client, "EXPLAIN ANALYZE INSERT INTO products VALUES (1, 'p')")
        );
        Assert.Equal("p", await stage.FromShardAsync(1, "SELECT name FROM products"));
        Assert.Equal("p", await stage.FromShardAsync(2, "SELECT name FROM products"));

        await RefusedAsync(client);
        Assert.Equal(0, await stage.PreparedAsync());
        await ShardsOwnAsync(client, proxy.Port, major);
    }

    /// <summary>Rows that are divided: each shard's statement has its own.</summary>
    private static async Task DividedAsync(NpgsqlConnection client, ShardingStage stage)
    {
        string rows = string.Join(", ", Enumerable.Range(1, 20).Select(static id => $"({id}, 'n')"));
        string insert = $"INSERT INTO customers VALUES {rows}";
        string divided = await TextAsync(client, $"EXPLAIN (COSTS OFF) {insert}");
        Assert.Contains("Writes: each shard the rows that belong there", divided);
        Assert.Equal(2, Count(divided, "Statement: INSERT INTO customers VALUES ("));
        Assert.Equal(20, Count(divided, ", 'n')"));
        Assert.Equal(0, await CountAsync(stage, "true"));
        await TextAsync(client, $"EXPLAIN ANALYZE {insert}");
        Assert.Equal(20, await CountAsync(stage, "true"));
    }

    /// <summary>As PostgreSQL does it: in the statement's own transaction, or in that of the client.</summary>
    private static async Task UpdateAsync(NpgsqlConnection client, ShardingStage stage)
    {
        string update = "UPDATE customers SET name = 'm'";
        Assert.Contains("Writes: each shard the rows that it has", await TextAsync(client, $"EXPLAIN {update}"));
        Assert.Equal(0, await CountAsync(stage, "name = 'm'"));
        await using (NpgsqlTransaction undone = await client.BeginTransactionAsync(Token))
        {
            await TextAsync(client, $"EXPLAIN (ANALYZE on, COSTS off) {update}");
            Assert.Equal("m", await AskAsync(client, "SELECT name FROM customers WHERE id = 7"));
            Assert.Contains("one shard", await TextAsync(client, "EXPLAIN SELECT name FROM customers WHERE id = 8"));
            await undone.RollbackAsync(Token);
        }
        Assert.Equal(0, await CountAsync(stage, "name = 'm'"));
        await RefusedAsync(client, "EXPLAIN ANALYZE UPDATE customers SET name = (1 / (id - 7))::text", "22012");
        Assert.Equal(20, await CountAsync(stage, "name = 'n'"));
        await TextAsync(client, $"EXPLAIN (ANALYZE, FORMAT JSON) {update} WHERE id > $1", 10L);
        Assert.Equal(10, await CountAsync(stage, "name = 'm'"));
        await TextAsync(client, $"EXPLAIN ANALYZE {update} WHERE id = 1");
        Assert.Equal(11, await CountAsync(stage, "name = 'm'"));
    }

    /// <summary>What could not run cannot be explained either, and an explained read spoils no transaction.</summary>
    private static async Task RefusedAsync(NpgsqlConnection client)
    {
        await RefusedAsync(client, "EXPLAIN UPDATE customers SET id = 8 WHERE id = 7", "0A000");
        await RefusedAsync(client, "EXPLAIN SELECT a.id FROM customers a JOIN customers b USING (name)", "0A000");
        await using (NpgsqlTransaction reads = await client.BeginTransactionAsync(Token))
        {
            Assert.Contains("scatter", await TextAsync(client, "EXPLAIN SELECT id FROM customers"));
            Assert.Contains("scatter", await TextAsync(client, "EXPLAIN ANALYZE SELECT id FROM customers"));
            await RefusedAsync(client, "EXPLAIN SELECT nothing FROM customers WHERE id = 1", "42703");
            await RefusedAsync(client, "EXPLAIN SELECT id FROM customers", "25P02");
            await reads.RollbackAsync(Token);
        }
        Assert.Equal("m", await AskAsync(client, "SELECT name FROM customers WHERE id = 1"));
    }

    /// <summary>A session that is tied to its shard, simple queries, parameters that have no values.</summary>
    private static async Task ShardsOwnAsync(NpgsqlConnection client, int port, int major)
    {
        await RunAsync(client, "CREATE TEMP TABLE own (id int)");
        Assert.Contains("own", await TextAsync(client, "EXPLAIN (COSTS OFF) SELECT * FROM own"));
        await using ScriptedClient simple = await ScriptedClient.ConnectAsync("127.0.0.1", port, "postgres", "shop");
        Assert.StartsWith(
            "T D(Drover) D(  Tier: scatter",
            await simple.Query("EXPLAIN SELECT id FROM customers").RunAsync()
        );
        if (major >= 16)
        {
            string sql = "EXPLAIN (GENERIC_PLAN, COSTS OFF) SELECT * FROM customers WHERE id = $1";
            Assert.Contains("(id = $1)", await simple.Query(sql).RunAsync());
        }
    }

    private async Task<ShardingStage> StartAsync(int major, bool hasCoordinator)
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, 2);
        if (hasCoordinator)
        {
            await stage.AddCoordinatorAsync(postgres, major);
        }
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Shop);
        await stage.SetUpAsync("table reference products", "table shard customers --key id");
        return stage;
    }

    private static async Task<long> CountAsync(ShardingStage stage, string condition)
    {
        string sql = $"SELECT count(*) FROM customers WHERE {condition}";
        return long.Parse((await stage.FromShardAsync(1, sql))!) + long.Parse((await stage.FromShardAsync(2, sql))!);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static async Task<JsonElement> DocumentAsync(NpgsqlConnection client, string sql)
    {
        string document = await TextAsync(client, sql);
        JsonElement root = JsonDocument.Parse(document).RootElement;
        Assert.Equal(1, root.GetArrayLength());
        return root[0];
    }

    /// <summary>The rows of the answer as lines.</summary>
    private static async Task<string> TextAsync(NpgsqlConnection client, string sql, params object[] values)
    {
        await using NpgsqlCommand command = Command(client, sql, values);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        List<string> lines = [];
        while (await reader.ReadAsync(Token))
        {
            lines.Add(reader.GetString(0));
        }
        return string.Join('\n', lines);
    }

    private static Task<int> RunAsync(NpgsqlConnection client, string sql) =>
        Command(client, sql, []).ExecuteNonQueryAsync(Token);

    private static Task<object?> AskAsync(NpgsqlConnection client, string sql) =>
        Command(client, sql, []).ExecuteScalarAsync(Token);

    private static async Task RefusedAsync(NpgsqlConnection client, string sql, string sqlState)
    {
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => RunAsync(client, sql));
        Assert.Equal(sqlState, refused.SqlState);
    }

    private static NpgsqlCommand Command(NpgsqlConnection client, string sql, object[] values)
    {
        NpgsqlCommand command = new(sql, client) { AllResultTypesAreUnknown = true };
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        return command;
    }
}
