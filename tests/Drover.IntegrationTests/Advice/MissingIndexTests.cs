// Indexes that a workload lacks: found over all statements, with HypoPG and without, and no statement is run for it.
using System.Text.Json;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

public sealed class MissingIndexTests(MeasuredPostgresFixture fixture)
{
    private const string Shop = """
        CREATE SCHEMA shop;
        CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, region int NOT NULL,
            created_at timestamptz NOT NULL, total numeric NOT NULL, note text);
        INSERT INTO shop.orders SELECT n, 1 + n * 7919 % 2000, n * 31 % 200, now() - n * interval '1 minute', n,
            repeat('n', 100) FROM generate_series(1, 200000) n;
        CREATE TABLE shop.jobs (id bigint PRIMARY KEY, queue int NOT NULL, done_at timestamptz, what text);
        INSERT INTO shop.jobs SELECT n, n % 5, CASE WHEN n % 100 > 0 THEN now() END, repeat('w', 100)
            FROM generate_series(1, 150000) n;
        CREATE TABLE shop.lines (order_id bigint NOT NULL, item int NOT NULL, text text);
        INSERT INTO shop.lines SELECT n / 2, n % 2, repeat('l', 60) FROM generate_series(1, 200000) n;
        CREATE TABLE shop.parts (day int NOT NULL, device int NOT NULL, value int) PARTITION BY RANGE (day);
        CREATE TABLE shop.parts_1 PARTITION OF shop.parts FOR VALUES FROM (0) TO (10);
        CREATE TABLE shop.parts_2 PARTITION OF shop.parts FOR VALUES FROM (10) TO (20);
        INSERT INTO shop.parts SELECT n % 20, n * 7919 % 20000, n FROM generate_series(1, 200000) n;
        CREATE EXTENSION pg_stat_statements;
        """;

