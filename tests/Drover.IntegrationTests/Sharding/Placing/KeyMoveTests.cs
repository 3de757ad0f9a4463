// An UPDATE that sets another sharding key: the rows are on the new key's shard, and all is as one server has it.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding.Placing;

/// <summary>Keys below 100 are on the first shard, the others on the second.</summary>
public sealed class KeyMoveTests(PostgresFixture postgres)
{
    private const string Schema = """
        CREATE TYPE mood AS ENUM ('ok', 'so so');
        CREATE TABLE customers (id bigint PRIMARY KEY, name text);
        CREATE TABLE orders (
            id bigint GENERATED ALWAYS AS IDENTITY, customer_id int NOT NULL REFERENCES customers,
            total numeric(10, 2) CHECK (total >= 0), note varchar(20), at timestamptz, tags text[], doc jsonb,
            ratio float8, raw bytea, feeling mood, span interval, twice numeric GENERATED ALWAYS AS (total * 2) STORED,
            PRIMARY KEY (customer_id, id)
        );
        CREATE TABLE lines (
            customer_id int, order_id bigint, n int, FOREIGN KEY (customer_id, order_id) REFERENCES orders,
            PRIMARY KEY (customer_id, order_id, n)
        );
        """;

    private const string Columns = "id, customer_id, total, note, at, tags, doc, ratio, raw, feeling, span";

