// A PostgreSQL of our own for a demo or a test: on a free port of the loopback, in a temporary folder, always removed.
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Drover.App.LocalPostgres;

/// <summary>A cluster that lives as long as this object, and no longer than this process.</summary>
internal sealed class LocalPostgresCluster : IAsyncDisposable
{
    /// <summary>The superuser, who needs no password over the Unix socket.</summary>
    public const string Superuser = "postgres";

    /// <summary>The loopback address that the server listens on.</summary>
    public const string Host = "127.0.0.1";

    private const int PortTriesMax = 5;
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(30);

    private readonly LocalPostgresOptions _options;
    private readonly UnprivilegedUser? _user;
    private readonly ClusterFolder _folder;
    private readonly Watchdog _watchdog;
    private readonly ConcurrentDictionary<string, NpgsqlDataSource> _sources = new();
    private Process? _server;

    private LocalPostgresCluster(
        PostgresBinaries binaries,
        LocalPostgresOptions options,
        UnprivilegedUser? user,
        ClusterFolder folder
    )
    {
        Binaries = binaries;
        _options = options;
        _user = user;
        _folder = folder;
        _watchdog = Watchdog.Start(folder.Root);
    }

    /// <summary>The programs in use.</summary>
    public PostgresBinaries Binaries { get; }

    /// <summary>The port; the same after a restart.</summary>
    public int Port { get; private set; }

    /// <summary>The folder of the Unix socket.</summary>
    public string SocketFolder => _folder.Socket;

    /// <summary>The folder that holds everything and is deleted in the end.</summary>
    public string Folder => _folder.Root;

    /// <summary>PostgreSQL's data directory.</summary>
    public string DataFolder => _folder.Data;

    /// <summary>The server's log file.</summary>
    public string LogFile => _folder.Log;

    /// <summary>The postmaster's process id, or null when it is stopped.</summary>
    public int? ProcessId => _server?.Id;

    /// <summary>The process that cleans up if we cannot.</summary>
    public int WatchdogProcessId => _watchdog.ProcessId;

    /// <summary>How Npgsql connects over TCP, as superuser, to the database postgres.</summary>
    public string ConnectionString => ConnectionStringTo("postgres");

    /// <summary>The same over the Unix socket, where no password is ever asked for.</summary>
    public string SocketConnectionString =>
        $"Host={SocketFolder};Port={Port};Username={Superuser};Database=postgres;Pooling=false";

    /// <summary>Finds the programs, makes a cluster and starts it.</summary>
    /// <exception cref="LocalPostgresException">No programs, or no start; the log is in the message.</exception>
    public static async Task<LocalPostgresCluster> StartNewAsync(
        LocalPostgresOptions options,
        CancellationToken cancellationToken
    )
    {
        PostgresBinaries binaries = await PostgresBinaries.FindAsync(
            options.Major,
            options.BinFolder,
            options.TimeProvider,
            cancellationToken
        );
        UnprivilegedUser? user = UnprivilegedUser.Find();
        ClusterFolder folder = await ClusterFolder.CreateAsync(user, cancellationToken);
        LocalPostgresCluster cluster = new(binaries, options, user, folder);
        try
        {
            await cluster.InitializeAsync(cancellationToken);
            await cluster.StartOnFreePortAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>How Npgsql connects over TCP, as superuser, to a database; unpooled.</summary>
    public string ConnectionStringTo(string database) =>
        $"Host={Host};Port={Port};Username={Superuser};Database={database};Pooling=false";

    /// <summary>Starts a stopped or killed server on its port and waits until it is ready.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_server is not null)
        {
            throw new InvalidOperationException("the server runs already");
        }
        // A session of its own: what a terminal sends to us on Ctrl-C does not reach the server before we stop it.
        List<string> command = ["setsid", "sh", "-c", """log=$1; shift; exec "$@" </dev/null >>"$log" 2>&1""", "sh"];
        string[] server = [Binaries.Program("postgres"), "-D", _folder.Data];
        command.AddRange([_folder.Log, .. _user is null ? server : _user.Wrap(server)]);
        _server = CommandRun.Start(CommandRun.CreateStartInfo(command, "/"));
        await WaitUntilReadyAsync(_server, cancellationToken);
    }

    /// <summary>Stops the server: fast (clients are told) or immediate (like a crash: recovery follows).</summary>
    public async Task StopAsync(bool immediate, CancellationToken cancellationToken)
    {
        if (_server is not { } server)
        {
            return;
        }
        ProcessSignals.Send(server.Id, immediate ? ProcessSignal.Quit : ProcessSignal.Interrupt);
        using CancellationTokenSource limit = new(s_stopTimeout, _options.TimeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token,
            cancellationToken
        );
        try
        {
            await server.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            await KillAsync(cancellationToken);
            return;
        }
        server.Dispose();
        _server = null;
    }

    /// <summary>Stops and starts again on the same port.</summary>
    public async Task RestartAsync(bool immediate, CancellationToken cancellationToken)
    {
        await StopAsync(immediate, cancellationToken);
        await StartAsync(cancellationToken);
    }

    /// <summary>Ends all of the server's processes with SIGKILL, as a crash of the machine would.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        if (_server is not { } server)
        {
            return;
        }
        IReadOnlyList<int> children = ProcessTree.ChildrenOf(server.Id);
        ProcessSignals.Send(server.Id, ProcessSignal.Kill);
        foreach (int child in children)
        {
            ProcessSignals.Send(child, ProcessSignal.Kill);
        }
        await server.WaitForExitAsync(cancellationToken);
        while (children.Any(ProcessTree.IsAlive))
        {
            await Task.Delay(s_pollInterval, _options.TimeProvider, cancellationToken);
        }
        _folder.ForgetPostmaster();
        server.Dispose();
        _server = null;
    }

