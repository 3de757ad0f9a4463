// A proxy between a client and a server that allocate nothing themselves, so that what is measured is the proxy's.
using System.Net;
using System.Net.Sockets;
using Drover.Configuration;
using Drover.Pooling.Servers;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Proxy;
using Drover.Sessions.Login;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.Benchmarks;

/// <summary>
/// One client, one pooled server, transaction mode. The server is a thread that answers each batch with the same bytes;
/// the client sends one batch and reads up to ReadyForQuery.
/// </summary>
internal sealed class RelayStage : IDisposable
{
    private readonly DataPlane _plane;
    private readonly Socket _client;
    private readonly byte[] _received = new byte[64 * 1024];
    private readonly Socket _backend;

    public RelayStage(byte[] answer)
    {
        _backend = Listen();
        new Thread(() => Answer(_backend, answer)) { IsBackground = true }.Start();
        int port = ((IPEndPoint)_backend.LocalEndPoint!).Port;
        DroverOptions options = new()
        {
            Proxy = new ProxyOptions
            {
                Pool = new PoolOptions { PoolMode = PoolMode.Transaction },
                Authentication = new AuthenticationOptions { AuthType = AuthType.Any },
                Listen = new ListenOptions { UnixSocketDir = "" },
            },
            Databases =
            [
                new DatabaseOptions
                {
                    Name = "bench",
                    Host = ["127.0.0.1"],
                    Port = port,
                    User = "bench",
                },
            ],
        };
        TlsSetup tls = new(
            new ClientTls(options.Proxy.ClientTls),
            new ServerTls(new TlsOptions { Sslmode = TlsMode.Disable })
        );
        _plane = new DataPlane(options, tls, TimeProvider.System, NullLogger.Instance);
        _plane.Start();
        Socket listener = Listen();
        _plane.Listen(listener);
        _client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _client.Connect(listener.LocalEndPoint!);
        using MessageWriter startup = new(1024);
        Protocol.Messages.Frontend.Startup.Begin(startup);
        Protocol.Messages.Frontend.Startup.WriteParameter(startup, "user"u8, "bench"u8);
        Protocol.Messages.Frontend.Startup.End(startup);
        Ask(startup.Written);
    }

    /// <summary>Sends a batch and waits for its ReadyForQuery.</summary>
    public void Ask(ReadOnlySpan<byte> batch)
    {
        _client.Send(batch);
        int count = 0;
        do
        {
            int received = _client.Receive(_received.AsSpan(count));
            count = received > 0 ? count + received : throw new IOException("the proxy closed the connection");
        } while (count < 6 || _received[count - 6] != BackendType.ReadyForQuery);
    }

    public void Dispose()
    {
        _client.Dispose();
        _backend.Dispose();
        _plane.Dispose();
    }

    private static Socket Listen()
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(16);
        return listener;
    }

    /// <summary>
    /// Logs one proxy connection in, then answers every batch: a ReadyForQuery for what the proxy asks itself.
    /// </summary>
    private static void Answer(Socket listener, byte[] answer)
    {
        using Socket server = listener.Accept();
        server.NoDelay = true;
        byte[] buffer = new byte[64 * 1024];
        server.Receive(buffer);
        using MessageWriter login = new(4096);
        AuthenticationRequest.WriteOk(login);
        ParameterStatus.Write(login, "server_version", "18.0");
        BackendKeyData.Write(login, 1, [1, 2, 3, 4]);
        ReadyForQuery.Write(login, TransactionStatus.Idle);
        server.Send(login.Written);
        using MessageWriter ready = new(64);
        CommandComplete.Write(ready, "SELECT 0");
        ReadyForQuery.Write(ready, TransactionStatus.Idle);
        byte[] own = ready.Written.ToArray();
        for (; ; )
        {
            int count = server.Receive(buffer);
            if (count <= 0)
            {
                return;
            }
            bool isOwn = buffer.AsSpan(0, count).IndexOf("pg_catalog"u8) >= 0;
            server.Send(isOwn ? own : answer);
        }
    }
}
