// Clients that query without a pause through the proxy while a test does something to it.
using Npgsql;

namespace Drover.IntegrationTests.Serve;

/// <summary>A few clients, each on a connection of its own; every answer is compared.</summary>
internal sealed class QueryLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _clients = [];
    private int _answers;

    /// <summary>Opens the clients and lets them go.</summary>
    public static async Task<QueryLoad> StartAsync(ServeProcess serve, int clients, CancellationToken token)
    {
        QueryLoad load = new();
        for (int i = 0; i < clients; i++)
        {
            NpgsqlConnection connection = await serve.OpenAsync(token);
            load._clients.Add(Task.Run(() => load.RunAsync(connection), token));
        }
        return load;
    }

    /// <summary>Right answers so far.</summary>
    public int Answers => Volatile.Read(ref _answers);

    /// <summary>Waits until so many more answers have come.</summary>
    public async Task AdvanceAsync(int answers, CancellationToken token)
    {
        int wanted = Answers + answers;
        while (Answers < wanted)
        {
            Assert.DoesNotContain(_clients, static client => client.IsFaulted);
            await Task.Delay(10, token);
        }
    }

    /// <summary>Ends the clients; throws what any of them met.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(NpgsqlConnection connection)
    {
        await using (connection)
        {
            for (int i = 0; !_stop.IsCancellationRequested; i++)
            {
                await using NpgsqlCommand query = new("select $1::int + 1", connection);
                query.Parameters.Add(new NpgsqlParameter<int> { TypedValue = i });
                Assert.Equal(i + 1, await query.ExecuteScalarAsync());
                Interlocked.Increment(ref _answers);
            }
        }
    }
}