    private static readonly string[] s_traffic =
    [
        "SELECT id, total FROM shop.orders WHERE customer_id = 17 AND created_at > now() - interval '20 days'",
        "SELECT * FROM shop.orders WHERE customer_id = 18 ORDER BY created_at DESC LIMIT 10",
        "SELECT sum(total) FROM shop.orders WHERE region = 4",
        "SELECT id FROM shop.jobs WHERE done_at IS NULL AND queue = 3",
        "SELECT o.id, l.text FROM shop.orders o JOIN shop.lines l ON l.order_id = o.id WHERE o.id = 900",
        "SELECT value FROM shop.parts WHERE device = 77",
        "SELECT note FROM shop.orders WHERE id = 55",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15, true)]
    [InlineData(15, false)]
    [InlineData(18, false)]
    public async Task Indexes_that_the_workload_lacks_are_found_and_mended_and_nothing_is_run(
        int major,
        bool hypothetical
    )
    {
        (LocalPostgresCluster cluster, string database) = await WorkloadAsync(major, hypothetical);
        string before = await CountsAsync(cluster, database);
        (List<JsonElement> missing, _) = await MissingAsync(cluster, database);
        Assert.Equal(before, await CountsAsync(cluster, database));
        string[] subjects = [.. missing.Select(static one => one.GetProperty("subject").GetString()!)];
        Assert.Equal(
            [
                "shop.jobs (queue) WHERE done_at IS NULL",
                "shop.lines (order_id)",
                "shop.orders (customer_id, created_at)",
                "shop.orders (region) INCLUDE (total)",
                "shop.parts (device)",
            ],
            subjects.Order(StringComparer.Ordinal)
        );
        string kind = hypothetical ? "HypoPG" : "an estimate from the planner's statistics";
        Assert.All(missing, one => Assert.Contains(kind, one.GetProperty("expected").GetString(), Ordinal));
        foreach (JsonElement one in missing)
        {
            string command = one.GetProperty("do").GetString()!;
            string sql = command.StartsWith("drover", Ordinal) ? "CREATE INDEX ON shop.parts (device)" : command;
            await cluster.ExecuteAsync(sql, Token, database);
        }
        await cluster.ExecuteAsync("VACUUM ANALYZE", Token, database);
        (missing, _) = await MissingAsync(cluster, database);
        Assert.Empty(missing);
    }

    [Fact]
    public async Task Index_that_costs_more_than_it_gives_is_not_advised_and_HOT_updates_lost_are_told()
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        await cluster.ExecuteAsync(Shop, Token, database);
        // Looks at a queue, against very many changes of what the index would be on.
        await cluster.ExecuteAsync("ALTER TABLE shop.jobs SET (fillfactor = 50)", Token, database);
        await cluster.ExecuteAsync("VACUUM FULL ANALYZE shop.jobs", Token, database);
        // A lost HOT update writes to all of them: the price is far above the gain, however slow the machine is.
        const string Others = "CREATE INDEX ON shop.jobs (done_at";
        await cluster.ExecuteAsync($"{Others}); {Others}, id); {Others} DESC); {Others}, id DESC)", Token, database);
        await ResetAsync(cluster, database);
        for (int i = 0; i < 40; i++)
        {
            await MoveAsync(i, $"id % 10 = {i % 10}");
        }
        await LookAsync(60);
        (List<JsonElement> missing, _) = await MissingAsync(cluster, database);
        Assert.Empty(missing);
        // The same looks against few changes: it was the price.
        await ResetAsync(cluster, database);
        for (int i = 0; i < 30; i++)
        {
            // Often: of what ran once pg_stat_statements keeps nothing where other tests run very much.
            await MoveAsync(7, $"id % 3000 = {i}");
        }
        await LookAsync(200);
        (missing, _) = await MissingAsync(cluster, database);
        JsonElement advised = Assert.Single(missing);
        Assert.Contains("(queue)", advised.GetProperty("subject").GetString(), Ordinal);
        Assert.Contains("updates a day are no longer HOT", advised.GetProperty("price").GetString(), Ordinal);

        Task MoveAsync(int by, string which) =>
            cluster.ExecuteAsync(
                // Counted at once: a server that is quick holds its counts back for a second.
                $"""
                SELECT pg_stat_force_next_flush();
                UPDATE shop.jobs SET queue = (id * 31 + {by}) % 5000 WHERE {which}
                """,
                Token,
                database
            );

        async Task LookAsync(int times)
        {
            await cluster.ExecuteAsync("VACUUM ANALYZE shop.jobs", Token, database);
            for (int i = 0; i < times; i++)
            {
                await cluster.ExecuteAsync("SELECT id FROM shop.jobs WHERE queue = 3", Token, database);
            }
        }
    }

    private const string Evil = """
        CREATE EXTENSION pg_stat_statements; CREATE SCHEMA shop AUTHORIZATION app; SET ROLE app;
        CREATE FUNCTION shop.evil() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
        CREATE FUNCTION shop.evil_operator(int, int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS
            $$ BEGIN RETURN true; END $$;
        CREATE OPERATOR shop.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = shop.evil_operator);
        CREATE TYPE shop.mood AS ENUM ('evil');
        CREATE FUNCTION shop.evil_cast(float8) RETURNS shop.mood IMMUTABLE LANGUAGE plpgsql AS
            $$ BEGIN RETURN 'evil'; END $$;
        CREATE CAST (float8 AS shop.mood) WITH FUNCTION shop.evil_cast AS ASSIGNMENT;
        CREATE TABLE shop.bait (id bigint PRIMARY KEY, region int, text text);
        INSERT INTO shop.bait SELECT n, n % 9, repeat('b', 100) FROM generate_series(1, 30000) n;
        """;

    // Each calls evil(), or what calls it, when a superuser only has the statement planned.
    [Theory]
    [InlineData("SELECT text FROM shop.bait WHERE shop.evil() = 1 AND region = 3", "")]
    [InlineData(
        "SELECT * FROM shop.trap WHERE region = 3",
        "CREATE VIEW shop.trap AS SELECT * FROM shop.bait WHERE region = shop.evil()"
    )]
    [InlineData("SELECT * FROM shop.bait WHERE region = 3", "CREATE INDEX ON shop.bait (id) WHERE shop.evil() = 1")]
    [InlineData(
        "SELECT * FROM shop.bait WHERE region = 3",
        "CREATE INDEX ON shop.bait (id) WHERE 1 OPERATOR(shop.===) 1"
    )]
    [InlineData(
        "SELECT * FROM shop.bait WHERE region = 3",
        "CREATE TABLE shop.child () INHERITS (shop.bait); CREATE INDEX ON shop.child (id) WHERE shop.evil() = 1"
    )]
    [InlineData(
        "UPDATE shop.bait SET text = 'x' WHERE region = 3",
        "CREATE RULE also AS ON UPDATE TO shop.bait DO ALSO SELECT shop.evil()"
    )]
    [InlineData("UPDATE shop.bait SET mood = pi() WHERE region = 3", "ALTER TABLE shop.bait ADD mood shop.mood")]
    [InlineData(
        "SELECT id FROM shop.bait WHERE region = length(table_to_xml(to_regclass(concat(current_database(), "
            + "chr(ceil(pi() * pi())::int + floor(pi() ^ pi())::int), current_database())), "
            + "pi() > pi(), pi() > pi(), concat(current_user))::text)",
        "CREATE VIEW DATABASE.DATABASE AS SELECT shop.evil()"
    )]
    public async Task Function_of_another_role_in_a_measured_statement_is_never_called(string sql, string trap)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        await cluster.ExecuteAsync(
            $"CREATE SCHEMA {database} AUTHORIZATION app; ALTER DATABASE {database} SET track_functions = 'all'; "
                + $"{Evil} {trap.Replace("DATABASE", database, Ordinal)}; RESET ROLE",
            Token,
            database
        );
        await cluster.ExecuteAsync("VACUUM ANALYZE shop.bait", Token, database);
        await ResetAsync(cluster, database);
        await cluster.ExecuteAsync(sql, Token, database);
        // The trap works, or there would be no calls. They are counted when a session has ended, or soon after.
        long before = await CallsAsync();
        Assert.NotEqual(0, before);
        await MissingAsync(cluster, database);
        Assert.Equal(before, await CallsAsync());

        async Task<long> CallsAsync()
        {
            await Task.Delay(TimeSpan.FromSeconds(1), Token);
            // Those of extensions count too.
            const string Calls =
                "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_user_functions WHERE funcname LIKE 'evil%'";
            return (long)(await InspectProgram.ScalarAsync(cluster, database, Calls))!;
        }
    }

    [Fact]
    public async Task Role_that_may_not_read_the_tables_is_told_which_grant_it_lacks()
    {
        (LocalPostgresCluster cluster, string database) = await WorkloadAsync(18, hypothetical: false);
        await cluster.ExecuteAsync("CREATE ROLE looker LOGIN IN ROLE pg_monitor", Token, database);
        (_, JsonElement all) = await MissingAsync(cluster, database, "looker");
        Assert.Contains("GRANT pg_read_all_data TO looker", all.ToString(), Ordinal);
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private async Task<(LocalPostgresCluster Cluster, string Database)> WorkloadAsync(int major, bool hypothetical)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Shop, Token, database);
        if (hypothetical)
        {
            await cluster.ExecuteAsync("CREATE EXTENSION hypopg", Token, database);
        }
        await cluster.ExecuteAsync("VACUUM ANALYZE", Token, database);
        await ResetAsync(cluster, database);
        for (int i = 0; i < 100; i++)
        {
            foreach (string sql in s_traffic)
            {
                await cluster.ExecuteAsync(sql, Token, database);
            }
        }
        return (cluster, database);
    }

    private static Task ResetAsync(LocalPostgresCluster cluster, string database) =>
        cluster.ExecuteAsync(
            "SELECT pg_stat_statements_reset(0, oid, 0), pg_stat_reset() FROM pg_database "
                + "WHERE datname = current_database()",
            Token,
            database
        );

    /// <summary>How often each of the workload's statements ran.</summary>
    private static async Task<string> CountsAsync(LocalPostgresCluster cluster, string database) =>
        (string)
            (
                await InspectProgram.ScalarAsync(
                    cluster,
                    database,
                    "SELECT string_agg(query || calls, '|' ORDER BY query) FROM pg_stat_statements "
                        + "WHERE query LIKE '%FROM shop.%' AND query NOT LIKE '%pg_%' AND query NOT LIKE 'EXPLAIN%' "
                        + "AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
            )!;

    private static async Task<(List<JsonElement> Missing, JsonElement All)> MissingAsync(
        LocalPostgresCluster cluster,
        string database,
        string user = LocalPostgresCluster.Superuser
    )
    {
        JsonElement all = await InspectProgram.JsonAsync(cluster, database, user, "--unused-days", "1000");
        return (
            [
                .. all.GetProperty("recommendations")
                    .EnumerateArray()
                    .Where(static one => one.GetProperty("code").GetString() == "missing-index"),
            ],
            all
        );
    }
}
