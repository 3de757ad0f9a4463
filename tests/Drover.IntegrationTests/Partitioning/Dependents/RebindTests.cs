// TRAPS 25, 26, 35, 37: what was bound to the old table by OID reads the new one after the swap, as it was, and back.
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Dependents;

public sealed class RebindTests(PostgresFixture postgres)
{
    private const string Views = """
        CREATE VIEW v1 WITH (security_barrier, security_invoker, check_option = local) AS SELECT * FROM orders;
        ALTER VIEW v1 ALTER note SET DEFAULT 'by the view'; COMMENT ON VIEW v1 IS 'first'; ALTER VIEW v1 OWNER TO app;
        GRANT SELECT ON v1 TO "App 2" WITH GRANT OPTION; GRANT UPDATE (note) ON v1 TO PUBLIC;
        COMMENT ON COLUMN v1.note IS 'its comment';
        CREATE VIEW v2 AS SELECT id, note AS "Note" FROM v1 WHERE note <> 'it''s; not' WITH CHECK OPTION;
        CREATE VIEW v3 AS SELECT v2.id, o.note FROM v2 JOIN orders o USING (id);
        CREATE VIEW grouped AS SELECT id, created_at, note, count(*) FROM orders GROUP BY id, created_at;
        GRANT SELECT ON orders TO app, "App 2";
        """;

    private const string MaterializedViews = """
        CREATE MATERIALIZED VIEW mv WITH (fillfactor = 70) AS SELECT note, sum(total) AS total FROM orders GROUP BY 1;
        CREATE UNIQUE INDEX mv_key ON mv (note); CREATE INDEX "Odd" ON mv (lower(note)) WHERE total > 0;
        COMMENT ON MATERIALIZED VIEW mv IS 'sums'; COMMENT ON COLUMN mv.note IS 'whose';
        ALTER MATERIALIZED VIEW mv OWNER TO app; GRANT SELECT ON mv TO "App 2"; GRANT SELECT (note) ON mv TO PUBLIC;
        ALTER MATERIALIZED VIEW mv ALTER note SET STATISTICS 77; GRANT SELECT ON orders TO app;
        CREATE MATERIALIZED VIEW mv_on_mv AS SELECT note, total * 2 AS twice FROM mv;
        CREATE VIEW over_mv AS SELECT note FROM mv;
        CREATE VIEW over_both AS SELECT note FROM over_mv JOIN mv_on_mv USING (note);
        CREATE MATERIALIZED VIEW empty AS SELECT * FROM orders WITH NO DATA;
        """;

    private const string Functions = """
        CREATE FUNCTION label(o orders) RETURNS text LANGUAGE sql STABLE AS 'SELECT o.note';
        CREATE FUNCTION labels(o orders[]) RETURNS bigint LANGUAGE sql AS 'SELECT cardinality(o)';
        CREATE FUNCTION every(i bigint DEFAULT 1) RETURNS SETOF orders LANGUAGE sql
            AS 'SELECT * FROM public.orders WHERE id = i';
        CREATE FUNCTION note_of(i bigint) RETURNS text LANGUAGE sql RETURN (SELECT note FROM orders WHERE id = i);
        COMMENT ON FUNCTION label IS 'computed'; ALTER FUNCTION label OWNER TO app;
        REVOKE ALL ON FUNCTION label FROM PUBLIC; GRANT EXECUTE ON FUNCTION label TO "App 2";
        CREATE VIEW by_label AS SELECT label(o) AS note FROM orders o; CREATE VIEW by_every AS SELECT note FROM every();
        """;

    private const string Outside = """
        CREATE TABLE others (id bigint, seen text); ALTER TABLE others ENABLE ROW LEVEL SECURITY;
        CREATE POLICY known ON others AS RESTRICTIVE FOR ALL TO app, "App 2"
            USING (EXISTS (SELECT FROM orders o WHERE o.id = others.id AND o.note = others.seen))
            WITH CHECK (id > (SELECT min(id) FROM orders));
        CREATE POLICY all_of_them ON others USING (true); GRANT SELECT ON others, orders TO app;
        INSERT INTO others VALUES (1, 'old'), (1, 'new');
        CREATE RULE also AS ON UPDATE TO others DO ALSO UPDATE orders SET total = 77;
        COMMENT ON RULE also ON others IS 'r';
        ALTER TABLE others ENABLE ALWAYS RULE also;
        """;

