// Whole conversions by attaching: under traffic, there and back; with rows beyond the bound; cut off at every commit.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Operations;
using Drover.Operations;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Conversion;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class AttachTests(PostgresFixture postgres)
{
    private const string Old = "orders_pmin";

    // The highest key is 999 as text and 1500 as a number.
    private const string Ids = """
        CREATE TABLE orders (id bigint PRIMARY KEY, note text);
        INSERT INTO orders SELECT n, 'n' || n FROM generate_series(1, 1500) AS n;
        """;

    private const string Beyond = """
        INSERT INTO orders (id, customer_id, status, total, created_at)
        SELECT 100000 + n, 1, 'beyond', 1, now() + n * interval '12 hours' FROM generate_series(150, 600) AS n
        """;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Table_under_traffic_is_attached_rolled_back_attached_and_finished_without_a_lost_write(int major)
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, major, OrderWriters.Schema);
        await using OrderWriters writers = await OrderWriters.StartAsync(stage, 3);
        await stage.PlanAsync("orders", Attached());
        long file = await FileAsync(stage, "orders");
        await stage.RunToAsync(RunState.Ready);
        await writers.WorkAsync(50);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        Assert.Equal('p', await KindAsync(stage));
        await writers.WorkAsync(50);
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
        Assert.Equal('r', await KindAsync(stage));
        Assert.Equal(file, await FileAsync(stage, "orders"));
        await writers.WorkAsync(50);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        await writers.WorkAsync(50);
        await stage.OpenAsync("finish");
        await stage.RunToAsync(RunState.Finished);
        await writers.WorkAsync(50);
        await writers.StopAsync();
        await writers.AssertBooksAsync(stage);
        Assert.Equal(file, await FileAsync(stage, Old));
        Assert.Equal(
            "orders_pmin_customer_id_idx,orders_pmin_pkey",
            await stage.ScalarAsync<string>(
                "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class JOIN pg_index ON oid = indexrelid "
                    + $"WHERE indrelid = '{Old}'::regclass"
            )
        );
    }

    [Fact]
    public async Task Rows_beyond_the_bound_come_back_with_a_rollback_and_a_reader_of_before_sees_each_once()
    {
        await using ConversionStage stage = await AttachAsync(OrderWriters.Schema);
        await stage.ExecuteAsync(Beyond);
        long beyond = await stage.ScalarAsync<long>($"SELECT count(*) FROM orders WHERE tableoid <> '{Old}'::regclass");
        Assert.InRange(beyond, 300, 451);
        await using NpgsqlConnection reader = await stage.ConnectAsync();
        await MirrorStage.Run(reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");

        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);

        Assert.Equal(3451L, await stage.ScalarAsync<long>("SELECT count(*) FROM ONLY orders"));
        Assert.Equal(3451L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders"));
        Assert.Equal((object?)3451L, await MirrorStage.Scalar(reader, "SELECT count(DISTINCT id) FROM orders"));
        Assert.Equal((object?)3451L, await MirrorStage.Scalar(reader, "SELECT count(*) FROM orders"));

        // Its update of such a row fails rather than miss it.
        PostgresException late = await Assert.ThrowsAsync<PostgresException>(() =>
            MirrorStage.Run(reader, "UPDATE orders SET note = 'late' WHERE id = 100600")
        );
        Assert.Equal(PostgresErrorCodes.SerializationFailure, late.SqlState);
        await MirrorStage.Run(reader, "ROLLBACK");

        // A check of the bound would refuse their updates from now on, so there is none.
        await stage.OpenAsync("cutover");
        RunEnd end = await stage.RunAsync();
        Assert.Equal(OperationOutcome.Refused, end.Outcome);
        Assert.Contains("plan anew", end.Message, StringComparison.Ordinal);
        await stage.ExecuteAsync("UPDATE orders SET note = 'still' WHERE id = 100600");
        await stage.RequestAsync("abort");
        await stage.RunToAsync(RunState.Aborted);
        Assert.Equal(3451L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders"));
        Assert.Equal(0L, await stage.ScalarAsync<long>("SELECT count(*) FROM pg_class WHERE relname ~ '__drover_'"));
    }

    [Fact]
    public async Task Abort_waits_for_a_reader_that_may_still_look_where_rows_were_before_the_rollback()
    {
        await using ConversionStage stage = await AttachAsync(OrderWriters.Schema);
        await stage.ExecuteAsync(Beyond);
        await using NpgsqlConnection reader = await stage.ConnectAsync();
        await MirrorStage.Run(reader, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");
        await stage.RequestAsync("rollback");
        await stage.RunToAsync(RunState.Ready);
        await stage.RequestAsync("abort");
        RunEnd end = await stage.RunAsync(stage.Limits with { LockAttemptsMax = 3 });
        Assert.Equal(RunState.Failed, end.State);
        Assert.Equal((object?)3451L, await MirrorStage.Scalar(reader, "SELECT count(*) FROM orders"));
        await MirrorStage.Run(reader, "COMMIT");
        await stage.RunToAsync(RunState.Aborted);
    }

    [Fact]
    public async Task Rollback_that_would_move_too_many_rows_is_refused_and_changes_nothing()
    {
        await using ConversionStage stage = await AttachAsync(OrderWriters.Schema);
        await stage.ExecuteAsync(
            "INSERT INTO orders SELECT 100000 + n, 1, 'x', 1, now() + interval '100 days' + n * interval '1 minute' "
                + "FROM generate_series(1, 20001) AS n"
        );
        await stage.RequestAsync("rollback");
        RunEnd end = await stage.RunAsync();
        Assert.Equal((OperationOutcome.Failed, RunState.Watching), (end.Outcome, end.State));
        Assert.Contains("more than 20000 rows", end.Message, StringComparison.Ordinal);
        Assert.Contains("ROLLBACK IS UNAVAILABLE", Assert.Single(await stage.WarnAsync()), StringComparison.Ordinal);
        Assert.Equal('p', await KindAsync(stage));
        Assert.Equal(23001L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders"));
    }

    [Fact]
    public async Task Partitions_by_id_begin_behind_the_highest_number_and_not_behind_the_highest_text()
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, 18, Ids);
        ConversionRequest request = new() { Key = "id", Interval = new PartitionInterval(IntervalUnit.Step, 1000) };
        OperationPlan copy = await stage.PlanAsync("orders", request);
        Assert.Contains(copy.Steps[0].Sql, sql => sql.Contains("FROM ('1000') TO ('2000')", StringComparison.Ordinal));
        Assert.Contains(copy.Steps[0].Sql, sql => sql.Contains("FROM ('4000') TO ('5000')", StringComparison.Ordinal));
        await using ConversionStage other = await ConversionStage.StartAsync(postgres, 18, Ids);
        OperationPlan attach = await other.PlanAsync("orders", request with { Strategy = ConversionStrategy.Attach });
        Assert.Contains("up to 3000", attach.Notes[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_compares_both_ways_by_time_disk_and_what_pruning_gains()
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(
            postgres,
            18,
            OrderWriters.Schema
                + "INSERT INTO orders SELECT i, i % 100, 'new', 1, now() - i * interval '10 minutes', repeat('n', 40) "
                + "FROM generate_series(10001, 40000) AS i; ANALYZE orders;"
        );
        OperationPlan plan = await stage.PlanAsync("orders", Attached());
        StrategyEstimate copy = plan.Strategies.Single(one => one.Strategy == "copy");
        StrategyEstimate attach = plan.Strategies.Single(one => one.Strategy == "attach");
        Assert.Equal((false, true), (copy.IsChosen, attach.IsChosen));
        Assert.StartsWith("measured: ", attach.Basis, StringComparison.Ordinal);
        Assert.Equal((33_000, 0), (copy.Rows, attach.Rows));
        Assert.True(attach.DiskBytes > 0 && attach.DiskBytes < copy.DiskBytes / 2, $"{attach} {copy}");
        Assert.True(attach.Seconds > 0 && attach.Seconds < copy.Seconds, $"{attach} {copy}");
        Assert.InRange(copy.PrunedShare, 0.8, 0.999);
        Assert.InRange(copy.PrunedShareOfOld, 0.8, 0.999);
        Assert.Equal((0, 0), (attach.PrunedShare, attach.PrunedShareOfOld));
        Assert.Equal(plan.Strategies, PlanJson.Read(PlanJson.Write(plan)).Strategies);
    }

    [Fact]
    public async Task Check_of_the_bound_goes_before_it_would_refuse_a_row()
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, 18, Ids);
        await stage.PlanAsync(
            "orders",
            new ConversionRequest
            {
                Key = "id",
                Interval = new PartitionInterval(IntervalUnit.Step, 1000),
                Strategy = ConversionStrategy.Attach,
            }
        );
        await stage.RunToAsync(RunState.Ready);
        const string Checks = "SELECT count(*) FROM pg_constraint WHERE conname = 'orders__drover_bound'";
        Assert.Equal(1L, await stage.ScalarAsync<long>(Checks));
        await stage.ExecuteAsync("INSERT INTO orders VALUES (2950)");
        await stage.TendUntilAsync(
            "SELECT NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'orders__drover_bound')"
        );
        await stage.ExecuteAsync("INSERT INTO orders VALUES (3000)");
        await stage.OpenAsync("cutover");
        RunEnd end = await stage.RunAsync();
        Assert.Equal(OperationOutcome.Refused, end.Outcome);
        await stage.RequestAsync("abort");
        await stage.RunToAsync(RunState.Aborted);
    }

    [Fact]
    public async Task Maintenance_goes_on_behind_the_first_partition()
    {
        await using ConversionStage stage = await AttachAsync(OrderWriters.Schema);
        await stage.OpenAsync("finish");
        await stage.RunToAsync(RunState.Finished);
        string before = await stage.ScalarAsync<string>(Partitions);
        await stage.CommandAsync("partition", "policy", "set", "public.orders", "--premake", "6");
        await stage.CommandAsync("partition", "maintain", "public.orders");
        string after = await stage.ScalarAsync<string>(Partitions);
        Assert.StartsWith("FOR VALUES FROM (MINVALUE) TO (", before, StringComparison.Ordinal);
        Assert.StartsWith(before, after, StringComparison.Ordinal);
        Assert.True(after.Split(';').Length > before.Split(';').Length, after);
    }

    [Theory]
    [InlineData("create-target")]
    [InlineData("build-indexes")]
    [InlineData("build-keys")]
    [InlineData("bind")]
    [InlineData("cut-over")]
    public async Task Runner_killed_inside_a_step_leaves_a_table_that_the_next_one_attaches(string step)
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, 18, OrderWriters.Schema);
        await stage.PlanAsync("orders", Attached());
        if (step == "cut-over")
        {
            await stage.RunToAsync(RunState.Ready);
            await stage.OpenAsync("cutover");
        }
        await stage.RunKilledAtAsync(step);
        Assert.Equal('r', await KindAsync(stage));
        if (step != "cut-over")
        {
            await stage.RunToAsync(RunState.Ready);
            await stage.OpenAsync("cutover");
        }
        await stage.RunToAsync(RunState.Watching);
        Assert.Equal('p', await KindAsync(stage));

        // And on the way back.
        await stage.RequestAsync("rollback");
        await stage.RunKilledAtAsync("cut-over-back");
        Assert.Equal('p', await KindAsync(stage));
        await stage.RunToAsync(RunState.Ready);
        Assert.Equal('r', await KindAsync(stage));
        Assert.Equal(3000L, await stage.ScalarAsync<long>("SELECT count(*) FROM orders"));
        await stage.RequestAsync("abort");
        await stage.RunToAsync(RunState.Aborted);
        Assert.Equal(0L, await stage.ScalarAsync<long>("SELECT count(*) FROM pg_class WHERE relname ~ '__drover_'"));
    }

    // Every commit of the way to the gate, of the cut-over, the rollback and the end, in turn.
    [Fact]
    public async Task Answer_to_any_commit_that_is_lost_does_not_keep_the_table_from_being_attached_and_taken_back()
    {
        int cuts = 0;
        for (int commit = 2; ; commit += 3)
        {
            await using ConversionStage stage = await ConversionStage.StartAsync(postgres, 18, OrderWriters.Schema);
            await stage.PlanAsync("orders", Attached());
            await using CommitCutter cutter = stage.Cut(commit);
            await GetToAsync(stage, RunState.Ready);
            await stage.OpenAsync("cutover");
            await GetToAsync(stage, RunState.Watching);
            await stage.RequestAsync("rollback");
            await GetToAsync(stage, RunState.Ready);
            await stage.OpenAsync("cutover");
            await GetToAsync(stage, RunState.Watching);
            await stage.OpenAsync("finish");
            await GetToAsync(stage, RunState.Finished);
            Assert.Equal(3000L, await stage.ScalarAsync<long>($"SELECT count(*) FROM ONLY {Old}"));
            Assert.Equal(
                0L,
                await stage.ScalarAsync<long>("SELECT count(*) FROM pg_class WHERE relname ~ '__drover_'")
            );
            if (!cutter.HasCut)
            {
                break;
            }
            cuts++;
        }
        Assert.InRange(cuts, 6, 100);
    }

    private const string Partitions = """
        SELECT string_agg(bound, '; ' ORDER BY bound LIKE '%MINVALUE%' DESC, bound)
        FROM pg_class, pg_get_expr(relpartbound, oid) AS bound
        WHERE relispartition AND relkind = 'r' AND relname LIKE 'orders%' AND relname <> 'orders_default'
        """;

    private async Task<ConversionStage> AttachAsync(string schema)
    {
        ConversionStage stage = await ConversionStage.StartAsync(postgres, 18, schema);
        await stage.PlanAsync("orders", Attached());
        await stage.RunToAsync(RunState.Ready);
        await stage.OpenAsync("cutover");
        await stage.RunToAsync(RunState.Watching);
        return stage;
    }

    // The commit of the epoch itself may be the one that is lost: then the operator starts again.
    private static async Task GetToAsync(ConversionStage stage, RunState state)
    {
        try
        {
            await stage.RunToAsync(state);
        }
        catch (NpgsqlException)
        {
            await stage.RunToAsync(state);
        }
    }

    private static ConversionRequest Attached() =>
        ConversionStage.Monthly() with
        {
            Strategy = ConversionStrategy.Attach,
        };

    private static Task<long> FileAsync(ConversionStage stage, string table) =>
        stage.ScalarAsync<long>($"SELECT pg_relation_filenode('{table}')::bigint");

    private static Task<char> KindAsync(ConversionStage stage) =>
        stage.ScalarAsync<char>("SELECT relkind FROM pg_class WHERE oid = 'orders'::regclass");
}
