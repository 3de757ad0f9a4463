// The proxy as a process of its own, started from a pgbouncer.ini as an installation would start it.
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Drover.App.LocalPostgres;

namespace Drover.IntegrationTests.Clients;

/// <summary>
/// A running proxy on a free port of the loopback. Which program it is comes from the environment variable
/// <c>DROVER_TEST_PROXY</c>: unset, it is the drover that was built with these tests; a path is another build of drover
/// (the one compiled ahead of time, say); <c>pgbouncer</c> is PgBouncer, which shows what these tests find in a proxy:
/// in session mode everything but start-up parameters is equal, in transaction mode a lot is not.
/// </summary>
internal sealed class ProxyUnderTest : IAsyncDisposable
{
    /// <summary>The environment variable that selects the program.</summary>
    public const string Variable = "DROVER_TEST_PROXY";

    private const int LogLinesMax = 400;
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);

    private readonly string _folder;
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();

    private ProxyUnderTest(string folder, int port, ProcessStartInfo start)
    {
        _folder = folder;
        Port = port;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>True when the program is PgBouncer.</summary>
    public static bool IsPgBouncer => Environment.GetEnvironmentVariable(Variable) == "pgbouncer";

    /// <summary>The address it listens on.</summary>
    public const string Host = "127.0.0.1";

    /// <summary>The port it listens on.</summary>
    public int Port { get; }

    /// <summary>The process, for signals and for reading what it costs.</summary>
    public int ProcessId => _process.Id;

    /// <summary>The last lines that it printed.</summary>
    public string Log => string.Join('\n', _log);

    /// <summary>Writes the files, starts the program, and returns when its port answers.</summary>
    /// <param name="settings">Lines of the section [pgbouncer] besides the address.</param>
    /// <param name="databases">Lines of the section [databases].</param>
    /// <param name="users">Names and plain passwords for the auth_file.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <param name="program">As in the environment variable; null: what that says.</param>
    /// <param name="listenPort">The port to listen on; null: any that is free.</param>
    public static async Task<ProxyUnderTest> StartAsync(
        IReadOnlyDictionary<string, string> settings,
        IReadOnlyDictionary<string, string> databases,
        IReadOnlyDictionary<string, string> users,
        CancellationToken cancellationToken,
        string? program = null,
        int? listenPort = null
    )
    {
        string folder = Directory.CreateTempSubdirectory("drover-proxy-").FullName;
        int port = listenPort ?? FindFreePort();
        string ini = Path.Combine(folder, "pgbouncer.ini");
        string userList = Path.Combine(folder, "userlist.txt");
        List<string> lines = ["[databases]", .. databases.Select(d => $"{d.Key} = {d.Value}"), "[pgbouncer]"];
        lines.AddRange([
            $"listen_addr = {Host}",
            $"listen_port = {port}",
            "unix_socket_dir =",
            $"auth_file = {userList}",
        ]);
        lines.AddRange(settings.Select(s => $"{s.Key} = {s.Value}"));
        await File.WriteAllLinesAsync(ini, lines, cancellationToken);
        await File.WriteAllLinesAsync(userList, users.Select(u => $"\"{u.Key}\" \"{u.Value}\""), cancellationToken);
        ProxyUnderTest proxy = new(folder, port, Describe(folder, ini, program));
        try
        {
            await proxy.WaitForPortAsync(cancellationToken);
            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the process and removes its files.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static ProcessStartInfo Describe(string folder, string ini, string? program)
    {
        IReadOnlyList<string> command = (program ?? Environment.GetEnvironmentVariable(Variable)) switch
        {
            null or "" => [TestedProgram.Path, "serve", "--pgbouncer-ini", ini],
            "pgbouncer" => AsUnprivilegedUser(folder, ["/usr/sbin/pgbouncer", ini]),
            string drover => [drover, "serve", "--pgbouncer-ini", ini],
        };
        return new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    // PgBouncer refuses to run as root; the files hold passwords of a test only, so that anybody may read them.
    private static IReadOnlyList<string> AsUnprivilegedUser(string folder, string[] command)
    {
        const UnixFileMode Readable =
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode Searchable =
            UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(folder, Readable | Searchable);
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            File.SetUnixFileMode(file, Readable);
        }
        return UnprivilegedUser.Find() is { } user ? user.Wrap(command) : command;
    }

    private async Task WaitForPortAsync(CancellationToken cancellationToken)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (_process.HasExited || TimeProvider.System.GetElapsedTime(started) > s_startLimit)
            {
                string state = _process.HasExited
                    ? $"ended with exit code {_process.ExitCode}"
                    : "did not open its port";
                throw new InvalidOperationException($"The proxy {state}:\n{Log}");
            }
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(Host, Port, cancellationToken);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(s_poll, cancellationToken);
            }
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }
        _log.Enqueue(line);
        while (_log.Count > LogLinesMax)
        {
            _log.TryDequeue(out _);
        }
    }

    private static int FindFreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
