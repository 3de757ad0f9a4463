// Clients and servers as SHOW has them, read from the running engine by any thread.
using System.Net;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Sessions;
using Drover.Telemetry;
using Drover.Transport;
using Drover.Transport.Tls;

namespace Drover.Proxy;

/// <summary>
/// Reads plain fields of objects that belong to event loops: a value may be a moment old, and what is read of one
/// connection need not be of the same moment. Nothing is locked, nothing waits.
/// </summary>
internal sealed class ConnectionReader(DataPlane plane)
{
    private const string Unix = "unix";

    /// <summary>Clients that are past their authentication.</summary>
    public IReadOnlyList<ConnectionSnapshot> Clients() =>
        [.. plane.Services.Registry.Clients.Where(IsIn).OrderBy(static client => client.Id).Select(Read)];

    /// <summary>Clients that are not.</summary>
    public IReadOnlyList<ConnectionSnapshot> LoginClients() =>
        [.. plane.Services.Registry.Clients.Where(static client => !IsIn(client)).Select(Read)];

    /// <summary>Servers of all pools, and those of replication clients.</summary>
    public IReadOnlyList<ConnectionSnapshot> Servers()
    {
        List<ConnectionSnapshot> servers = [];
        foreach (ServerPool pool in plane.Directory.Pools)
        {
            // One that ends its login just now is in the one list or in the other.
            HashSet<ServerConnection> all = [.. pool.LoggingIn.Values, .. pool.Servers()];
            servers.AddRange(all.Select(server => Read(server, ReplicationKind.None, server.ClientId)));
        }
        foreach (ClientConnection client in plane.Services.Registry.Clients)
        {
            if (client.ReplicationServer is { } server)
            {
                servers.Add(Read(server, client.Replication, client.Id));
            }
        }
        servers.Sort(static (one, other) => one.Id.CompareTo(other.Id));
        return servers;
    }

    /// <summary>Logged in, or waiting for a first server with the password already checked.</summary>
    public static bool IsIn(ClientConnection client) => client.IsLoggedIn || client.Session is not null;

    /// <summary>What a free server counts as: one that idled long must be checked first.</summary>
    public ConnectionState StateOf(ServerConnection server, long nowMs)
    {
        switch (server.State)
        {
            case ServerState.Login:
                return ConnectionState.Login;
            case ServerState.Active:
                return ConnectionState.Active;
            case ServerState.BeingCanceled:
                return ConnectionState.BeingCanceled;
            case ServerState.Idle:
                TimeSpan delay = plane.Directory.Options.Proxy.Server.ServerCheckDelay;
                bool isOld =
                    plane.Directory.Options.Proxy.Server.ServerCheckQuery is not null
                    && delay > TimeSpan.Zero
                    && nowMs - server.ReleasedMs > (long)delay.TotalMilliseconds;
                return isOld ? ConnectionState.Used : ConnectionState.Idle;
            default:
                return ConnectionState.Tested;
        }
    }

    /// <summary>The loops' clock now; all loops have the same one.</summary>
    public long NowMs() => plane.Time.GetTimestamp() * 1000 / plane.Time.TimestampFrequency;

    private ConnectionSnapshot Read(ClientConnection client)
    {
        Connection connection = client.Connection;
        ClientSession? session = client.Session;
        ServerConnection? server = client.ReplicationServer ?? session?.Server;
        ClientState state = session?.State ?? (client.IsLoggedIn ? ClientState.Idle : ClientState.Login);
        return new ConnectionSnapshot
        {
            Side = ConnectionSide.Client,
            Id = client.Id,
            LinkId = server?.Id,
            User = client.UserName,
            Database = client.DatabaseName,
            Replication = client.Replication,
            State = IsIn(client) ? StateOf(state, server) : ConnectionState.Login,
            Address = AddressOf(connection.RemoteEndPoint),
            Port = PortOf(connection.RemoteEndPoint),
            LocalAddress = AddressOf(connection.RemoteEndPoint is null ? null : connection.LocalEndPoint),
            LocalPort = PortOf(connection.LocalEndPoint),
            ConnectTime = client.ConnectTime,
            RequestTime = session is { RequestMs: > 0 } ? AtLoopTime(session.RequestMs) : client.ConnectTime,
            WaitUs = WaitedUs(session),
            Tls = (connection as TlsConnection)?.Description ?? "",
            ApplicationName = ApplicationName(client),
            PreparedStatements = session?.Statements?.Count ?? 0,
            Pinned = session?.Pins ?? PinReason.None,
            FileDescriptor = connection.Descriptor,
            ReceiveBuffered = session?.Inbox.Count ?? 0,
            SendBuffered = session?.Outbox.Pending ?? 0,
        };
    }

    private ConnectionSnapshot Read(ServerConnection server, ReplicationKind kind, long clientId)
    {
        Connection connection = server.Transport;
        ClientConnection? client = clientId == 0 ? null : plane.Services.Registry.Find(clientId);
        return new ConnectionSnapshot
        {
            Side = ConnectionSide.Server,
            Id = server.Id,
            LinkId = client?.Id,
            User = server.Pool.User.Name,
            Database = server.Pool.Database.Name,
            Replication = kind,
            State = kind == ReplicationKind.None ? StateOf(server, NowMs()) : ConnectionState.Active,
            Address = AddressOf(connection.RemoteEndPoint),
            Port = connection.RemoteEndPoint is null ? server.Port : PortOf(connection.RemoteEndPoint),
            LocalAddress = AddressOf(connection.RemoteEndPoint is null ? null : connection.LocalEndPoint),
            LocalPort = PortOf(connection.LocalEndPoint),
            ConnectTime = server.ConnectTime,
            RequestTime =
                client?.Session is { RequestMs: > 0 } session ? AtLoopTime(session.RequestMs)
                : server.ReleasedMs > 0 ? AtLoopTime(server.ReleasedMs)
                : server.ConnectTime,
            CloseNeeded = server.CloseNeeded,
            RemotePid = server.ProcessId,
            Tls = (connection as TlsConnection)?.Description ?? "",
            ApplicationName = client is null ? "" : ApplicationName(client),
            PreparedStatements = server.Statements.Count,
            Pinned = client?.Session?.Pins ?? PinReason.None,
            FileDescriptor = connection.Descriptor,
            ReceiveBuffered = server.Inbox.Count,
            SendBuffered = server.Outbox.Pending,
        };
    }

    private static ConnectionState StateOf(ClientState state, ServerConnection? server) =>
        state switch
        {
            ClientState.Waiting => ConnectionState.Waiting,
            _ when server is not null => ConnectionState.Active,
            _ => ConnectionState.Idle,
        };

    private long WaitedUs(ClientSession? session) =>
        session is { State: ClientState.Waiting } ? Math.Max(0, NowMs() - session.StateSinceMs) * 1000 : 0;

    private DateTimeOffset AtLoopTime(long loopMs) =>
        plane.Time.GetUtcNow() - TimeSpan.FromMilliseconds(Math.Max(0, NowMs() - loopMs));

    private static string ApplicationName(ClientConnection client)
    {
        if (client.Session is { } session && session.Reported.TryFind("application_name", out string? name))
        {
            return name;
        }
        return client.Startup?.Parameters.TryFind("application_name", out string? given) == true ? given : "";
    }

    private static string AddressOf(IPEndPoint? endpoint) => endpoint?.Address.ToString() ?? Unix;

    private int PortOf(IPEndPoint? endpoint) => endpoint?.Port ?? plane.Directory.Options.Proxy.Listen.ListenPort;
}
