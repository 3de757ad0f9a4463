// A streaming standby of a local cluster, whose replay can be paused.
using System.Diagnostics;
using Drover.App.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>A copy of the stopped primary's folder; reached by its Unix socket.</summary>
internal sealed class StandbyServer : IAsyncDisposable
{
    private readonly ClusterFolder _folder;
    private readonly Watchdog _watchdog;
    private readonly string _connectionString;
    private Process? _server;

    private StandbyServer(LocalPostgresCluster primary, ClusterFolder folder)
    {
        _folder = folder;
        _watchdog = Watchdog.Start(folder.Root);
        _connectionString =
            $"Host={folder.Socket};Port={primary.Port};Username={LocalPostgresCluster.Superuser};Database=postgres;"
            + "Pooling=false";
    }

    /// <summary>The folder of its socket; its port is the primary's.</summary>
    public string SocketFolder => _folder.Socket;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Copies the primary, which is stopped for it, starts the copy and waits until it streams.</summary>
    /// <param name="primary">The primary.</param>
    /// <param name="name">The standby's name in pg_stat_replication.</param>
    public static async Task<StandbyServer> StartAsync(LocalPostgresCluster primary, string name)
    {
        UnprivilegedUser? user = UnprivilegedUser.Find();
        StandbyServer standby = new(primary, await ClusterFolder.CreateAsync(user, Token));
        try
        {
            await primary.StopAsync(immediate: false, Token);
            await ExecuteAsync(user, "cp", "-a", primary.DataFolder, standby._folder.Data);
            await ExecuteAsync(user, "touch", Path.Combine(standby._folder.Data, "standby.signal"));
            await primary.StartAsync(Token);
            string upstream =
                $"primary_conninfo=host={primary.SocketFolder} port={primary.Port} "
                + $"user={LocalPostgresCluster.Superuser}";
            string log = Path.Combine(standby._folder.Root, "standby.log");
            ProcessStartInfo start = CommandRun.CreateStartInfo(
                [
                    "sh",
                    "-c",
                    """log=$1; shift; exec "$@" </dev/null >>"$log" 2>&1""",
                    "sh",
                    log,
                    .. Wrap(
                        user,
                        primary.Binaries.Program("postgres"),
                        ["-D", standby._folder.Data, "-c", $"unix_socket_directories={standby._folder.Socket}"],
                        ["-c", "listen_addresses=", "-c", upstream, "-c", $"cluster_name={name}"],
                        ["-c", "wal_receiver_status_interval=1s"]
                    ),
                ],
                "/"
            );
            standby._server = CommandRun.Start(start);
            await standby.WaitAsync(primary, log);
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    /// <summary>What is received is not replayed any more.</summary>
    public Task PauseAsync() => RunAsync("SELECT pg_wal_replay_pause()");

    /// <summary>It is again.</summary>
    public Task ResumeAsync() => RunAsync("SELECT pg_wal_replay_resume()");

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
        {
            ProcessSignals.Send(server.Id, ProcessSignal.Quit);
            await server.WaitForExitAsync();
            server.Dispose();
        }
        await _watchdog.DisposeAsync();
    }

    private async Task WaitAsync(LocalPostgresCluster primary, string log)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (
            await primary.QueryAsync(
                "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn IS NOT NULL",
                Token
            )
                is not "1"
        )
        {
            bool isLate = TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(2);
            Assert.False(
                isLate || _server!.HasExited,
                $"the standby does not stream: {await File.ReadAllTextAsync(log, Token)}"
            );
            await Task.Delay(50, Token);
        }
    }

    private async Task RunAsync(string sql)
    {
        await using NpgsqlConnection connection = new(_connectionString);
        await connection.OpenAsync(Token);
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task ExecuteAsync(UnprivilegedUser? user, string program, params string[] arguments)
    {
        CommandRun run = await CommandRun.RunAsync(Wrap(user, program, arguments), "/", Token);
        Assert.True(run.ExitCode == 0, run.Error);
    }

    private static IReadOnlyList<string> Wrap(UnprivilegedUser? user, string program, params string[][] arguments)
    {
        string[] command = [program, .. arguments.SelectMany(part => part)];
        return user is null ? command : user.Wrap(command);
    }
}
