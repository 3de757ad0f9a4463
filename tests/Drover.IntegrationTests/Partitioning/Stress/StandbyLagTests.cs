// A real standby that falls behind: the run stands still, says why, and goes on when the standby has caught up.
using System.Text.Json;
using Drover.App.LocalPostgres;

namespace Drover.IntegrationTests.Partitioning.Stress;

public sealed class StandbyLagTests
{
    private const string Pace = "--duty 1 --max-commit-factor 0 --batch-rows 20";

    // Three megabytes of WAL, and a commit by which the standby's lag in time is measured.
    private const string Wal = """
        SELECT pg_logical_emit_message(false, 'load', repeat('x', 3000000));
        CREATE TABLE IF NOT EXISTS marks (at timestamptz); INSERT INTO marks VALUES (now())
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15, "--max-lag-mb 1 --max-lag-seconds 0", "reader is", "MB behind (limit 1 MB)")]
    [InlineData(18, "--max-lag-mb 0 --max-lag-seconds 1", "reader is", " s behind (limit 1 s)")]
    public async Task Run_stands_still_while_a_standby_is_behind_and_says_so(
        int major,
        string limits,
        string name,
        string reason
    )
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions { Major = major },
            Token
        );
        Ledger ledger = new(cluster, "postgres");
        await ledger.CreateAsync([new LedgerTally(0, 1, 300, new Random(1))]);
        await using StandbyServer standby = await StandbyServer.StartAsync(cluster, "reader");
        await ledger.Program.ExpectAsync(0, $"start {Ledger.Plan} --no-throttle");

        // A first sample that it has replayed, then no more.
        await ledger.ExecuteAsync(Wal);
        await UntilAsync(ledger, "SELECT bool_and(replay_lsn = pg_current_wal_lsn()) FROM pg_stat_replication");
        await standby.PauseAsync();
        await ledger.ExecuteAsync(Wal);
        await UntilAsync(
            ledger,
            "SELECT bool_and(replay_lsn < pg_current_wal_lsn() - 1100000::numeric AND replay_lag > '1.5s') "
                + "FROM pg_stat_replication"
        );
        Task<ProgramEnd> verifying = ledger.Program.RunAsync($"verify ledger {Pace} {limits}");
        await UntilAsync(ledger, "SELECT count(*) > 0 FROM drover.events WHERE kind = 'throttled'");

        // It says so in the journal, in status, and nothing is done over two beats of its heart.
        string done = await ProgressAsync(ledger);
        await BeatAsync(ledger);
        await BeatAsync(ledger);
        ProgramEnd status = await ledger.Program.ExpectAsync(0, "status ledger --json");
        using JsonDocument report = JsonDocument.Parse(status.Output);
        string? said = report.RootElement.GetProperty("throttle_reason").GetString();
        Assert.StartsWith(name, said, StringComparison.Ordinal);
        Assert.EndsWith(reason, said, StringComparison.Ordinal);
        Assert.Equal(done, await ProgressAsync(ledger));
        Assert.False(verifying.IsCompleted);

        await standby.ResumeAsync();
        ProgramEnd end = await verifying;
        Assert.True(end.ExitCode == 0, end.ToString());
        Assert.Equal("ready", await ledger.QueryAsync("SELECT state FROM drover.runs"));
    }

    private static async Task<string> ProgressAsync(Ledger ledger) =>
        (await ledger.QueryAsync("SELECT sum(batches) || ' ' || sum(rows) FROM drover.steps"))!;

    private static async Task BeatAsync(Ledger ledger)
    {
        string? last = await ledger.QueryAsync("SELECT heartbeat_at FROM drover.runs");
        await UntilAsync(ledger, $"SELECT heartbeat_at > '{last}' FROM drover.runs");
    }

    private static Task UntilAsync(Ledger ledger, string sql) =>
        Eventually.HoldsAsync(async () => await ledger.QueryAsync(sql) is "t", TimeSpan.FromMinutes(2), sql);
}
