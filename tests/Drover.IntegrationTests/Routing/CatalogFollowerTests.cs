// What routing knows of tables, views and functions is what the first shard's catalogs say, now.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Drover.Routing;
using Drover.Sharding;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.IntegrationTests.Routing;

public sealed class CatalogFollowerTests(PostgresFixture postgres)
{
    private const string Schema = """
        CREATE COLLATION loose (provider = icu, locale = 'und', deterministic = false);
        CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, "Key" int NOT NULL, name text COLLATE loose,
            at timestamptz DEFAULT now(), state text DEFAULT 'new', price numeric(8, 2) DEFAULT 0.5, gone int);
        ALTER TABLE t DROP COLUMN gone;
        CREATE INDEX t_key ON t ("Key");
        CREATE TABLE s (id serial);
        CREATE TABLE p (id int) PARTITION BY RANGE (id);
        CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10);
        CREATE VIEW v AS SELECT "Key" AS k FROM t WHERE state = 'new';
        CREATE FUNCTION reads(int, int DEFAULT 5) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM t';
        CREATE FUNCTION reads(text) RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT count(*) FROM t';
        CREATE FUNCTION pure(VARIADIC int[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
        CREATE FUNCTION step(bigint, int) RETURNS bigint LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1; END';
        CREATE AGGREGATE sly(int) (SFUNC = step, STYPE = bigint);
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Tables_views_and_functions_are_known_and_a_change_is_when_it_is_asked_for(int major)
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards: 2);
        await stage.SetUpAsync("shard init");
        await stage.OnShardAsync(1, Schema);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using ShardServers servers = ShardServers.Open(await stage.OptionsAsync(), null);
        using ParserThreads threads = new(1);
        ShardedDatabaseState state = new(new PostgresParser(PgQueryLibrary.Instance, threads), TimeProvider.System);
        Task map = new TopologyFollower(
            servers,
            state.Publish,
            static () => { },
            TimeProvider.System,
            NullLogger.Instance
        ).RunAsync(stop.Token);
        Task facts = new CatalogFollower(servers, state, TimeProvider.System, NullLogger.Instance).RunAsync(stop.Token);
        await Eventually.HoldsAsync(() => state.Facts.IsComplete, TimeSpan.FromSeconds(30));

        ICatalogFacts first = state.Facts;
        AssertRelations(first);
        AssertFunctions(first);

        // Nothing changes while nothing has changed; a temporary table is nobody's but its session's. Roles are the
        // whole cluster's, and other tests make some.
        await Eventually.HoldsAsync(
            async () =>
            {
                ICatalogFacts before = state.Facts;
                await stage.OnShardAsync(1, "CREATE TEMPORARY TABLE passing (a int)");
                await state.Refresh.RequestAsync();
                return ReferenceEquals(before, state.Facts);
            },
            TimeSpan.FromSeconds(30)
        );

        await ChangeAsync(stage, state, "CREATE TABLE fresh (a int)", "fresh", "a");
        await ChangeAsync(stage, state, "ALTER TABLE fresh RENAME a TO b", "fresh", "b");
        await ChangeAsync(stage, state, "CREATE OR REPLACE VIEW v AS SELECT \"Key\" AS k, id AS b FROM t", "v", "b");
        await stop.CancelAsync();
        await Task.WhenAll(map, facts);
    }

    private static async Task ChangeAsync(
        ShardingStage stage,
        ShardedDatabaseState state,
        string change,
        string relation,
        string column
    )
    {
        Assert.NotEqual(true, state.Facts.HasColumn("public", relation, column));
        await stage.OnShardAsync(1, change);
        await state.Refresh.RequestAsync();
        Assert.Equal(true, state.Facts.HasColumn("public", relation, column));
    }

    private static void AssertRelations(ICatalogFacts facts)
    {
        RelationFacts table = facts.Describe("public", "t")!;
        Assert.Equal(RelationKind.Table, table.Kind);
        Assert.Equal(
            ["id 20 True", "Key 23 False", "name 0 False", "at 1184 True", "state 25 False", "price 1700 False"],
            table.Columns.Select(column => $"{column.Name} {column.TypeOid} {column.IsDefaultVolatile}")
        );
        Assert.Equal(("public", "t"), facts.Describe("public", "t_key")!.Owner);
        Assert.Equal(("public", "s"), facts.Describe("public", "s_id_seq")!.Owner);
        Assert.Equal(("public", "t"), facts.Describe("public", "t_id_seq")!.Owner);
        Assert.Equal(("public", "p"), facts.Describe("public", "p_1")!.Owner);
        RelationFacts view = facts.Describe("public", "v")!;
        Assert.Equal(RelationKind.View, view.Kind);
        Assert.Contains("FROM public.t", view.Definition, StringComparison.Ordinal);
        Assert.Equal(["k"], view.Columns.Select(column => column.Name));
        Assert.NotNull(facts.Describe("pg_catalog", "pg_class"));
        Assert.Null(facts.Describe("public", "nothing"));
        Assert.Empty(facts.RoleSchemas);
    }

    private static void AssertFunctions(ICatalogFacts facts)
    {
        Assert.Equal(FunctionVolatility.Volatile, facts.Volatility("public", "reads", 1));
        Assert.Equal(FunctionVolatility.Stable, facts.Volatility("public", "reads", 2));
        Assert.Null(facts.Volatility("public", "reads", 3));
        Assert.True(facts.MayTouchTables("public", "reads", 2));
        Assert.Equal(FunctionVolatility.Immutable, facts.Volatility("public", "pure", 7));
        Assert.False(facts.MayTouchTables("public", "pure", 7));
        Assert.True(facts.MayTouchTables("public", "sly", 1));
        Assert.Equal(FunctionVolatility.Stable, facts.Volatility("pg_catalog", "now", 0));
        Assert.Equal(FunctionVolatility.Volatile, facts.Volatility("pg_catalog", "random", 0));
        Assert.False(facts.MayTouchTables("pg_catalog", "age", 1));
        Assert.Equal(FunctionVolatility.Immutable, facts.Volatility("pg_catalog", "count", 0));
    }
}
