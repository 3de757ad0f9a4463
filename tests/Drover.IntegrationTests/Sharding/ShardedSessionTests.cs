// Clients of a sharded database: statements find their shard, transactions reach several, and none is half done.
using System.Globalization;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding;

public sealed class ShardedSessionTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Statements_go_to_the_shard_that_has_their_key_in_every_protocol(int major)
    {
        await using ShardingStage stage = await StartAsync(major, shards: 3);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(
            Token,
            "Max Auto Prepare=10;Auto Prepare Min Usages=2"
        );
        for (long id = 1; id <= Customers; id++)
        {
            Assert.Equal(1, await RunAsync(client, "INSERT INTO customers VALUES ($1, $2)", id, $"c{id}"));
            Assert.Equal($"c{id}", await AskAsync(client, "SELECT name FROM customers WHERE id = $1", id));
            Assert.Equal($"c{id}", await AskAsync(client, $"SELECT name FROM customers WHERE id = {id}"));
        }

        // Every shard has some, and together they have all.
        long[] counts = new long[3];
        for (int shard = 1; shard <= counts.Length; shard++)
        {
            counts[shard - 1] = long.Parse((await stage.FromShardAsync(shard, "SELECT count(*) FROM customers"))!);
        }
        Assert.DoesNotContain(0, counts);
        Assert.Equal(Customers, counts.Sum());

        // What every shard has to do counts once for each row; what all have alike counts once.
        Assert.Equal(Customers, await RunAsync(client, "UPDATE customers SET name = name || '!'"));
        Assert.Equal(10, await RunAsync(client, "DELETE FROM customers WHERE id > $1", (long)Customers - 10));
        Assert.Equal(1, await RunAsync(client, "INSERT INTO products VALUES (1, 'p')"));
        for (int shard = 1; shard <= counts.Length; shard++)
        {
            Assert.Equal("p", await stage.FromShardAsync(shard, "SELECT name FROM products"));
        }
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Transaction_over_shards_is_there_whole_or_not_at_all(int major)
    {
        await using ShardingStage stage = await StartAsync(major, shards: 3);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await FillAsync(client);

        await using (NpgsqlTransaction all = await client.BeginTransactionAsync(Token))
        {
            await RenameAllAsync(client, "a");
            // It sees what it wrote, wherever that is.
            Assert.Equal("a7", await AskAsync(client, "SELECT name FROM customers WHERE id = 7"));
            await all.CommitAsync(Token);
        }
        Assert.Equal((long)Customers, await CountAsync(stage, "name ~ '^a'"));

        await using (NpgsqlTransaction none = await client.BeginTransactionAsync(Token))
        {
            await RenameAllAsync(client, "b");
            await none.RollbackAsync(Token);
        }
        Assert.Equal(0, await CountAsync(stage, "name ~ '^b'"));

        // Savepoints are on all shards, those that were not there when they were made included.
        await using (NpgsqlTransaction half = await client.BeginTransactionAsync(Token))
        {
            await RunAsync(client, "UPDATE customers SET name = 'c1' WHERE id = 1");
            await half.SaveAsync("here", Token);
            await RenameAllAsync(client, "d");
            await half.RollbackAsync("here", Token);
            await RunAsync(client, "UPDATE customers SET name = 'c2' WHERE id = 2");
            await half.CommitAsync(Token);
        }
        Assert.Equal(2, await CountAsync(stage, "name ~ '^c'"));
        Assert.Equal(0, await CountAsync(stage, "name ~ '^d'"));

        // A failure on one shard is the transaction's.
        await using (NpgsqlTransaction failed = await client.BeginTransactionAsync(Token))
        {
            await RenameAllAsync(client, "e");
            await RefusedAsync(client, "SELECT 1 / (id - id) FROM customers WHERE id = 5", "22012");
            await RefusedAsync(client, "SELECT name FROM customers WHERE id = 6", "25P02");
            await failed.CommitAsync(Token);
        }
        Assert.Equal(0, await CountAsync(stage, "name ~ '^e'"));
        Assert.Equal(0, await stage.PreparedAsync());
    }

    [Fact]
    public async Task Write_on_all_shards_that_fails_on_one_has_changed_none()
    {
        await using ShardingStage stage = await StartAsync(18, shards: 3);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await FillAsync(client);
        await RefusedAsync(client, "UPDATE customers SET name = (1 / (id - 7))::text", "22012");
        Assert.Equal((long)Customers, await CountAsync(stage, "name ~ '^n'"));

        await using NpgsqlTransaction transaction = await client.BeginTransactionAsync(Token);
        Assert.Equal(Customers, await RunAsync(client, "UPDATE customers SET name = 'x'"));
        await RefusedAsync(client, "UPDATE customers SET name = (1 / (id - 7))::text", "22012");
        await RefusedAsync(client, "SELECT 1", "25P02");
        await transaction.RollbackAsync(Token);
        Assert.Equal((long)Customers, await CountAsync(stage, "name ~ '^n'"));

        // DDL is everywhere, or nowhere.
        await RunAsync(client, "ALTER TABLE customers ADD COLUMN city text");
        await RunAsync(client, "CREATE INDEX CONCURRENTLY ON customers (city)");
        for (int shard = 1; shard <= 3; shard++)
        {
            Assert.Equal("0", await stage.FromShardAsync(shard, "SELECT count(city) FROM customers"));
        }
        await RefusedAsync(client, "ALTER TABLE customers ADD CHECK (id <> 7)", "23514");
        Assert.Equal(
            "0",
            await stage.FromShardAsync(1, "SELECT count(*) FROM pg_constraint WHERE conname = 'customers_id_check'")
        );
        Assert.Equal(0, await stage.PreparedAsync());
    }

    [Fact]
    public async Task Write_that_fails_on_one_shard_does_not_wait_for_a_lock_on_another()
    {
        await using ShardingStage stage = await StartAsync(18, shards: 3);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token, "Command Timeout=60");
        await FillAsync(client);
        int failing = 1;
        while (await stage.FromShardAsync(failing, "SELECT count(*) FROM customers WHERE id = 7") == "0")
        {
            failing++;
        }
        int locked = failing == 1 ? 2 : 1;
        await using NpgsqlConnection holder = await stage.OpenShardAsync(locked);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Token);
        await RunAsync(holder, "LOCK TABLE customers");
        await RefusedAsync(client, "UPDATE customers SET name = (1 / (id - 7))::text", "22012");

        // Nobody is left behind on the locked shard, and the session goes on.
        await held.RollbackAsync(Token);
        Assert.Equal((long)Customers, await CountAsync(stage, "name ~ '^n'"));
        Assert.Equal(Customers, await RunAsync(client, "UPDATE customers SET name = 'm' || id"));
    }

    [Fact]
    public async Task What_cannot_be_right_is_refused_with_a_reason_and_the_session_goes_on()
    {
        await using ShardingStage stage = await StartAsync(18, shards: 3, coordinator: false);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await FillAsync(client);
        await RefusedAsync(client, "SELECT sum(DISTINCT length(name)) FROM customers", "0A000");
        await RefusedAsync(client, "UPDATE customers SET id = 8 WHERE id = 7", "0A000");
        await RefusedAsync(client, "INSERT INTO customers (name) VALUES ('x')", "0A000");
        Assert.Equal("n7", await AskAsync(client, "SELECT name FROM customers WHERE id = 7"));

        // A hint places no row, and a transaction is prepared by nobody but the proxy.
        for (int shard = 1; shard <= 3; shard++)
        {
            bool isThere = await stage.FromShardAsync(shard, "SELECT count(*) FROM customers WHERE id = 7") == "1";
            string ask = $"/* drover: shard=s{shard} */ SELECT name FROM customers WHERE id = 7";
            if (isThere)
            {
                Assert.Equal("n7", await AskAsync(client, ask));
                continue;
            }
            await RefusedAsync(client, ask, "22023");
            await RefusedAsync(client, $"/* drover: shard=s{shard} */ INSERT INTO customers VALUES (7, 'x')", "22023");
        }
        await RefusedAsync(client, "PREPARE TRANSACTION 'mine'", "0A000");
        await RefusedAsync(client, "CREATE ROLE drover_test_nobody", "0A000");
        await RefusedAsync(client, "LOCK TABLE customers IN SHARE MODE", "25P01");
        await using (NpgsqlTransaction held = await client.BeginTransactionAsync(Token))
        {
            await RunAsync(client, "LOCK TABLE customers IN SHARE MODE");
            await held.CommitAsync(Token);
        }

        // A key in another encoding has another hash.
        await RunAsync(client, "SET client_encoding = 'LATIN1'");
        await RefusedAsync(client, "SELECT name FROM customers WHERE id = 7", "0A000");
        await RunAsync(client, "SET client_encoding = 'UTF8'");
        Assert.Equal("n7", await AskAsync(client, "SELECT name FROM customers WHERE id = 7"));

        // In a transaction a refusal is an error as any other.
        await using NpgsqlTransaction transaction = await client.BeginTransactionAsync(Token);
        await RunAsync(client, "UPDATE customers SET name = 'y' WHERE id = 7");
        await RefusedAsync(client, "SELECT sum(DISTINCT length(name)) FROM customers", "0A000");
        await RefusedAsync(client, "SELECT name FROM customers WHERE id = 7", "25P02");
        await transaction.RollbackAsync(Token);
        Assert.Equal("n7", await AskAsync(client, "SELECT name FROM customers WHERE id = 7"));

        await using NpgsqlTransaction first = await client.BeginTransactionAsync(Token);
        await RefusedAsync(client, "SELECT sum(DISTINCT length(name)) FROM customers", "0A000");
        await RefusedAsync(client, "SELECT 1", "25P02");
        await first.RollbackAsync(Token);
        Assert.Equal(1, await AskAsync(client, "SELECT 1"));
    }

    [Fact]
    public async Task Settings_of_the_session_are_on_every_shard()
    {
        await using ShardingStage stage = await StartAsync(18, shards: 3);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await FillAsync(client);
        await RunAsync(client, "SET app.tenant = 'mine'");
        for (long id = 1; id <= 9; id++)
        {
            Assert.Equal(
                "mine",
                await AskAsync(client, "SELECT current_setting('app.tenant') FROM customers WHERE id = $1", id)
            );
        }
        await using NpgsqlTransaction transaction = await client.BeginTransactionAsync(Token);
        await RunAsync(client, "SET LOCAL app.tenant = 'other'");
        for (long id = 1; id <= 9; id++)
        {
            Assert.Equal(
                "other",
                await AskAsync(client, "SELECT current_setting('app.tenant') FROM customers WHERE id = $1", id)
            );
        }
        await transaction.CommitAsync(Token);
        Assert.Equal(
            "mine",
            await AskAsync(client, "SELECT current_setting('app.tenant') FROM customers WHERE id = 3")
        );
    }

    [Fact]
    public async Task What_a_transaction_over_shards_has_set_outlives_its_commit_and_not_its_rollback()
    {
        await using ShardingStage stage = await StartAsync(18, shards: 3);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await FillAsync(client);
        long[] ids = new long[3];
        for (int shard = 1; shard <= ids.Length; shard++)
        {
            ids[shard - 1] = long.Parse((await stage.FromShardAsync(shard, "SELECT min(id) FROM customers"))!);
        }
        string[] writes = [.. ids.Select(static id => $"UPDATE customers SET name = 'w' WHERE id = {id}")];
        int number = 0;
        // Where the transaction sets it, how many shards it writes on, and which it looks at last.
        foreach (int place in (int[])[0, 1, 2])
        {
            foreach (int writers in (int[])[0, 1, 2])
            {
                foreach (long last in ids)
                {
                    foreach (string end in (string[])["ROLLBACK", "COMMIT"])
                    {
                        string before = number.ToString(CultureInfo.InvariantCulture);
                        string set = $"SET app.tenant = '{number + 1}'";
                        List<string> statements = [.. writes[..writers], $"SELECT 1 FROM customers WHERE id = {last}"];
                        statements.Insert(Math.Min(place, statements.Count), set);
                        await RunAsync(client, $"SET app.tenant = '{before}'");
                        await using NpgsqlTransaction transaction = await client.BeginTransactionAsync(Token);
                        foreach (string statement in statements)
                        {
                            await RunAsync(client, statement);
                        }
                        await RunAsync(client, end);
                        string expected = end == "COMMIT" ? $"{number + 1}" : before;
                        foreach (long id in ids)
                        {
                            string ask = $"SELECT current_setting('app.tenant') FROM customers WHERE id = {id}";
                            object? has = await AskAsync(client, ask);
                            Assert.True(Equals(has, expected), $"{string.Join("; ", statements)}; {end}: {has}");
                        }
                        number++;
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Reload_gives_a_client_that_is_there_the_pools_of_the_new_configuration(int major)
    {
        await using ShardingStage stage = await StartAsync(major, shards: 2);
        await stage.OnShardAsync(1, $"CREATE ROLE {stage.OtherUser} LOGIN");
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        Assert.Equal("postgres", await AskAsync(client, "SELECT current_user"));
        await stage.ForceUserAsync(stage.OtherUser);
        await proxy.ConsoleAsync("RELOAD", Token);
        Assert.Equal(stage.OtherUser, await AskAsync(client, "SELECT current_user"));
        await stage.ConfigureAsync("");
        await proxy.ConsoleAsync("RELOAD", Token);
        Assert.Equal("postgres", await AskAsync(client, "SELECT current_user"));
    }

    private const string Shop = """
        CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL);
        CREATE TABLE customers (id bigint PRIMARY KEY, name text);
        CREATE TABLE orders (
            id bigint, customer_id bigint NOT NULL REFERENCES customers, total numeric(10, 2),
            PRIMARY KEY (customer_id, id)
        )
        """;

    private const int Customers = 30;

    private async Task<ShardingStage> StartAsync(int major, int shards, bool coordinator = true)
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards);
        if (coordinator)
        {
            await stage.AddCoordinatorAsync(postgres, major);
        }
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Shop);
        await stage.SetUpAsync("table reference products");
        await stage.SetUpAsync("table shard customers --key id");
        await stage.SetUpAsync("table shard orders --key customer_id");
        return stage;
    }

    private static async Task FillAsync(NpgsqlConnection client)
    {
        for (long id = 1; id <= Customers; id++)
        {
            await RunAsync(client, "INSERT INTO customers VALUES ($1, $2)", id, $"n{id}");
        }
    }

    private static async Task RenameAllAsync(NpgsqlConnection client, string prefix)
    {
        for (long id = 1; id <= Customers; id++)
        {
            await RunAsync(client, "UPDATE customers SET name = $1 WHERE id = $2", $"{prefix}{id}", id);
        }
    }

    private static async Task<long> CountAsync(ShardingStage stage, string condition)
    {
        long count = 0;
        for (int shard = 1; shard <= 3; shard++)
        {
            count += long.Parse(
                (await stage.FromShardAsync(shard, $"SELECT count(*) FROM customers WHERE {condition}"))!
            );
        }
        return count;
    }

    private static Task<int> RunAsync(NpgsqlConnection client, string sql, params object[] values) =>
        Command(client, sql, values).ExecuteNonQueryAsync(Token);

    private static Task<object?> AskAsync(NpgsqlConnection client, string sql, params object[] values) =>
        Command(client, sql, values).ExecuteScalarAsync(Token);

    private static async Task RefusedAsync(NpgsqlConnection client, string sql, string sqlState)
    {
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => RunAsync(client, sql));
        Assert.Equal(sqlState, refused.SqlState);
    }

    private static NpgsqlCommand Command(NpgsqlConnection client, string sql, object[] values)
    {
        NpgsqlCommand command = new(sql, client);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        return command;
    }
}
