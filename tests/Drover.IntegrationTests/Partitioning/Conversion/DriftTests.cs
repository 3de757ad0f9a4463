// Columns and indexes that come or go while a table is converted: taken over, also by a runner after one that died.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations;
using Drover.Operations.Plans;
using Drover.Operations.Running;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class DriftTests(PostgresFixture postgres)
{
    private const string Table = """
        CREATE TABLE orders (id bigserial PRIMARY KEY, note text, total int, created_at timestamptz NOT NULL);
        CREATE INDEX orders_total ON orders (total);
        INSERT INTO orders (total, created_at) SELECT n % 7, timestamptz '2026-06-01' + n * interval '3 hours'
            FROM generate_series(1, 500) AS n;
        """;

    private const string Drift = """
        ALTER TABLE orders ADD COLUMN late text NOT NULL DEFAULT 'first';
        UPDATE orders SET late = 'second' WHERE id % 5 = 0; INSERT INTO orders (created_at) VALUES ('2026-07-01');
        CREATE INDEX orders_late ON orders (late); DROP INDEX orders_total
        """;

    /// <summary>Each step on the way from the look at the catalogs to the cut-over.</summary>
    public static TheoryData<int, string> Steps() =>
        [
            .. from major in PostgresVersions.All.Select(row => row.Data)
            from step in (string[])
                ["adopt-changes", "note-behind", "sweep", "build-indexes", "attach-indexes", "verify", "cut-over"]
            select new TheoryDataRow<int, string>(major, step),
        ];

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Runner_killed_while_it_takes_changes_over_leaves_a_run_that_the_next_one_ends(
        int major,
        string step
    )
    {
        await using ConversionStage stage = await ReadyAsync(major);
        await stage.ExecuteAsync(Drift);
        await stage.OpenAsync("cutover");

        await stage.RunKilledAtAsync(step);
        await stage.ExecuteAsync("UPDATE orders SET late = 'third' WHERE id % 7 = 0; DELETE FROM orders WHERE id = 11");
        await stage.RunToAsync(RunState.Watching);

        await AssertTakenOverAsync(stage);
        Assert.Equal(0L, await stage.CountDifferencesAsync("orders", "orders__drover_old"));
        Assert.Equal(71L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders WHERE late = 'third'"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Run_that_waits_takes_changes_over_before_anybody_asks_for_the_cut_over(int major)
    {
        await using ConversionStage stage = await ReadyAsync(major);
        await stage.ExecuteAsync(Drift);

        await stage.TendUntilAsync(
            "SELECT count(*) > 0 FROM drover.events WHERE kind = 'adopted' AND message LIKE 'column late was added%'"
        );
        await stage.RunToAsync(RunState.Ready);
        Assert.Equal(0L, await stage.CountDifferencesAsync("orders", "orders__drover_new"));
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);

        await AssertTakenOverAsync(stage);
        Assert.Equal(1L, await stage.ScalarAsync<long>("SELECT count(*) FROM drover.events WHERE kind = 'went-back'"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Change_that_cannot_be_taken_over_stops_with_what_differs_and_the_commands_to_go_on(int major)
    {
        await using ConversionStage stage = await ReadyAsync(major);
        await stage.ExecuteAsync("ALTER TABLE orders ADD CONSTRAINT odd CHECK (total < 100)");
        await stage.OpenAsync("cutover");

        RunEnd stopped = await stage.RunAsync();

        // The table is as it was, and the run waits at its gate again.
        Assert.Equal((OperationOutcome.Failed, RunState.Ready), (stopped.Outcome, stopped.State));
        Assert.Contains("constraint odd was added: CHECK", stopped.Message, StringComparison.Ordinal);
        Assert.Contains(
            "drover partition abort public.orders; drover partition start public.orders --by created_at "
                + "--interval month --premake 3",
            stopped.Message,
            StringComparison.Ordinal
        );
        // Undone, the same run goes on.
        await stage.ExecuteAsync("ALTER TABLE orders DROP CONSTRAINT odd");
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Abort_removes_what_was_taken_over(int major)
    {
        await using ConversionStage stage = await ReadyAsync(major);
        await stage.ExecuteAsync(Drift);
        await stage.OpenAsync("cutover");
        await stage.RunKilledAtAsync("build-indexes");

        await stage.RequestAsync("abort");
        await stage.RunToAsync(RunState.Aborted);

        Assert.Equal(
            0L,
            await stage.ScalarAsync<long>(
                "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE '%\\_\\_drover\\_%' "
                    + "OR relname LIKE 'orders_p2%') "
                    + "+ (SELECT count(*) FROM pg_proc WHERE pronamespace = 'drover'::regnamespace)"
            )
        );
    }

    private async Task<ConversionStage> ReadyAsync(int major)
    {
        ConversionStage stage = await ConversionStage.StartAsync(postgres, major, Table);
        await stage.PlanAsync("orders", ConversionStage.Monthly());
        await stage.RunToAsync(RunState.Ready);
        return stage;
    }

    private static async Task AssertTakenOverAsync(ConversionStage stage)
    {
        Assert.Equal(
            "orders_late,orders_pkey",
            await stage.ScalarAsync<string>(
                "SELECT string_agg(indexrelid::regclass::text, ',' ORDER BY indexrelid::regclass::text COLLATE \"C\") "
                    + "FROM pg_index WHERE indrelid = 'orders'::regclass AND indisvalid"
            )
        );
        Assert.Equal(
            "'first'::text",
            await stage.ScalarAsync<string>(
                "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND "
                    + "attnum = adnum WHERE adrelid = 'orders'::regclass AND attname = 'late' AND attnotnull"
            )
        );
    }
}
