// The map is made, shown and changed by commands; what cannot be sharded is refused with every reason.
using System.Text.Json;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Topology;

public sealed class ShardingCommandTests(PostgresFixture postgres)
{
    private const string Shop = """
        CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL);
        CREATE TABLE customers (id bigint PRIMARY KEY, name text);
        CREATE TABLE orders (
            id bigserial, customer_id bigint NOT NULL REFERENCES customers, product_id bigint REFERENCES products,
            PRIMARY KEY (customer_id, id)
        );
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Shard_that_the_proxy_has_no_entry_for_is_named_and_the_session_lives()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 2);
        await stage.SetUpAsync("shard init");
        await using ShardedProxy proxy = await stage.ServeAsync();
        await stage.AddShardAsync(postgres, 18);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE late (id bigint PRIMARY KEY)");
        await stage.SetUpAsync("table shard late --key id");
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        HashSet<string> answers = [];
        await Eventually.HoldsAsync(
            async () => (await proxy.ShowAsync("TABLES", Token)).Length > 0,
            TimeSpan.FromSeconds(10)
        );
        string[] texts =
        [
            .. Enumerable.Range(1, 30).Select(static id => $"INSERT INTO late VALUES ({id})"),
            "SELECT count(*) FROM late",
            "UPDATE late SET id = id",
            "CREATE TABLE other (id int)",
        ];
        foreach (string text in texts)
        {
            await using NpgsqlCommand command = new(text, client);
            try
            {
                await command.ExecuteScalarAsync(Token);
                answers.Add("done");
            }
            catch (PostgresException refused)
            {
                answers.Add($"{refused.Severity} {refused.SqlState} {refused.MessageText}");
            }
        }
        Assert.Equal(
            ["ERROR 55000 shard \"s3\" is in the map, and not in this proxy's configuration", "done"],
            answers.Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Shop_is_declared_and_every_change_is_one_epoch_that_is_told(int major)
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards: 3);
        Assert.Contains("3 shards, epoch 1", await stage.DoAsync("shard init"), StringComparison.Ordinal);
        Assert.Contains("nothing to add", await stage.DoAsync("shard init"), StringComparison.Ordinal);
        await stage.OnShardsAsync(Shop);
        await using NpgsqlConnection listener = await stage.OpenCatalogAsync();
        List<string> told = [];
        listener.Notification += (_, notification) => told.Add(notification.Payload);
        await using (NpgsqlCommand listen = new("LISTEN drover_topology", listener))
        {
            await listen.ExecuteNonQueryAsync(Token);
        }

        await stage.DoAsync("table reference products");
        await stage.DoAsync("table shard customers --key id");
        await stage.DoAsync("table shard public.orders --key customer_id");

        while (told.Count < 3)
        {
            await listener.WaitAsync(Token);
        }
        Assert.Equal(["2", "3", "4"], told);
        JsonElement list = await stage.JsonAsync("table list");
        Assert.Equal(4, list.GetProperty("epoch").GetInt64());
        Assert.Equal(
            [
                "public.customers sharded id bigint",
                "public.orders sharded customer_id bigint",
                "public.products reference",
            ],
            list.GetProperty("tables").EnumerateArray().Select(Describe)
        );
        JsonElement shards = await stage.JsonAsync("shard list");
        Assert.Equal(
            ["0-1365", "1366-2730", "2731-4095"],
            shards
                .GetProperty("shards")
                .EnumerateArray()
                .Select(shard => shard.GetProperty("slots").GetProperty("bigint").GetString())
        );
        Assert.Contains("1366-2730", await stage.DoAsync("shard list"), StringComparison.Ordinal);
        Assert.Contains("All others are on shard s1", await stage.DoAsync("table list"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Ids_of_sequences_and_of_next_id_never_meet_on_any_shard(int major)
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards: 2);
        await stage.DoAsync("shard init");
        const string Tables = """
            CREATE TABLE a (id bigserial, tenant int NOT NULL, PRIMARY KEY (tenant, id));
            CREATE TABLE b (id bigint GENERATED ALWAYS AS IDENTITY, tenant int NOT NULL, PRIMARY KEY (tenant, id));
            CREATE TABLE c (id bigint DEFAULT drover.next_id(), tenant int NOT NULL, PRIMARY KEY (tenant, id));
            """;
        await stage.OnShardsAsync(Tables);
        await stage.DoAsync("table shard a --key tenant");
        await stage.DoAsync("table shard b --key tenant");
        await stage.DoAsync("table shard c --key tenant");
        // A shard that comes later declares the same tables and takes its own values too.
        foreach (string table in (string[])["a", "b", "c"])
        {
            List<long> ids = [];
            for (int shard = 1; shard <= 2; shard++)
            {
                await stage.OnShardAsync(
                    shard,
                    $"INSERT INTO {table} (tenant) SELECT n FROM generate_series(1, 2000) n"
                );
                string all = (
                    await stage.FromShardAsync(shard, $"SELECT string_agg(id::text, ',' ORDER BY tenant) FROM {table}")
                )!;
                long[] made = [.. all.Split(',').Select(long.Parse)];
                Assert.Equal(made.Order(), made);
                ids.AddRange(made);
            }
            Assert.Equal(4000, ids.Distinct().Count());
        }
        string? isNow = await stage.FromShardAsync(
            1,
            "SELECT abs(extract(epoch FROM now()) - 1735689600 - (drover.next_id() >> 22) / 1000.0) < 60"
        );
        Assert.Equal("t", isNow);
    }

    [Fact]
    public async Task Table_that_cannot_be_sharded_is_refused_with_every_reason_and_nothing_changes()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 2);
        await stage.DoAsync("shard init");
        await stage.OnShardsAsync(
            """
            CREATE TABLE other (id int PRIMARY KEY);
            CREATE TABLE bad (id serial PRIMARY KEY, tenant int, other int REFERENCES other, code text UNIQUE,
                EXCLUDE USING btree (code WITH =));
            CREATE TABLE odd (tenant timestamptz NOT NULL);
            CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            CREATE TABLE loose (tenant text COLLATE loose NOT NULL);
            CREATE VIEW seen AS SELECT 1 AS tenant;
            CREATE TABLE root (tenant int NOT NULL) PARTITION BY LIST (tenant);
            CREATE TABLE leaf PARTITION OF root DEFAULT;
            """
        );
        await AssertRefusedAsync(
            stage,
            "bad",
            "tenant may be NULL",
            "public.bad_pkey is unique without tenant",
            "public.bad_code_key is unique without tenant",
            "public.bad_code_excl is unique without tenant",
            "foreign key bad_other_fkey points to public.other",
            "ALTER TABLE public.bad ALTER id TYPE bigint"
        );
        await AssertRefusedAsync(stage, "odd", "timestamp with time zone");
        await AssertRefusedAsync(stage, "loose", "nondeterministic");
        await AssertRefusedAsync(stage, "seen", "is no table");
        await AssertRefusedAsync(stage, "leaf", "is a partition");
        Assert.Contains(
            "has no column nobody",
            await stage.RefusedAsync("table shard bad --key nobody"),
            StringComparison.Ordinal
        );
        await stage.DoAsync("table shard root --key tenant");
        await AssertRefusedAsync(stage, "root", "declared already");
        Assert.Equal("2", await stage.FromCatalogAsync("SELECT epoch FROM drover.topology"));
        const string Increment = "SELECT seqincrement FROM pg_sequence WHERE seqrelid = 'bad_id_seq'::regclass";
        Assert.Equal("1", await stage.FromShardAsync(1, Increment));
    }

    [Fact]
    public async Task Words_that_make_no_sense_are_exit_code_2_and_nothing_is_done()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 1);
        foreach (string command in (string[])["shard init --bogus", "table shard t", "shard", "partition plan t"])
        {
            (int exitCode, string output, string error) = await stage.RunAsync(command);
            Assert.True(exitCode == 2, $"{command}: exit code {exitCode}\n{output}{error}");
        }
        Assert.Equal("f", await stage.FromCatalogAsync("SELECT to_regnamespace('drover') IS NOT NULL"));
    }

    [Fact]
    public async Task Table_that_shards_have_unlike_or_with_rows_or_under_a_writer_is_refused()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 2);
        await stage.DoAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE t (tenant int NOT NULL)");
        await stage.OnShardAsync(2, "INSERT INTO t VALUES (1)");
        await AssertRefusedAsync(stage, "t", "shard s2 has rows");
        await stage.OnShardAsync(2, "TRUNCATE t; ALTER TABLE t ADD extra int");
        await AssertRefusedAsync(stage, "t", "with other columns");
        await stage.OnShardAsync(2, "ALTER TABLE t DROP extra");
        await using (NpgsqlConnection writer = await stage.OpenShardAsync(2))
        {
            await using NpgsqlCommand write = new("BEGIN; INSERT INTO t VALUES (2)", writer);
            await write.ExecuteNonQueryAsync(Token);
            (int exitCode, _, string error) = await stage.RunAsync("table shard t --key tenant");
            Assert.Equal(1, exitCode);
            Assert.Contains("is being written to", error, StringComparison.Ordinal);
        }
        await stage.OnShardAsync(2, "DROP TABLE t");
        await AssertRefusedAsync(stage, "t", "no such table");
        Assert.Equal("1", await stage.FromCatalogAsync("SELECT epoch FROM drover.topology"));
    }

    private static async Task AssertRefusedAsync(ShardingStage stage, string table, params string[] reasons)
    {
        string refused = await stage.RefusedAsync($"table shard {table} --key tenant");
        Assert.All(reasons, reason => Assert.Contains(reason, refused, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Foreign_keys_hold_where_both_rows_are_on_one_shard_and_are_refused_elsewhere()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 2);
        await stage.DoAsync("shard init");
        await stage.OnShardsAsync(
            """
            CREATE TABLE tenants (id bigint PRIMARY KEY);
            CREATE TABLE names (name text PRIMARY KEY, tenant bigint NOT NULL);
            CREATE TABLE by_other (tenant bigint NOT NULL, parent bigint REFERENCES tenants);
            CREATE TABLE by_key (tenant bigint NOT NULL REFERENCES tenants);
            CREATE TABLE elsewhere (tenant bigint NOT NULL REFERENCES tenants);
            CREATE TABLE lookup (id bigint REFERENCES tenants);
            """
        );
        await stage.DoAsync("table shard tenants --key id");
        await stage.DoAsync("table shard by_key --key tenant");
        Assert.Contains(
            "by_other_parent_fkey",
            await stage.RefusedAsync("table shard by_other --key tenant"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "elsewhere_tenant_fkey",
            await stage.RefusedAsync("table shard elsewhere --key tenant --group mine"),
            StringComparison.Ordinal
        );
        Assert.Contains("lookup_id_fkey", await stage.RefusedAsync("table reference lookup"), StringComparison.Ordinal);
        Assert.Contains(
            "colocation group bigint",
            await stage.RefusedAsync("table shard names --key name --group bigint"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Later_shard_has_a_number_of_its_own_and_no_slots()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 2);
        await stage.DoAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE t (tenant int NOT NULL)");
        await stage.DoAsync("table shard t --key tenant");
        await stage.AddShardAsync(postgres, 18);
        Assert.Contains("have no slots", await stage.DoAsync("shard init"), StringComparison.Ordinal);
        JsonElement shards = (await stage.JsonAsync("shard list")).GetProperty("shards");
        Assert.Equal(3, shards[2].GetProperty("number").GetInt32());
        Assert.Equal("", shards[2].GetProperty("slots").GetProperty("bigint").GetString());
    }

    [Fact]
    public async Task Database_that_is_a_shard_already_is_not_taken_by_another_map()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 2);
        await stage.DoAsync("shard init");
        await stage.OnShardAsync(2, "UPDATE drover.shard_identity SET number = 9");
        Assert.Contains("shard s2", await stage.RefusedAsync("shard init"), StringComparison.Ordinal);
        (int exitCode, _, string error) = await stage.RunAsync("shard list --database nobody");
        Assert.Equal(2, exitCode);
        Assert.Contains("no sharded database 'nobody'", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_who_declare_at_once_make_two_epochs_and_one_group()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 2);
        await stage.DoAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE a (k int NOT NULL); CREATE TABLE b (k int NOT NULL)");
        await Task.WhenAll(stage.DoAsync("table shard a --key k"), stage.DoAsync("table shard b --key k"));
        Assert.Equal("3", await stage.FromCatalogAsync("SELECT epoch FROM drover.topology"));
        Assert.Equal("1", await stage.FromCatalogAsync("SELECT count(*) FROM drover.colocation_groups"));
    }

    private static string Describe(JsonElement table) =>
        string.Join(' ', table.EnumerateObject().Select(property => property.Value.GetString()));
}
