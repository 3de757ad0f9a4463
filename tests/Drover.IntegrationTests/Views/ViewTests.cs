// Materialized views that are kept: made whole, refreshed without locking readers, and made anew when what they read
// has changed.
using System.CommandLine;
using Drover.App.Commands.Views;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Partitioning.Maintenance;
using Drover.Operations.Connections;
using Drover.Views;
using Npgsql;

namespace Drover.IntegrationTests.Views;

public sealed class ViewTests(PostgresFixture fixture)
{
    private const string Shop = """
        CREATE TABLE customers (id bigint PRIMARY KEY, country text NOT NULL);
        CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, total numeric NOT NULL);
        INSERT INTO customers SELECT n, 'c' || n % 5 FROM generate_series(1, 50) n;
        INSERT INTO orders SELECT n, 1 + n % 50, n FROM generate_series(1, 500) n;
        CREATE ROLE view_reader_{0};
        """;

    private const string ByCountry =
        "SELECT country, count(*) AS n, sum(total) AS total\nFROM orders JOIN customers c ON c.id = customer_id\n"
        + "GROUP BY country -- every country";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task View_is_made_listed_refreshed_and_dropped(int major)
    {
        await using Stage stage = await Stage.StartAsync(fixture, major);
        await stage.DoAsync(ByCountry, "create", "by_country", "--unique", "country", "--refresh", "5m");
        Assert.Equal("5 500", await stage.QueryAsync("SELECT count(*) || ' ' || sum(n) FROM by_country"));
        Assert.Contains("public.by_country", await stage.DoAsync("", "list"), StringComparison.Ordinal);

        // Not due yet; then it is, and a reader that has it locked against DDL is not waited for.
        await stage.QueryAsync("DELETE FROM orders WHERE id > 100");
        Assert.Empty(await stage.DueAsync());
        await stage.AgeAsync("by_country", 301);
        await using (NpgsqlConnection reader = await stage.OpenAsync())
        {
            await using NpgsqlCommand hold = new("BEGIN; SELECT * FROM by_country", reader);
            await hold.ExecuteNonQueryAsync(Token);
            RefreshOutcome outcome = Assert.Single(await stage.DueAsync());
            Assert.Null(outcome.Problem);
            Assert.False(outcome.IsRemade);
        }
        Assert.Equal("100", await stage.QueryAsync("SELECT sum(n) FROM by_country"));
        Assert.Empty(await stage.DueAsync());

        await stage.QueryAsync("DELETE FROM orders");
        Assert.Contains(
            "refreshed in",
            await stage.DoAsync("", "refresh", "public.by_country"),
            StringComparison.Ordinal
        );
        Assert.Equal("0", await stage.QueryAsync("SELECT count(*) FROM by_country"));
        await stage.DoAsync("", "set", "by_country", "--enabled", "false");
        await stage.AgeAsync("by_country", 100_000);
        Assert.Empty(await stage.DueAsync());
        await stage.DoAsync("", "drop", "by_country");
        Assert.Equal("1", await stage.QueryAsync("SELECT num_nulls(to_regclass('by_country'))"));
        Assert.Contains("no view is kept", await stage.DoAsync("", "list"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT 1 AS id; SELECT 2", "id", 2, "more than one statement")]
    [InlineData("SELECT nothing FROM orders", "id", 1, "column \"nothing\" does not exist")]
    [InlineData("SELECT id FROM orders", "number", 2, "--unique names columns of the query's result")]
    [InlineData("SELECT customer_id AS id FROM orders", "id", 3, "several rows of the query have the same id")]
    [InlineData("SELECT 1 / (id - id) AS id FROM orders", "id", 1, "division by zero")]
    public async Task View_that_cannot_be_made_leaves_nothing_behind(string sql, string unique, int code, string why)
    {
        await using Stage stage = await Stage.StartAsync(fixture, 18);
        VerbResult result = await stage.RunAsync(sql, "create", "v", "--unique", unique);
        Assert.True(result.ExitCode == code, $"{result}");
        Assert.Contains(why, result.Error, StringComparison.Ordinal);
        Assert.Equal("2", await stage.QueryAsync("SELECT num_nulls(to_regclass('v'), to_regclass('drover.views'))"));
    }

    [Fact]
    public async Task Names_that_mean_nothing_are_refused_with_what_there_is()
    {
        await using Stage stage = await Stage.StartAsync(fixture, 18);
        await AssertAsync(3, "public.orders exists", "create", "orders", "--unique", "id");
        await AssertAsync(2, "no name in a schema that exists", "create", "nowhere.v", "--unique", "id");
        await AssertAsync(2, "no name in a schema that exists", "create", "a.b.c", "--unique", "id");
        await AssertAsync(2, "no view is kept", "drop", "v");
        await stage.DoAsync("SELECT id FROM orders", "create", "\"My view\"", "--unique", "id");
        await AssertAsync(2, "there are public.My view", "refresh", "orders");
        await stage.QueryAsync("CREATE VIEW on_it AS SELECT * FROM \"My view\"");
        await AssertAsync(3, "is not dropped while public.on_it depends on it", "drop", "\"My view\"");
        await AssertAsync(2, "say what to change", "set", "\"My view\"");
        Assert.Equal("500", await stage.QueryAsync("SELECT count(*) FROM on_it"));

        async Task AssertAsync(int code, string why, params string[] words)
        {
            VerbResult result = await stage.RunAsync("SELECT id FROM orders", words);
            Assert.True(result.ExitCode == code && result.Error.Contains(why, StringComparison.Ordinal), $"{result}");
        }
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task View_is_made_anew_when_what_it_reads_is_another_and_keeps_what_was_bound_to_it(int major)
    {
        await using Stage stage = await Stage.StartAsync(fixture, major);
        await stage.DoAsync("SELECT * FROM orders", "create", "all_orders", "--unique", "id");
        await stage.QueryAsync(
            $"CREATE INDEX by_total ON all_orders (total DESC) WHERE total > 5; "
                + $"GRANT SELECT ON all_orders TO {stage.Role}; COMMENT ON MATERIALIZED VIEW all_orders IS 'it''s all'"
        );
        const string Bound = """
            SELECT string_agg(pg_get_indexdef(indexrelid), '; ' ORDER BY indexrelid::regclass::text) || obj_description(
                'all_orders'::regclass) || (SELECT relacl::text FROM pg_class WHERE oid = 'all_orders'::regclass)
            FROM pg_index WHERE indrelid = 'all_orders'::regclass
            """;
        string? bound = await stage.QueryAsync(Bound);

        // A column more: SELECT * has it now.
        await stage.QueryAsync("ALTER TABLE orders ADD note text DEFAULT 'new'");
        Assert.True(await RefreshAsync());
        Assert.Equal("new", await stage.QueryAsync("SELECT min(note) FROM all_orders"));
        Assert.Equal(bound, await stage.QueryAsync(Bound));
        Assert.False(await RefreshAsync());

        // Another table under the name, as after a conversion: the old one is read no more.
        await stage.QueryAsync(
            "ALTER TABLE orders RENAME TO orders_old; CREATE TABLE orders (LIKE orders_old INCLUDING ALL); "
                + "INSERT INTO orders SELECT * FROM orders_old WHERE id <= 7"
        );
        Assert.True(await RefreshAsync());
        Assert.Equal("7", await stage.QueryAsync("SELECT count(*) FROM all_orders"));
        Assert.Equal(bound, await stage.QueryAsync(Bound));

        // A change that it does not show makes nothing anew.
        await stage.QueryAsync("ALTER TABLE customers ADD city text; CREATE INDEX ON orders (total)");
        Assert.False(await RefreshAsync());
        // It is gone with its table: it comes back.
        await stage.QueryAsync("DROP TABLE orders CASCADE; ALTER TABLE orders_old RENAME TO orders");
        Assert.True(await RefreshAsync());
        Assert.Equal("500", await stage.QueryAsync("SELECT count(*) FROM all_orders"));

        // Something depends on it: it cannot be made anew, and says so; it stays as it is.
        await stage.QueryAsync("CREATE VIEW on_it AS SELECT * FROM all_orders; ALTER TABLE orders ADD more int");
        VerbResult refused = await stage.RunAsync("", "refresh", "all_orders");
        Assert.Contains("while public.on_it depends on it", refused.Error, StringComparison.Ordinal);
        Assert.Equal("0", await stage.QueryAsync("SELECT count(*) FROM pg_class WHERE relname ~ 'drover_new'"));
        Assert.Contains(
            "all_orders failed: what public.all_orders reads has changed",
            await stage.DoAsync("", "list"),
            StringComparison.Ordinal
        );

        async Task<bool> RefreshAsync() =>
            (await stage.DoAsync("", "refresh", "all_orders")).Contains("made anew", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Views_are_refreshed_behind_those_that_they_read_and_one_failure_stops_no_other()
    {
        await using Stage stage = await Stage.StartAsync(fixture, 18);
        await stage.DoAsync("SELECT id, total FROM orders", "create", "z_base", "--unique", "id");
        await stage.QueryAsync("CREATE VIEW between AS SELECT * FROM z_base WHERE total > 0");
        await stage.DoAsync("SELECT count(*) AS n FROM between", "create", "a_top", "--unique", "n");
        await stage.DoAsync("SELECT id, 1 / (id - 1000) AS x FROM orders", "create", "m_bad", "--unique", "id");
        await stage.QueryAsync("INSERT INTO orders VALUES (1000, 1, 1)");
        await stage.AgeAsync(null, 301);
        IReadOnlyList<RefreshOutcome> outcomes = await stage.DueAsync();
        Assert.Equal(["z_base", "a_top", "m_bad"], outcomes.Select(static one => one.Name.Name));
        Assert.Equal("501", await stage.QueryAsync("SELECT n FROM a_top"));
        Assert.Equal(
            [null, null, "the query fails with SQLSTATE 22012: run it to see why"],
            outcomes.Select(static one => one.Problem)
        );
        // It is tried again after a pause, and the others when they are due.
        Assert.Empty(await stage.DueAsync());
    }

    [Fact]
    public async Task What_another_role_has_put_in_a_tables_place_is_not_run_by_itself()
    {
        await using Stage stage = await Stage.StartAsync(fixture, 18);
        await stage.DoAsync("SELECT * FROM orders", "create", "v", "--unique", "id");
        await stage.QueryAsync(
            $"""
            DROP TABLE orders CASCADE;
            CREATE FUNCTION evil() RETURNS int LANGUAGE plpgsql AS
                $$BEGIN CREATE TABLE public.was_run (); RETURN 1; END$$;
            CREATE VIEW orders AS SELECT 1 AS id, evil() AS v;
            ALTER VIEW orders OWNER TO {stage.Role}
            """
        );
        await stage.AgeAsync(null, 301);
        string? problem = Assert.Single(await stage.DueAsync()).Problem;
        Assert.Contains($"belongs to {stage.Role}", problem, StringComparison.Ordinal);
        Assert.Equal(1, (await stage.RunAsync("", "refresh", "v")).ExitCode);
        Assert.Equal("1", await stage.QueryAsync("SELECT num_nulls(to_regclass('was_run'))"));
        Assert.Contains("made anew", await stage.DoAsync("", "refresh", "v", "--remake"), StringComparison.Ordinal);

        // Nor is a query that another role may have written.
        await stage.QueryAsync($"ALTER TABLE drover.views OWNER TO {stage.Role}");
        VerbResult refused = await stage.RunAsync("", "refresh", "v", "--remake");
        Assert.Contains($"drover.views belongs to {stage.Role}", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_one_refresh_of_a_server_runs_at_a_time()
    {
        await using Stage stage = await Stage.StartAsync(fixture, 18);
        await stage.QueryAsync("CREATE TABLE gate (id int PRIMARY KEY); INSERT INTO gate VALUES (1)");
        await stage.DoAsync("SELECT id FROM gate", "create", "slow", "--unique", "id");
        await stage.DoAsync("SELECT id FROM orders", "create", "other", "--unique", "id");
        await using NpgsqlConnection holder = await stage.OpenAsync();
        await using NpgsqlCommand hold = new("BEGIN; LOCK TABLE gate IN ACCESS EXCLUSIVE MODE", holder);
        await hold.ExecuteNonQueryAsync(Token);
        Task<VerbResult> slow = stage.RunAsync("", "refresh", "slow");
        await Eventually.HoldsAsync(
            async () =>
                await stage.QueryAsync(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ '^REFRESH'"
                ) == "1",
            TimeSpan.FromSeconds(30)
        );
        await stage.AgeAsync(null, 301);
        Assert.Empty(await stage.DueAsync());
        await using NpgsqlCommand release = new("ROLLBACK", holder);
        await release.ExecuteNonQueryAsync(Token);
        Assert.Equal(0, (await slow).ExitCode);
        Assert.Equal("other", Assert.Single(await stage.DueAsync()).Name.Name);
    }

    private sealed class Stage(LocalPostgresCluster cluster, string database) : IAsyncDisposable
    {
        private readonly string _file = Path.GetTempFileName();

        private string Address =>
            $"Host={LocalPostgresCluster.Host};Port={cluster.Port};Username={LocalPostgresCluster.Superuser};"
            + $"Database={database}";

        public string Role { get; } = $"view_reader_{database}";

        public static async Task<Stage> StartAsync(PostgresFixture fixture, int major)
        {
            (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
            Stage stage = new(cluster, database);
            await stage.QueryAsync(Shop.Replace("{0}", database, StringComparison.Ordinal));
            return stage;
        }

        public async Task<string?> QueryAsync(string sql) => await cluster.QueryAsync(sql, Token, database);

        public Task<NpgsqlConnection> OpenAsync() => cluster.OpenAsync(database, Token);

        /// <summary>Makes views older than they are.</summary>
        public Task<string?> AgeAsync(string? view, int seconds) =>
            QueryAsync(
                $"UPDATE drover.views SET refreshed_at = refreshed_at - interval '{seconds} s' "
                    + (view is null ? "" : $"WHERE view_name = '{view}'")
            );

        public async Task<IReadOnlyList<RefreshOutcome>> DueAsync()
        {
            await using ServerAccess access = new(new NpgsqlConnectionStringBuilder(Address));
            await using NpgsqlConnection connection = await access.OpenAsync(Token);
            return await new ViewService(connection, TimeProvider.System).RefreshDueAsync(Token);
        }

        public async Task<string> DoAsync(string sql, params string[] words)
        {
            VerbResult result = await RunAsync(sql, words);
            Assert.True(result.ExitCode == 0, $"{string.Join(' ', words)}: {result}");
            return result.Output;
        }

        public async Task<VerbResult> RunAsync(string sql, params string[] words)
        {
            await File.WriteAllTextAsync(_file, sql, Token);
            string url =
                $"postgres://{LocalPostgresCluster.Superuser}@{LocalPostgresCluster.Host}:{cluster.Port}/{database}";
            string[] file = words[0] == "create" ? ["--sql", _file] : [];
            ParseResult parsed = ViewCommand.Create().Parse([.. words, .. file, "--database", url]);
            StringWriter output = new();
            StringWriter error = new();
            InvocationConfiguration to = new() { Output = output, Error = error };
            return new VerbResult(await parsed.InvokeAsync(to, Token), output.ToString(), error.ToString());
        }

        public ValueTask DisposeAsync()
        {
            File.Delete(_file);
            return ValueTask.CompletedTask;
        }
    }
}
