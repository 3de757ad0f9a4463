// A proxy in front of a sharded database, as a child process.
using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace Drover.IntegrationTests.Topology;

/// <summary>Clients connect as <c>postgres</c> to <c>shop</c>.</summary>
internal sealed class ShardedProxy : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly int _port;

    private ShardedProxy(string configuration, int port)
    {
        _port = port;
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(TestedProgram.Path, ["serve", configuration])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            },
        };
        _process.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.Start();
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    public string Log => string.Join('\n', _log);

    public int ProcessId => _process.Id;

    public int Port => _port;

    /// <summary>Starts it, and waits until it has a map and knows the catalogs.</summary>
    public static async Task<ShardedProxy> StartAsync(string configuration, int port, CancellationToken token)
    {
        ShardedProxy proxy = new(configuration, port);
        try
        {
            await Eventually.HoldsAsync(() => proxy.Log.Contains("process up", StringComparison.Ordinal), s_limit);
            await proxy.WaitAsync(token);
            return proxy;
        }
        catch (Exception failure)
        {
            string log = proxy.Log;
            await proxy.DisposeAsync();
            throw new InvalidOperationException($"the proxy did not come up:\n{log}", failure);
        }
    }

    /// <summary>How a client connects.</summary>
    public string ClientString(string options = "") =>
        $"Host=127.0.0.1;Port={_port};Username=postgres;Database=shop;Pooling=false;Timeout=15;"
        + $"Server Compatibility Mode=NoTypeLoading;Include Error Detail=true;{options}";

    /// <summary>Opens a client.</summary>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken token, string options = "")
    {
        NpgsqlConnection connection = new(ClientString(options));
        await connection.OpenAsync(token);
        return connection;
    }

    /// <summary>What SHOW of something says on the console, a line for each row.</summary>
    public Task<string[]> ShowAsync(string what, CancellationToken token) => ConsoleAsync($"SHOW {what}", token);

    /// <summary>What the console answers to a command, a line for each row.</summary>
    public async Task<string[]> ConsoleAsync(string command, CancellationToken token)
    {
        await using NpgsqlConnection console = new(ClientString("Database=drover;"));
        await console.OpenAsync(token);
        await using NpgsqlCommand show = new(command, console);
        await using NpgsqlDataReader reader = await show.ExecuteReaderAsync(token);
        List<string> rows = [];
        while (await reader.ReadAsync(token))
        {
            rows.Add(string.Join(' ', Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetValue(i))));
        }
        return [.. rows];
    }

    /// <summary>Kills it as a crash would.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }
        _process.Dispose();
    }

    // A client that comes before the map and the catalogs are known waits for them.
    private async Task WaitAsync(CancellationToken token)
    {
        await using NpgsqlConnection client = await OpenAsync(token);
        await using NpgsqlCommand ask = new("SELECT now()", client);
        await ask.ExecuteScalarAsync(token);
    }
}
