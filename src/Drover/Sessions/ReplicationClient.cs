// A replication connection: a server of its own, and bytes passed both ways as they come.
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Sessions.Login;
using Drover.Transport;

namespace Drover.Sessions;

/// <summary>
/// Physical and logical replication need a session that is theirs for good, opened with the client's own start-up
/// parameters; no pool ever sees it (https://www.postgresql.org/docs/18/protocol-replication.html).
/// </summary>
internal sealed class ReplicationClient(
    ClientServices services,
    MessageChannel channel,
    StartupPacket startup,
    Wakeup wakeup
)
{
    private readonly Outbox _toServer = new();
    private MessageBoundary _told;

    /// <summary>Serves the client until either side ends.</summary>
    public async Task<SessionEnd> RunAsync(
        DatabaseEntry database,
        UserEntry user,
        Action<ServerConnection> onLoggedIn,
        CancellationToken cancellationToken
    )
    {
        ServerPool pool = services.Directory.Pool(database, user);
        EventLoop loop = channel.Connection.Loop;
        IEnumerable<KeyValuePair<string, string>> parameters = startup
            .Raw.Where(static parameter => parameter.Key != "database")
            .Prepend(new("database", database.Options.Dbname ?? database.Name));
        (ServerConnection? server, PoolFailure? failure) = await services.Connector.ConnectDirectAsync(
            pool,
            loop,
            parameters,
            cancellationToken
        );
        if (server is null)
        {
            return new SessionEnd(failure!.Message, failure.SqlState) { Detail = failure.Detail, Hint = failure.Hint };
        }
        using ServerHolder holder = new(server);
        server.State = ServerState.Active;
        server.Transport.Observer = wakeup;
        int processId = server.ProcessId;
        ReplicationCancel cancel = new(server, services);
        byte[] key = services.CancelKeys.Add(ref processId, 4, cancel);
        try
        {
            Welcome(server, processId, key);
            onLoggedIn(server);
            return await PassAsync(server, loop, cancellationToken);
        }
        finally
        {
            _toServer.Clear();
            services.CancelKeys.Remove(processId, key);
        }
    }

    private void Welcome(ServerConnection server, int processId, byte[] key)
    {
        MessageWriter writer = channel.Connection.Loop.ClientAssembly;
        AuthenticationRequest.WriteOk(writer);
        foreach ((string name, string value) in server.Reported.Items)
        {
            ParameterStatus.Write(writer, name, value);
        }
        BackendKeyData.Write(writer, processId, key);
        ReadyForQuery.Write(writer, TransactionStatus.Idle);
        channel.Send(writer);
    }

    private async Task<SessionEnd> PassAsync(
        ServerConnection server,
        EventLoop loop,
        CancellationToken cancellationToken
    )
    {
        _toServer.Send(server.Transport, channel.Inbox.Data);
        channel.Inbox.Clear();
        _told.Advance(server.Inbox.Data);
        channel.Outbox.Send(channel.Connection, server.Inbox.Data);
        server.Inbox.Clear();
        for (; ; )
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return Between(new SessionEnd("closed by the administrator", SqlState.AdminShutdown));
            }
            int fromServer = Move(server.Transport, channel.Connection, channel.Outbox, loop.ServerScratch);
            _told.Advance(loop.ServerScratch.AsSpan(0, Math.Max(0, fromServer)));
            int fromClient = Move(channel.Connection, server.Transport, _toServer, loop.ClientScratch);
            if (fromServer is 0 or Connection.Broken)
            {
                return Between(new SessionEnd("server closed the replication connection", SqlState.ConnectionFailure));
            }
            if (fromClient is 0 or Connection.Broken)
            {
                return SessionEnd.ClientLost;
            }
            if (fromServer == Connection.WouldBlock && fromClient == Connection.WouldBlock)
            {
                await wakeup;
            }
        }
    }

    /// <summary>
    /// The client is told why, but not within a message: it would take the error for the log that it writes down.
    /// </summary>
    private SessionEnd Between(SessionEnd end) => _told.IsBetween ? end : end with { SqlState = null };

    /// <summary>Passes one buffer on, unless the receiver is behind.</summary>
    private static int Move(Connection from, Connection to, Outbox outbox, byte[] scratch)
    {
        if (outbox.Pending > 0 && !outbox.Flush(to))
        {
            return Connection.Broken;
        }
        if (outbox.Pending > 0)
        {
            return Connection.WouldBlock;
        }
        int count = from.Receive(scratch);
        if (count > 0 && !outbox.Send(to, scratch.AsSpan(0, count)))
        {
            return Connection.Broken;
        }
        return count;
    }

    private sealed class ServerHolder(ServerConnection server) : IDisposable
    {
        public void Dispose() => server.Close();
    }

    private sealed class ReplicationCancel(ServerConnection server, ClientServices services) : ICancellable
    {
        public Task CancelAsync(CancellationToken cancellationToken)
        {
            // The request comes on the loop of whoever sent it; the server's sockets belong to its own.
            TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            server.Transport.Loop.Post(_ => ForwardAsync(done, cancellationToken), null);
            return done.Task;
        }

        private async void ForwardAsync(TaskCompletionSource done, CancellationToken cancellationToken)
        {
            try
            {
                await CancelForwarding.SendAsync(server, services.ServerTls, cancellationToken);
            }
            finally
            {
                done.TrySetResult();
            }
        }
    }
}
