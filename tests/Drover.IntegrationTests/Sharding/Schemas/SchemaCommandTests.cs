// drover schema shard, unshard and list: nothing is where it would not be found, and drift is told.
using System.Text.Json;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding.Schemas;

public sealed class SchemaCommandTests(PostgresFixture postgres)
{
    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Schemas_are_placed_where_there_are_fewest_and_taken_back_when_they_are_empty(int major)
    {
        await using ShardingStage stage = await StartAsync(major);
        // As a map that was made before there were sharded schemas.
        await stage.ToCatalogAsync("DROP TABLE drover.sharded_schemas");
        Assert.Contains("whole on shard s1", await stage.DoAsync("schema shard a"), StringComparison.Ordinal);
        Assert.Equal("3", await stage.FromCatalogAsync("SELECT version::text FROM drover.topology"));
        Assert.Contains("whole on shard s2", await stage.DoAsync("schema shard b"), StringComparison.Ordinal);
        // What is in it already is not moved.
        await stage.OnShardAsync(2, "CREATE TABLE c.t (x int)");
        Assert.Contains("whole on shard s2", await stage.DoAsync("schema shard c"), StringComparison.Ordinal);
        Assert.Contains("whole on shard s1", await stage.DoAsync("schema shard d --shard 1"), StringComparison.Ordinal);
        JsonElement list = await stage.JsonAsync("schema list");
        Assert.Equal(
            ["a s1", "b s2", "c s2", "d s1"],
            list.GetProperty("schemas")
                .EnumerateArray()
                .Select(static one => $"{one.GetProperty("schema")} {one.GetProperty("shard")}")
        );
        Assert.Equal(
            [2, 2],
            (await stage.JsonAsync("shard list"))
                .GetProperty("shards")
                .EnumerateArray()
                .Select(static one => one.GetProperty("schemas").GetInt32())
        );
        Assert.Contains("shard s2 has table c.t in it", await stage.RefusedAsync("schema unshard c"));
        await stage.OnShardAsync(2, "DROP TABLE c.t");
        await stage.DoAsync("schema unshard c");
        // What the first shard has is where it would be without the map.
        await stage.OnShardAsync(1, "CREATE TABLE d.t (x int)");
        await stage.DoAsync("schema unshard d");
        (int unknown, _, _) = await stage.RunAsync("schema unshard d");
        Assert.Equal(2, unknown);
    }

