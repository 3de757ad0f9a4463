// Ranges and lists are given and taken by commands, without overlaps and without rows; clients go by them.
using System.Text.Json;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Placing;

public sealed class PlacementCommandTests(PostgresFixture postgres)
{
    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Ranges_are_added_and_dropped_without_rows_and_never_overlap(int major)
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards: 2);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(
            "CREATE TABLE t (k int PRIMARY KEY, v text); CREATE TABLE u (k bigint PRIMARY KEY REFERENCES t)"
        );
        await stage.DoAsync("table shard t --key k --by range");
        await stage.SetUpAsync("table shard u --key k --group bigint_range");
        Assert.Contains("shard s1 from epoch 4 on", await stage.DoAsync("placement add bigint_range --to 0 --shard 1"));
        await stage.SetUpAsync("placement add bigint_range --from 0 --to 1000 --shard s2");
        await RefuseAsync(stage);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        Assert.Equal(
            "C(INSERT 0 3) Z(I)",
            await client.Query("INSERT INTO t VALUES (-5, 'n'), (0, 'a'), (999, 'b')").RunAsync()
        );
        Assert.Equal("E(23514) Z(I)", await client.Query("INSERT INTO t VALUES (5, 'x'), (1000, 'y')").RunAsync());
        Assert.Contains("no shard has the sharding key k of public.t", client.LastError, StringComparison.Ordinal);
        Assert.Equal("E(23514) Z(I)", await client.Query("SELECT * FROM t WHERE k = 1000").RunAsync());
        Assert.Equal("-5", await stage.FromShardAsync(1, "SELECT string_agg(k::text, ' ') FROM t"));
        Assert.Equal("0 999", await stage.FromShardAsync(2, "SELECT string_agg(k::text, ' ' ORDER BY k) FROM t"));

        await RefusedAsync(
            stage,
            "placement drop bigint_range --from 0 --to 1000",
            "public.t has such rows on shard s2"
        );
        await UsageAsync(stage, "placement drop bigint_range --from 0 --to 500", "no such range");
        await ShardsRefuseAsync(stage, (1, 1500), (1, 0), (2, -1), (2, 1500));
        await stage.OnShardAsync(1, "SET session_replication_role = replica; INSERT INTO t VALUES (1500)");
        await RefusedAsync(
            stage,
            "placement add bigint_range --from 1000 --to 2000 --shard 2",
            "has such rows on shard s1"
        );
        await stage.SetUpAsync("placement add bigint_range --from 1000 --to 2000 --shard 1");
        await client.Query("DELETE FROM t WHERE k = 0").RunAsync();
        await client.Query("DELETE FROM t WHERE k = 999").RunAsync();
        Assert.Contains("on no shard", await stage.DoAsync("placement drop bigint_range --from 0 --to 1000"));
        await Eventually.HoldsAsync(
            async () =>
                (await proxy.ShowAsync("SHARDS", TestContext.Current.CancellationToken))[1]
                    .Contains("bigint_range 0 ranges", StringComparison.Ordinal),
            TimeSpan.FromSeconds(10)
        );
        Assert.Equal("E(23514) Z(I)", await client.Query("SELECT * FROM t WHERE k = 0").RunAsync());
        JsonElement list = await stage.JsonAsync("placement list");
        Assert.Equal(
            ["bigint_range  0 s1", "bigint_range 1000 2000 s1"],
            list.GetProperty("placements").EnumerateArray().Select(Describe)
        );
        Assert.Contains("[-, 0) [1000, 2000)", await stage.DoAsync("shard list"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Fence_that_is_gone_disabled_or_of_other_placements_is_seen_and_mended(int major)
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards: 2);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(
            "CREATE TABLE t (k int PRIMARY KEY, v text); CREATE TABLE \"U u\" (k bigint PRIMARY KEY)"
        );
        await stage.SetUpAsync("table shard t --key k", "tenant pin 42 --shard s2");
        Assert.Contains("the same schema", await stage.DoAsync("schema check"), StringComparison.Ordinal);
        await MendAsync(
            stage,
            1,
            "DROP TRIGGER \"Drover_placement\" ON t",
            "trigger \"public\".\"t\".Drover_placement is missing on s1"
        );
        await MendAsync(stage, 2, "ALTER TABLE t DISABLE TRIGGER ALL", "is another one on s2");
        await MendAsync(
            stage,
            2,
            "CREATE OR REPLACE TRIGGER \"Drover_placement\" AFTER INSERT ON t FOR EACH ROW WHEN (false) "
                + "EXECUTE FUNCTION drover.refuse_misplaced(); COMMENT ON TRIGGER \"Drover_placement\" ON t IS 'x'",
            "is another one on s2"
        );
        await stage.OnShardsAsync("ALTER TABLE \"U u\" RENAME TO u");
        await stage.SetUpAsync("table shard u --key k");
        await MendAsync(stage, 1, "SELECT 1", "trigger \"public\".\"u\".Drover_placement is missing on s1");
        await MendAsync(stage, 2, "SELECT 1", "trigger \"public\".\"u\".Drover_placement is missing on s2");
        await ShardsRefuseAsync(stage, (1, 42));
    }

    /// <summary>Breaks something, expects to be told of it, does as told, and expects to be told of nothing.</summary>
    private static async Task MendAsync(ShardingStage stage, int shard, string sql, string expected)
    {
        await stage.OnShardAsync(shard, sql);
        (int exitCode, string output, _) = await stage.RunAsync("schema check --json");
        Assert.Equal(3, exitCode);
        Assert.Contains(expected, (await stage.RunAsync("schema check")).Output, StringComparison.Ordinal);
        JsonElement[] all =
        [
            .. JsonDocument
                .Parse(output)
                .RootElement.GetProperty("differences")
                .EnumerateArray()
                .Where(one => one.GetProperty("shard").GetString() == $"s{shard}"),
        ];
        foreach (JsonElement statement in Assert.Single(all).GetProperty("mend").EnumerateArray())
        {
            await stage.OnShardAsync(shard, statement.GetString()!);
        }
        Assert.DoesNotContain($"On s{shard}", (await stage.RunAsync("schema check")).Output, StringComparison.Ordinal);
    }

    /// <summary>Rows that are written past the proxies: a shard takes them from replication only.</summary>
    private static async Task ShardsRefuseAsync(ShardingStage stage, params (int Shard, int Key)[] rows)
    {
        foreach ((int shard, int key) in rows)
        {
            PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() =>
                stage.OnShardAsync(shard, $"INSERT INTO t VALUES ({key})")
            );
            Assert.Equal(PostgresErrorCodes.SerializationFailure, refused.SqlState);
        }
    }

    private static async Task RefuseAsync(ShardingStage stage)
    {
        await RefusedAsync(stage, "placement add bigint_range --from 999 --to 2000 --shard 1", "overlap");
        await RefusedAsync(stage, "placement add bigint_range --from -5 --shard 1", "overlap");
        await UsageAsync(stage, "placement add bigint_range --from 5 --to 5 --shard 1", "is empty");
        await UsageAsync(stage, "placement add bigint_range --from five --shard 1", "no Bigint");
        await UsageAsync(stage, "placement add bigint_range --values 5 --shard 1", "placed by range");
        await UsageAsync(stage, "placement add bigint_range --shard 1", "placed by range");
        await UsageAsync(stage, "tenant pin 5 --shard 1", "not placed by hash");
    }

    private static async Task RefusedAsync(ShardingStage stage, string command, string reason) =>
        Assert.Contains(reason, await stage.RefusedAsync(command), StringComparison.Ordinal);

    private static async Task UsageAsync(ShardingStage stage, string command, string reason)
    {
        (int exitCode, string output, string error) = await stage.RunAsync(command);
        Assert.True(exitCode == 2, $"{command}: exit code {exitCode}\n{output}{error}");
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_name_each_key_once()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 2);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE t (region text PRIMARY KEY, v int)");
        await stage.SetUpAsync(
            "table shard t --key region --by list --group regions",
            "placement add regions --values eu,de --shard 2",
            "placement add regions --values us --shard 1"
        );
        Assert.Contains(
            "has a shard already",
            await stage.RefusedAsync("placement add regions --values fr,us --shard 2")
        );
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        Assert.Equal(
            "C(INSERT 0 3) Z(I)",
            await client.Query("INSERT INTO t VALUES ('eu', 1), ('us', 2), ('de', 3)").RunAsync()
        );
        Assert.Equal("E(23514) Z(I)", await client.Query("INSERT INTO t VALUES ('fr', 4)").RunAsync());
        await Assert.ThrowsAsync<PostgresException>(() => stage.OnShardAsync(2, "INSERT INTO t VALUES ('us', 4)"));
        Assert.Equal("de eu", await stage.FromShardAsync(2, "SELECT string_agg(region, ' ' ORDER BY region) FROM t"));
        Assert.Contains("such rows on shard s2", await stage.RefusedAsync("placement drop regions --values eu"));
        await client.Query("DELETE FROM t WHERE region = 'eu'").RunAsync();
        await stage.DoAsync("placement drop regions --values eu");
        (int unknown, _, _) = await stage.RunAsync("placement drop regions --values eu");
        Assert.Equal(2, unknown);
        JsonElement list = await stage.JsonAsync("placement list");
        Assert.Equal(
            ["regions de s2", "regions us s1"],
            list.GetProperty("placements").EnumerateArray().Select(Describe)
        );
    }

    [Fact]
    public async Task Ranges_of_what_is_not_sorted_by_its_bytes_are_refused()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, shards: 1);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(
            """
            CREATE TABLE words (k text COLLATE "en-x-icu" NOT NULL);
            CREATE TABLE codes (k char(5) COLLATE "C" NOT NULL);
            CREATE TABLE plain (k text COLLATE "C" NOT NULL);
            CREATE TABLE more (k varchar(9) COLLATE "en-x-icu" NOT NULL);
            """
        );
        Assert.Contains("COLLATE \"C\"", await stage.RefusedAsync("table shard words --key k --by range"));
        Assert.Contains("in several ways", await stage.RefusedAsync("table shard codes --key k --by range"));
        await stage.SetUpAsync("table shard plain --key k --by range --group names");
        // A group that is there says how its keys are placed.
        Assert.Contains("COLLATE \"C\"", await stage.RefusedAsync("table shard more --key k --group names"));
        Assert.Contains(
            "placed by range",
            await stage.RefusedAsync("table shard more --key k --group names --by list")
        );
    }

    private static string Describe(JsonElement placement) =>
        string.Join(' ', placement.EnumerateObject().Select(static property => property.Value.GetString()));

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");
}