    /// <summary>Has the server read its configuration files again.</summary>
    public void Reload() => ProcessSignals.Send(_server!.Id, ProcessSignal.Hangup);

    /// <summary>Replaces the rules of pg_hba.conf before the closing ones, and reloads.</summary>
    public async Task ReplaceHbaAsync(IReadOnlyList<string> lines, CancellationToken cancellationToken)
    {
        await _folder.WriteHbaAsync(lines, _options.HostAuthentication, cancellationToken);
        Reload();
    }

    /// <summary>An open connection of the superuser over the Unix socket.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string database, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = _sources.GetOrAdd(database, CreateSource).CreateConnection();
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    /// <summary>Runs statements without results as superuser.</summary>
    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken, string database = "postgres")
    {
        await using NpgsqlConnection connection = await OpenAsync(database, cancellationToken);
        await using NpgsqlCommand command = new(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The text of a query's first value as superuser; null for NULL or no row.</summary>
    public async Task<string?> QueryAsync(string sql, CancellationToken cancellationToken, string database = "postgres")
    {
        await using NpgsqlConnection connection = await OpenAsync(database, cancellationToken);
        await using NpgsqlCommand command = new(sql, connection) { AllResultTypesAreUnknown = true };
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    /// <summary>The process ids of the server's children: its workers and one per connection.</summary>
    public IReadOnlyList<int> ReadChildren() => _server is { } server ? ProcessTree.ChildrenOf(server.Id) : [];

    /// <summary>Stops the server at once and deletes the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (NpgsqlDataSource source in _sources.Values)
        {
            await source.DisposeAsync();
        }
        await StopAsync(immediate: true, CancellationToken.None);
        await _watchdog.DisposeAsync();
    }

    private NpgsqlDataSource CreateSource(string database)
    {
        NpgsqlConnectionStringBuilder builder = new(SocketConnectionString) { Database = database };
        return new NpgsqlSlimDataSourceBuilder(builder.ConnectionString).Build();
    }

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        List<string> command = [Binaries.Program("initdb"), "-D", _folder.Data, "-U", Superuser, "--no-sync"];
        command.AddRange(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]);
        CommandRun run = await CommandRun.RunAsync(
            _user is null ? command : _user.Wrap(command),
            "/",
            cancellationToken
        );
        if (run.ExitCode != 0)
        {
            throw new LocalPostgresException($"initdb failed: {run.Error.Trim()}");
        }
        await _folder.WriteHbaAsync(_options.HbaLines, _options.HostAuthentication, cancellationToken);
    }

    // Between the moment that a port is seen free and the server's bind, somebody else may take it.
    private async Task StartOnFreePortAsync(CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            Port = FindFreePort();
            await _folder.WriteSettingsAsync(_options, Port, cancellationToken);
            try
            {
                await StartAsync(cancellationToken);
                return;
            }
            catch (LocalPostgresException failure)
                when (attempt < PortTriesMax && failure.Message.Contains("already in use", StringComparison.Ordinal))
            {
                _folder.ForgetPostmaster();
            }
        }
    }

    private async Task WaitUntilReadyAsync(Process server, CancellationToken cancellationToken)
    {
        TimeProvider clock = _options.TimeProvider;
        long started = clock.GetTimestamp();
        while (
            _folder.ReadPostmaster() is not { Status: "ready" or "standby" } running || running.ProcessId != server.Id
        )
        {
            if (server.HasExited || clock.GetElapsedTime(started) > s_startTimeout)
            {
                string state = server.HasExited ? $"ended with exit code {server.ExitCode}" : "is not ready in time";
                await KillAsync(cancellationToken);
                throw new LocalPostgresException($"PostgreSQL {state}. Its log:\n{_folder.ReadLogTail()}");
            }
            await Task.Delay(s_pollInterval, clock, cancellationToken);
        }
    }

    private static int FindFreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
