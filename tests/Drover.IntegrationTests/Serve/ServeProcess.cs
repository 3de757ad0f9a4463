// `drover serve` as a child process with a Unix socket, a console, files that a test may change, and signals.
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.Clients;
using Npgsql;

namespace Drover.IntegrationTests.Serve;

/// <summary>One running proxy; <c>postgres</c> is the cluster's superuser, <c>boss</c> is on the console.</summary>
internal sealed class ServeProcess : IAsyncDisposable
{
    public const string Host = "127.0.0.1";
    public const string Password = "pw";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();

    private ServeProcess(string folder, int port, ProcessStartInfo start)
    {
        Folder = folder;
        Port = port;
        _process = new Process { StartInfo = start };
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    /// <summary>Holds the configuration and the Unix socket.</summary>
    public string Folder { get; }

    public int Port { get; }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    public string IniFile => Path.Combine(Folder, "pgbouncer.ini");

    public string UserList => Path.Combine(Folder, "userlist.txt");

    public string Log => string.Join('\n', _log);

    /// <summary>Starts it in front of a cluster and waits until it is up.</summary>
    public static async Task<ServeProcess> StartAsync(
        int postgresPort,
        CancellationToken token,
        Dictionary<string, string>? settings = null,
        Dictionary<string, string>? environment = null,
        IReadOnlyList<string>? wrapper = null,
        ServeEntries? entries = null
    )
    {
        string folder = Directory.CreateTempSubdirectory("drover-serve-").FullName;
        int port = FindFreePort();
        await WriteFilesAsync(folder, port, postgresPort, settings ?? [], token, entries);
        ServeProcess serve = Run(folder, port, [.. wrapper ?? []], environment ?? [], []);
        try
        {
            await serve.WaitForLogAsync("process up", token);
            return serve;
        }
        catch
        {
            await serve.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it without waiting: for what must fail.</summary>
    public static async Task<ServeProcess> StartFailingAsync(
        Dictionary<string, string> settings,
        CancellationToken token,
        params string[] arguments
    )
    {
        string folder = Directory.CreateTempSubdirectory("drover-serve-").FullName;
        int port = FindFreePort();
        await WriteFilesAsync(folder, port, 1, settings, token);
        return Run(folder, port, [], [], arguments);
    }

    /// <summary>Writes pgbouncer.ini and userlist.txt anew.</summary>
    public static async Task WriteFilesAsync(
        string folder,
        int port,
        int postgresPort,
        Dictionary<string, string> settings,
        CancellationToken token,
        ServeEntries? entries = null
    )
    {
        entries ??= new ServeEntries();
        Dictionary<string, string> all = new()
        {
            ["listen_addr"] = Host,
            ["listen_port"] = $"{port}",
            ["unix_socket_dir"] = folder,
            ["auth_type"] = "scram-sha-256",
            ["auth_file"] = Path.Combine(folder, "userlist.txt"),
            ["admin_users"] = "boss",
            ["stats_users"] = "stat",
            ["pool_mode"] = "transaction",
            ["default_pool_size"] = "5",
        };
        foreach ((string name, string value) in settings)
        {
            all[name] = value;
        }
        IEnumerable<string> lines =
        [
            "[databases]",
            $"postgres = host={Host} port={postgresPort}",
            $"other = host={Host} port={postgresPort} dbname=postgres",
            .. entries.Databases,
            "[pgbouncer]",
            .. all.Select(static setting => $"{setting.Key} = {setting.Value}"),
        ];
        await File.WriteAllLinesAsync(Path.Combine(folder, "pgbouncer.ini"), lines, token);
        string[] users = ["postgres", "boss", "stat"];
        await File.WriteAllLinesAsync(
            Path.Combine(folder, "userlist.txt"),
            users.Select(static user => $"\"{user}\" \"{Password}\"").Concat(entries.Users),
            token
        );
    }

    /// <summary>Writes the files anew and has them read; throws when the proxy refuses them.</summary>
    public async Task ReloadAsync(
        int postgresPort,
        Dictionary<string, string> settings,
        CancellationToken token,
        ServeEntries? entries = null
    )
    {
        await WriteFilesAsync(Folder, Port, postgresPort, settings, token, entries);
        await ConsoleAsync("RELOAD", token, user: "pgbouncer", overSocket: true);
    }

    /// <summary>How a client connects through it.</summary>
    public string ClientString(string user = "postgres", string password = Password) =>
        $"Host={Host};Port={Port};Username={user};Password={password};Database=postgres;Pooling=false;Timeout=10";

    /// <summary>How Npgsql connects to the console.</summary>
    public string ConsoleString(string user = "boss") =>
        $"Host={Host};Port={Port};Username={user};Password={Password};Database=pgbouncer;Pooling=false;"
        + "Server Compatibility Mode=NoTypeLoading;Timeout=10;Command Timeout=20";

    /// <summary>The same over the Unix socket.</summary>
    public string OverSocket(string text) => text.Replace($"Host={Host};", $"Host={Folder};", StringComparison.Ordinal);

    /// <summary>Opens a client.</summary>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken token, string? text = null)
    {
        NpgsqlConnection connection = new(text ?? ClientString());
        await connection.OpenAsync(token);
        return connection;
    }

    /// <summary>Runs a command on the console; rows as texts by column.</summary>
    public async Task<List<Dictionary<string, string>>> ConsoleAsync(
        string command,
        CancellationToken token,
        string user = "boss",
        bool overSocket = false
    )
    {
        string text = ConsoleString(user);
        await using NpgsqlConnection console = await OpenAsync(token, overSocket ? OverSocket(text) : text);
        await using NpgsqlCommand sql = new(command, console);
        await using NpgsqlDataReader reader = await sql.ExecuteReaderAsync(token);
        List<Dictionary<string, string>> rows = [];
        while (await reader.ReadAsync(token))
        {
            rows.Add(
                Enumerable
                    .Range(0, reader.FieldCount)
                    .ToDictionary(reader.GetName, i => Convert.ToString(reader.GetValue(i), null) ?? "")
            );
        }
        return rows;
    }

    /// <summary>Sends a signal by its Linux number.</summary>
    public void Signal(int number) => Assert.True(ProcessSignals.Send(_process.Id, (ProcessSignal)number));

    /// <summary>The exit code, once it has ended.</summary>
    public async Task<int> ExitAsync(CancellationToken token)
    {
        await _process.WaitForExitAsync(token).WaitAsync(s_limit, token);
        return _process.ExitCode;
    }

    /// <summary>Waits for a line.</summary>
    public Task WaitForLogAsync(string text, CancellationToken token) =>
        WaitAsync(() => Task.FromResult(Log.Contains(text, StringComparison.Ordinal)), $"log line \"{text}\"", token);

    /// <summary>Waits for anything.</summary>
    public async Task WaitAsync(Func<Task<bool>> condition, string what, CancellationToken token)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > s_limit)
            {
                throw new TimeoutException($"{what} did not come; the proxy said:\n{Log}");
            }
            await Task.Delay(s_poll, token);
        }
    }

    /// <summary>Ends it and removes its files.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static ServeProcess Run(
        string folder,
        int port,
        string[] wrapper,
        Dictionary<string, string> environment,
        string[] arguments
    )
    {
        string? other = Environment.GetEnvironmentVariable(ProxyUnderTest.Variable);
        string[] command =
        [
            .. wrapper,
            string.IsNullOrEmpty(other) ? TestedProgram.Path : other,
            "serve",
            "--pgbouncer-ini",
            Path.Combine(folder, "pgbouncer.ini"),
            .. arguments,
        ];
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }
        return new ServeProcess(folder, port, start);
    }

    public static int FindFreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            _log.Enqueue(line);
        }
    }
}

/// <summary>Lines besides the usual ones.</summary>
internal sealed record ServeEntries
{
    /// <summary>Of the section [databases].</summary>
    public IReadOnlyList<string> Databases { get; init; } = [];

    /// <summary>Of the user list.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];
}
