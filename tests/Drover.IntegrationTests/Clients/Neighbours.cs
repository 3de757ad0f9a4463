// Other clients of the same pool, so that the one under test is moved from server to server between its transactions.
using Npgsql;

namespace Drover.IntegrationTests.Clients;

/// <summary>
/// Clients that hold a server for a few milliseconds at a time, and whose own settings, prepared statements and
/// application name must never be seen by the client under test, nor its by them.
/// </summary>
internal sealed class Neighbours : IAsyncDisposable
{
    private const int Count = 2;

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _loops = [];

    /// <summary>Logs the neighbours in and sets them to work.</summary>
    public static async Task<Neighbours> StartAsync(ClientTarget target, CancellationToken cancellationToken)
    {
        Neighbours neighbours = new();
        for (int i = 0; i < Count; i++)
        {
            NpgsqlConnection connection = new(target.ConnectionString + ";No Reset On Close=true");
            await connection.OpenAsync(cancellationToken);
            await ExecuteAsync(connection, Settings(i), cancellationToken);
            neighbours._loops.Add(neighbours.WorkAsync(connection, i));
        }
        return neighbours;
    }

    /// <summary>Stops them; what one of them saw that it should not have seen is thrown here.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
        _stop.Dispose();
    }

    private static string Settings(int i) =>
        $"set search_path = neighbour_{i}, pg_catalog; set application_name = 'neighbour {i}'; "
        + $"set TimeZone = 'Etc/GMT+{i + 3}'; set lock_timeout = '{i + 50}min'; set role app_reader";

    private static async Task ExecuteAsync(
        NpgsqlConnection connection,
        string text,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(text, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task WorkAsync(NpgsqlConnection connection, int i)
    {
        await using NpgsqlConnection owned = connection;
        const string Text = "select current_setting('search_path'), pg_sleep(0.004)";
        await using NpgsqlCommand command = new(Text, connection);
        if (!ProxyUnderTest.IsPgBouncer)
        {
            await command.PrepareAsync(CancellationToken.None);
        }
        while (!_stop.IsCancellationRequested)
        {
            object? path = await command.ExecuteScalarAsync(CancellationToken.None);
            if (!ProxyUnderTest.IsPgBouncer)
            {
                Assert.Equal($"neighbour_{i}, pg_catalog", path);
            }
        }
    }
}
