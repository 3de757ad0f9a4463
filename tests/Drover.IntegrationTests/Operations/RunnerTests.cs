// A run from start to end, back, and undone; what it says to a second operator; locks of others; differences.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.IntegrationTests.Operations;

public sealed class RunnerTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Run_goes_to_each_gate_and_on_when_it_is_opened(int major)
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, major);

        Assert.Equal(RunState.Ready, (await stage.RunAsync()).State);
        await stage.AssertCopiedOnceAsync();
        Assert.Equal(RunState.Ready, (await stage.RunAsync()).State);
        Assert.Equal(RunState.Watching, (await stage.OpenAsync("cutover")).State);
        await stage.AssertCopiedOnceAsync("toy");
        RunEnd end = await stage.OpenAsync("finish");

        Assert.Equal((OperationOutcome.Done, RunState.Finished), (end.Outcome, end.State));
        Assert.Equal("1", await stage.QueryAsync("SELECT count(*) FROM toy_tally WHERE what = 'finish'"));
        Assert.Equal(RunState.Finished, (await stage.ReadAsync()).State);
    }

    [Fact]
    public async Task Rollback_returns_to_the_gate_and_the_cut_over_can_be_done_again()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        await stage.RunAsync();
        await stage.OpenAsync("cutover");

        RunEnd back = await stage.RequestAsync("rollback");
        Assert.Equal((OperationOutcome.Done, RunState.Ready), (back.Outcome, back.State));
        Assert.Equal("t", await stage.QueryAsync("SELECT to_regclass('toy_copy') IS NOT NULL"));
        Assert.Equal(RunState.Watching, (await stage.OpenAsync("cutover")).State);
        Assert.Equal(RunState.Ready, (await stage.RequestAsync("rollback")).State);
        Assert.Equal("4", await stage.QueryAsync("SELECT count(*) FROM toy_tally WHERE what LIKE 'swap%'"));
    }

    [Fact]
    public async Task Abort_undoes_what_was_done_and_is_refused_behind_the_cut_over()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        await stage.RunAsync();
        await stage.OpenAsync("cutover");

        RunEnd refused = await stage.RequestAsync("abort");
        Assert.Equal(RunState.Watching, refused.State);
        Assert.Contains(
            await stage.EventsAsync(),
            line => line.Kind == "request-refused" && line.Message.Contains("rollback first", StringComparison.Ordinal)
        );
        await stage.RequestAsync("rollback");
        RunEnd end = await stage.RequestAsync("abort");

        Assert.Equal((OperationOutcome.Done, RunState.Aborted), (end.Outcome, end.State));
        Assert.Equal("t", await stage.QueryAsync("SELECT to_regclass('toy_copy') IS NULL"));
        await using NpgsqlConnection connection = await stage.Server.OpenAsync(Token);
        Assert.True(await RunJournal.CreateAsync(connection, ToyOperation.MakePlan(), Token) > stage.RunId);
    }

    [Fact]
    public async Task Second_run_on_the_same_target_is_refused_while_one_is_open()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        await using NpgsqlConnection connection = await stage.Server.OpenAsync(Token);

        OperationException refused = await Assert.ThrowsAsync<OperationException>(() =>
            RunJournal.CreateAsync(connection, ToyOperation.MakePlan(), Token)
        );
        Assert.Contains("open run", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Second_operator_is_told_who_works_and_does_nothing()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        OperationException? refused = null;

        await stage.RunAsync(
            async (point, _) =>
            {
                if (point == "copy:5")
                {
                    refused = await Assert.ThrowsAsync<OperationException>(() => stage.RunAsync());
                }
            }
        );

        Assert.Equal(OperationOutcome.TakenOver, refused?.Outcome);
        Assert.Contains(Environment.MachineName, refused!.Message, StringComparison.Ordinal);
        await stage.AssertCopiedOnceAsync();
    }

    // The server takes a moment to see that a session is closed, and a verb can follow another one at once.
    [Fact]
    public async Task Lease_is_free_as_soon_as_its_runner_has_ended()
    {
        const int Runs = 20;
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        await using NpgsqlConnection connection = await stage.Server.OpenAsync(Token);
        string target = (await stage.ReadAsync()).Target;
        for (int run = 0; run < Runs; run++)
        {
            await stage.RunAsync();
            Assert.Null(await AdvisoryLocks.HolderAsync(connection, AdvisoryLocks.Lease, target, Token));
        }
    }

    [Fact]
    public async Task Pause_stops_between_batches_and_the_next_runner_goes_on()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        RunEnd paused = await stage.RunAsync(
            async (point, _) =>
            {
                if (point == "copy:3")
                {
                    await using NpgsqlConnection connection = await stage.Server.OpenAsync(Token);
                    await RunJournal.RequestAsync(connection, stage.RunId, RunJournal.Pause, Token);
                    await WaitForBeatsAsync(stage, 2);
                }
            }
        );

        Assert.Equal((OperationOutcome.Interrupted, RunState.Paused), (paused.Outcome, paused.State));
        Assert.Equal("300", await stage.QueryAsync("SELECT count(*) FROM toy_copy"));
        Assert.Equal(RunState.Ready, (await stage.RunAsync()).State);
        await stage.AssertCopiedOnceAsync();
    }

    [Fact]
    public async Task Stop_pauses_the_run_in_the_middle_of_a_batch_which_is_rolled_back()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        using CancellationTokenSource stop = new();

        RunEnd end = await stage
            .Runner(
                async (point, cancellationToken) =>
                {
                    if (point == "copy:4+")
                    {
                        await stop.CancelAsync();
                        cancellationToken.ThrowIfCancellationRequested();
                    }
                }
            )
            .RunAsync(stage.RunId, stop.Token);

        Assert.Equal((OperationOutcome.Interrupted, RunState.Paused), (end.Outcome, end.State));
        Assert.Equal(RunState.Paused, (await stage.ReadAsync()).State);
        Assert.Equal("300", await stage.QueryAsync("SELECT count(*) FROM toy_copy"));
        await stage.RunAsync();
        await stage.AssertCopiedOnceAsync();
    }

    [Fact]
    public async Task Locks_of_others_are_waited_for_and_named_and_given_up_in_the_end()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        await stage.RunAsync();
        await using NpgsqlConnection application = await stage.OpenAsync();
        NpgsqlTransaction reader = await application.BeginTransactionAsync(Token);
        await application.ExecuteAsync("SELECT count(*) FROM toy", [], Token);
        await using (NpgsqlConnection connection = await stage.Server.OpenAsync(Token))
        {
            await RunJournal.OpenGateAsync(connection, stage.RunId, "cutover", null, Token);
        }

        RunEnd gaveUp = await stage
            .Runner(limits: ToyStage.Limits with { LockAttemptsMax = 3 })
            .RunAsync(stage.RunId, Token);

        Assert.Equal((OperationOutcome.Failed, RunState.Ready), (gaveUp.Outcome, gaveUp.State));
        Assert.Contains(
            await stage.EventsAsync(),
            line =>
                line.Kind == "lock-wait"
                && line.Message.Contains($"session {application.ProcessID}", StringComparison.Ordinal)
        );
        Assert.Equal("0", await stage.QueryAsync("SELECT count(*) FROM toy_tally WHERE what = 'swap'"));
        await reader.RollbackAsync(Token);
        Assert.Equal(RunState.Watching, (await stage.OpenAsync("cutover")).State);
    }

    [Fact]
    public async Task Differences_have_an_outcome_of_their_own_and_leave_the_run_where_it_was()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        await stage.RunAsync();
        await stage.ExecuteAsync("UPDATE toy_copy SET v = 'wrong' WHERE id = 7");

        RunEnd end = await stage.RequestAsync("verify");
        Assert.Equal((OperationOutcome.Differences, RunState.Ready), (end.Outcome, end.State));
        Assert.Equal(OperationOutcome.Differences, (await stage.ReadAsync()).Outcome);
        await stage.ExecuteAsync("UPDATE toy_copy SET v = 'row 7' WHERE id = 7");
        Assert.Equal(OperationOutcome.Done, (await stage.RequestAsync("verify")).Outcome);
        Assert.Equal(OperationOutcome.Done, (await stage.RequestAsync("verify")).Outcome);
        Assert.Equal("1", await stage.QueryAsync("SELECT count(*) FROM drover.chunks WHERE step = 'verify'"));
    }

    [Fact]
    public async Task Gate_opens_at_its_time_while_the_runner_waits()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        await stage.RunAsync();
        await using NpgsqlConnection connection = await stage.Server.OpenAsync(Token);
        DateTimeOffset at = TimeProvider.System.GetUtcNow().AddSeconds(1);
        await RunJournal.OpenGateAsync(connection, stage.RunId, "cutover", at, Token);

        Assert.Equal(RunState.Watching, (await stage.RunAsync()).State);
        Assert.Equal(
            "t",
            await stage.QueryAsync($"SELECT finished_at >= '{at:O}' FROM drover.steps WHERE name = 'ready'")
        );
    }

    /// <summary>Waits until the runner has looked for requests so often; at the second it acted on the first.</summary>
    private static async Task WaitForBeatsAsync(ToyStage stage, int count)
    {
        HashSet<string?> beats = [await BeatAsync(stage)];
        while (beats.Count <= count)
        {
            await Task.Delay(10, Token);
            beats.Add(await BeatAsync(stage));
        }
    }

    private static Task<string?> BeatAsync(ToyStage stage) => stage.QueryAsync("SELECT heartbeat_at FROM drover.runs");

    [Theory]
    [InlineData(2)]
    [InlineData(10_000)]
    public async Task Gate_that_does_not_get_its_locks_goes_on_waiting_and_hears_requests(int attempts)
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        int tried = 0;
        Task<RunEnd> running = stage
            .Runner(
                (where, _) =>
                    where == "ready" && ++tried > 0
                        ? throw new PostgresException("held", "ERROR", "ERROR", PostgresErrorCodes.LockNotAvailable)
                        : Task.CompletedTask,
                ToyStage.Limits with
                {
                    LockAttemptsMax = attempts,
                },
                waitsAtGates: true
            )
            .RunAsync(stage.RunId, Token);
        await Eventually.HoldsAsync(() => tried > 10 || running.IsCompleted, TimeSpan.FromMinutes(1));

        await using NpgsqlConnection connection = await stage.Server.OpenAsync(Token);
        await RunJournal.RequestAsync(connection, stage.RunId, RunJournal.Pause, Token);

        Assert.Equal(RunState.Paused, (await running).State);
    }

    [Fact]
    public async Task Gate_whose_work_fails_for_good_is_failed_and_resume_goes_on()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);

        RunEnd end = await stage
            .Runner(
                (where, _) =>
                    where == "ready"
                        ? throw new PostgresException("it is gone", "ERROR", "ERROR", PostgresErrorCodes.UndefinedTable)
                        : Task.CompletedTask,
                waitsAtGates: true
            )
            .RunAsync(stage.RunId, Token);

        Assert.Equal((OperationOutcome.Failed, RunState.Failed), (end.Outcome, end.State));
        RunRow failed = await stage.ReadAsync();
        Assert.Equal((RunState.Failed, "ready"), (failed.State, failed.Step));
        Assert.Contains("it is gone", failed.Error, StringComparison.Ordinal);
        Assert.Equal(RunState.Ready, (await stage.RunAsync()).State);
        RunRow resumed = await stage.ReadAsync();
        Assert.Equal((RunState.Ready, null), (resumed.State, resumed.Error));
        Assert.Equal(RunState.Watching, (await stage.OpenAsync("cutover")).State);
    }

    // The second request lies behind the first's row lock: it is there when the runner answers the first.
    [Fact]
    public async Task Request_that_comes_while_another_is_answered_is_heard()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        await stage.RunAsync();
        Task<RunEnd> running = stage.Runner(waitsAtGates: true).RunAsync(stage.RunId, Token);
        await WaitForBeatsAsync(stage, 2);
        await using NpgsqlConnection first = await stage.OpenAsync();
        await using NpgsqlConnection second = await stage.OpenAsync();
        await using NpgsqlTransaction asks = await first.BeginTransactionAsync(Token);
        await RunJournal.RequestAsync(first, stage.RunId, "rollback", Token);
        await using NpgsqlTransaction pauses = await second.BeginTransactionAsync(Token);
        Task pausing = RunJournal.RequestAsync(second, stage.RunId, RunJournal.Pause, Token);
        await Eventually.HoldsAsync(() => IsWaitingAsync(stage, second.ProcessID), TimeSpan.FromMinutes(1));
        await asks.CommitAsync(Token);
        await pausing;
        // Every one of the runner's sessions stands behind it now: it has read the first request, and answers it.
        await Eventually.HoldsAsync(
            async () =>
                await stage.QueryAsync(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'drover' "
                        + "AND wait_event_type = 'Lock' AND query LIKE '%nullif(request%'"
                ) == "1",
            TimeSpan.FromMinutes(1)
        );
        await pauses.CommitAsync(Token);

        Assert.Equal(RunState.Paused, (await running.WaitAsync(TimeSpan.FromMinutes(1), Token)).State);
        Assert.Contains(await stage.EventsAsync(), line => line.Kind == "request-refused");
    }

    private static async Task<bool> IsWaitingAsync(ToyStage stage, int session) =>
        await stage.QueryAsync($"SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = {session}") == "t";

    [Fact]
    public async Task Time_limit_of_a_statement_that_failed_is_not_the_sessions()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        await stage.ExecuteAsync(
            """
            CREATE TABLE public.toy_copy_v ();
            CREATE FUNCTION public.tell() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              NEW.message := concat(NEW.message, ' under ', current_setting('statement_timeout'));
              RETURN NEW;
            END $$;
            CREATE TRIGGER tell BEFORE INSERT ON drover.events FOR EACH ROW WHEN (NEW.kind = 'failed')
              EXECUTE FUNCTION public.tell()
            """
        );

        Assert.Equal(RunState.Failed, (await stage.RunAsync()).State);

        EventRow failed = Assert.Single(await stage.EventsAsync(), line => line.Kind == "failed");
        Assert.EndsWith(" under 0", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runner_whose_epoch_is_over_ends_no_later_runners_session()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        OperationLimits limits = ToyStage.Limits with { WorkerPatience = TimeSpan.FromMilliseconds(50) };
        await using RunLease lease = await RunLease.AcquireAsync(stage.Server, await stage.ReadAsync(), limits, Token);
        await using NpgsqlConnection later = await stage.Server.OpenAsync(Token);
        Assert.True(await AdvisoryLocks.TryTakeAsync(later, AdvisoryLocks.Worker, ToyOperation.Target, Token));
        await stage.ExecuteAsync("UPDATE drover.runs SET epoch = epoch + 1");

        OperationException over = await Assert.ThrowsAsync<OperationException>(() =>
            WorkerSession.OpenAsync(stage.Server, lease, ToyOperation.Target, limits, TimeProvider.System, Token)
        );

        Assert.Equal(OperationOutcome.TakenOver, over.Outcome);
        Assert.Equal(1, await later.ScalarAsync("SELECT 1", [], Token));
    }
}
