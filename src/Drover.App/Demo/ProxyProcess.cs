// Drover as a process of its own: `drover serve` of this same program, on a pgbouncer.ini that is written here.
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Drover.App.LocalPostgres;
using Npgsql;

namespace Drover.App.Demo;

/// <summary>A running proxy in front of a local cluster; its files go with the cluster's folder.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(5);

    private const int LogLinesShown = 40;

    private readonly Process _process;
    private readonly TimeProvider _timeProvider;

    private ProxyProcess(Process process, int port, string logFile, TimeProvider timeProvider)
    {
        _process = process;
        Port = port;
        LogFile = logFile;
        _timeProvider = timeProvider;
    }

    /// <summary>The loopback port that clients connect to.</summary>
    public int Port { get; }

    /// <summary>What the proxy wrote to its outputs.</summary>
    public string LogFile { get; }

    /// <summary>The proxy's process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts a proxy in transaction mode and waits until a query comes through it.</summary>
    /// <exception cref="LocalPostgresException">It ended or did not answer; its log is in the message.</exception>
    public static async Task<ProxyProcess> StartAsync(
        LocalPostgresCluster cluster,
        DemoOptions options,
        TimeProvider timeProvider,
        CancellationToken cancellationToken
    )
    {
        int clientsMax = options.PooledClients + DemoRun.SpareConnections;
        int port = FindFreePort();
        string ini = Path.Combine(cluster.Folder, "drover.ini");
        string users = Path.Combine(cluster.Folder, "drover.users");
        string log = Path.Combine(cluster.Folder, "drover.log");
        await File.WriteAllTextAsync(
            users,
            $"\"{Shop.Role}\" \"\"\n\"{LocalPostgresCluster.Superuser}\" \"\"\n",
            cancellationToken
        );
        await File.WriteAllTextAsync(
            ini,
            $"""
            [databases]
            {Shop.Database} = host={LocalPostgresCluster.Host} port={cluster.Port} dbname={Shop.Database}

            [pgbouncer]
            listen_addr = {LocalPostgresCluster.Host}
            listen_port = {port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {users}
            admin_users = {LocalPostgresCluster.Superuser}
            pool_mode = transaction
            default_pool_size = {options.ServerConnections}
            max_client_conn = {clientsMax}
            log_connections = 0
            log_disconnections = 0

            """,
            cancellationToken
        );
        return await StartAsync(
            Command(
                ["serve", "--pgbouncer-ini", ini],
                log,
                options.ProxyProgram is { Length: > 0 } other ? [other, ini] : []
            ),
            port,
            log,
            timeProvider,
            cancellationToken
        );
    }

    /// <summary>Starts Drover with these words, and waits until a query comes through it.</summary>
    /// <exception cref="LocalPostgresException">It ended or did not answer; its log is in the message.</exception>
    public static Task<ProxyProcess> StartAsync(
        string[] words,
        int port,
        string log,
        TimeProvider timeProvider,
        CancellationToken cancellationToken
    ) => StartAsync(Command(words, log, []), port, log, timeProvider, cancellationToken);

    private static async Task<ProxyProcess> StartAsync(
        List<string> command,
        int port,
        string log,
        TimeProvider timeProvider,
        CancellationToken cancellationToken
    )
    {
        Process process = CommandRun.Start(CommandRun.CreateStartInfo(command, "/"));
        ProxyProcess proxy = new(process, port, log, timeProvider);
        try
        {
            await proxy.WaitUntilReadyAsync(cancellationToken);
            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fails if the proxy has ended by itself.</summary>
    /// <exception cref="LocalPostgresException">With its exit code and the end of its log.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (!_process.HasExited)
        {
            return;
        }
        string[] lines = await File.ReadAllLinesAsync(LogFile, cancellationToken);
        throw new LocalPostgresException(
            $"the proxy ended with exit code {_process.ExitCode}. The end of its log:\n"
                + string.Join('\n', lines.TakeLast(LogLinesShown))
        );
    }

    /// <summary>Ends the proxy: SIGINT, and SIGKILL when that takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            ProcessSignals.Send(_process.Id, ProcessSignal.Interrupt);
            using CancellationTokenSource limit = new(s_stopTimeout, _timeProvider);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
            }
        }
        _process.Dispose();
    }

    /// <summary>The words that start this same program.</summary>
    public static IReadOnlyList<string> OwnProgram()
    {
        string program = Environment.ProcessPath!;
        // Started as `dotnet drover.dll`, the program is dotnet and needs to be told the assembly.
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? [program, Path.Combine(AppContext.BaseDirectory, "drover.dll")]
            : [program];
    }

    // In a session of its own, so that Ctrl-C reaches it only after the clients have left.
    private static List<string> Command(string[] words, string log, string[] other)
    {
        List<string> command =
        [
            "setsid",
            "sh",
            "-c",
            """log=$1; shift; exec "$@" </dev/null >>"$log" 2>&1""",
            "sh",
            log,
        ];
        if (other.Length > 0)
        {
            command.AddRange(UnprivilegedUser.Find()?.Wrap(other) ?? other);
            return command;
        }
        command.AddRange(OwnProgram());
        command.AddRange(words);
        return command;
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        long started = _timeProvider.GetTimestamp();
        await using NpgsqlDataSource source = new NpgsqlSlimDataSourceBuilder(DemoStage.ConnectionString(Port)).Build();
        while (true)
        {
            try
            {
                await using NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken);
                await using NpgsqlCommand command = new("SELECT 1", connection);
                await command.ExecuteScalarAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException failure)
            {
                if (_process.HasExited || _timeProvider.GetElapsedTime(started) > s_startTimeout)
                {
                    string state = _process.HasExited ? "ended" : "does not answer";
                    string text = await File.ReadAllTextAsync(LogFile, cancellationToken);
                    throw new LocalPostgresException(
                        $"the proxy {state} ({failure.Message}). Its log:\n{text}",
                        failure
                    );
                }
                await Task.Delay(s_pollInterval, _timeProvider, cancellationToken);
            }
        }
    }

    /// <summary>A loopback port that nobody listens on.</summary>
    public static int FindFreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