    public static TheoryData<int, string> All =>
        [
            .. new[] { 15, 18 }.SelectMany(major =>
                new[] { Views, MaterializedViews, Functions, Outside }.Select(sql => new TheoryDataRow<int, string>(
                    major,
                    sql
                ))
            ),
        ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Definitions_grants_and_states_are_the_same_after_the_swap_and_after_the_way_back(
        int major,
        string dependents
    )
    {
        await using SwapStage stage = await SwapStage.StartAsync(postgres, major, dependents);
        string before = await stage.ListEverythingAsync();

        for (int round = 0; round < 2; round++)
        {
            await stage.SwapAsync();
            Assert.Equal(before, await stage.ListEverythingAsync());
            await stage.SwapBackAsync();
            Assert.Equal(before, await stage.ListEverythingAsync());
        }
        await stage.AbandonAsync();
        Assert.Equal(before, await stage.ListEverythingAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Nothing_needs_the_old_table_after_the_swap(int major, string dependents)
    {
        await using SwapStage stage = await SwapStage.StartAsync(postgres, major, dependents);
        string before = await stage.ListEverythingAsync();

        await stage.SwapAsync();
        await stage.FinishAsync();

        Assert.Equal(before, await stage.ListEverythingAsync());
        const string Relations =
            "SELECT relname FROM pg_class WHERE relkind NOT IN ('i', 'I') AND relname ~ '__drover_'";
        Assert.Equal("", await stage.AskAsync(Relations));
        Assert.Equal("", await stage.AskAsync("SELECT proname FROM pg_proc WHERE proname LIKE '%\\_\\_drover\\_%'"));
    }

    [Theory]
    [InlineData(Views, "SELECT note FROM public.v1")]
    [InlineData(Views, "SELECT \"Note\" FROM public.v2")]
    [InlineData(Views, "SELECT note FROM public.v3")]
    [InlineData(Views, "SELECT note FROM public.grouped")]
    [InlineData(MaterializedViews, "SELECT note FROM public.mv")]
    [InlineData(MaterializedViews, "SELECT note FROM public.mv_on_mv")]
    [InlineData(MaterializedViews, "SELECT note FROM public.over_both")]
    [InlineData(Functions, "SELECT note FROM public.by_label")]
    [InlineData(Functions, "SELECT note FROM public.by_every")]
    [InlineData(Functions, "SELECT public.note_of(1)")]
    [InlineData(Functions, "SELECT o.label FROM public.orders o")]
    [InlineData(Outside, "SET ROLE app; SELECT seen FROM public.others")]
    public async Task Rows_are_the_new_tables_after_the_swap_and_the_old_ones_after_the_way_back(
        string dependents,
        string query
    )
    {
        foreach (int major in new[] { 15, 18 })
        {
            await using SwapStage stage = await SwapStage.StartAsync(postgres, major, dependents);
            Assert.Equal("old", await stage.AskAsync(query));
            await stage.RunAsync("RESET ROLE");

            await stage.SwapAsync();
            Assert.Equal("new", await stage.AskAsync(query));
            await stage.RunAsync("RESET ROLE");

            await stage.SwapBackAsync();
            Assert.Equal("old", await stage.AskAsync(query));
        }
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Rule_of_another_table_writes_to_the_new_one(int major)
    {
        await using SwapStage stage = await SwapStage.StartAsync(postgres, major, Outside);

        await stage.SwapAsync();
        await stage.RunAsync("UPDATE public.others SET seen = 'x'");

        Assert.Equal("77", await stage.AskAsync("SELECT total FROM public.orders"));
        Assert.Equal("1", await stage.AskAsync("SELECT total FROM public.orders__drover_old"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Materialized_view_is_refreshed_from_the_new_table_concurrently_as_before(int major)
    {
        await using SwapStage stage = await SwapStage.StartAsync(postgres, major, MaterializedViews);

        await stage.SwapAsync();
        await stage.RunAsync("INSERT INTO public.orders VALUES (2, '2025-02-02', 'later', 5)");
        await stage.RunAsync("REFRESH MATERIALIZED VIEW CONCURRENTLY public.mv");

        Assert.Equal("later\nnew", await stage.AskAsync("SELECT note FROM public.mv ORDER BY 1"));
        Assert.Equal("f", await stage.AskAsync("SELECT relispopulated FROM pg_class WHERE relname = 'empty'"));
    }

    // TRAPS 37: a filter and a column list on a partitioned table need publish_via_partition_root.
    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Publication_carries_the_new_table_with_filter_and_columns_under_its_own_name(int major)
    {
        await using SwapStage stage = await SwapStage.StartAsync(
            postgres,
            major,
            """
            CREATE PUBLICATION pub FOR TABLE orders (id, created_at, note) WHERE (id > 0);
            CREATE PUBLICATION plain FOR TABLE orders WITH (publish_via_partition_root);
            CREATE PUBLICATION every FOR ALL TABLES;
            """
        );
        const string Published =
            "SELECT concat_ws('|', pubname, tablename, attnames, rowfilter) FROM pg_publication_tables "
            + "WHERE pubname <> 'every' ORDER BY 1";
        const string ViaRoot = "SELECT pubname FROM pg_publication WHERE pubviaroot ORDER BY 1";
        string before = await stage.AskAsync(Published);
        Assert.StartsWith("plain|orders|{id,created_at,note,total}\npub|orders|{id,created_at,note}|", before);

        await stage.SwapAsync();
        Assert.Equal(before, await stage.AskAsync(Published));
        Assert.Equal("plain\npub", await stage.AskAsync(ViaRoot));
        await stage.RunAsync("UPDATE public.orders SET note = 'x'");

        await stage.SwapBackAsync();
        Assert.Equal(before, await stage.AskAsync(Published));
        Assert.Equal("plain", await stage.AskAsync(ViaRoot));
    }

    [Fact]
    public async Task Comments_of_table_columns_indexes_and_constraints_come_over()
    {
        await using SwapStage stage = await SwapStage.StartAsync(
            postgres,
            18,
            """
            COMMENT ON TABLE orders IS 'all $drover$ orders'; COMMENT ON COLUMN orders.note IS 'it''s \ one';
            COMMENT ON INDEX orders_pkey IS 'an index that the new table has not';
            ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0);
            COMMENT ON CONSTRAINT c ON orders IS 'a $drover$ check'
            """
        );

        await stage.SwapAsync();

        const string Table = "'public.orders'::regclass";
        Assert.Equal("all $drover$ orders", await stage.AskAsync($"SELECT obj_description({Table}, 'pg_class')"));
        Assert.Equal("it's \\ one", await stage.AskAsync($"SELECT col_description({Table}, 3)"));
        Assert.Equal(
            "a $drover$ check",
            await stage.AskAsync(
                "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'c' AND conrelid "
                    + $"= {Table}"
            )
        );
    }

    // Views are locked before the table, as a query does: no deadlock with readers, and nothing under the view is
    // locked.
    [Fact]
    public async Task Locks_are_taken_on_the_dependents_alone()
    {
        await using SwapStage stage = await SwapStage.StartAsync(
            postgres,
            18,
            """
            CREATE TABLE customers (id bigint);
            CREATE VIEW joined AS SELECT o.note FROM orders o JOIN customers c USING (id);
            CREATE MATERIALIZED VIEW mv AS SELECT o.note FROM orders o JOIN customers c USING (id);
            CREATE VIEW on_top AS SELECT j.note FROM joined j JOIN orders USING (note);
            """
        );
        const string Locked = """
            SELECT relation::regclass FROM pg_locks
            WHERE mode = 'AccessExclusiveLock' AND locktype = 'relation' AND pid = pg_backend_pid() ORDER BY 1
            """;

        await using NpgsqlTransaction transaction = await stage.Connection.BeginTransactionAsync(Token);
        foreach (string statement in stage.Plan.Lock)
        {
            await stage.RunAsync(statement);
        }

        Assert.Equal("public.joined\npublic.mv\npublic.on_top", await stage.AskAsync(Locked));
        Assert.Equal(["public.on_top", "public.mv", "public.joined"], stage.Plan.Locks.Select(claim => claim.Relation));
    }
}
