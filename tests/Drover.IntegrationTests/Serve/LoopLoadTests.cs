// Two cores of load use two cores: clients that keep one event loop full are spread over both.
using System.Globalization;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;

namespace Drover.IntegrationTests.Serve;

public sealed class LoopLoadTests(PostgresFixture fixture)
{
    /// <summary>Work for the proxy alone: it answers a lone Sync itself.</summary>
    private const int SyncsAtATime = 2000;

    private const int Clients = 12;

    /// <summary>Hundredths of a second of processor time that nothing but work costs.</summary>
    private const long Worked = 100;

    /// <summary>Where nobody may be given precedence, a busy machine takes its time to fill a loop.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Load_that_fills_one_loop_is_carried_by_both_and_fails_no_query()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "threads are read from /proc");
        // Whatever else runs here: a loop that has to wait for its processor is not full.
        string[] wrapper = Environment.IsPrivilegedProcess ? ["nice", "-n", "-19"] : [];
        await using ServeProcess serve = await ServeProcess.StartAsync(
            (await fixture.GetAsync(18)).Port,
            Token,
            new() { ["auth_type"] = "trust", ["event_loops"] = "2" },
            wrapper: wrapper
        );
        Dictionary<string, long> before = LoopTimes(serve.ProcessId);
        Assert.Equal(["loop-0", "loop-1"], before.Keys.Order());
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task<int>[] clients = [.. Enumerable.Range(0, Clients).Select(_ => WorkAsync(serve, enough.Token))];
        try
        {
            await Eventually.HoldsAsync(
                () =>
                {
                    Assert.DoesNotContain(clients, static client => client.IsFaulted);
                    return LoopTimes(serve.ProcessId).All(loop => loop.Value - before[loop.Key] > Worked);
                },
                Limit
            );
        }
        finally
        {
            await enough.CancelAsync();
        }
        Assert.All(await Task.WhenAll(clients), static queries => Assert.True(queries > 0, "a client got no answer"));
    }

    /// <summary>Syncs without end, and a query on a server of either loop between them.</summary>
    private static async Task<int> WorkAsync(ServeProcess serve, CancellationToken enough)
    {
        await using ScriptedClient client = await ScriptedClient.ConnectAsync(
            ServeProcess.Host,
            serve.Port,
            "postgres",
            "postgres"
        );
        int queries = 0;
        while (!enough.IsCancellationRequested)
        {
            await client.SyncAsync(SyncsAtATime);
            Assert.Equal("T D(1) C(SELECT 1) Z(I)", await client.Query("select 1").RunAsync());
            queries++;
        }
        return queries;
    }

    /// <summary>utime and stime of the event loops' threads (proc_pid_stat(5)).</summary>
    private static Dictionary<string, long> LoopTimes(int processId)
    {
        Dictionary<string, long> times = [];
        foreach (string thread in Directory.GetDirectories($"/proc/{processId}/task"))
        {
            string stat = File.ReadAllText(Path.Combine(thread, "stat"));
            string name = stat[(stat.IndexOf('(') + 1)..stat.LastIndexOf(')')];
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            if (name.StartsWith("loop-", StringComparison.Ordinal))
            {
                times[name] =
                    long.Parse(fields[11], CultureInfo.InvariantCulture)
                    + long.Parse(fields[12], CultureInfo.InvariantCulture);
            }
        }
        return times;
    }
}
