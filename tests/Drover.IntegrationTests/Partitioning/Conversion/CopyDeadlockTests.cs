// Circles of waits between a conversion and the application: it is never the application that PostgreSQL ends.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class CopyDeadlockTests(PostgresFixture postgres)
{
    // The copy waits at row 10 until it is let go. At a row in the middle of a later batch it takes nearly as long as
    // the writer waits before it looks for a deadlock.
    private const string Paced = """
        CREATE TABLE armed (n int);
        CREATE FUNCTION paced(id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
          IF current_setting('application_name') <> 'drover' THEN
            RETURN true;
          END IF;
          IF EXISTS (SELECT FROM drover.steps WHERE name = 'copy' AND state = 'running') THEN
            IF id = 10 AND NOT EXISTS (SELECT FROM public.armed) THEN
              RAISE EXCEPTION 'not yet' USING ERRCODE = 'lock_not_available';
            ELSIF id = (SELECT m.id FROM public.middle AS m) AND EXISTS (SELECT FROM pg_stat_activity
              WHERE application_name = 'writer' AND state <> 'idle') THEN
              PERFORM pg_sleep(0.95);
            END IF;
          END IF;
          RETURN true;
        END $$;
        CREATE TABLE orders (id bigint PRIMARY KEY CHECK (paced(id)), note text, created_at timestamptz NOT NULL);
        INSERT INTO orders SELECT n, 'n', timestamptz '2026-06-01' + n * interval '1 hour'
          FROM generate_series(1, 1000) AS n;
        CREATE TABLE middle AS SELECT id FROM orders WHERE ctid = '(4,40)';
        """;

    private const string IsCopying =
        "SELECT EXISTS (SELECT FROM drover.steps WHERE name = 'copy' AND state = 'running')";

    private const string IsInTheMiddle =
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'drover' AND wait_event = 'PgSleep')";

    private static readonly TimeSpan s_soon = TimeSpan.FromMinutes(1);

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Writer_that_puts_rows_back_which_the_copy_has_and_wants_is_not_a_deadlocks_victim(int major)
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, major, Paced);
        await stage.PlanAsync("orders", ConversionStage.Monthly());
        NpgsqlConnection writer = await stage.ConnectAsync();
        await MirrorStage.Run(writer, "SET application_name = 'writer'");
        Task running = stage.RunToAsync(RunState.Ready);
        await Eventually.HoldsAsync(
            async () => running.IsCompleted || await stage.ScalarAsync<bool>(IsCopying),
            s_soon
        );

        // Holds the place of a row that the copy comes to; then wants that of one which the copy has.
        long earlier = await stage.ScalarAsync<long>("SELECT id FROM orders WHERE ctid = '(4,20)'");
        long later = await stage.ScalarAsync<long>("SELECT id FROM orders WHERE ctid = '(4,80)'");
        await MirrorStage.Run(writer, $"BEGIN; {PutBack(later)}");
        await stage.ExecuteAsync("INSERT INTO armed VALUES (1)");
        await Eventually.HoldsAsync(
            async () => running.IsCompleted || await stage.ScalarAsync<bool>(IsInTheMiddle),
            s_soon
        );
        await MirrorStage.Run(writer, $"{PutBack(earlier)}; COMMIT");

        await running;
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        Assert.Equal(2L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders WHERE note = 'back'"));
        Assert.Equal(1000L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Writer_behind_the_first_lock_of_the_swap_who_holds_the_second_is_not_a_deadlocks_victim(int major)
    {
        OperationLimits limits = new() { LockTimeout = TimeSpan.FromMilliseconds(900) };
        await using ConversionStage stage = await ConversionStage.StartAsync(
            postgres,
            major,
            """
            CREATE TABLE customers (id bigint PRIMARY KEY, name text); INSERT INTO customers VALUES (1), (2);
            CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers, note text,
              created_at timestamptz NOT NULL);
            INSERT INTO orders SELECT n, 1, 'n', timestamptz '2026-06-01' + n * interval '3 hours'
              FROM generate_series(1, 100) AS n;
            """
        );
        await stage.PlanAsync("orders", ConversionStage.Monthly());
        await stage.RunToAsync(RunState.Ready);
        NpgsqlConnection first = await stage.ConnectAsync();
        NpgsqlConnection writer = await stage.ConnectAsync();
        await MirrorStage.Run(writer, "BEGIN; UPDATE orders SET note = 'held' WHERE id = 1");
        await MirrorStage.Run(first, "BEGIN; UPDATE customers SET name = 'held' WHERE id = 1");
        await stage.OpenAsync("cutover");
        Task<RunEnd> running = stage.RunAsync(limits);

        // It waits for customers, the writer behind it; when it gets them, late, it waits for the writer's orders.
        await Eventually.HoldsAsync(() => WaitsAsync(stage, "0 s"), s_soon);
        Task<int> behind = MirrorStage.Run(writer, "UPDATE customers SET name = 'behind' WHERE id = 2");
        await Eventually.HoldsAsync(() => WaitsAsync(stage, "0.7 s"), s_soon);
        await MirrorStage.Run(first, "COMMIT");

        await behind;
        await MirrorStage.Run(writer, "COMMIT");
        RunEnd end = await running;
        Assert.True(end.State == RunState.Watching, end.Message);
    }

    [Fact]
    public async Task Row_that_takes_longer_than_a_batch_may_is_copied_all_the_same()
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(
            postgres,
            18,
            """
            CREATE FUNCTION slow(id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
            BEGIN
              IF id = 500 AND current_setting('application_name') = 'drover' THEN
                PERFORM pg_sleep(1.2) FROM drover.steps WHERE name = 'copy' AND state = 'running';
              END IF;
              RETURN true;
            END $$;
            CREATE TABLE orders (id bigint PRIMARY KEY CHECK (slow(id)), created_at timestamptz NOT NULL);
            INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '1 hour'
              FROM generate_series(1, 1000) AS n;
            """
        );
        await stage.PlanAsync("orders", ConversionStage.Monthly());

        await stage.RunToAsync(RunState.Ready);

        Assert.Equal(0L, await stage.CountDifferencesAsync("orders", "orders__drover_new"));
    }

    private static string PutBack(long id) =>
        $"DELETE FROM orders WHERE id = {id}; "
        + $"INSERT INTO orders VALUES ({id}, 'back', timestamptz '2026-06-01' + {id} * interval '1 hour')";

    private static Task<bool> WaitsAsync(ConversionStage stage, string since) =>
        stage.ScalarAsync<bool>(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'customers'::regclass AND NOT granted "
                + $"AND mode = 'ShareRowExclusiveLock' AND waitstart < clock_timestamp() - interval '{since}')"
        );
}
