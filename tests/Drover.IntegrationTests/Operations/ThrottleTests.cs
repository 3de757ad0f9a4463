// Limits of load against a server of their own: the run stands still, says why, and goes on when the load is gone.
using Drover.App.LocalPostgres;
using Drover.Operations;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.IntegrationTests.Operations;

public sealed class ThrottleTests
{
    private const int SessionsMax = 2;

    // A beat is long enough for some load to fall into each.
    private static readonly OperationLimits s_limits = ToyStage.Limits with
    {
        PulseInterval = TimeSpan.FromMilliseconds(500),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Run_stands_still_while_the_server_writes_more_WAL_than_it_may() =>
        AssertHoldsAsync(
            ThrottleLimits.None with
            {
                WalBytesPerSecondMax = 1024 * 1024,
            },
            "wal-rate",
            "of WAL per second (limit 1 MB)",
            async (stage, over) =>
            {
                await using NpgsqlConnection application = await stage.OpenAsync();
                await using NpgsqlCommand write = new(
                    "SELECT pg_logical_emit_message(true, 'load', repeat('x', 300000))",
                    application
                );
                while (!over.IsCancellationRequested)
                {
                    await write.ExecuteNonQueryAsync(Token);
                    await Task.Delay(10, Token);
                }
            }
        );

    [Fact]
    public Task Run_stands_still_while_more_sessions_are_at_work_than_may() =>
        AssertHoldsAsync(
            ThrottleLimits.None with
            {
                ActiveSessionsMax = SessionsMax,
            },
            "active-sessions",
            "sessions are at work (limit 2)",
            async (stage, over) =>
            {
                await using NpgsqlConnection holder = await stage.OpenAsync();
                await ExecuteAsync(holder, "SELECT pg_advisory_lock(1)");
                Task[] waiting =
                [
                    .. Enumerable
                        .Range(0, SessionsMax + 1)
                        .Select(async _ =>
                        {
                            await using NpgsqlConnection application = await stage.OpenAsync();
                            await ExecuteAsync(application, "SELECT pg_advisory_lock_shared(1)");
                        }),
                ];
                await Task.Delay(Timeout.Infinite, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await ExecuteAsync(holder, "SELECT pg_advisory_unlock(1)");
                await Task.WhenAll(waiting);
            }
        );

    /// <summary>
    /// 1. the load begins within the third batch; 2. no fourth one begins over two beats, and the journal has the
    /// reason; 3. the load ends, and the run comes to its gate.
    /// </summary>
    private static async Task AssertHoldsAsync(
        ThrottleLimits limits,
        string limit,
        string reason,
        Func<ToyStage, CancellationToken, Task> load
    )
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions { Major = 18 },
            Token
        );
        await using ToyStage stage = await ToyStage.CreateAsync(cluster, "postgres");
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task loading = Task.CompletedTask;
        Runner runner = stage.Runner(
            async (point, _) =>
            {
                if (point == "copy:3")
                {
                    loading = load(stage, over.Token);
                    await UntilAsync(stage, $"SELECT throttle_reason LIKE '%{reason}' FROM drover.runs");
                }
            },
            s_limits,
            throttle: limits
        );
        Task<RunEnd> running = runner.RunAsync(stage.RunId, Token);

        await UntilAsync(stage, "SELECT count(*) > 0 FROM drover.events WHERE kind = 'throttled'");
        await BeatAsync(stage);
        await BeatAsync(stage);
        Assert.Equal("3", await stage.QueryAsync("SELECT batches FROM drover.steps WHERE name = 'copy'"));
        Assert.EndsWith(reason, (await stage.ReadAsync()).ThrottleReason, StringComparison.Ordinal);
        Assert.False(running.IsCompleted);

        await over.CancelAsync();
        await loading;
        Assert.Equal(RunState.Ready, (await running).State);
        await stage.AssertCopiedOnceAsync();
        Assert.Contains(
            await stage.EventsAsync(),
            line => line.Kind == "throttle-over" && line.Message.StartsWith($"{limit} ", StringComparison.Ordinal)
        );
    }

    private static async Task BeatAsync(ToyStage stage)
    {
        string? last = await stage.QueryAsync("SELECT heartbeat_at FROM drover.runs");
        await UntilAsync(stage, $"SELECT heartbeat_at > '{last}' FROM drover.runs");
    }

    private static Task UntilAsync(ToyStage stage, string sql) =>
        Eventually.HoldsAsync(async () => await stage.QueryAsync(sql) is "t", TimeSpan.FromMinutes(2), sql);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }
}
