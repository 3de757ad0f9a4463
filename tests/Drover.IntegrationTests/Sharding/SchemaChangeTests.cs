// Changes of the schema while clients read from several shards: nobody is answered by the schema that was.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding;

public sealed class SchemaChangeTests(PostgresFixture postgres)
{
    /// <summary>A read that only the coordinator can answer.</summary>
    private const string Whole = "SELECT rank() OVER (ORDER BY name) FROM customers LIMIT 1";

    private const string Shop = """
        CREATE TABLE customers (id bigint PRIMARY KEY, name text);
        CREATE TABLE notes (id bigint PRIMARY KEY, body text)
        """;

    private const string Columns = "SELECT * FROM customers";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Column_that_was_just_added_is_in_every_answer_of_every_proxy(int major)
    {
        await using ShardingStage stage = await StartAsync(major);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ShardedProxy other = await stage.ServeSecondAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await using NpgsqlConnection distant = await other.OpenAsync(Token);
        Assert.Equal(["id", "name"], await ColumnsAsync(distant, Columns));

        string[] expected = ["id", "name"];
        for (int i = 0; i < 6; i++)
        {
            await RunAsync(client, $"ALTER TABLE customers ADD COLUMN c{i} int DEFAULT {i}");
            expected = [.. expected, $"c{i}"];
            // Whichever is asked first finds the coordinator behind.
            NpgsqlConnection[] both = i % 2 == 0 ? [client, distant] : [distant, client];
            foreach (NpgsqlConnection one in both)
            {
                Assert.Equal(expected, await ColumnsAsync(one, Columns));
            }
        }

        // In a transaction: not before it is committed, and at once then.
        await using (NpgsqlTransaction change = await client.BeginTransactionAsync(Token))
        {
            await RunAsync(client, "ALTER TABLE notes ADD COLUMN author text");
            await change.CommitAsync(Token);
        }
        const string Notes = "SELECT notes.* FROM notes, (SELECT count(*) FROM customers) c";
        Assert.Equal(["id", "body", "author"], await ColumnsAsync(distant, Notes));
        Assert.Equal(["id", "body", "author"], await ColumnsAsync(client, Notes));

        // One that is rolled back leaves all as it was.
        await using (NpgsqlTransaction none = await client.BeginTransactionAsync(Token))
        {
            await RunAsync(client, "ALTER TABLE customers DROP COLUMN name");
            await none.RollbackAsync(Token);
        }
        Assert.Equal(expected, await ColumnsAsync(distant, Columns));

        // A table that is on one server, outside of a transaction.
        await RunAsync(client, "ALTER TABLE notes DROP COLUMN author");
        Assert.Equal(["id", "body"], await ColumnsAsync(client, Notes));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Changes_that_no_proxy_made_are_found_and_privileges_hold(int major)
    {
        await using ShardingStage stage = await StartAsync(major);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        Assert.Equal(["id", "name"], await ColumnsAsync(client, Columns));
        await stage.OnShardsAsync("ALTER TABLE customers ADD COLUMN late int");
        await Eventually.HoldsAsync(async () => (await ColumnsAsync(client, Columns)).Contains("late"), s_limit);

        // What holds a reader back cannot be made there (the function is written in C): then nobody reads it there.
        await RunAsync(client, $"INSERT INTO customers (id, name) {Rows(20)}");
        await stage.OnShardsAsync(
            """
            CREATE FUNCTION may_see() RETURNS boolean LANGUAGE internal IMMUTABLE AS 'boolne';
            ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
            CREATE POLICY seen ON customers USING (may_see())
            """
        );
        await Eventually.HoldsAsync(async () => await client.FailureAsync(Whole) == "42P01", s_limit);
        await Eventually.HoldsAsync(
            () => proxy.Log.Contains("not on the coordinator", StringComparison.Ordinal),
            s_limit
        );
    }

    [Fact]
    public async Task Without_the_coordinator_the_schema_stays_and_reads_of_one_shard_go_on()
    {
        await using ShardingStage stage = await StartAsync(major: 18);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await RunAsync(client, $"INSERT INTO customers {Rows(9)}");
        Assert.Equal(["rank"], await ColumnsAsync(client, Whole));

        await stage.LockCoordinatorAsync(isLocked: true);
        Assert.Equal("55000", await client.FailureAsync("ALTER TABLE customers ADD COLUMN more int"));
        Assert.Equal("55000", await client.FailureAsync(Whole));
        Assert.Equal(["id", "name"], await ColumnsAsync(client, "SELECT * FROM customers WHERE id = 3"));

        await stage.LockCoordinatorAsync(isLocked: false);
        await Eventually.HoldsAsync(async () => await client.FailureAsync(Whole) is null, s_limit);
        Assert.Null(await client.FailureAsync("ALTER TABLE customers ADD COLUMN more int"));
        Assert.Equal(["id", "name", "more"], await ColumnsAsync(client, Columns));
    }

    [Fact]
    public async Task Coordinator_that_sorts_otherwise_is_refused()
    {
        await using ShardingStage stage = await StartAsync(major: 18);
        await stage.RecreateCoordinatorAsync("C.UTF-8");
        string refused = await stage.RefusedAsync("schema sync");
        Assert.Contains("sorts by UTF8 libc C.UTF-8", refused, StringComparison.Ordinal);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        Assert.Equal("55000", await client.FailureAsync(Whole));
    }

    private async Task<ShardingStage> StartAsync(int major)
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards: 2);
        await stage.AddCoordinatorAsync(postgres, major);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Shop);
        await stage.SetUpAsync("table shard customers --key id");
        return stage;
    }

    private static string Rows(int count) =>
        "VALUES " + string.Join(", ", Enumerable.Range(1, count).Select(static id => $"({id}, 'c{id}')"));

    private static async Task RunAsync(NpgsqlConnection client, string sql)
    {
        await using NpgsqlCommand command = new(sql, client);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task<string[]> ColumnsAsync(NpgsqlConnection client, string sql)
    {
        await using NpgsqlCommand command = new(sql, client);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        return [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
    }
}