    private static readonly string[] s_statements =
    [
        "INSERT INTO customers VALUES (1, 'a'), (2, 'b'), (3, 'e'), (101, 'c'), (102, 'd')",
        $"INSERT INTO orders ({Columns}) OVERRIDING SYSTEM VALUE VALUES (1, 1, 1.50, 'it''s', "
            + "'2025-01-02 03:04:05+00', '{a,\"b,c\",NULL}', '{\"k\": [1, \"\\\\\"]}', 0.1, "
            + "'\\x00ff27', 'so so', '1 mon -2 days'), "
            + "(2, 1, 2.50, '', NULL, '{}', NULL, 'NaN', '', 'ok', NULL), (3, 1, 3, E'\\\\ \"', NULL, NULL, NULL, "
            + "1e300, NULL, NULL, NULL), (4, 2, 4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "INSERT INTO lines VALUES (2, 4, 1)",
        // One row, with every type; then what is computed, and RETURNING of it.
        "UPDATE orders SET customer_id = 101 WHERE customer_id = 1 AND id = 1",
        "SELECT * FROM orders WHERE customer_id = 101",
        "SELECT * FROM orders WHERE customer_id = 1 ORDER BY id",
        "UPDATE orders AS o SET customer_id = 102, total = o.total + 0.005, note = 'n' || coalesce(note, '-') "
            + "WHERE o.customer_id = 1 AND id > 1 RETURNING *",
        "SELECT * FROM orders WHERE customer_id = 102 ORDER BY id",
        "UPDATE orders SET customer_id = '2', ratio = '0.3' WHERE customer_id = 102 RETURNING id + 1, twice, note",
        // Within a shard, to itself, of nothing.
        "UPDATE orders SET customer_id = 1 WHERE customer_id = 2 AND id = 3 RETURNING customer_id",
        "UPDATE orders SET customer_id = 101 WHERE customer_id = 101",
        "UPDATE orders SET customer_id = 101, note = 'none' WHERE customer_id = 1 AND id = 77 RETURNING id, note",
        "UPDATE orders SET customer_id = 101 WHERE customer_id = 1 AND id = 77",
        // What a constraint refuses: children that stay, no parent, a check, a length, a unique key.
        "UPDATE orders SET customer_id = 101 WHERE customer_id = 2 AND id = 4",
        "UPDATE orders SET customer_id = 199 WHERE customer_id = 101",
        "UPDATE orders SET customer_id = 101, total = -1 WHERE customer_id = 1 AND id = 3",
        "UPDATE orders SET customer_id = 101, note = 'much too long for the column' WHERE customer_id = 1 AND id = 3",
        "UPDATE customers SET id = 101 WHERE id = 3",
        "SELECT * FROM orders WHERE customer_id = 1 ORDER BY id",
        "SELECT * FROM orders WHERE customer_id = 2 ORDER BY id",
        "SELECT * FROM orders WHERE customer_id = 101 ORDER BY id",
        // In a transaction, with what came before and after it.
        "BEGIN",
        "UPDATE orders SET note = 'first' WHERE customer_id = 1 AND id = 3",
        "UPDATE orders SET customer_id = 102 WHERE customer_id = 1 AND id = 3 RETURNING note",
        "UPDATE orders SET note = note || ', then' WHERE customer_id = 102 AND id = 3 RETURNING note",
        "ROLLBACK",
        "SELECT note FROM orders WHERE customer_id = 1 ORDER BY id",
        "BEGIN",
        "UPDATE orders SET customer_id = 102 WHERE customer_id = 1 AND id = 3",
        "INSERT INTO lines VALUES (102, 3, 1)",
        "COMMIT",
        "SELECT o.customer_id, n FROM orders o JOIN lines l ON l.customer_id = o.customer_id AND order_id = id "
            + "WHERE o.customer_id = 102 ORDER BY n",
        "BEGIN",
        "UPDATE orders SET customer_id = 199 WHERE customer_id = 101",
        "SELECT 1",
        "COMMIT",
        "SELECT customer_id, id FROM orders ORDER BY id",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15, Form.Simple)]
    [InlineData(18, Form.Binary)]
    [InlineData(18, Form.Text)]
    public async Task Row_with_another_key_is_what_one_server_would_have(int major, object form)
    {
        await using ShardingStage stage = await StartAsync(major, "move");
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Schema, Token, database);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient sharded = await ConnectAsync(proxy);
        await using ScriptedClient single = await ScriptedClient.ConnectAsync(
            LocalPostgresCluster.Host,
            cluster.Port,
            "postgres",
            database
        );
        List<string> different = [];
        foreach (string sql in s_statements)
        {
            string expected = await MergeStage.AskAsync(single, sql, (Form)form);
            string answer = await MergeStage.AskAsync(sharded, sql, (Form)form);
            if (answer != expected)
            {
                different.Add($"{sql}\n    one server: {expected}\n    sharded: {answer} {sharded.LastError}");
            }
        }
        Assert.True(different.Count == 0, string.Join('\n', different) + "\nthe proxy said:\n" + proxy.Log);
        Assert.Equal("0", await stage.FromShardAsync(1, "SELECT count(*) FROM orders WHERE customer_id >= 100"));
        Assert.Equal("0", await stage.FromShardAsync(2, "SELECT count(*) FROM orders WHERE customer_id < 100"));
        Assert.Equal(0, await stage.PreparedAsync());
    }

    [Fact]
    public async Task Values_may_be_parameters_in_both_formats_and_statements_may_have_names()
    {
        await using ShardingStage stage = await StartAsync(18, "move");
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await client.Query("INSERT INTO customers VALUES (1, 'a'), (101, 'c')").RunAsync();
        await client.Query("INSERT INTO orders (customer_id, total) VALUES (1, 1), (1, 2), (1, 3)").RunAsync();
        const string Update =
            "UPDATE orders SET customer_id = $1, note = $4 WHERE customer_id = $2 AND total = $3 RETURNING note, total";
        for (int i = 1; i <= 2; i++)
        {
            string answer = await client
                .Parse("", Update)
                .Bind("", i == 1 ? [] : [1], "101", "1", $"{i}", "new")
                .DescribePortal()
                .Execute()
                .Sync()
                .RunAsync();
            Assert.StartsWith("1 2 T D(new", answer, StringComparison.Ordinal);
            Assert.EndsWith("C(UPDATE 1) Z(I)", answer, StringComparison.Ordinal);
        }
        Assert.Equal("1 Z(I)", await client.Parse("p", Update).Sync().RunAsync());
        Assert.Equal(
            "2 T D(new|3.00) C(UPDATE 1) Z(I)",
            await client.Bind("p", "101", "1", "3", "new").DescribePortal().Execute().Sync().RunAsync()
        );
        Assert.Equal("3", await stage.FromShardAsync(2, "SELECT count(*) FROM orders"));
        // A parameter in WHERE and in RETURNING may have one type there and another here, unless it is declared.
        Assert.Equal(
            "E(0A000) Z(I)",
            await client
                .Parse("", "UPDATE orders SET customer_id = $1 WHERE customer_id = $2 RETURNING $2")
                .Bind("", "1", "101")
                .DescribePortal()
                .Execute()
                .Sync()
                .RunAsync()
        );
        Assert.Equal("3", await stage.FromShardAsync(2, "SELECT count(*) FROM orders"));
    }

    [Theory]
    [InlineData(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER "
            + "t AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f()",
        "In the way: triggers."
    )]
    [InlineData("ALTER TABLE orders ENABLE ROW LEVEL SECURITY", "In the way: row security.")]
    [InlineData("CREATE RULE r AS ON UPDATE TO orders DO ALSO NOTHING", "In the way: rules.")]
    [InlineData(
        "ALTER TABLE lines DROP CONSTRAINT lines_customer_id_order_id_fkey; ALTER TABLE lines ADD FOREIGN KEY "
            + "(customer_id, order_id) REFERENCES orders ON DELETE CASCADE",
        "foreign keys of other tables"
    )]
    public async Task Table_of_which_a_moved_row_would_be_another_is_refused_and_left_as_it_is(
        string ddl,
        string reason
    )
    {
        await using ShardingStage stage = await StartAsync(18, "move");
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await client.Query("INSERT INTO customers VALUES (1, 'a'), (101, 'c')").RunAsync();
        await client.Query("INSERT INTO orders (customer_id) VALUES (1)").RunAsync();
        const string Update = "UPDATE orders SET customer_id = 101 WHERE customer_id = 1";
        Assert.Equal(
            "E(0A000) Z(I)",
            await client.Query("UPDATE orders SET customer_id = 101, id = 5 WHERE customer_id = 1").RunAsync()
        );
        Assert.Contains("a generated column", client.LastDetail, StringComparison.Ordinal);
        await client.Query("SET DateStyle = german").RunAsync();
        Assert.Equal("E(0A000) Z(I)", await client.Query(Update).RunAsync());
        Assert.Contains("DateStyle", client.LastDetail, StringComparison.Ordinal);
        await client.Query("RESET DateStyle").RunAsync();
        await stage.OnShardsAsync(ddl);
        Assert.Equal("E(0A000) Z(I)", await client.Query(Update).RunAsync());
        Assert.Contains(reason, client.LastDetail, StringComparison.Ordinal);
        Assert.Equal("1", await stage.FromShardAsync(1, "SELECT count(*) FROM orders"));
        Assert.Equal(0, await stage.PreparedAsync());
    }

    [Fact]
    public async Task Without_the_setting_it_is_refused_and_too_many_rows_are_with_it()
    {
        await using ShardingStage stage = await StartAsync(18, "error");
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await client.Query("INSERT INTO customers VALUES (1, 'a'), (2, 'b'), (101, 'c')").RunAsync();
        await stage.OnShardAsync(1, "INSERT INTO orders (customer_id) SELECT 1 FROM generate_series(1, 1001)");
        const string Update = "UPDATE orders SET customer_id = 101 WHERE customer_id = 1";
        Assert.Equal("E(0A000) Z(I)", await client.Query(Update).RunAsync());
        Assert.Contains("cannot be changed", client.LastError, StringComparison.Ordinal);
        Assert.Equal("E(0A000) Z(I)", await client.Query($"/* drover: shard=1 */ {Update}").RunAsync());
        Assert.Equal(
            "C(UPDATE 1001) Z(I)",
            await client.Query("UPDATE orders SET customer_id = 1, note = 'x' WHERE customer_id = 1").RunAsync()
        );
        await using ShardingStage other = await StartAsync(18, "move");
        await using ShardedProxy mover = await other.ServeAsync();
        await using ScriptedClient moving = await ConnectAsync(mover);
        await moving.Query("INSERT INTO customers VALUES (1, 'a'), (101, 'c')").RunAsync();
        await other.OnShardAsync(1, "INSERT INTO orders (customer_id) SELECT 1 FROM generate_series(1, 1001)");
        Assert.Equal("E(54000) Z(I)", await moving.Query(Update).RunAsync());
        Assert.Equal("1001", await other.FromShardAsync(1, "SELECT count(*) FROM orders"));
        Assert.Equal("C(UPDATE 1000) Z(I)", await moving.Query($"{Update} AND id > 1024").RunAsync());
        Assert.Equal("1000", await other.FromShardAsync(2, "SELECT count(*) FROM orders"));
    }

    private async Task<ShardingStage> StartAsync(int major, string update)
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards: 2);
        await stage.ConfigureAsync($"sharding_key_update = \"{update}\"");
        await stage.SetUpAsync("shard init");
        // Other type numbers on one shard than on the other.
        await stage.OnShardAsync(2, "CREATE TYPE first AS ENUM ('x'); CREATE DOMAIN second AS int");
        await stage.OnShardsAsync(Schema);
        await stage.SetUpAsync(
            "table shard customers --key id --by range",
            "table shard orders --key customer_id --group bigint_range",
            "table shard lines --key customer_id --group bigint_range",
            "placement add bigint_range --to 100 --shard 1",
            "placement add bigint_range --from 100 --shard 2"
        );
        return stage;
    }

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");
}
