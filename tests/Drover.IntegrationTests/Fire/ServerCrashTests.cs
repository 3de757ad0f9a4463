// PostgreSQL is killed and comes back under 200 clients.
using System.Collections.Concurrent;
using Npgsql;

namespace Drover.IntegrationTests.Fire;

public sealed class ServerCrashTests
{
    private const int Clients = 200;

    [Fact]
    public async Task Clients_get_an_error_or_go_on_and_all_work_again_after_a_crash()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using FireStage stage = await FireStage.StartAsync(new Dictionary<string, string>(), token);
        using CancellationTokenSource stop = new();
        ConcurrentBag<string> strange = [];
        ConcurrentBag<string> states = [];
        int errors = 0;
        long queries = 0;
        async Task RunClientAsync()
        {
            NpgsqlConnection? connection = null;
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    connection ??= await stage.OpenAsync(token);
                    await FireStage.ScalarAsync(connection, "SELECT 1", token);
                    Interlocked.Increment(ref queries);
                }
                catch (PostgresException told)
                {
                    Interlocked.Increment(ref errors);
                    states.Add(told.SqlState);
                }
                catch (Exception other)
                {
                    strange.Add(other.ToString());
                }
                if (connection is { FullState: not System.Data.ConnectionState.Open })
                {
                    await connection.DisposeAsync();
                    connection = null;
                    await Task.Delay(50, token);
                }
            }
            await (connection?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(_ => Task.Run(RunClientAsync, token))];
        Task AnsweredAsync(long least, int seconds) =>
            Eventually.HoldsAsync(() => Interlocked.Read(ref queries) > least, TimeSpan.FromSeconds(seconds));
        await AnsweredAsync(2 * Clients, 60);

        await stage.Cluster.KillAsync(token);
        await Task.Delay(TimeSpan.FromSeconds(1), token);
        await stage.Cluster.StartAsync(token);
        long atStart = Interlocked.Read(ref queries);
        await AnsweredAsync(atStart + (2 * Clients), 10);

        int errorsBefore = Volatile.Read(ref errors);
        await Task.Delay(TimeSpan.FromSeconds(3), token);
        long later = Interlocked.Read(ref queries);
        await AnsweredAsync(later + (2 * Clients), 10);
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        Assert.Empty(strange.Distinct());
        Assert.All(states, static state => Assert.Matches("^[0-9A-Z]{5}$", state));
        Assert.True(Volatile.Read(ref errors) <= errorsBefore + Clients, "errors go on after the server is back");
    }
}
