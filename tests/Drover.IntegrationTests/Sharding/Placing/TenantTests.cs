// Tenants with a shard of their own: every way to a key goes there, and no row is left where nobody looks for it.
using System.Text.Json;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Placing;

public sealed class TenantTests(PostgresFixture postgres)
{
    private const string Shop = """
        CREATE TABLE customers (id bigint PRIMARY KEY, name text);
        CREATE TABLE orders (customer_id int NOT NULL REFERENCES customers, id bigint, PRIMARY KEY (customer_id, id));
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Pinned_key_is_on_its_shard_by_every_way_to_it_and_its_colocated_rows_too(int major)
    {
        await using ShardingStage stage = await DeclareAsync(major);
        (int key, int slot, int other) = await AwayAsync(stage);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await stage.SetUpAsync($"tenant pin {key} --shard {other} --table orders");
        await using ScriptedClient client = await ConnectAsync(proxy);
        await Eventually.HoldsAsync(
            async () =>
                (await proxy.ShowAsync("SHARDS", Token))[other - 1].Contains("+ 1 pinned", StringComparison.Ordinal),
            TimeSpan.FromSeconds(10)
        );

        // A literal among others, a parameter, COPY, INSERT … SELECT by the key, a hint.
        Assert.Equal(
            "C(INSERT 0 3) Z(I)",
            await client.Query($"INSERT INTO customers VALUES ({key}, 'p'), (-1, 'a'), (-2, 'b')").RunAsync()
        );
        Assert.Equal(
            "1 2 n C(INSERT 0 1) Z(I)",
            await client
                .Parse("", "INSERT INTO orders VALUES ($1, $2)")
                .Bind("", $"{key}", "1")
                .DescribePortal()
                .Execute()
                .Sync()
                .RunAsync()
        );
        await using (NpgsqlConnection copier = await proxy.OpenAsync(Token))
        await using (TextWriter copy = await copier.BeginTextImportAsync("COPY orders FROM STDIN", Token))
        {
            await copy.WriteAsync($"{key}\t2\n-1\t1\n{key}\t3\n");
        }
        Assert.Equal(
            "C(INSERT 0 1) Z(I)",
            await client
                .Query($"INSERT INTO orders SELECT customer_id, 4 FROM orders WHERE customer_id = {key} AND id = 1")
                .RunAsync()
        );
        Assert.Equal(
            "C(UPDATE 1) Z(I)",
            await client.Query($"/* drover: key={key} */ UPDATE customers SET name = 'q' WHERE id = {key}").RunAsync()
        );
        Assert.Equal("q 4", await stage.FromShardAsync(other, Count(key)));
        Assert.Null(await stage.FromShardAsync(slot, Count(key)));
        string[] plan = await LinesAsync(proxy, $"EXPLAIN SELECT FROM customers WHERE id = {key}");
        Assert.Contains(plan, line => line.EndsWith($"Shard s{other}", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, line => line.EndsWith($"Shard s{slot}", StringComparison.Ordinal));
        Assert.Equal("T D(5) C(SELECT 1) Z(I)", await client.Query("SELECT count(*) FROM orders").RunAsync());
    }

    [Fact]
    public async Task Key_with_rows_anywhere_but_where_it_is_to_be_is_neither_pinned_nor_let_go()
    {
        await using ShardingStage stage = await DeclareAsync(18);
        (int key, int slot, int other) = await AwayAsync(stage);
        // Not the table that was named, nor the shard of the slot: any table of the group, on any other shard.
        int third = 6 - slot - other;
        await stage.OnShardAsync(third, $"INSERT INTO customers VALUES ({key}); INSERT INTO orders VALUES ({key}, 1)");
        await AssertRefusedAsync($"tenant pin {key} --shard {other}", $"has such rows on shard s{third}");
        await stage.OnShardAsync(third, "DELETE FROM orders; DELETE FROM customers");
        string pinned = await stage.DoAsync($"tenant pin {key} --shard {other}");
        Assert.Contains($"its rows go to shard s{other} from epoch 4 on", pinned, StringComparison.Ordinal);
        await stage.OnShardAsync(other, $"INSERT INTO customers VALUES ({key})");
        await AssertRefusedAsync($"tenant unpin {key}", $"public.customers has such rows on shard s{other}");
        await AssertRefusedAsync($"tenant pin {key} --shard {slot}", $"shard s{other}");
        // To where it is already is no move, whatever rows there are.
        await stage.DoAsync($"tenant pin {key} --shard s{other}");
        await stage.OnShardAsync(other, "DELETE FROM customers");
        Assert.Contains($"shard s{slot} from epoch 6 on", await stage.DoAsync($"tenant unpin {key}"));
        Assert.Empty((await stage.JsonAsync("tenant list")).GetProperty("pins").EnumerateArray());

        async Task AssertRefusedAsync(string command, string reason)
        {
            string refused = await stage.RefusedAsync(command);
            Assert.Contains(reason, refused, StringComparison.Ordinal);
            Assert.DoesNotContain($"{key}", refused, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Pins_are_listed_and_words_that_name_nothing_are_exit_code_2()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 2);
        await stage.SetUpAsync("shard init");
        await AssertUsageAsync("tenant pin 42 --shard 2", "no table is sharded yet");
        await stage.OnShardsAsync("CREATE TABLE t (tenant int NOT NULL); CREATE TABLE n (name text NOT NULL)");
        await stage.SetUpAsync("table shard t --key tenant", "table shard n --key name");
        JsonElement pin = await stage.JsonAsync("tenant pin 42 --shard s1 --colocation bigint");
        await stage.SetUpAsync("tenant pin 42 --shard 2 --table public.t", "tenant pin o'neil\\ --shard 2 --table n");
        string bySlot = pin.GetProperty("by_slot").GetString()!;
        Assert.Equal("s1", pin.GetProperty("shard").GetString());
        JsonElement list = await stage.JsonAsync("tenant list");
        Assert.Equal(
            [$"bigint 42 s2 {bySlot}", "text o'neil\\ s2"],
            list.GetProperty("pins").EnumerateArray().Select(Describe).Select((line, i) => i == 0 ? line : line[..^3])
        );
        Assert.Contains("o'neil", await stage.DoAsync("tenant list"), StringComparison.Ordinal);
        Assert.Contains("pinned", await stage.DoAsync("shard list"), StringComparison.Ordinal);
        JsonElement shards = (await stage.JsonAsync("shard list")).GetProperty("shards");
        Assert.Equal(1, shards[1].GetProperty("pins").GetProperty("text").GetInt32());
        await AssertUsageAsync("tenant pin 42 --shard 7 --group bigint", "1 (s1), 2 (s2)");
        await AssertUsageAsync("tenant pin abc --shard 1 --group bigint", "no Bigint");
        await AssertUsageAsync("tenant pin 42 --shard 1", "say which by --group or --table");
        await AssertUsageAsync("tenant pin 42 --shard 1 --group other", "no colocation group 'other'");
        await AssertUsageAsync("tenant pin 42 --shard 1 --table other", "no sharded table");
        await AssertUsageAsync("tenant pin 42 --shard 1 --table t --group text", "group bigint, not in 'text'");
        await AssertUsageAsync("tenant unpin 43 --group bigint", "not pinned");

        async Task AssertUsageAsync(string command, string reason)
        {
            (int exitCode, string output, string error) = await stage.RunAsync(command);
            Assert.True(exitCode == 2, $"{command}: exit code {exitCode}\n{output}{error}");
            Assert.Contains(reason, error, StringComparison.Ordinal);
        }

        static string Describe(JsonElement pin) =>
            string.Join(' ', pin.EnumerateObject().Select(static property => property.Value.GetString()));
    }

    [Fact]
    public async Task Writer_in_the_moment_of_a_pin_is_waited_for_or_refused_by_the_shard()
    {
        await using ShardingStage stage = await DeclareAsync(18);
        (int key, int slot, int other) = await AwayAsync(stage);
        await using NpgsqlConnection writer = await stage.OpenShardAsync(slot);
        // Who has written and not committed: the lock is not had.
        await ExecuteAsync(writer, $"BEGIN; INSERT INTO customers VALUES ({key})");
        (int busy, _, string why) = await stage.RunAsync($"tenant pin {key} --shard {other}");
        Assert.Equal(1, busy);
        Assert.Contains("is being written to", why, StringComparison.Ordinal);
        await ExecuteAsync(writer, "ROLLBACK");
        // Who comes while the map changes waits for the lock, and writes by a map that is over: the shard refuses it.
        await stage.ToCatalogAsync(
            """
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NEW; END$$;
            CREATE TRIGGER slow BEFORE INSERT ON drover.pins FOR EACH ROW EXECUTE FUNCTION slow();
            """
        );
        await using NpgsqlConnection gate = await stage.OpenCatalogAsync();
        await ExecuteAsync(gate, "SELECT pg_advisory_lock(7)");
        Task<ProgramAnswer> pin = stage.RunAsync($"tenant pin {key} --shard {other}");
        const string Waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        await Eventually.HoldsAsync(async () => await stage.FromCatalogAsync(Waiting) == "1", TimeSpan.FromSeconds(30));
        Task late = ExecuteAsync(writer, $"INSERT INTO customers VALUES ({key})");
        await ExecuteAsync(gate, "SELECT pg_advisory_unlock(7)");
        Assert.Equal(0, (await pin).ExitCode);
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => late);
        Assert.Equal(PostgresErrorCodes.SerializationFailure, refused.SqlState);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Shard_refuses_a_key_that_is_placed_elsewhere_from_whoever_has_not_heard(int major)
    {
        await using ShardingStage stage = await DeclareAsync(major);
        (int key, int slot, int other) = await AwayAsync(stage);
        string? mine = await OfShardAsync(stage, slot);
        string? another = await OfShardAsync(stage, other);
        await using NpgsqlConnection asleep = await stage.OpenShardAsync(slot);
        // It has begun and read before the pin, and writes whenever it wakes up.
        await ExecuteAsync(asleep, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM customers");
        await stage.SetUpAsync($"tenant pin {key} --shard {other}");
        await RefusedAsync(asleep, $"INSERT INTO customers VALUES ({key})");
        await ExecuteAsync(asleep, $"ROLLBACK; INSERT INTO customers VALUES ({mine})");
        await RefusedAsync(asleep, $"UPDATE customers SET id = {key}");
        await RefusedAsync(asleep, $"INSERT INTO orders VALUES ({key}, 1)");
        await RefusedAsync(asleep, $"INSERT INTO customers VALUES ({mine}) ON CONFLICT (id) DO UPDATE SET id = {key}");
        await ExecuteAsync(asleep, "DELETE FROM customers");
        await stage.OnShardAsync(other, $"INSERT INTO customers VALUES ({key}); INSERT INTO orders VALUES ({key}, 1)");
        Assert.Contains("the same schema", await stage.DoAsync("schema check"), StringComparison.Ordinal);

        // The fences follow the map: where it goes back to it is taken, and where it was it is refused.
        await stage.OnShardAsync(other, "DELETE FROM orders; DELETE FROM customers");
        await stage.SetUpAsync($"tenant unpin {key}");
        await ExecuteAsync(asleep, $"INSERT INTO customers VALUES ({key})");
        await using NpgsqlConnection elsewhere = await stage.OpenShardAsync(other);
        await RefusedAsync(elsewhere, $"INSERT INTO customers VALUES ({key})");
        await ExecuteAsync(asleep, "DELETE FROM customers");
        await stage.SetUpAsync($"tenant pin {another} --shard {slot}", $"tenant pin {key} --shard {slot}");
        await ExecuteAsync(asleep, $"INSERT INTO customers VALUES ({another}), ({key})");
        await RefusedAsync(elsewhere, $"INSERT INTO customers VALUES ({another})");

        // A reader is not waited for.
        await ExecuteAsync(elsewhere, "BEGIN; SELECT count(*) FROM customers");
        await stage.SetUpAsync($"tenant pin {int.MaxValue} --shard {slot}");
    }

    private async Task<ShardingStage> DeclareAsync(int major)
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards: 3);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Shop);
        await stage.SetUpAsync("table shard customers --key id", "table shard orders --key customer_id");
        return stage;
    }

    /// <summary>A key whose slot is on a shard.</summary>
    private static Task<string?> OfShardAsync(ShardingStage stage, int shard) =>
        stage.FromCatalogAsync(
            $"""
            SELECT min(n) FROM generate_series(1, 100) n, drover.colocation_groups
            WHERE slots[1 + (hashint8extended(n, 0) & 4095)] = {shard}
            """
        );

    /// <summary>A key, the shard that its slot is on, and another one.</summary>
    private static async Task<(int Key, int Slot, int Other)> AwayAsync(ShardingStage stage)
    {
        const int Key = 4711;
        string? slot = await stage.FromCatalogAsync(
            $"SELECT slots[1 + (hashint8extended({Key}, 0) & 4095)] FROM drover.colocation_groups"
        );
        int shard = int.Parse(slot!, System.Globalization.CultureInfo.InvariantCulture);
        return (Key, shard, (shard % 3) + 1);
    }

    private static string Count(int key) =>
        $"SELECT name || ' ' || (SELECT count(*) FROM orders WHERE customer_id = {key}) FROM customers "
        + $"WHERE id = {key}";

    private static async Task<string[]> LinesAsync(ShardedProxy proxy, string sql)
    {
        await using NpgsqlConnection connection = await proxy.OpenAsync(Token);
        await using NpgsqlCommand command = new(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        List<string> lines = [];
        while (await reader.ReadAsync(Token))
        {
            lines.Add(reader.GetString(0));
        }
        return [.. lines];
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task RefusedAsync(NpgsqlConnection connection, string sql)
    {
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(connection, sql));
        Assert.Equal((PostgresErrorCodes.SerializationFailure, true), (refused.SqlState, refused.Hint is not null));
    }

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");
}
