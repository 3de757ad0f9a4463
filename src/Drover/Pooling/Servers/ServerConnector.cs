// Opens pooled server connections: host, socket, TLS, login, connect_query.
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Drover.Configuration;
using Drover.Protocol;
using Drover.Protocol.Authentication;
using Drover.Transport;
using Drover.Transport.Sockets;
using Drover.Transport.Tls;

namespace Drover.Pooling.Servers;

/// <summary>
/// The real <see cref="IServerConnector"/>. What it learns of servers it tells to its owner's callbacks.
/// </summary>
internal sealed class ServerConnector(TimeProvider time, HostResolver resolver, ISupervisor supervisor)
    : IServerConnector
{
    private static long _lastId;
    private int _nextHost;

    /// <summary>A number that no other client or server connection of this process has.</summary>
    public static long NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Set on start and by each reload.</summary>
    public ServerTls Tls { get; set; } = new(new TlsOptions { Sslmode = TlsMode.Prefer });

    /// <inheritdoc/>
    public async Task<(ServerConnection? Server, PoolFailure? Failure)> ConnectAsync(ServerPool pool, EventLoop loop)
    {
        PoolConfiguration configuration = pool.Configuration;
        TimeSpan limit = configuration.Options.Proxy.Server.ServerConnectTimeout;
        using CancellationTokenSource timeout = new(limit > TimeSpan.Zero ? limit : Timeout.InfiniteTimeSpan, time);
        PoolFailure failure = new(SqlState.ConnectionFailure, "no host is configured");
        foreach (string host in HostsInOrder(configuration.Database))
        {
            try
            {
                foreach (
                    EndPoint target in await resolver.ResolveAsync(
                        host,
                        configuration.Database.Port,
                        configuration.Options.Proxy,
                        timeout.Token
                    )
                )
                {
                    (ServerConnection? server, PoolFailure? refused) = await TryHostAsync(
                        pool,
                        loop,
                        host,
                        target,
                        timeout.Token
                    );
                    if (server is not null)
                    {
                        return (server, null);
                    }
                    failure = refused!;
                }
            }
            catch (OperationCanceledException)
            {
                failure = new PoolFailure(SqlState.ConnectionFailure, "connect timeout")
                {
                    Detail = $"{host}:{configuration.Database.Port} did not answer within server_connect_timeout.",
                };
                break;
            }
            catch (SocketException unknown)
            {
                failure = new PoolFailure(
                    SqlState.ConnectionFailure,
                    $"could not resolve host \"{host}\": {unknown.Message}"
                );
            }
        }
        return (null, failure);
    }

    /// <inheritdoc/>
    public EventLoop? MakeRoom(ServerPool pool) => supervisor.EvictIdle(pool);

    /// <inheritdoc/>
    public void OnConnected(ServerConnection server) => supervisor.ServerConnected(server);

    /// <inheritdoc/>
    public void OnClosed(ServerConnection server, string reason) => supervisor.ServerClosed(server, reason);

    /// <inheritdoc/>
    public void OnFailed(ServerPool pool, PoolFailure failure) => supervisor.ServerFailed(pool, failure);

    /// <inheritdoc/>
    public void OnCatalogUnread(ServerPool pool, PoolFailure failure) => supervisor.CatalogUnread(pool, failure);

    /// <summary>Opens a connection that no pool owns, for replication; the caller closes it.</summary>
    public async Task<(ServerConnection? Server, PoolFailure? Failure)> ConnectDirectAsync(
        ServerPool pool,
        EventLoop loop,
        IEnumerable<KeyValuePair<string, string>> parameters,
        CancellationToken cancellationToken
    )
    {
        DatabaseOptions database = pool.Configuration.Database;
        PoolFailure failure = new(SqlState.ConnectionFailure, "no host is configured");
        foreach (string host in HostsInOrder(database))
        {
            IReadOnlyList<EndPoint> targets = await resolver.ResolveAsync(
                host,
                database.Port,
                pool.Configuration.Options.Proxy,
                cancellationToken
            );
            (ServerConnection? server, PoolFailure? refused) = await LogInAsync(
                pool,
                loop,
                host,
                targets[0],
                parameters,
                cancellationToken
            );
            if (server is not null)
            {
                return (server, null);
            }
            failure = refused!;
        }
        return (null, failure);
    }

    private IEnumerable<string> HostsInOrder(DatabaseOptions database)
    {
        TextList hosts = database.Host;
        if (hosts.Count == 0)
        {
            return [""];
        }
        int first = database.LoadBalanceHosts == LoadBalanceHosts.Disable ? 0 : Interlocked.Increment(ref _nextHost);
        return Enumerable.Range(0, hosts.Count).Select(i => hosts[(int)((uint)(first + i) % hosts.Count)]);
    }

    private async Task<(ServerConnection? Server, PoolFailure? Failure)> TryHostAsync(
        ServerPool pool,
        EventLoop loop,
        string host,
        EndPoint target,
        CancellationToken cancellationToken
    )
    {
        (ServerConnection? server, PoolFailure? failure) = await LogInAsync(
            pool,
            loop,
            host,
            target,
            StartupParameters(pool.Configuration.Database, pool),
            cancellationToken
        );
        if (server is null || pool.Configuration.Database.ConnectQuery is not { Length: > 0 } query)
        {
            return (server, failure);
        }
        Wakeup wakeup = new();
        server.Transport.Observer = wakeup;
        ServerQueryResult result = await ServerQuery.RunAsync(server, wakeup, TimeSpan.FromSeconds(15), query);
        if (!result.IsGood)
        {
            server.Close();
            return (
                null,
                result.Failure ?? new PoolFailure(SqlState.ConnectionFailure, "connection lost in connect_query")
            );
        }
        pool.BaseSettings = await SessionProbe.ReadBaseAsync(server, wakeup, pool);
        server.Applied = pool.BaseSettings;
        return (server, null);
    }

    private static List<KeyValuePair<string, string>> StartupParameters(DatabaseOptions database, ServerPool pool)
    {
        List<KeyValuePair<string, string>> parameters = [new("database", database.Dbname ?? pool.Database.Name)];
        AddIfSet(parameters, "client_encoding", database.ClientEncoding);
        AddIfSet(parameters, "DateStyle", database.Datestyle);
        AddIfSet(parameters, "TimeZone", database.Timezone);
        AddIfSet(parameters, "application_name", database.ApplicationName);
        return parameters;
    }

    private static void AddIfSet(List<KeyValuePair<string, string>> parameters, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            parameters.Add(new(name, value));
        }
    }

    private async Task<(ServerConnection? Server, PoolFailure? Failure)> LogInAsync(
        ServerPool pool,
        EventLoop loop,
        string host,
        EndPoint target,
        IEnumerable<KeyValuePair<string, string>> parameters,
        CancellationToken cancellationToken
    )
    {
        Connection? transport = null;
        try
        {
            NetworkOptions network = pool.Configuration.Options.Proxy.Network;
            transport = await Dialer.ConnectAsync(
                loop,
                target,
                socket => SocketTuning.Apply(socket, network),
                cancellationToken
            );
            transport = await Tls.SecureAsync(transport, host, cancellationToken);
            ServerConnection server = NewServer(pool, loop, transport, host);
            Wakeup wakeup = new();
            transport.Observer = wakeup;
            using CancellationTokenRegistration registration = cancellationToken.Register(() => loop.Post(wakeup));
            MessageChannel channel = new(transport, server.Inbox, server.Outbox, wakeup);
            ServerLogin login = new(channel, pool.User.Name, pool.ServerCredential(), BindingHash(transport));
            PoolFailure? refused = await login.RunAsync(parameters, cancellationToken);
            if (refused is not null)
            {
                server.Close();
                return (null, refused);
            }
            server.ProcessId = login.ProcessId;
            server.CancelKey = login.CancelKey;
            server.Reported = pool.Parameters.Intern(login.Reported);
            server.Applied = pool.BaseSettings;
            return (server, null);
        }
        catch (Exception lost) when (lost is IOException or SocketException or AuthenticationException)
        {
            transport?.Dispose();
            return (
                null,
                new PoolFailure(SqlState.ConnectionFailure, "server login failed")
                {
                    Detail = $"{Describe(target)}: {lost.Message}",
                }
            );
        }
        catch
        {
            transport?.Dispose();
            throw;
        }
    }

    private ServerConnection NewServer(ServerPool pool, EventLoop loop, Connection transport, string host)
    {
        // Up to a tenth earlier, at random: a pool that was filled at once does not reconnect at once.
        double lifetimeMs = pool.Configuration.Lifetime.TotalMilliseconds;
        double jitter = RandomNumberGenerator.GetInt32(100) / 1000.0;
        return new ServerConnection(pool, transport, NextId())
        {
            ConnectedMs = loop.NowMs,
            ConnectTime = time.GetUtcNow(),
            LifetimeMs = (long)(lifetimeMs * (1 - jitter)),
            Host = host,
            Port = pool.Configuration.Database.Port,
        };
    }

    private static byte[] BindingHash(Connection transport) =>
        transport is TlsConnection { PeerCertificate: { } certificate }
        && ChannelBinding.TryHashCertificate(certificate, out byte[] hash)
            ? hash
            : [];

    private static string Describe(EndPoint target) => target.ToString() ?? "server";
}

/// <summary>Who supervises pools: told of what happens to servers, asked to make room.</summary>
internal interface ISupervisor
{
    /// <summary>The loop on which a neighbour's idle server is being closed; null when there is none.</summary>
    EventLoop? EvictIdle(ServerPool pool);

    void ServerConnected(ServerConnection server);

    void ServerClosed(ServerConnection server, string reason);

    void ServerFailed(ServerPool pool, PoolFailure failure);

    void CatalogUnread(ServerPool pool, PoolFailure failure);
}
