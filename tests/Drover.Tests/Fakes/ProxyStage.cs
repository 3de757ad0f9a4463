// A whole data plane in this process, on free ports, before a fake PostgreSQL.
using System.Net;
using System.Net.Sockets;
using Drover.Configuration;
using Drover.Configuration.Authentication;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Proxy;
using Drover.Sessions.Login;
using Drover.Transport;

namespace Drover.Tests.Fakes;

/// <summary>
/// The real event loops, sessions and pools. When it ends it checks that nothing failed unexpectedly in the proxy and
/// that the fake server saw no violation.
/// </summary>
internal sealed class ProxyStage : IAsyncDisposable
{
    private readonly DataPlane _plane;

    private ProxyStage(DroverOptions options, TimeProvider time, IConnectionDecorator? decorator)
    {
        TlsSetup tls = new(
            new ClientTls(options.Proxy.ClientTls),
            new ServerTls(new TlsOptions { Sslmode = TlsMode.Disable })
        );
        _plane = new DataPlane(options, tls, time, Log);
        foreach (EventLoop loop in _plane.Loops)
        {
            loop.Decorator = decorator;
        }
        _plane.Start();
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(512);
        Port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        _plane.Listen(socket);
    }

    public RecordingLog Log { get; } = new();

    /// <summary>Where clients connect.</summary>
    public int Port { get; }

    public FakePostgres Server { get; private init; } = null!;

    public DataPlane Plane => _plane;

    /// <summary>The pool of the database and user that a <see cref="FakeClient"/> asks for.</summary>
    public ServerPool Pool =>
        _plane.Directory.TryFindPool("app", "app", out ServerPool? pool) ? pool : throw new InvalidOperationException();

    /// <summary>Starts both, in transaction mode with session state not followed, unless changed.</summary>
    public static ProxyStage Start(
        Func<ProxyOptions, ProxyOptions>? change = null,
        TimeProvider? time = null,
        IConnectionDecorator? decorator = null,
        Func<DatabaseOptions, DatabaseOptions>? changeDatabase = null,
        FakePostgres? server = null,
        Func<DroverOptions, DroverOptions>? changeAll = null
    )
    {
        server ??= new FakePostgres();
        ProxyOptions proxy = new()
        {
            Pool = new PoolOptions { PoolMode = PoolMode.Transaction, MaxClientConn = 0 },
            Session = new SessionOptions { TrackSessionState = false },
            Authentication = new AuthenticationOptions { AuthType = AuthType.Trust },
            ServerTls = new TlsOptions { Sslmode = TlsMode.Disable },
            Network = new NetworkOptions { EventLoops = 1 },
        };
        DatabaseOptions database = new()
        {
            Name = "app",
            Host = ["127.0.0.1"],
            Port = server.Port,
        };
        DroverOptions options = new()
        {
            Proxy = change?.Invoke(proxy) ?? proxy,
            Databases = [changeDatabase?.Invoke(database) ?? database],
            AuthenticationFiles = UsersOf("app", "other", "u1", "u2", "u3"),
        };
        options = changeAll?.Invoke(options) ?? options;
        return new ProxyStage(options, time ?? TimeProvider.System, decorator) { Server = server };
    }

    /// <summary>An auth_file of users without a password.</summary>
    public static AuthenticationFiles UsersOf(params string[] names) =>
        new()
        {
            Users = UserList.Parse(
                string.Join('\n', names.Select(static name => $"\"{name}\" \"\"")),
                static (_, problem) => Assert.Fail(problem)
            ),
        };

    /// <summary>The one of the fake server's backends that got this simple query.</summary>
    public FakeBackend BackendOf(string query) =>
        Server.Backends.Single(backend =>
        {
            lock (backend.Received)
            {
                return backend.Received.Contains($"Q {query}");
            }
        });

    public Task<FakeClient> ConnectAsync(params (string Name, string Value)[] parameters) =>
        FakeClient.ConnectAsync(Port, parameters: parameters);

    /// <summary>Waits for a condition that the proxy brings about in its own time.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Wire.Limit, $"never came to be: {what}");
            await Task.Delay(5);
        }
    }

    /// <summary>Waits until every client is gone and every server idle; says how many servers there are.</summary>
    public async Task<int> SettleAsync()
    {
        await UntilAsync(() => _plane.Services.Registry.Count == 0, "every client gone");
        await UntilAsync(
            () => Pool.Connecting == 0 && Pool.Servers().All(static server => server.State == ServerState.Idle),
            "every server idle"
        );
        // A server is out of the list a moment before its places are given back.
        await UntilAsync(
            () => Pool.Servers().Count == Pool.Database.Servers && Pool.Servers().Count == Pool.User.Servers,
            "every closed server's places given back"
        );
        int servers = Pool.Servers().Count;
        Assert.Equal((0, 0L), Pool.Waiting());
        return servers;
    }

    public ValueTask DisposeAsync()
    {
        _plane.Dispose();
        Server.Dispose();
        Assert.Empty(Log.Defects);
        Assert.Empty(Server.Violations);
        return ValueTask.CompletedTask;
    }
}
