// A client from accept to close: handshake, login, whatever it came for, and the goodbye.
using System.Security.Authentication;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Sessions.Login;
using Drover.Sessions.Sharded;
using Drover.Telemetry;
using Drover.Transport;
using Drover.Transport.Tls;

namespace Drover.Sessions;

/// <summary>
/// Runs on the loop that accepted it. 1. Handshake. 2. Cancel requests end here. 3. Authentication. 4. Limits. 5. The
/// welcome. 6. Console, replication or pooled session. 7. The server is given back, the client told why, the socket
/// closed.
/// </summary>
internal sealed class ClientConnection(Connection accepted, ClientServices services)
    : ICancellable,
        ILoopTicker,
        IDisposable
{
    private static readonly TimeSpan s_cancelWait = TimeSpan.FromSeconds(5);

    private readonly Connection _bare = accepted;
    private readonly Inbox _inbox = new();
    private readonly Outbox _outbox = new();
    private readonly Wakeup _wakeup = new();
    private CancellationTokenSource? _login = new();
    private Connection _connection = accepted;
    private SessionEnd? _end;
    private byte[] _key = [];
    private bool _isDisposed;
    private int _processId;
    private ClientPlace _place;

    public long Id { get; } = ClientServices.NextId();

    public Connection Connection => _connection;

    public long ConnectedMs { get; } = accepted.Loop.NowMs;

    public DateTimeOffset ConnectTime { get; } = services.Time.GetUtcNow();

    /// <summary>What it asks for; null before it has said so, and once its session has begun.</summary>
    public StartupPacket? Startup { get; private set; }

    /// <summary>The name it logs in with; null before it has said so.</summary>
    public string? UserName => Session?.Identity.User.Name ?? Startup?.User;

    /// <summary>The database it asks for; null before it has said so.</summary>
    public string? DatabaseName => Session?.Identity.Database.Name ?? Startup?.Database;

    /// <summary>Its pooled session, once it has one.</summary>
    public ClientSession? Session { get; private set; }

    /// <inheritdoc/>
    public int TickerIndex { get; set; } = -1;

    public bool IsConsole { get; private set; }

    /// <summary>It is on the console from now on.</summary>
    public void EnterConsole()
    {
        IsConsole = true;
        IsLoggedIn = true;
    }

    public bool IsLoggedIn { get; private set; }

    /// <summary>The server of a replication connection, which no pool has.</summary>
    public ServerConnection? ReplicationServer { get; private set; }

    /// <summary>The session looks at its sockets again: after SUSPEND; from any thread.</summary>
    public void Wake() => OnLoop(static client => client._wakeup.Signal());

    public ReplicationKind Replication => Startup?.Replication ?? ReplicationKind.None;

    /// <summary>Serves the client to its end. Never throws.</summary>
    public async void Run()
    {
        _bare.Observer = _wakeup;
        services.Registry.Add(this);
        _bare.Loop.Add(this);
        try
        {
            // The login's own objects are garbage once it is over: an idle client keeps only its session.
            SessionEnd? over = await BeginAsync(_login!.Token);
            _end = over ?? await ServeAsync();
        }
        catch (Exception lost) when (lost is IOException or AuthenticationException or OperationCanceledException)
        {
            _end ??= Translate(lost);
            if (lost is AuthenticationException)
            {
                services.Registry.CountRefused();
                LogLogin.TlsFailed(services.Log, Describe(), _end.Reason);
            }
        }
        catch (Exception bug)
        {
            // One client's misfortune is not another's: the defect is logged, this client goes, and what it had half
            // written too.
            _bare.Loop.ClientAssembly.Clear();
            _bare.Loop.ServerAssembly.Clear();
            LogLifecycle.Unexpected(services.Log, bug, $"client {Describe()}");
            _end ??= new SessionEnd("internal error", SqlState.InternalError);
        }
        await CloseAsync();
    }

    /// <summary>Ends the client; from any thread.</summary>
    public void Kill(SessionEnd reason) =>
        OnLoop(client =>
        {
            if (client._isDisposed)
            {
                return;
            }
            client._end ??= reason;
            client._login?.Cancel();
            if (client.Session is { } session)
            {
                session.End ??= reason;
            }
            client._wakeup.Signal();
        });

    /// <summary>
    /// Runs an action on the client's loop, from any thread. A client that moves meanwhile is followed.
    /// </summary>
    public void OnLoop(Action<ClientConnection> action) =>
        _connection.Loop.Post(
            static state =>
            {
                (ClientConnection client, Action<ClientConnection> act) = ((ClientConnection, Action<ClientConnection>))
                    state!;
                if (client._connection.Loop.IsCurrent)
                {
                    act(client);
                }
                else
                {
                    client.OnLoop(act);
                }
            },
            (this, action)
        );

    /// <summary>Time-outs that hold before the session has begun; on the loop.</summary>
    public void OnTick(long nowMs)
    {
        // A login that waits for its server has a session already, and waits under query_wait_timeout.
        if (Session is { End: null } session && SessionClock.FindExpired(session, nowMs) is { } expired)
        {
            session.End = expired;
            session.Wakeup.Signal();
        }
        else if (IsLoggedIn)
        {
            if (Session is { End: null } waiting)
            {
                SessionClock.TellOfWait(waiting, nowMs);
            }
        }
        else
        {
            double limitMs = services.Options.Proxy.Timeouts.ClientLoginTimeout.TotalMilliseconds;
            if (limitMs > 0 && nowMs - ConnectedMs > limitMs && _login is { IsCancellationRequested: false } login)
            {
                _end = new SessionEnd("client_login_timeout", SqlState.InvalidAuthorizationSpecification);
                Session?.End ??= _end;
                login.Cancel();
                _wakeup.Signal();
            }
        }
    }

    /// <inheritdoc/>
    public Task CancelAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        OnLoop(client => client.CancelHere(done, cancellationToken));
        return done.Task;
    }

    private async void CancelHere(TaskCompletionSource done, CancellationToken cancellationToken)
    {
        try
        {
            await CancelCurrentAsync(cancellationToken);
        }
        finally
        {
            done.TrySetResult();
        }
    }

    private async Task CancelCurrentAsync(CancellationToken cancellationToken)
    {
        if (
            Session is { Server: { } server }
            && (server.Responses.Count > 0 || server.Status != TransactionStatus.Idle)
        )
        {
            await CancelForwarding.SendAsync(server, services.ServerTls, cancellationToken);
            foreach (ServerConnection other in Session.Shards?.Branches.Busy.ToArray() ?? [])
            {
                await CancelForwarding.SendAsync(other, services.ServerTls, cancellationToken);
            }
        }
        else if (Session is { State: ClientState.Waiting } waiting)
        {
            waiting.IsCancelRequested = true;
            waiting.Wakeup.Signal();
        }
    }

    /// <summary>Address as the log and SHOW print it.</summary>
    public string Describe() =>
        $"{DatabaseName ?? "(nodb)"}/{UserName ?? "(nouser)"}@" + (_connection.RemoteEndPoint?.ToString() ?? "unix");

    /// <summary>
    /// Everything up to a pooled session; the end of those clients that wanted something else, or were refused.
    /// </summary>
    private async Task<SessionEnd?> BeginAsync(CancellationToken closing)
    {
        ClientHandshake handshake = new(_bare, _inbox, _outbox, _wakeup, services.ClientTls);
        Greeting greeting = await handshake.RunAsync(closing);
        _connection = greeting.Connection;
        MessageChannel channel = greeting.Channel;
        if (greeting.Header.Kind == StartupKind.CancelRequest)
        {
            return await services.CancelAsync(channel.Raw.ToArray(), closing);
        }
        Startup = StartupPacket.Read(
            greeting.Header,
            channel.Raw[StartupHeader.Size..],
            services.Options.Proxy,
            out SessionEnd? refusal
        );
        channel.Next();
        if (Startup is null)
        {
            return refusal!;
        }
        if (services.Options.Proxy.Session.ApplicationNameAddHost)
        {
            Startup = Startup.WithHost(_connection.RemoteEndPoint?.ToString() ?? "unix");
        }
        if (services.ClientTls.IsRequired && _connection is not TlsConnection && _connection.UnixPath is null)
        {
            return new SessionEnd("SSL required", SqlState.InvalidAuthorizationSpecification);
        }
        Negotiate(channel, Startup);
        if (Startup.Database is "drover" or "pgbouncer" && services.Consoles is { } consoles)
        {
            return await new ConsoleClient(this, services, channel, _wakeup).RunAsync(consoles, closing);
        }
        if (services.Registry.IsRefusing is { } refusing)
        {
            return refusing;
        }
        return await LogInAsync(channel, Startup, closing);
    }

    private static void Negotiate(MessageChannel channel, StartupPacket startup)
    {
        if (startup.NeedsNegotiation)
        {
            MessageWriter writer = channel.Connection.Loop.ClientAssembly;
            NegotiateProtocolVersion.Begin(writer, startup.Protocol, startup.UnknownOptions.Count);
            foreach (string option in startup.UnknownOptions)
            {
                writer.WriteCString(option);
            }
            writer.End();
            channel.Send(writer);
        }
    }

    private async Task<SessionEnd?> LogInAsync(MessageChannel channel, StartupPacket startup, CancellationToken closing)
    {
        services.Directory.TryFindDatabase(startup.Database, out DatabaseEntry? database);
        ClientLogin login = new(services, channel, startup, _wakeup);
        SessionEnd? refused = await login.AuthenticateAsync(database, closing);
        if (refused is not null)
        {
            return refused;
        }
        // Found again: an entry made from * may have been forgotten while the client looked for its password.
        if (!services.Directory.TryFindDatabase(startup.Database, out database))
        {
            return new SessionEnd($"database \"{startup.Database}\" does not exist", SqlState.InvalidCatalogName)
            {
                Hint = "Drover has no entry for it; see SHOW DATABASES on the console.",
            };
        }
        if (database.IsDisabled)
        {
            return new SessionEnd($"database \"{database.Name}\" is disabled", SqlState.ObjectNotInPrerequisiteState);
        }
        database.WasEntered = true;
        _place = new ClientPlace(database, login.User, services.Options);
        if (_place.Refusal is { } full)
        {
            return full;
        }
        foreach (ServerPool pool in services.Directory.PoolsOf(database, login.User))
        {
            login.Teach(pool);
        }
        if (startup.Replication != ReplicationKind.None)
        {
            return await new ReplicationClient(services, channel, startup, _wakeup).RunAsync(
                database,
                login.User,
                server =>
                {
                    ReplicationServer = server;
                    IsLoggedIn = true;
                },
                closing
            );
        }
        return await BeginSessionAsync(channel, startup, database, login.User);
    }

    private async Task<SessionEnd?> BeginSessionAsync(
        MessageChannel channel,
        StartupPacket startup,
        DatabaseEntry database,
        UserEntry user
    )
    {
        ClientIdentity identity = new(Id, user, database, ConnectTime)
        {
            Tls = (_connection as TlsConnection)?.Description ?? "",
        };
        ServerPool pool = services.Directory.PoolsOf(database, user).First();
        MessageWriter writer = _connection.Loop.ClientAssembly;
        AuthenticationRequest.WriteOk(writer);
        channel.Send(writer);
        ClientSession session = new(identity, _connection, _inbox, _outbox, _wakeup, pool, this);
        Session = session;
        if (database.Sharded is { } sharded)
        {
            if (session.Mode != Configuration.PoolMode.Transaction)
            {
                return new SessionEnd($"database \"{database.Name}\" is sharded", SqlState.FeatureNotSupported)
                {
                    Detail = "Sessions of a sharded database go from shard to shard between transactions.",
                    Hint = "Set pool_mode = transaction.",
                };
            }
            session.Shards = new ShardSession(
                session,
                services.Sharded[sharded.Name],
                services,
                CancelAsync,
                CancelAllAsync
            );
        }
        if (!await SessionWelcome.PrepareAsync(session, startup.Parameters))
        {
            return session.End ?? SessionEnd.ClientLost;
        }
        _processId = session.Server?.ProcessId ?? 0;
        _key = services.CancelKeys.Add(ref _processId, startup.Protocol == StartupHeader.Protocol32 ? 32 : 4, this);
        session.ProcessId = _processId;
        SessionWelcome.Write(session, writer, _processId, _key);
        channel.Send(writer);
        IsLoggedIn = true;
        session.StateSinceMs = _connection.Loop.NowMs;
        if (services.Options.Proxy.Log.LogConnections)
        {
            LogLogin.Accepted(services.Log, Describe(), database.Name, user.Name, identity.Tls);
        }
        return null;
    }

    private Task<SessionEnd> ServeAsync()
    {
        Startup = null;
        _login!.Dispose();
        _login = null;
        return Session!.ServeAsync();
    }

    private async Task CancelAllAsync()
    {
        using CancellationTokenSource late = new(s_cancelWait);
        await CancelAsync(late.Token);
    }

    /// <summary>Also when the client is being ended: what it runs ends with it.</summary>
    private async Task CancelAsync(ServerConnection server)
    {
        using CancellationTokenSource late = new(s_cancelWait);
        await CancelForwarding.SendAsync(server, services.ServerTls, late.Token);
    }

    private async Task CloseAsync()
    {
        SessionEnd end = _end ?? SessionEnd.ClientLost;
        try
        {
            if (end.SqlState is not null && Session is not { IsInMessage: true })
            {
                await TellAsync(end);
            }
            if (Session is { } session)
            {
                session.End ??= end;
                await session.LeaveAsync();
            }
        }
        catch (IOException)
        {
            // The client or its server is gone already: there is nobody to tell.
        }
        catch (Exception bug)
        {
            LogLifecycle.Unexpected(services.Log, bug, $"the end of client {Describe()}");
        }
        finally
        {
            services.CancelKeys.Remove(_processId, _key);
            services.Registry.Remove(this);
            _place.Dispose();
            _connection.Loop.Remove(this);
            Dispose();
            LogEnd(end);
        }
    }

    /// <summary>Closes the sockets and returns the memory.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _connection.Dispose();
        _bare.Dispose();
        _inbox.Clear();
        _outbox.Clear();
        _login?.Dispose();
    }

    private async Task TellAsync(SessionEnd end)
    {
        using MessageWriter writer = new(64 * 1024);
        ErrorResponse.Write(writer, "FATAL", end.SqlState!, end.Reason, end.Detail, end.Hint);
        if (!_outbox.Send(_connection, writer.Written) || _outbox.Pending == 0)
        {
            return;
        }
        // What the kernel does not take within a moment is not worth keeping a socket for.
        EventLoop loop = _connection.Loop;
        long untilMs = loop.NowMs + 1000;
        loop.SignalAfter(_wakeup, TimeSpan.FromSeconds(1));
        while (_outbox.Pending > 0 && loop.NowMs < untilMs)
        {
            await _wakeup;
            if (!_outbox.Flush(_connection))
            {
                return;
            }
        }
    }

    private void LogEnd(SessionEnd end)
    {
        if (!IsLoggedIn && end.SqlState is not null)
        {
            services.Registry.CountRefused();
            LogLogin.Refused(services.Log, Describe(), end.SqlState, end.Reason);
        }
        else if (IsLoggedIn && end.SqlState is not null && services.Options.Proxy.Log.LogPoolerErrors)
        {
            LogLogin.PoolerError(services.Log, Describe(), end.SqlState, end.Reason);
        }
        else if (IsLoggedIn && services.Options.Proxy.Log.LogDisconnections)
        {
            LogLogin.Closed(services.Log, Describe(), end.Reason, (_connection.Loop.NowMs - ConnectedMs) / 1000);
        }
    }

    private static SessionEnd Translate(Exception lost) =>
        lost switch
        {
            LostConnectionException { IsViolation: true } violation => SessionEnd.Violation(violation.Message),
            AuthenticationException => new SessionEnd($"TLS handshake failed: {TlsFiles.ReasonOf(lost)}"),
            OperationCanceledException => new SessionEnd("closed while logging in", SqlState.AdminShutdown),
            _ => new SessionEnd(lost.Message),
        };
}
