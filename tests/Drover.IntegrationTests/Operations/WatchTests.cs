// status --watch as a person sees it: on a terminal, while somebody else's runner works.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.Partitioning.Stress;
using Npgsql;

namespace Drover.IntegrationTests.Operations;

public sealed class WatchTests
{
    // Batches of one block and long rests, so that it takes minutes if nobody ends it.
    private const string Start =
        "start orders --by created_at --allow weaken-unique-keys --duty 0.01 --batch-rows 20 --max-active 1";

    private const string Setup = """
        CREATE TABLE public.orders (id bigint PRIMARY KEY, total numeric, created_at timestamptz NOT NULL);
        INSERT INTO public.orders SELECT g, g, '2026-01-01Z'::timestamptz + g * interval '1 minute'
          FROM generate_series(1, 60000) g;
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_on_a_terminal_shows_bar_speed_and_reasons_and_leaves_it_as_it_was()
    {
        // A server of its own, since its active sessions are counted.
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions { Major = 18 },
            Token
        );
        await cluster.ExecuteAsync(Setup, Token);
        DroverProgram program = new(() => cluster.Port, "postgres");
        Task<ProgramEnd> running = program.RunAsync(Start);
        string url = $"postgres://{LocalPostgresCluster.Superuser}@{LocalPostgresCluster.Host}:{cluster.Port}/postgres";
        string watch = $"partition status orders --watch --database {url}";
        await Eventually.HoldsAsync(
            async () =>
            {
                Assert.False(running.IsCompleted, running.IsCompleted ? (await running).ToString() : "");
                return await IsCopyingAsync(cluster);
            },
            TimeSpan.FromMinutes(2)
        );

        using (TerminalSession terminal = TerminalSession.Start(watch))
        {
            foreach (string shown in (string[])["copy (running)", " rows/s", "ETA ", "━━"])
            {
                await terminal.WaitForAsync(shown);
            }
            await using (await SleeperAsync(cluster))
            await using (await SleeperAsync(cluster))
            {
                // The line is longer than the terminal is wide now, and the bar must still be there.
                await terminal.WaitForAsync("throttled:");
                await terminal.WaitForAsync("━━", terminal.Text.IndexOf("throttled:", StringComparison.Ordinal));
            }
            await terminal.InterruptAsync();
            Assert.Equal(130, await terminal.EndAsync());
        }
        Assert.False(running.IsCompleted);

        using (TerminalSession terminal = TerminalSession.Start(watch))
        {
            await terminal.WaitForAsync("rows/s");
            await program.ExpectAsync(0, "pause orders");
            Assert.Equal(0, await terminal.EndAsync());
            Assert.Contains("Z paused: on request", terminal.Text, StringComparison.Ordinal);
            Assert.Contains("next: resume, or abort", terminal.Text, StringComparison.Ordinal);
        }
        Assert.Equal(130, (await running).ExitCode);
    }

    private static async Task<bool> IsCopyingAsync(LocalPostgresCluster cluster) =>
        await cluster.QueryAsync("SELECT to_regclass('drover.steps') IS NOT NULL", Token) is "t"
        && await cluster.QueryAsync("SELECT count(*) FROM drover.steps WHERE name = 'copy' AND rows > 0", Token) is "1";

    // An active session for as long as it lives.
    private static async Task<IAsyncDisposable> SleeperAsync(LocalPostgresCluster cluster)
    {
        NpgsqlConnection connection = await cluster.OpenAsync("postgres", Token);
        CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using NpgsqlCommand command = new("SELECT pg_sleep(600)", connection) { CommandTimeout = 0 };
        Task sleeping = command.ExecuteNonQueryAsync(over.Token);
        return new Sleeper(connection, over, sleeping);
    }

    private sealed class Sleeper(NpgsqlConnection connection, CancellationTokenSource over, Task sleeping)
        : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await over.CancelAsync();
            await sleeping.ContinueWith(_ => { }, CancellationToken.None, default, TaskScheduler.Default);
            await connection.DisposeAsync();
            over.Dispose();
        }
    }
}
