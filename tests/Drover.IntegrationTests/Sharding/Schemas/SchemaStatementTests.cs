// Statements that change the schema and name no table, and tables that are dropped.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding.Schemas;

public sealed class SchemaStatementTests(PostgresFixture postgres)
{
    private const string Mapped = """
        SELECT string_agg(name, ',' ORDER BY name) FROM (
            SELECT table_name FROM drover.sharded_tables UNION ALL SELECT table_name FROM drover.reference_tables
        ) AS mapped (name)
        """;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC",
        "SELECT relacl::text LIKE '%=r/%' FROM pg_class WHERE relname = 'notes'"
    )]
    [InlineData(
        "GRANT CREATE ON SCHEMA app TO PUBLIC",
        "SELECT nspacl::text LIKE '%=C/%' FROM pg_namespace WHERE nspname = 'app'"
    )]
    [InlineData(
        "GRANT EXECUTE ON FUNCTION app.one() TO PUBLIC",
        "SELECT proacl::text LIKE '%=X/%' FROM pg_proc WHERE proname = 'one'"
    )]
    [InlineData(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC",
        "SELECT count(*) = 1 FROM pg_default_acl"
    )]
    [InlineData("ALTER SCHEMA app RENAME TO apps", "SELECT to_regnamespace('apps') IS NOT NULL")]
    [InlineData("ALTER FUNCTION app.one() RENAME TO two", "SELECT to_regproc('app.two') IS NOT NULL")]
    [InlineData("ALTER FUNCTION app.one() SET SCHEMA public", "SELECT to_regproc('public.one') IS NOT NULL")]
    [InlineData(
        "ALTER TYPE app.mood RENAME VALUE 'a' TO 'c'",
        "SELECT enumlabel = 'c' FROM pg_enum ORDER BY 1 DESC LIMIT 1"
    )]
    [InlineData("ANALYZE", "SELECT reltuples = 0 FROM pg_class WHERE relname = 'notes'")]
    [InlineData("VACUUM", "SELECT relpages = 0 AND reltuples >= 0 FROM pg_class WHERE relname = 'notes'")]
    public async Task Statement_without_a_table_runs_on_every_shard(string sql, string check)
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        Assert.StartsWith("C(", await client.Query(sql).RunAsync(), StringComparison.Ordinal);
        for (int shard = 1; shard <= 2; shard++)
        {
            Assert.Equal("t", await stage.FromShardAsync(shard, check));
        }
    }

    [Theory]
    [InlineData("CREATE ROLE somebody", "CREATE ROLE concerns a whole server and not this database")]
    [InlineData("GRANT CONNECT ON DATABASE shop TO PUBLIC", "GRANT concerns a whole server and not this database")]
    [InlineData("ALTER SYSTEM SET work_mem = '8MB'", "ALTER SYSTEM concerns a whole server and not this database")]
    [InlineData("DROP OWNED BY CURRENT_USER", "DROP OWNED concerns a whole server and not this database")]
    [InlineData("ALTER SCHEMA public RENAME TO other", "this change of public.notes cannot be made through the proxy")]
    [InlineData("DO 'BEGIN END'", "a sharded database cannot tell which shard this needs: DO")]
    public async Task What_no_shard_may_do_for_itself_is_refused_in_the_words_of_SQL(string sql, string message)
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        Assert.StartsWith("E(0A000)", await client.Query(sql).RunAsync(), StringComparison.Ordinal);
        Assert.Equal(message, client.LastError);
    }

    [Fact]
    public async Task Table_that_is_dropped_leaves_the_map_and_its_name_is_free()
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        Assert.Equal("C(BEGIN) Z(T)", await client.Query("BEGIN").RunAsync());
        Assert.Equal("C(DROP TABLE) Z(T)", await client.Query("DROP TABLE notes, kinds").RunAsync());
        Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("ROLLBACK").RunAsync());
        Assert.Equal("kinds,notes", await stage.FromCatalogAsync(Mapped));
        Assert.Equal("C(INSERT 0 1) Z(I)", await client.Query("INSERT INTO notes VALUES (1, 'a')").RunAsync());

        Assert.Equal("C(DROP TABLE) Z(I)", await client.Query("DROP TABLE notes").RunAsync());
        Assert.Equal("kinds", await stage.FromCatalogAsync(Mapped));
        Assert.Equal("E(42P01) Z(I)", await client.Query("SELECT * FROM notes").RunAsync());
        Assert.Equal("C(CREATE TABLE) Z(I)", await client.Query("CREATE TABLE notes (x int)").RunAsync());
        Assert.Equal("C(INSERT 0 1) Z(I)", await client.Query("INSERT INTO notes VALUES (1)").RunAsync());
        Assert.Equal("T D(1) C(SELECT 1) Z(I)", await client.Query("SELECT * FROM notes").RunAsync());
        Assert.Equal("C(DROP TABLE) Z(I)", await client.Query("DROP TABLE notes").RunAsync());

        // With another key.
        await stage.OnShardsAsync("CREATE TABLE notes (tenant text PRIMARY KEY)");
        await stage.SetUpAsync("table shard notes --key tenant");
        await Eventually.HoldsAsync(
            async () =>
                await client.Query("INSERT INTO notes VALUES ('a'), ('b'), ('c')").RunAsync() == "C(INSERT 0 3) Z(I)",
            s_limit
        );
    }

    /// <summary>It may have another name now, and its rows are on all shards as before.</summary>
    [Fact]
    public async Task Table_that_somebody_renamed_past_the_proxy_stays_in_the_map()
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        await stage.OnShardsAsync("ALTER TABLE notes RENAME TO remarks");
        await Task.Delay(TimeSpan.FromSeconds(7), TestContext.Current.CancellationToken);
        Assert.Equal("C(CREATE TYPE) Z(I)", await client.Query("CREATE TYPE app.more AS ENUM ('a')").RunAsync());
        Assert.Equal("kinds,notes", await stage.FromCatalogAsync(Mapped));
    }

    [Fact]
    public async Task Migration_changes_several_tables_in_one_transaction()
    {
        await using ShardingStage stage = await StartAsync();
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy);
        string[] statements =
        [
            "BEGIN",
            "ALTER TABLE notes ADD COLUMN a int DEFAULT 3",
            "ALTER TABLE notes ADD COLUMN b int",
            "CREATE INDEX ON notes (a)",
            "CREATE TYPE app.state AS ENUM ('on')",
            "CREATE TABLE solo (x int)",
            "INSERT INTO notes VALUES (1, 'x', DEFAULT, 1), (2, 'y', DEFAULT, 2), (3, 'z', 4, 3)",
            "COMMIT",
        ];
        foreach (string sql in statements)
        {
            string answer = await client.Query(sql).RunAsync();
            Assert.False(answer.StartsWith("E(", StringComparison.Ordinal), $"{sql}: {answer} {client.LastError}");
        }
        Assert.Equal("T D(3|10) C(SELECT 1) Z(I)", await client.Query("SELECT count(*), sum(a) FROM notes").RunAsync());
    }

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");

    private async Task<ShardingStage> StartAsync()
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, 2);
        await stage.AddCoordinatorAsync(postgres, 18);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(
            """
            CREATE TABLE notes (id bigint PRIMARY KEY, body text);
            CREATE TABLE kinds (id int PRIMARY KEY);
            CREATE SCHEMA app;
            CREATE TYPE app.mood AS ENUM ('a', 'b');
            CREATE FUNCTION app.one() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
            REVOKE EXECUTE ON FUNCTION app.one() FROM PUBLIC
            """
        );
        await stage.SetUpAsync("table shard notes --key id", "table reference kinds");
        return stage;
    }
}
