// COPY of sharded tables does what COPY of one table on one server does, and leaves nothing behind when it fails.
using System.Text;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding;

public sealed class CopyTests(PostgresFixture postgres)
{
    private const string Schema = """
        CREATE TABLE notes (n int, twice int GENERATED ALWAYS AS (n * 2) STORED, tenant text NOT NULL, body text,
            PRIMARY KEY (tenant, n));
        CREATE TABLE orders (id bigint, customer_id bigint NOT NULL, total numeric(10, 2),
            PRIMARY KEY (customer_id, id));
        CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL);
        CREATE TABLE settings (k text PRIMARY KEY, v text)
        """;

    /// <summary>Values that no format takes as they are.</summary>
    private const string Nasty = """
        INSERT INTO notes (n, tenant, body)
        SELECT n, t || CASE WHEN n % 3 = 0 THEN n::text ELSE '' END, b
        FROM generate_series(1, 1500) n
        CROSS JOIN LATERAL (SELECT (ARRAY['a', 'it''s',
            '"', '""', 'a,b', E'a\tb', E'a\nb', E'a\r\nb', E'\r', '\', '\.', '\N',
            'ä€𐍈', E'x\\\ny', '', ' ', 'a"b,"c', E'\b\f\v', '\x41', '\101', '.', ';', '|'])[1 + n % 23] AS t,
            (ARRAY['', NULL, E'\n\n', '\.', '"',
            E',\t|;', repeat('long ', 400), 'ü', E'\\\r', '''', 'NULL', '\N', 'plain'])
            [1 + n % 13] AS b) v
        """;

    /// <summary>Options of COPY, of a table and of its columns in another order.</summary>
    private static readonly string[] s_forms =
    [
        "notes FROM STDIN",
        "notes (body, tenant, n) FROM STDIN",
        "notes FROM STDIN (DELIMITER '|', NULL 'nil')",
        "notes FROM STDIN (FORMAT csv)",
        "notes FROM STDIN WITH CSV HEADER DELIMITER ';'",
        "notes (tenant, body, n) FROM STDIN (FORMAT csv, HEADER match, QUOTE '''', ESCAPE '\\')",
        "notes FROM STDIN (FORMAT csv, NULL 'nil', FORCE_NULL (body), FORCE_NOT_NULL (tenant))",
        "notes FROM STDIN (FORMAT csv, DELIMITER E'\\t')",
        "notes FROM STDIN (FORMAT binary)",
        "notes (body, n, tenant) FROM STDIN BINARY",
    ];

    /// <summary>Text whose rows end in front of the last line. As CSV, several of its rows are at fault.</summary>
    private const string EndedByMark = "1\tk\tx\n2\tl\\\ny\t\\N\n\\.\nrubbish";

