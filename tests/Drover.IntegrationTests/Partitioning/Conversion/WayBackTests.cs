// The way back: what was put back is as it was, and a way that is closed is said to be, loudly, and harms nobody.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Drover.Partitioning.Conversion;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class WayBackTests(PostgresFixture postgres)
{
    private const string Table = """
        CREATE TABLE customers (id bigint PRIMARY KEY); INSERT INTO customers VALUES (1), (2);
        CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id bigint REFERENCES customers, note text,
            created_at timestamptz NOT NULL);
        INSERT INTO orders (customer_id, created_at) SELECT 1 + n % 2, timestamptz '2026-06-01' + n * interval '3 hours'
            FROM generate_series(1, 500) AS n;
        CREATE TABLE lines (order_id bigint REFERENCES orders); INSERT INTO lines VALUES (1), (2);
        COMMENT ON CONSTRAINT lines_order_id_fkey ON lines IS 'of an order';
        CREATE VIEW recent AS SELECT id, note FROM orders WHERE created_at > '2026-07-01';
        CREATE MATERIALIZED VIEW totals AS SELECT customer_id, count(*) AS n FROM orders GROUP BY 1;
        CREATE VIEW largest AS SELECT max(n) AS n FROM totals;
        CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        GRANT SELECT ON orders TO pg_monitor; GRANT INSERT (note) ON orders TO pg_monitor;
        ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON orders TO pg_monitor, pg_signal_backend
            USING (EXISTS (SELECT FROM customers c WHERE c.id = orders.customer_id));
        """;

    private const string Invalid =
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated AND conname ~ '^(orders|lines)_'";

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Old_table_that_cannot_follow_closes_the_way_back_loudly_and_harms_no_writer(int major)
    {
        await using ConversionStage stage = await WatchingAsync(major);
        await stage.ExecuteAsync(
            "ALTER TABLE orders__drover_old ADD CONSTRAINT never CHECK (note IS DISTINCT FROM 'late') NOT VALID"
        );

        // The application is not hurt.
        await stage.ExecuteAsync("INSERT INTO orders (customer_id, note, created_at) VALUES (1, 'late', now())");
        await stage.ExecuteAsync("UPDATE orders SET note = 'late' WHERE id = 7");
        Assert.Equal(2L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders WHERE note = 'late'"));

        // Whoever asks is told, also while nobody is at work.
        string warning = Assert.Single(await stage.WarnAsync());
        Assert.Contains("ROLLBACK IS UNAVAILABLE", warning, StringComparison.Ordinal);
        Assert.Contains("23514 never", warning, StringComparison.Ordinal);

        // The run says so, once.
        await stage.TendUntilAsync("SELECT count(*) > 0 FROM drover.events WHERE kind = 'rollback-unavailable'");
        await stage.TendUntilAsync("SELECT rollback_problem = '23514 never' FROM drover.conversions");
        Assert.Equal(
            1L,
            await stage.ScalarAsync<long>("SELECT count(*) FROM drover.events WHERE kind = 'rollback-unavailable'")
        );

        // A rollback is refused with the reason, and the run stands where it was.
        await stage.RequestAsync("rollback");
        RunEnd refused = await stage.RunAsync();
        Assert.Equal((OperationOutcome.Failed, RunState.Watching), (refused.Outcome, refused.State));
        Assert.Contains("there is no rollback", refused.Message, StringComparison.Ordinal);
        Assert.Contains("23514 never", refused.Message, StringComparison.Ordinal);
        Assert.Equal('p', await stage.ScalarAsync<char>("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"));

        // Mended, it is open again, and nothing is lost on it.
        await stage.ExecuteAsync("ALTER TABLE orders__drover_old DROP CONSTRAINT never");
        await stage.TendUntilAsync("SELECT count(*) > 0 FROM drover.events WHERE kind = 'rollback-available'");
        Assert.Empty(await stage.WarnAsync());
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
        Assert.Equal('r', await stage.ScalarAsync<char>("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass"));
        Assert.Equal(2L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders WHERE note = 'late'"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Foreign_keys_are_valid_again_when_the_rollback_is_done(int major)
    {
        await using ConversionStage stage = await WatchingAsync(major);

        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);

        Assert.Equal(0L, await stage.ScalarAsync<long>(Invalid));
        Assert.Equal(2L, await stage.ScalarAsync<long>($"{Invalid.Replace("NOT convalidated", "convalidated")}"));
        Assert.Equal(
            "of an order",
            await stage.ScalarAsync<string>(
                "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'lines_order_id_fkey'"
            )
        );
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Abort_leaves_no_foreign_key_that_is_not_valid(int major)
    {
        await using ConversionStage stage = await WatchingAsync(major);
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
        // As a runner leaves it that was killed when the tables were swapped back and nothing was validated yet.
        await stage.ExecuteAsync(
            """
            ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey;
            ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers
              NOT VALID;
            UPDATE drover.steps SET state = 'pending' WHERE name IN ('validate-restored-keys', 'ready')
            """
        );

        await stage.RequestAsync("abort");
        await stage.RunToAsync(RunState.Aborted);

        Assert.Equal(0L, await stage.ScalarAsync<long>(Invalid));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Rollback_that_would_lose_a_column_added_since_is_refused(int major)
    {
        await using ConversionStage stage = await WatchingAsync(major);
        await stage.ExecuteAsync("ALTER TABLE orders ADD COLUMN late int");

        await stage.RequestAsync("rollback");
        RunEnd refused = await stage.RunAsync();

        Assert.Equal(RunState.Watching, refused.State);
        Assert.Contains("late was added to public.orders", refused.Message, StringComparison.Ordinal);
        await stage.ExecuteAsync("ALTER TABLE orders DROP COLUMN late");
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
    }

    [Theory]
    [InlineData("GRANT DELETE ON orders TO pg_monitor", "new: DELETE for pg_monitor")]
    [InlineData("REVOKE SELECT ON orders FROM pg_monitor", "gone: SELECT for pg_monitor")]
    [InlineData("GRANT UPDATE (note) ON orders TO pg_monitor", "new: UPDATE (note) for pg_monitor")]
    [InlineData("ALTER TABLE orders DISABLE ROW LEVEL SECURITY", "new: row security off")]
    [InlineData("DROP POLICY own ON orders", "gone: policy own")]
    [InlineData("ALTER POLICY own ON orders USING (false)", "using (false)")]
    [InlineData("ALTER TABLE orders ADD CONSTRAINT late CHECK (id > 0)", "new: check late")]
    [InlineData(
        "CREATE TRIGGER late BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION nothing()",
        "new: trigger late"
    )]
    public async Task Rollback_that_would_undo_who_may_do_what_since_is_refused(string change, string named)
    {
        await using ConversionStage stage = await WatchingAsync(18);
        await stage.ExecuteAsync(change);

        await stage.RequestAsync("rollback");
        RunEnd refused = await stage.RunAsync();

        Assert.Equal(RunState.Watching, refused.State);
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        await stage.ExecuteAsync(change.Replace(" orders", " orders__drover_old", StringComparison.Ordinal));
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
    }

    public static TheoryData<int, bool, string, string, string> ChangesOutside =>
        new(
            from isAttached in (bool[])[false, true]
            from change in Outside
            select new TheoryDataRow<int, bool, string, string, string>(
                isAttached ? 15 : 18,
                isAttached,
                change.Change,
                change.Undo,
                change.Named
            )
        );

    private static readonly (string Change, string Undo, string Named)[] Outside =
    [
        ("CREATE VIEW late AS SELECT id FROM orders", "DROP VIEW late", "view public.late was added"),
        (
            "CREATE OR REPLACE VIEW recent AS SELECT id, note FROM orders",
            "CREATE OR REPLACE VIEW recent AS SELECT id, note FROM orders WHERE created_at > '2026-07-01'",
            "view public.recent was changed"
        ),
        (
            "DROP VIEW recent",
            "CREATE VIEW recent AS SELECT id, note FROM orders WHERE created_at > '2026-07-01'",
            "view public.recent was dropped"
        ),
        (
            "DROP VIEW largest",
            "CREATE VIEW largest AS SELECT max(n) AS n FROM totals",
            "view public.largest was dropped"
        ),
        (
            "CREATE FUNCTION late() RETURNS bigint LANGUAGE sql RETURN (SELECT count(*) FROM orders)",
            "DROP FUNCTION late()",
            "function public.late() was added"
        ),
        (
            "CREATE POLICY late ON customers USING (EXISTS (SELECT FROM orders))",
            "DROP POLICY late ON customers",
            "policy late of public.customers was added"
        ),
        (
            "CREATE TABLE late (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES orders (id, created_at))",
            "DROP TABLE late",
            "foreign key late_id_at_fkey of public.late was added"
        ),
        ("CREATE TABLE late (whole orders)", "DROP TABLE late", "late"),
    ];

    [Theory]
    [MemberData(nameof(ChangesOutside))]
    public async Task Rollback_that_would_leave_behind_what_was_bound_to_the_table_since_is_refused(
        int major,
        bool isAttached,
        string change,
        string undo,
        string named
    )
    {
        await using ConversionStage stage = await WatchingAsync(
            major,
            isAttached ? ConversionStrategy.Attach : ConversionStrategy.Copy
        );
        await AssertRefusedUntilAsync(stage, change, undo, named);
    }

    // What belongs to the table itself is, after attaching, nowhere else.
    [Theory]
    [InlineData(
        "GRANT DELETE ON orders TO pg_monitor",
        "REVOKE DELETE ON orders FROM pg_monitor",
        "grants was changed"
    )]
    [InlineData(
        "GRANT UPDATE (note) ON orders TO pg_monitor",
        "REVOKE UPDATE (note) ON orders FROM pg_monitor",
        "column note was changed"
    )]
    [InlineData(
        "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
        "row security was changed"
    )]
    [InlineData("CREATE POLICY late ON orders USING (true)", "DROP POLICY late ON orders", "policy late was added")]
    [InlineData(
        "CREATE TRIGGER late BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION nothing()",
        "DROP TRIGGER late ON orders",
        "trigger late was added"
    )]
    [InlineData(
        "ALTER TABLE orders ADD COLUMN late int",
        "ALTER TABLE orders DROP COLUMN late",
        "column late was added"
    )]
    public async Task Rollback_of_an_attached_table_that_would_undo_a_change_since_is_refused(
        string change,
        string undo,
        string named
    )
    {
        await using ConversionStage stage = await WatchingAsync(18, ConversionStrategy.Attach);
        await AssertRefusedUntilAsync(stage, change, undo, named);
    }

    [Theory]
    [InlineData("CREATE RULE late AS ON DELETE TO orders DO INSTEAD NOTHING", "rule late")]
    [InlineData("ALTER TABLE orders ALTER note SET DEFAULT 'late'", "default of note: 'late'::text")]
    public async Task Rollback_that_would_undo_a_rule_or_default_is_refused(string change, string named)
    {
        await using ConversionStage stage = await WatchingAsync(18);
        await stage.ExecuteAsync(change);
        await AssertRefusedAsync(stage, named);
    }

    private static async Task AssertRefusedUntilAsync(ConversionStage stage, string change, string undo, string named)
    {
        await stage.ExecuteAsync(change);
        await AssertRefusedAsync(stage, named);
        await stage.ExecuteAsync(undo);
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
    }

    private static async Task AssertRefusedAsync(ConversionStage stage, string named)
    {
        await stage.RequestAsync("rollback");
        RunEnd refused = await stage.RunAsync();
        Assert.Equal(RunState.Watching, refused.State);
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Old_table_that_is_kept_has_its_triggers_and_rules_as_they_were(int major)
    {
        const string States = """
            SELECT string_agg(name || ' ' || state::text, ', ' ORDER BY name) FROM (
              SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = '{0}'::regclass AND NOT tgisinternal
                AND tgname !~ 'drover'
              UNION ALL SELECT rulename, ev_enabled FROM pg_rewrite WHERE ev_class = '{0}'::regclass) AS x(name, state)
            """;
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, major, Table);
        await stage.ExecuteAsync(
            """
            CREATE TRIGGER t_on AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION nothing();
            CREATE TRIGGER t_off AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION nothing();
            CREATE TRIGGER t_always AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION nothing();
            CREATE RULE r_on AS ON UPDATE TO orders WHERE false DO NOTHING;
            CREATE RULE r_off AS ON DELETE TO orders DO INSTEAD NOTHING;
            ALTER TABLE orders DISABLE TRIGGER t_off, ENABLE ALWAYS TRIGGER t_always, DISABLE RULE r_off,
              FORCE ROW LEVEL SECURITY
            """
        );
        string before = await stage.ScalarAsync<string>(string.Format(null, States, "orders"));
        await stage.PlanAsync("orders", ConversionStage.Monthly() with { KeepsOld = true });
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        await stage.OpenAsync("finish");
        await stage.RunToAsync(RunState.Finished);

        Assert.Equal("r_off D, r_on O, t_always A, t_off D, t_on O", before);
        Assert.Equal(before, await stage.ScalarAsync<string>(string.Format(null, States, "orders__drover_old")));
        Assert.True(
            await stage.ScalarAsync<bool>(
                "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'orders__drover_old'::regclass"
            )
        );
    }

    private async Task<ConversionStage> WatchingAsync(int major, ConversionStrategy strategy = ConversionStrategy.Copy)
    {
        ConversionStage stage = await ConversionStage.StartAsync(postgres, major, Table);
        await stage.PlanAsync("orders", ConversionStage.Monthly() with { Strategy = strategy });
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        return stage;
    }
}
