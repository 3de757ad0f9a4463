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
    public Task<(ServerConnection? Server, PoolFailure? Failure)> ConnectAsync(ServerPool pool, EventLoop loop) =>
        TryHostsAsync(
            pool,
            (host, target, limit) => TryHostAsync(pool, loop, host, target, limit),
            CancellationToken.None
        );

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
        (ServerConnection? server, PoolFailure? failure) = await TryHostsAsync(
            pool,
            (host, target, limit) => LogInAsync(pool, loop, host, target, parameters, limit),
            cancellationToken
        );
        if (server is not null)
        {
            // It serves one replication client and is in none of the pool's lists.
            pool.LoggingIn.TryRemove(server.Id, out _);
        }
        cancellationToken.ThrowIfCancellationRequested();
        return (server, failure);
    }

    /// <summary>Tries the hosts of the entry and their addresses in turn, for server_connect_timeout in all.</summary>
    private async Task<(ServerConnection? Server, PoolFailure? Failure)> TryHostsAsync(
        ServerPool pool,
        Func<string, EndPoint, CancellationToken, Task<(ServerConnection? Server, PoolFailure? Failure)>> attempt,
        CancellationToken cancellationToken
    )
    {
        PoolConfiguration configuration = pool.Configuration;
        TimeSpan limit = configuration.Options.Proxy.Server.ServerConnectTimeout;
        using CancellationTokenSource timeout = new(limit > TimeSpan.Zero ? limit : Timeout.InfiniteTimeSpan, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            timeout.Token,
            cancellationToken
        );
        PoolFailure failure = new(SqlState.ConnectionFailure, "no host is configured");
        foreach (string host in HostsInOrder(configuration.Database))
        {
            try
            {
                int port = configuration.Database.Port;
                foreach (
                    EndPoint target in await resolver.ResolveAsync(
                        host,
                        port,
                        configuration.Options.Proxy,
                        either.Token
                    )
                )
                {
                    (ServerConnection? server, PoolFailure? refused) = await attempt(host, target, either.Token);
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
        if (server is null)
        {
            return (null, failure);
        }
        if (pool.Configuration.Database.ConnectQuery is not { Length: > 0 } query)
        {
            // A reload may have taken it away.
            pool.BaseSettings = ParameterSet.Empty;
            return (server, null);
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

    /// <summary>Logs in, over TLS or not, and where server_tls_sslmode has two ways, both ways.</summary>
    private async Task<(ServerConnection? Server, PoolFailure? Failure)> LogInAsync(
        ServerPool pool,
        EventLoop loop,
        string host,
        EndPoint target,
        IEnumerable<KeyValuePair<string, string>> parameters,
        CancellationToken cancellationToken
    )
    {
        ServerTls tls = Tls;
        bool isUnix = target is UnixDomainSocketEndPoint;
        TlsAttempt attempt = tls.First(isUnix);
        PoolFailure? before = null;
        for (; ; )
        {
            LoginAttempt tried = new(pool, loop, host, target) { Tls = tls, Way = attempt };
            (ServerConnection? server, PoolFailure? failure) = await TryLoginAsync(
                tried,
                parameters,
                cancellationToken
            );
            if (server is not null)
            {
                return (server, null);
            }
            if (before is not null)
            {
                return (null, failure!.IsFromServer ? Join(failure, before) : Join(before, failure));
            }
            if (tls.Other(attempt, failure!, tried.IsSecured, isUnix) is not { } other)
            {
                return (null, failure);
            }
            before = failure;
            attempt = other;
        }
    }

    /// <summary>Both attempts failed: what a server said is the client's error, the other is a detail of it.</summary>
    private static PoolFailure Join(PoolFailure main, PoolFailure other) =>
        main with
        {
            Detail =
                $"{main.Detail} The other of the two ways, with and without TLS: {other.Message} {other.Detail}".Trim(),
        };

    private async Task<(ServerConnection? Server, PoolFailure? Failure)> TryLoginAsync(
        LoginAttempt attempt,
        IEnumerable<KeyValuePair<string, string>> parameters,
        CancellationToken cancellationToken
    )
    {
        (ServerPool pool, EventLoop loop, string host, EndPoint target) = attempt;
        Connection? transport = null;
        ServerConnection? server = null;
        try
        {
            NetworkOptions network = pool.Configuration.Options.Proxy.Network;
            transport = await Dialer.ConnectAsync(
                loop,
                target,
                socket => SocketTuning.Apply(socket, network),
                cancellationToken
            );
            attempt.IsSecured = attempt.Way != TlsAttempt.Plain;
            transport = await attempt.Tls.SecureAsync(transport, host, attempt.Way, cancellationToken);
            attempt.IsSecured = transport is TlsConnection;
            server = NewServer(pool, loop, transport, host);
            pool.LoggingIn.TryAdd(server.Id, server);
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
            return (server, null);
        }
        catch (Exception lost) when (lost is IOException or SocketException or AuthenticationException)
        {
            server?.Close();
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
            server?.Close();
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
