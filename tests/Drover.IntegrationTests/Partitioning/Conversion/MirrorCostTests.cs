// What the mirror costs a write is measured before it is on, and shown by status.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class MirrorCostTests(PostgresFixture postgres)
{
    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Cost_of_each_kind_of_write_stays_with_the_step_and_nothing_is_left_of_its_measuring(int major)
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, major, OrderWriters.Schema);
        await stage.PlanAsync("orders", ConversionStage.Monthly());
        await stage.RunToAsync(RunState.Ready);
        string note = await stage.ScalarAsync<string>("SELECT note FROM drover.steps WHERE name = 'rehearse'");
        Assert.Matches(
            @"insert \+\d+\.\d µs \(\d+\.\d µs without\), update \+\d+\.\d µs .*, delete \+\d+\.\d µs ",
            note
        );
        Assert.Equal(0L, await stage.ScalarAsync<long>("SELECT count(*) FROM pg_class WHERE relname ~ '^rehearsal_'"));
        Assert.Equal(
            1L,
            await stage.ScalarAsync<long>("SELECT count(*) FROM drover.events WHERE kind = 'mirror-cost'")
        );
        Assert.Equal(0L, await stage.CountDifferencesAsync("orders", "orders__drover_new"));
    }

    [Fact]
    public async Task Journal_is_followed_event_by_event_and_counted_by_state_step_and_limit()
    {
        await using ConversionStage stage = await ConversionStage.StartAsync(postgres, 18, OrderWriters.Schema);
        JournalFollower follower = new();
        await using NpgsqlConnection connection = await stage.ConnectAsync();
        Assert.Empty(await follower.ReadAsync(connection, TestContext.Current.CancellationToken));
        await stage.PlanAsync("orders", ConversionStage.Monthly());
        await stage.RunToAsync(RunState.Ready);
        await stage.ExecuteAsync(
            $"""
            INSERT INTO drover.events (run_id, step, kind, message)
            SELECT id, 'copy', v.kind, v.message FROM drover.runs,
              (VALUES ('lock-wait', 'attempt 1'), ('{ThrottleEvent.Kind}', 'wal-rate 2.500 s'),
                ('{ThrottleEvent.Kind}', 'wal-rate 1.000 s')) AS v (kind, message)
            """
        );
        IReadOnlyList<JournalEvent> events = await follower.ReadAsync(
            connection,
            TestContext.Current.CancellationToken
        );
        Assert.Contains(events, one => one is { Kind: "step-done", Step: "copy", Target: "public.orders" });
        Assert.Empty(await follower.ReadAsync(connection, TestContext.Current.CancellationToken));
        Assert.Equal([("ready", 1)], follower.Reading.Runs);
        Assert.Equal(3000, Assert.Single(follower.Reading.Rows, one => one.Label == "copy").Value);
        Assert.True(Assert.Single(follower.Reading.StepSeconds, one => one.Label == "copy").Value > 0);
        Assert.Equal([("wal-rate", 3.5)], follower.Reading.ThrottledSeconds);
        Assert.True(follower.Reading.LockWaits >= 1);
    }
}
