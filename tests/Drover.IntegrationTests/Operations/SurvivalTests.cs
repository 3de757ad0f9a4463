// What a run survives: sessions that are ended, answers that are lost, servers that restart, runners that are killed.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.IntegrationTests.Operations;

public sealed class SurvivalTests(PostgresFixture fixture)
{
    private static readonly TimeSpan s_longLease = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Every point inside a step, before and after its work.</summary>
    public static TheoryData<int, string> Points() =>
        [
            .. from major in PostgresVersions.All.Select(row => row.Data)
            from point in (string[])["copy:1", "copy:1+", "copy:6", "copy:10+", "index"]
            select new TheoryDataRow<int, string>(major, point),
        ];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Runner_killed_inside_a_step_leaves_a_run_that_the_next_one_ends(int major, string point)
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, major);
        await using (ToyProcess process = ToyProcess.Start(stage, stage.RunId, point, s_longLease))
        {
            await process.WaitForHaltAsync(Token);
            process.Send((int)ProcessSignal.Kill);
            await process.WaitForExitAsync(Token);
        }

        // The dead one's lease ends with its socket, which the server notices in its own time.
        Assert.Equal(RunState.Ready, (await RunWhenFreeAsync(stage)).State);
        await stage.AssertCopiedOnceAsync();
    }

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Sessions_ended_inside_a_step_are_opened_again_and_the_step_goes_on(int major, string point)
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, major);
        bool ended = false;

        RunEnd end = await stage.RunAsync(
            async (at, _) =>
            {
                if (at == point && !ended)
                {
                    ended = true;
                    await stage.TerminateAsync();
                }
            }
        );

        Assert.True(ended);
        Assert.Equal(RunState.Ready, end.State);
        await stage.AssertCopiedOnceAsync();
    }

    [Fact]
    public async Task Lease_alone_that_is_ended_is_taken_again_in_the_same_epoch()
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        bool ended = false;

        RunEnd end = await stage.RunAsync(
            async (at, _) =>
            {
                if (at == "copy:2" && !ended)
                {
                    ended = true;
                    await stage.TerminateAsync("state = 'idle'");
                }
            }
        );

        Assert.Equal(RunState.Ready, end.State);
        Assert.Equal(1, (await stage.ReadAsync()).Epoch);
        await stage.AssertCopiedOnceAsync();
    }

    [Fact]
    public async Task Answers_to_COMMIT_that_are_lost_are_settled_from_the_journal()
    {
        LocalPostgresCluster cluster = await fixture.GetAsync(18);
        for (int commit = 1; ; commit++)
        {
            await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
            await using CommitCutter cutter = new(cluster.Port, commit);
            await using ServerAccess server = new(
                new NpgsqlConnectionStringBuilder(stage.ConnectionString) { Port = cutter.Port }
            );
            RunEnd? end = null;
            for (int attempt = 0; end is null && attempt < 2; attempt++)
            {
                try
                {
                    end = await stage.Runner(server: server).RunAsync(stage.RunId, Token);
                }
                catch (NpgsqlException) when (commit == 1)
                {
                    // The commit of the epoch itself: nothing is begun, the operator starts again.
                }
            }
            Assert.Equal(RunState.Ready, end?.State);
            await stage.AssertCopiedOnceAsync();
            if (!cutter.HasCut)
            {
                Assert.InRange(commit, 12, 100);
                return;
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Server_that_restarts_in_the_middle_is_waited_for(bool immediate)
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(new(), Token);
        await using ToyStage stage = await ToyStage.CreateAsync(cluster, "postgres");
        int restarts = 0;

        RunEnd end = await stage.RunAsync(
            async (at, _) =>
            {
                if ((at == "copy:5+" && restarts == 0) || (at == "index" && restarts == 1))
                {
                    restarts++;
                    await cluster.RestartAsync(immediate, Token);
                }
            }
        );

        Assert.Equal(2, restarts);
        Assert.Equal(RunState.Ready, end.State);
        await stage.AssertCopiedOnceAsync();
    }

    [Theory]
    [InlineData("copy:4")]
    [InlineData("copy:4+")]
    public async Task Runner_stopped_past_its_lease_and_woken_finds_itself_taken_over_and_does_nothing(string point)
    {
        await using ToyStage stage = await ToyStage.CreateAsync(fixture, 18);
        await using ToyProcess process = ToyProcess.Start(stage, stage.RunId, point, TimeSpan.FromSeconds(1));
        await process.WaitForHaltAsync(Token);
        process.Send((int)ProcessSignal.Stop);

        // Its lease ends by itself; its transaction, which nobody ends, is obsolete and is ended by the one who
        // comes.
        OperationLimits limits = ToyStage.Limits with
        {
            WorkerPatience = TimeSpan.FromMilliseconds(200),
        };
        await stage.ExecuteAsync("SELECT pg_sleep(0)");
        RunEnd end = await RunWhenFreeAsync(stage, limits);
        process.Send((int)ProcessSignal.Continue);
        await process.WaitForExitAsync(Token);

        Assert.Equal(RunState.Ready, end.State);
        Assert.Equal((int)OperationOutcome.TakenOver, process.ExitCode);
        await stage.AssertCopiedOnceAsync();
        Assert.Equal(RunState.Ready, (await stage.ReadAsync()).State);
    }

    private static async Task<RunEnd> RunWhenFreeAsync(ToyStage stage, OperationLimits? limits = null)
    {
        while (true)
        {
            try
            {
                return await stage.Runner(limits: limits).RunAsync(stage.RunId, Token);
            }
            catch (OperationException held) when (held.Outcome == OperationOutcome.TakenOver)
            {
                await Task.Delay(50, Token);
            }
        }
    }
}