    [Fact]
    public async Task What_would_not_be_found_or_not_be_checked_is_refused_with_every_reason()
    {
        await using ShardingStage stage = await StartAsync(18);
        await stage.OnShardsAsync(
            "CREATE TABLE a.kinds (id int PRIMARY KEY); CREATE TABLE products (id int PRIMARY KEY)"
        );
        await stage.SetUpAsync("table reference a.kinds", "table reference products");
        Assert.Contains("a.kinds is declared", await stage.RefusedAsync("schema shard a"), StringComparison.Ordinal);
        await stage.OnShardsAsync("CREATE FUNCTION b.f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
        string error = await stage.RefusedAsync("schema shard b --shard s2");
        Assert.Contains("shard s1 has function b.f() in it, and all has to be on s2", error, StringComparison.Ordinal);
        await stage.OnShardAsync(
            2,
            """
            CREATE TABLE plain (x int PRIMARY KEY);
            CREATE TABLE c.t (x int REFERENCES plain, p int REFERENCES products);
            CREATE TABLE c.u (x int PRIMARY KEY); CREATE TABLE other (x int REFERENCES c.u);
            """
        );
        error = await stage.RefusedAsync("schema shard c");
        Assert.Contains("t_x_fkey of c.t points to public.plain", error, StringComparison.Ordinal);
        Assert.Contains("other_x_fkey of public.other points to c.u, from outside", error, StringComparison.Ordinal);
        Assert.DoesNotContain("products", error, StringComparison.Ordinal);
        await stage.OnShardAsync(1, "DROP SCHEMA d");
        Assert.Contains("shard s1 has no such schema", await stage.RefusedAsync("schema shard d"));
        Assert.Contains("no tenant's", await stage.RefusedAsync("schema shard public"), StringComparison.Ordinal);
        (int unknown, _, string said) = await stage.RunAsync("schema shard nobodys");
        Assert.Equal(2, unknown);
        Assert.Contains("CREATE SCHEMA", said, StringComparison.Ordinal);
        (unknown, _, _) = await stage.RunAsync("schema shard e --shard s9");
        Assert.Equal(2, unknown);
        await stage.SetUpAsync("schema shard e");
        Assert.Contains("sharded already", await stage.RefusedAsync("schema shard e"), StringComparison.Ordinal);
        await stage.OnShardsAsync("CREATE TABLE e.t (k int PRIMARY KEY)");
        Assert.Contains("schema e is whole on one shard", await stage.RefusedAsync("table shard e.t --key k"));
        Assert.Contains("schema e is whole on one shard", await stage.RefusedAsync("table reference e.t"));
    }

    [Fact]
    public async Task What_is_in_a_schema_away_from_its_shard_is_drift()
    {
        await using ShardingStage stage = await StartAsync(18);
        await stage.SetUpAsync("schema shard a --shard 2", "schema shard b --shard 1");
        await stage.OnShardAsync(
            2,
            """
            CREATE TABLE a.t (id serial PRIMARY KEY); CREATE TYPE a.mood AS ENUM ('x'); CREATE VIEW a.v AS TABLE a.t;
            CREATE FUNCTION a.f() RETURNS int LANGUAGE sql AS 'SELECT 1'
            """
        );
        Assert.Contains("the same schema", await stage.DoAsync("schema check"), StringComparison.Ordinal);
        await stage.OnShardAsync(1, "CREATE TABLE a.lost (id serial); CREATE VIEW a.w AS SELECT 1 AS x");
        await stage.OnShardAsync(2, "CREATE FUNCTION b.g() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP SCHEMA d");
        await stage.OnShardAsync(1, "DROP SCHEMA d; CREATE TYPE a.mood AS ENUM ('y')");
        await stage.SetUpAsync("schema shard c --shard 2");
        await stage.OnShardAsync(1, "DROP SCHEMA c");
        (int exitCode, string output, _) = await stage.RunAsync("schema check");
        Assert.Equal(3, exitCode);
        string[] lines =
        [
            "schema c is missing on s1",
            "CREATE SCHEMA c;",
            "table a.lost is on s1 only",
            "copy its rows to the shard of its schema",
            "view a.w is on s1 only",
            "DROP VIEW a.w;",
            "type a.mood is on s1 only",
            "function b.g() is on s2 only",
            "DROP ROUTINE b.g();",
        ];
        foreach (string line in lines)
        {
            Assert.Contains(line, output, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("a.v", output, StringComparison.Ordinal);
        Assert.DoesNotContain("seq", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_declares_with_a_shard_and_a_placement()
    {
        await using ShardingStage stage = await StartAsync(18);
        await stage.OnShardsAsync(
            "CREATE TABLE days (day date PRIMARY KEY); CREATE TABLE regions (r text PRIMARY KEY)"
        );
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ScriptedClient.ConnectAsync(
            "127.0.0.1",
            proxy.Port,
            "postgres",
            "shop"
        );
        Assert.Equal("C(CALL) Z(I)", await client.Query("CALL drover.shard_table('days', 'day', 'range')").RunAsync());
        Assert.Equal(
            "C(CALL) Z(I)",
            await client.Query("CALL drover.shard_table('regions', 'r', by => 'list', colocation => 'of')").RunAsync()
        );
        Assert.Equal(
            "date_range Range, of List",
            await stage.FromCatalogAsync(
                "SELECT string_agg(name || ' ' || placement, ', ' ORDER BY name) FROM drover.colocation_groups"
            )
        );
        Assert.Equal("E(22023) Z(I)", await client.Query("CALL drover.shard_table('days', 'day', 'of')").RunAsync());
        Assert.Contains("not hash, range or list", client.LastError, StringComparison.Ordinal);
        Assert.Equal(
            "1 2 C(CALL) Z(I)",
            await client
                .Parse("", "CALL drover.shard_schema($1, shard => $2)")
                .Bind("", "a", "s2")
                .Execute()
                .Sync()
                .RunAsync()
        );
        Assert.Equal("C(CREATE TABLE) Z(I)", await client.Query("CREATE TABLE a.t (x int)").RunAsync());
        Assert.Equal("t", await stage.FromShardAsync(2, "SELECT to_regclass('a.t') IS NOT NULL"));
        Assert.Equal("E(22023) Z(I)", await client.Query("CALL drover.shard_schema('b', 's9')").RunAsync());
        Assert.Equal("E(55000) Z(I)", await client.Query("CALL drover.shard_schema('public')").RunAsync());
        Assert.Contains("every shard needs it", client.LastDetail, StringComparison.Ordinal);
    }

    private async Task<ShardingStage> StartAsync(int major)
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, 2);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(
            "CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA c; CREATE SCHEMA d; CREATE SCHEMA e"
        );
        return stage;
    }
}