    /// <summary>Rows of which at most one is at fault: of several, each shard may tell of its own.</summary>
    private static readonly string[] s_byHand =
    [
        "1\tk\tx\n2\tl\ty\n",
        "1\tk\tx\r\n2\tl\ty\r\n",
        "1\tk\tx\r2\tl\ty\r",
        "1\tk\tx\n2\tl\ty",
        EndedByMark,
        "1\t\\x41\\102\\tc\t\\.x\n",
        "1\tk\tx\n2\tl\ty\r\n",
        "1\tk\tx\r\n2\tl\ty\n",
        "1\tk\tx\n2\n",
        "1\tk\tx\n2\tl\tm\tn\n",
        "1\tk\tx\n\n",
        "1\tk\tx\nz\tl\ty\n",
        "1\tk\tx\n1\tk\ty\n",
        "1\t\\N\tx\n",
        "1\tk\tx\n\\.\r\n",
        "1\tk\tx\n\\",
        "1\tk\tx\n2\tl\ty\\\n",
        "",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(18, 1)]
    [InlineData(18, 2)]
    [InlineData(18, 4)]
    [InlineData(15, 3)]
    public async Task Loaded_through_shards_is_what_one_server_loads_and_gives(int major, int shards)
    {
        await using ShardingStage stage = await StartAsync(major, shards);
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Schema, Token, database);
        await cluster.ExecuteAsync(Nasty, Token, database);
        await using ScriptedClient single = await ScriptedClient.ConnectAsync(
            LocalPostgresCluster.Host,
            cluster.Port,
            "postgres",
            database
        );
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient sharded = await ConnectAsync(proxy);
        string[] original = await RowsAsync(single);
        Assert.Equal(1500, original.Length);
        Random random = new(shards);
        foreach (string form in s_forms)
        {
            // What the server itself writes is what it reads.
            string to = form.Replace("FROM STDIN", "TO STDOUT", StringComparison.Ordinal)
                .Replace(", FORCE_NULL (body), FORCE_NOT_NULL (tenant)", ", FORCE_QUOTE *", StringComparison.Ordinal)
                .Replace("HEADER match", "HEADER", StringComparison.Ordinal);
            byte[] data = await ReadAsync(single, $"COPY {to}");
            await LoadAsync(single, "TRUNCATE notes", form, data, random);
            string[] expected = await RowsAsync(single);
            string answer = await LoadAsync(sharded, "DELETE FROM notes", form, data, random);
            Assert.True(answer == "C(COPY 1500) Z(I)", $"{form}: {answer} {sharded.LastError} {sharded.LastContext}");
            Assert.Equal(expected, await RowsAsync(sharded));

            // The same rows come out, in another order.
            byte[] back = await ReadAsync(sharded, $"COPY {to}");
            Assert.Equal(data.Length, back.Length);
            await LoadAsync(single, "TRUNCATE notes", form, back, random);
            Assert.Equal(expected, await RowsAsync(single));
        }
        await ExpectSpreadAsync(stage, shards);
        Assert.Equal(0, await stage.PreparedAsync());
    }

    [Fact]
    public async Task Data_written_by_hand_is_taken_or_refused_as_by_one_server()
    {
        await using ShardingStage stage = await StartAsync(18, shards: 3);
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(18, Token);
        await cluster.ExecuteAsync(Schema, Token, database);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient sharded = await ConnectAsync(proxy);
        await using ScriptedClient single = await ScriptedClient.ConnectAsync(
            LocalPostgresCluster.Host,
            cluster.Port,
            "postgres",
            database
        );
        foreach (string data in s_byHand)
        {
            string[] forms = ["notes FROM STDIN", "notes FROM STDIN (FORMAT csv, DELIMITER E'\\t')"];
            foreach (string form in forms.Take(data == EndedByMark ? 1 : 2))
            {
                byte[] bytes = Encoding.UTF8.GetBytes(data);
                string expected = await LoadAsync(single, "DELETE FROM notes", form, bytes, new Random(1));
                string answer = await LoadAsync(sharded, "DELETE FROM notes", form, bytes, new Random(2));
                Assert.Equal($"{expected} of {data} as {form}", $"{answer} of {data} as {form}");
                Assert.Equal(await RowsAsync(single), await RowsAsync(sharded));
            }
        }
        Assert.Equal(0, await stage.PreparedAsync());
    }

    [Fact]
    public async Task What_cannot_be_loaded_is_refused_with_the_line_and_nothing_is_loaded()
    {
        await using ShardingStage stage = await StartAsync(18, shards: 3);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        string many = string.Concat(Enumerable.Range(1, 20_000).Select(static n => $"{n}\t{n % 97}\t1.5\n"));
        Assert.Equal("E(0A000) Z(I)", await LoadAsync(client, "", "orders FROM STDIN", many + "7\t0x11\t1\n"));
        Assert.Equal("COPY orders, line 20001, column customer_id: \"0x11\"", client.LastContext);
        Assert.Equal("E(22P02) Z(I)", await LoadAsync(client, "", "orders FROM STDIN", many + "x\t17\t1\n"));
        Assert.Contains(" of those of shard s", client.LastContext, StringComparison.Ordinal);
        Assert.Equal("E(23505) Z(I)", await LoadAsync(client, "", "orders FROM STDIN", many + "1\t1\t1\n"));
        await client.Query("COPY orders FROM STDIN").SendAsync();
        await client.ReadAsync("G");
        Assert.Equal("E(57014) Z(I)", await client.Copy(Encoding.UTF8.GetBytes(many)).CopyFail("enough").RunAsync());
        Assert.Equal("COPY from stdin failed: enough", client.LastError);
        Assert.Equal("D(0) C(SELECT 1) Z(I)", Without(await client.Query("SELECT count(*) FROM orders").RunAsync()));

        // Nobody can tell where these belong.
        foreach (
            string refused in (string[])
                [
                    "COPY orders (id, total) FROM STDIN",
                    "COPY orders FROM STDIN (ENCODING latin1)",
                    "COPY orders FROM '/tmp/orders'",
                    "COPY orders FROM STDIN WHERE id > random()",
                    "COPY orders TO PROGRAM 'cat'",
                    "COPY orders FROM STDIN; SELECT 1",
                    "COPY orders FROM STDIN (REJECT_LIMIT 3, ON_ERROR ignore)",
                ]
        )
        {
            Assert.Equal($"{refused}: E(0A000) Z(I)", $"{refused}: {await client.Query(refused).RunAsync()}");
        }
        Assert.Equal(0, await stage.PreparedAsync());
        await ExpectFreeAsync(stage, 3);
    }

    [Fact]
    public async Task Copy_is_a_part_of_the_transaction_that_it_is_in()
    {
        await using ShardingStage stage = await StartAsync(18, shards: 3);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        string rows = string.Concat(Enumerable.Range(1, 300).Select(static n => $"{n}\t{n}\t1.5\n"));
        await client.Query("BEGIN").RunAsync();
        Assert.Equal("C(COPY 300) Z(T)", await LoadAsync(client, "", "orders FROM STDIN", rows));
        Assert.Equal("D(1.50) C(SELECT 1) Z(T)", Without(await client.Query(One(17)).RunAsync()));
        byte[] inside = await ReadAsync(client, "COPY orders TO STDOUT", "T");
        Assert.Equal(300, inside.Count(static one => one == '\n'));
        await client.Query("ROLLBACK").RunAsync();
        Assert.Equal("C(SELECT 0) Z(I)", Without(await client.Query(One(17)).RunAsync()));

        await client.Query("BEGIN").RunAsync();
        Assert.Equal("C(COPY 300) Z(T)", await LoadAsync(client, "", "orders FROM STDIN", rows));
        Assert.Equal("E(23505) Z(E)", await LoadAsync(client, "", "orders FROM STDIN", rows));
        Assert.Equal("E(25P02) Z(E)", await client.Query(One(17)).RunAsync());
        Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("COMMIT").RunAsync());

        await client.Query("BEGIN").RunAsync();
        Assert.Equal("C(INSERT 0 1) Z(T)", await client.Query("INSERT INTO orders VALUES (0, 5, 1)").RunAsync());
        await client.Query("SAVEPOINT here").RunAsync();
        Assert.Equal("E(23505) Z(E)", await LoadAsync(client, "", "orders FROM STDIN", rows + "1\t1\t1\n"));
        await client.Query("ROLLBACK TO here").RunAsync();
        Assert.Equal("C(COPY 300) Z(T)", await LoadAsync(client, "", "orders FROM STDIN", rows));
        Assert.Equal("C(COMMIT) Z(I)", await client.Query("COMMIT").RunAsync());
        byte[] all = await ReadAsync(client, "COPY orders TO STDOUT");
        Assert.Equal(301, all.Count(static one => one == '\n'));
        await ExpectFreeAsync(stage, 3);
    }

    [Fact]
    public async Task Extended_protocol_copies_as_well_and_answers_behind_the_sync_of_the_data()
    {
        await using ShardingStage stage = await StartAsync(18, shards: 3);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await client.Parse("", "COPY orders FROM STDIN").Bind("").Execute().Sync().SendAsync();
        Assert.Equal("1 2 G", await client.ReadAsync("G"));
        client.Copy("1\t1\t1\n2\t2"u8.ToArray()).Copy("\t2\n"u8.ToArray()).CopyDone();
        Assert.Equal("C(COPY 2) Z(I)", await client.Sync().RunAsync());

        await client.Parse("", "COPY orders FROM STDIN").Bind("").DescribePortal().Execute().Sync().SendAsync();
        Assert.Equal("1 2 n G", await client.ReadAsync("G"));
        client.Copy("3\t3\t1\n1\t1\t1\n"u8.ToArray()).CopyDone();
        Assert.Equal("E(23505) Z(I)", await client.Sync().RunAsync());
        await client.Parse("", "COPY orders FROM STDIN").Bind("").Execute().Sync().SendAsync();
        await client.ReadAsync("G");
        client.Copy("3\t?\t1\n"u8.ToArray()).Copy(new byte[3_000_000]).CopyDone();
        Assert.Equal("E(0A000) Z(I)", await client.Sync().RunAsync());

        client.Copied.Clear();
        string answer = await client.Parse("", "COPY orders TO STDOUT").Bind("").Execute().Sync().RunAsync();
        Assert.Equal("1 2 H c C(COPY 2) Z(I)", answer);
        Assert.Equal(2, client.Copied.Count(static one => one == '\n'));
        await ExpectFreeAsync(stage, 3);
    }

    [Fact]
    public async Task Reference_tables_get_every_row_on_every_shard_and_hints_place_no_row()
    {
        await using ShardingStage stage = await StartAsync(18, shards: 3);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        Assert.Equal("C(COPY 2) Z(I)", await LoadAsync(client, "", "products FROM STDIN", "1\tnail\n2\tbolt\n"));
        Assert.Equal("E(23502) Z(I)", await LoadAsync(client, "", "products FROM STDIN", "3\tnut\n4\t\\N\n"));
        for (int shard = 1; shard <= 3; shard++)
        {
            Assert.Equal("2", await stage.FromShardAsync(shard, "SELECT count(*) FROM products"));
        }
        Assert.Equal("1\tnail\n2\tbolt\n", Encoding.UTF8.GetString(await ReadAsync(client, "COPY products TO STDOUT")));
        Assert.Equal("C(COPY 1) Z(I)", await LoadAsync(client, "", "settings FROM STDIN", "k\tv\n"));
        Assert.Equal("1", await stage.FromShardAsync(1, "SELECT count(*) FROM settings"));
        byte[] query = await ReadAsync(client, "COPY (SELECT count(*) FROM notes) TO STDOUT");
        Assert.Equal("0\n", Encoding.UTF8.GetString(query));

        // A row goes where its key belongs, or nowhere.
        Assert.Equal("C(COPY 3) Z(I)", await LoadAsync(client, "", "orders FROM STDIN", "1\t1\t1\n2\t2\t1\n3\t3\t1\n"));
        int home = 1;
        while (await stage.FromShardAsync(home, "SELECT count(*) FROM orders WHERE customer_id = 1") == "0")
        {
            home++;
        }
        string hint = $"/* drover: shard=s{home} */ orders FROM STDIN";
        Assert.Equal("C(COPY 1) Z(I)", await LoadAsync(client, "", hint, "11\t1\t1\n"));
        int other = (home % 3) + 1;
        hint = $"/* drover: shard=s{other} */ orders FROM STDIN";
        Assert.Equal("E(22023) Z(I)", await LoadAsync(client, "", hint, "12\t1\t1\n"));
        await ExpectFreeAsync(stage, 3);
    }

    private static string One(int customer) => $"SELECT total FROM orders WHERE customer_id = {customer}";

    private static string Without(string answer) =>
        answer.StartsWith("T ", StringComparison.Ordinal) ? answer[2..] : answer;

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");

    private async Task<ShardingStage> StartAsync(int major, int shards)
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards);
        await stage.AddCoordinatorAsync(postgres, major);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Schema);
        await stage.SetUpAsync("table reference products");
        await stage.SetUpAsync("table shard orders --key customer_id");
        await stage.SetUpAsync("table shard notes --key tenant");
        return stage;
    }

    /// <summary>Runs a COPY FROM in messages of any size: what follows CopyInResponse.</summary>
    private static async Task<string> LoadAsync(
        ScriptedClient client,
        string before,
        string form,
        byte[] data,
        Random random
    )
    {
        if (before.Length > 0)
        {
            await client.Query(before).RunAsync();
        }
        await client.Query($"COPY {form}").SendAsync();
        string begun = await client.ReadAsync("G");
        Assert.Equal("G", begun);
        for (int start = 0; start < data.Length; )
        {
            int size = Math.Min(random.Next(1, random.Next(1, 20_000)), data.Length - start);
            client.Copy(data.AsMemory(start, size));
            start += size;
        }
        return await client.CopyDone().RunAsync();
    }

    private static Task<string> LoadAsync(ScriptedClient client, string before, string form, string data) =>
        LoadAsync(client, before, form, Encoding.UTF8.GetBytes(data), new Random(data.Length));

    private static async Task<byte[]> ReadAsync(ScriptedClient client, string copy, string status = "I")
    {
        client.Copied.Clear();
        string answer = await client.Query(copy).RunAsync();
        Assert.StartsWith("H c C(COPY ", answer, StringComparison.Ordinal);
        Assert.EndsWith($" Z({status})", answer, StringComparison.Ordinal);
        return [.. client.Copied];
    }

    private static async Task<string[]> RowsAsync(ScriptedClient client)
    {
        const string Hex = "encode(convert_to({0}, 'UTF8'), 'hex')";
        string columns = $"n, twice, {string.Format(null, Hex, "tenant")}, {string.Format(null, Hex, "body")}";
        byte[] rows = await ReadAsync(client, $"COPY (SELECT {columns} FROM notes) TO STDOUT");
        string[] all = Encoding.UTF8.GetString(rows).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Array.Sort(all, StringComparer.Ordinal);
        return all;
    }

    private static async Task ExpectSpreadAsync(ShardingStage stage, int shards)
    {
        for (int shard = 1; shard <= shards; shard++)
        {
            Assert.NotEqual("0", await stage.FromShardAsync(shard, "SELECT count(*) FROM notes"));
        }
    }

    /// <summary>Nobody is left in a transaction.</summary>
    private static async Task ExpectFreeAsync(ShardingStage stage, int shards)
    {
        for (int shard = 1; shard <= shards; shard++)
        {
            await Eventually.HoldsAsync(
                async () =>
                    await stage.FromShardAsync(
                        shard,
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                            + "AND pid <> pg_backend_pid() AND state <> 'idle'"
                    ) == "0",
                TimeSpan.FromSeconds(30)
            );
        }
    }
}
