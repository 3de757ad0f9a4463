// The plans that the monitor keeps: a change is seen, told in words and advised on, and nothing else is one.
using System.Text.Json;
using Drover.Advice;
using Drover.App.LocalPostgres;
using Drover.Configuration;
using Drover.History.Plans;
using Drover.IntegrationTests.Advice;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.History;

public sealed class PlanWatchTests(MeasuredPostgresFixture fixture)
{
    // Small enough for one process to read it all, whatever the machine.
    private const string Shop = """
        CREATE EXTENSION pg_stat_statements;
        CREATE SCHEMA shop;
        CREATE TABLE shop.orders (id bigint, code text NOT NULL, total int) WITH (parallel_workers = 0);
        INSERT INTO shop.orders SELECT n, 'secret-' || n, n FROM generate_series(1, 60000) n;
        CREATE INDEX orders_code_idx ON shop.orders (code);
        ANALYZE shop.orders
        """;

    private const string Lookup = "SELECT total FROM shop.orders WHERE code = 'secret-77'";

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_dropped_index_is_a_change_in_words_and_advised_with_its_definition_until_it_is_back(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Shop, Token, database);
        await RunAsync(cluster, database, 1);
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database));
        long statement = await StatementAsync(cluster, database);
        await UntilCalledAsync(stage, cluster, database, statement);
        Assert.Empty(Changes(stage));
        await cluster.ExecuteAsync("DROP INDEX shop.orders_code_idx", Token, database);
        IReadOnlyList<PlanPeriod> plans = await UntilAsync(stage, statement, static all => all.Count == 2);
        Assert.Equal("Index Scan using orders_code_idx → Seq Scan on shop.orders", plans[0].Difference);
        Assert.Equal(
            plans[0].FirstSeen,
            (await stage.StatementsAsync()).Single(one => one.Id == statement).PlanChanged
        );
        await UntilCalledAsync(stage, cluster, database, statement);
        plans = await PlansAsync(stage, statement);
        Assert.True(plans[0].MeanMs > 2 * plans[1].MeanMs, $"{plans[0].MeanMs} ms after {plans[1].MeanMs}");
        await stage.UntilAsync(_ => Changes(stage).Length > 0);
        Recommendation change = Assert.Single(Changes(stage));
        Assert.Contains(plans[0].Difference, change.Evidence, Ordinal);
        Assert.Contains("the index orders_code_idx is gone", change.Evidence, Ordinal);
        // drover inspect reads the same of the history in the database.
        JsonElement answer = await InspectProgram.JsonAsync(cluster, database, LocalPostgresCluster.Superuser);
        JsonElement told = Assert.Single(
            answer.GetProperty("recommendations").EnumerateArray(),
            static one => one.GetProperty("code").GetString() == "plan-changed"
        );
        Assert.Equal(change.Do, told.GetProperty("do").GetString());
        Assert.Equal("DROP INDEX CONCURRENTLY shop.orders_code_idx", change.Undo);
        await cluster.ExecuteAsync(change.Do, Token, database);
        plans = await UntilAsync(stage, statement, static all => all.Count == 3);
        Assert.Equal(plans[2].Shape, plans[0].Shape);
        await stage.UntilAsync(_ => Changes(stage).Length == 0);
        await AssertNoValueIsKeptAsync(cluster, database);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Costs_that_change_are_no_other_plan_and_a_restart_goes_on_where_it_was(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Shop, Token, database);
        await RunAsync(cluster, database, 1);
        PlanPeriod before;
        long statement = await StatementAsync(cluster, database);
        await using (MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database)))
        {
            await UntilCalledAsync(stage, cluster, database, statement);
            before = (await PlansAsync(stage, statement))[0];
            await cluster.ExecuteAsync(
                "INSERT INTO shop.orders SELECT n, 'secret-' || n % 900, n FROM generate_series(1, 9000) n; "
                    + "ANALYZE shop.orders",
                Token,
                database
            );
            IReadOnlyList<PlanPeriod> plans = await UntilAsync(stage, statement, all => all[0].Cost != before.Cost);
            Assert.Equal(before.Shape, Assert.Single(plans).Shape);
            before = plans[0];
        }
        await using (MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database)))
        {
            IReadOnlyList<PlanPeriod> plans = await UntilAsync(
                stage,
                statement,
                all => all[0].LastSeen > before.LastSeen
            );
            Assert.Equal(before.FirstSeen, Assert.Single(plans).FirstSeen);
            Assert.True(plans[0].Calls >= before.Calls, "what was counted before is lost");
        }
        await cluster.ExecuteAsync("DROP INDEX shop.orders_code_idx", Token, database);
        await using (MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database)))
        {
            // It changed while nobody looked.
            IReadOnlyList<PlanPeriod> plans = await UntilAsync(stage, statement, static all => all.Count == 2);
            Assert.Contains("Seq Scan", plans[0].Difference, Ordinal);
        }
        await AssertNoValueIsKeptAsync(cluster, database);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task What_a_role_may_not_have_planned_is_named_with_its_grant_and_works_once_granted(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Shop, Token, database);
        await RunAsync(cluster, database, 1);
        string role = $"planner_{database}";
        await cluster.ExecuteAsync(
            $"CREATE ROLE {role} LOGIN; GRANT pg_read_all_stats TO {role}; "
                + $"GRANT CREATE ON DATABASE {database} TO {role}",
            Token,
            database
        );
        long statement = await StatementAsync(cluster, database);
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database, role));
        await stage.UntilAsync(static status => status.PlanProblem.Length > 0);
        Assert.Contains($"GRANT pg_read_all_data TO {role}", stage.Monitor.Latest(Server).PlanProblem, Ordinal);
        Assert.Empty(await PlansAsync(stage, statement));
        await cluster.ExecuteAsync($"GRANT pg_read_all_data TO {role}", Token);
        await UntilAsync(stage, statement, static all => all.Count == 1);
        await stage.UntilAsync(static status => status.PlanProblem.Length == 0);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task What_another_role_wrote_is_never_planned(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync($"ALTER DATABASE {database} SET track_functions = 'all'", Token);
        await cluster.ExecuteAsync(
            Shop
                + """
                ;
                GRANT CREATE, USAGE ON SCHEMA shop TO app;
                SET ROLE app;
                CREATE FUNCTION shop.evil(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1; END $$;
                CREATE TABLE shop.theirs (id int);
                CREATE INDEX ON shop.theirs (id) WHERE shop.evil(1) = 1;
                """,
            Token,
            database
        );
        string[] bait = ["SELECT total FROM shop.orders WHERE shop.evil", "SELECT id FROM shop.theirs"];
        await cluster.ExecuteAsync($"{bait[0]}(3) = 4; {bait[1]} WHERE id = 3", Token, database);
        await RunAsync(cluster, database, 1);
        long before = await CallsAsync();
        Assert.NotEqual(0, before);
        await using (MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database)))
        {
            long lookup = await StatementAsync(cluster, database, "SELECT total FROM shop.orders WHERE code");
            await UntilAsync(stage, lookup, static all => all.Count == 1);
            foreach (string query in bait)
            {
                Assert.Empty(await PlansAsync(stage, await StatementAsync(cluster, database, query)));
            }
        }
        Assert.Equal(before, await CallsAsync());

        async Task<long> CallsAsync()
        {
            // They are counted when a session has ended.
            const string Others =
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                + "AND backend_type = 'client backend'";
            await Eventually.HoldsAsync(
                async () => await InspectProgram.ScalarAsync(cluster, database, Others) is 0L,
                TimeSpan.FromSeconds(30)
            );
            const string Calls =
                "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_user_functions WHERE funcname = 'evil'";
            return (long)(await InspectProgram.ScalarAsync(cluster, database, Calls))!;
        }
    }

    [Theory]
    [InlineData(15, "text", "csvlog")]
    [InlineData(15, "json", "jsonlog")]
    [InlineData(18, "json", "csvlog")]
    [InlineData(18, "text", "jsonlog")]
    public async Task What_may_not_be_planned_has_the_plan_that_auto_explain_wrote_without_its_values(
        int major,
        string format,
        string destination
    )
    {
        await using LocalPostgresCluster cluster = await LoggingAsync(major, format, destination);
        await cluster.ExecuteAsync(
            Shop
                + """
                ;
                CREATE ROLE app LOGIN;
                GRANT CREATE, USAGE ON SCHEMA shop TO app;
                SET ROLE app;
                CREATE FUNCTION shop.same(text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN $1; END $$;
                """,
            Token
        );
        const string Theirs = "SELECT total FROM shop.orders WHERE code = shop.same('secret-77')";
        await cluster.ExecuteAsync($"{Theirs}; {Theirs}", Token);
        long statement = await StatementAsync(cluster, "postgres", "SELECT total FROM shop.orders WHERE code = shop");
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, "postgres"));
        PlanPeriod first = Assert.Single(await UntilAsync(stage, statement, static all => all.Count == 1));
        await cluster.ExecuteAsync($"DROP INDEX shop.orders_code_idx; {Theirs}", Token);
        IReadOnlyList<PlanPeriod> plans = await UntilAsync(stage, statement, static all => all.Count == 2);
        Assert.Equal("Index Scan using orders_code_idx → Seq Scan on shop.orders", plans[0].Difference);
        Assert.NotEqual(first.Shape, plans[0].Shape);
        await AssertNoValueIsKeptAsync(cluster, "postgres");
        await cluster.ExecuteAsync("ALTER SYSTEM SET auto_explain.log_format = 'yaml'", Token);
        await cluster.ExecuteAsync("SELECT pg_reload_conf()", Token);
        await stage.UntilAsync(static status =>
            status.PlanProblem.Contains("set auto_explain.log_format = 'json'", Ordinal)
        );
    }

    [Theory]
    [InlineData(15, "csvlog")]
    [InlineData(15, "jsonlog")]
    [InlineData(18, "csvlog")]
    [InlineData(18, "jsonlog")]
    public async Task What_is_logged_from_within_a_function_is_no_plan_of_its_caller_and_stops_nothing(
        int major,
        string destination
    )
    {
        await using LocalPostgresCluster cluster = await LoggingAsync(major, "json", destination);
        await cluster.ExecuteAsync(
            Shop
                + """
                ;
                CREATE ROLE app LOGIN;
                GRANT CREATE, USAGE ON SCHEMA shop TO app;
                GRANT SELECT ON shop.orders TO app;
                SET ROLE app;
                CREATE FUNCTION shop.same(text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN $1; END $$;
                CREATE FUNCTION shop.says(text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
                    RAISE LOG 'duration: 1 ms  plan: %', $1; RETURN (SELECT count(*) FROM shop.orders); END $$;
                """,
            Token
        );
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, "postgres"));
        string[] bait =
        [
            """{"Plan": 5}""",
            """{"Plan": {"Plans": 5}}""",
            """{"Plan": {"Filter": 5, "Node Type": "Seq Scan", "Relation Name": "orders"}}""",
            """[{"Plan": []}]""",
        ];
        await cluster.ExecuteAsync(string.Join(';', bait.Select(one => $"SELECT shop.says('{one}')")), Token);
        // Parameters are in the context of a line.
        await using NpgsqlConnection client = await cluster.OpenAsync("postgres", Token);
        await using NpgsqlCommand theirs = new("SELECT total FROM shop.orders WHERE code = shop.same($1)", client);
        theirs.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "secret-77" });
        await theirs.ExecuteScalarAsync(Token);
        await theirs.ExecuteScalarAsync(Token);
        long caller = await StatementAsync(cluster, "postgres", "SELECT shop.says");
        long statement = await StatementAsync(cluster, "postgres", "SELECT total FROM shop.orders WHERE code = shop");
        await UntilAsync(stage, statement, static all => all.Count == 1);
        Assert.NotEqual(0, caller);
        Assert.Empty(await PlansAsync(stage, caller));
        Assert.Equal(0, stage.Monitor.Latest(Server).Cost.Failures);
        await AssertNoValueIsKeptAsync(cluster, "postgres");
    }

    private static Task<LocalPostgresCluster> LoggingAsync(int major, string format, string destination) =>
        LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions
            {
                Major = major,
                Settings = new Dictionary<string, string>
                {
                    ["shared_preload_libraries"] = "pg_stat_statements,auto_explain",
                    ["auto_explain.log_min_duration"] = "0",
                    ["auto_explain.log_nested_statements"] = "on",
                    ["auto_explain.log_format"] = format,
                    ["log_parameter_max_length_on_error"] = "1kB",
                    ["logging_collector"] = "on",
                    ["log_destination"] = destination,
                },
            },
            Token
        );

    private const string Server = MonitorStage.Server;

    private static DroverOptions Options(LocalPostgresCluster cluster, string database, string user = "postgres") =>
        MonitorStage.Options("", (Server, MonitorStage.Url(cluster, database, user)));

    private static Recommendation[] Changes(MonitorStage stage) =>
        [.. stage.Monitor.Latest(Server).Recommendations.Where(static one => one.Code == "plan-changed")];

    private static Task<IReadOnlyList<PlanPeriod>> PlansAsync(MonitorStage stage, long statement) =>
        stage.Monitor.ReadPlansAsync(Server, statement, Token);

    private static async Task<IReadOnlyList<PlanPeriod>> UntilAsync(
        MonitorStage stage,
        long statement,
        Func<IReadOnlyList<PlanPeriod>, bool> condition
    )
    {
        IReadOnlyList<PlanPeriod> plans = [];
        await Eventually.HoldsAsync(
            async () =>
            {
                plans = await PlansAsync(stage, statement);
                return plans.Count > 0 && condition(plans);
            },
            TimeSpan.FromSeconds(60),
            stage.Monitor.Latest(Server).ToString()
        );
        return plans;
    }

    // Until as many calls are counted for the present plan as make a mean.
    private static Task UntilCalledAsync(
        MonitorStage stage,
        LocalPostgresCluster cluster,
        string database,
        long statement
    ) =>
        Eventually.HoldsAsync(
            async () =>
            {
                await RunAsync(cluster, database, 30);
                IReadOnlyList<PlanPeriod> plans = await PlansAsync(stage, statement);
                return plans.Count > 0 && plans[0].Calls >= 60;
            },
            TimeSpan.FromSeconds(60),
            stage.Monitor.Latest(Server).ToString()
        );

    private static Task RunAsync(LocalPostgresCluster cluster, string database, int times) =>
        cluster.ExecuteAsync(string.Join(';', Enumerable.Repeat(Lookup, times)), Token, database);

    private static async Task<long> StatementAsync(
        LocalPostgresCluster cluster,
        string database,
        string query = "SELECT total FROM shop.orders"
    ) =>
        long.Parse(
            await cluster.QueryAsync(
                $"""
                SELECT queryid FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
                WHERE d.datname = current_database() AND s.query LIKE '{query}%'
                """,
                Token,
                database
            ) ?? "0",
            null
        );

    private static async Task AssertNoValueIsKeptAsync(LocalPostgresCluster cluster, string database)
    {
        string tables =
            await cluster.QueryAsync(
                "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'drover'",
                Token,
                database
            ) ?? "";
        Assert.Contains("statement_plans", tables, Ordinal);
        foreach (string table in tables.Split(' '))
        {
            string count = $"SELECT count(*) FROM drover.{table} t WHERE t::text LIKE '%secret%'";
            Assert.Equal("0", await cluster.QueryAsync(count, Token, database));
        }
    }
}
