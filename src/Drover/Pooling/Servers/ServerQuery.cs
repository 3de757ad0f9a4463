// A query that the proxy itself runs on a server it holds: checks, resets, settings, look-ups of users.
using System.Text;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Drover.Transport;

namespace Drover.Pooling.Servers;

/// <summary>What came of it.</summary>
/// <param name="Rows">Text values of every row of every statement, in order.</param>
/// <param name="Failure">The first error; null when all went well.</param>
/// <param name="IsLost">The connection is gone, or has to go because the answer was not understood in time.</param>
internal sealed record ServerQueryResult(List<string?[]> Rows, PoolFailure? Failure, bool IsLost)
{
    public bool IsGood => Failure is null && !IsLost;

    /// <summary>The tag of the last statement that ended well, as "PREPARE TRANSACTION"; null when none did.</summary>
    public string? Tag { get; init; }
}

/// <summary>
/// Runs simple queries on an owned, quiet server. The caller is on the server's loop and has parked its inboxes.
/// </summary>
internal static class ServerQuery
{
    /// <summary>Bytes of answer kept at the most: these queries return little.</summary>
    private const int AnswerBytesMax = 4 * 1024 * 1024;

    /// <summary>
    /// Notifications kept for the client meanwhile; their number is bounded by what PostgreSQL sends in one go.
    /// </summary>
    private const int NotificationBytesMax = 64 * 1024 * 1024;

    /// <summary>
    /// Runs one simple query or several, pipelined, each a transaction of its own.
    /// </summary>
    /// <param name="server">Owned by the caller.</param>
    /// <param name="wakeup">What the server's readiness signals now; other signals on it are ignored and not
    /// lost.</param>
    /// <param name="timeout">After it the server is given up.</param>
    /// <param name="queries">SQL, each sent as a message of its own.</param>
    public static async ValueTask<ServerQueryResult> RunAsync(
        ServerConnection server,
        Wakeup wakeup,
        TimeSpan timeout,
        params string[] queries
    )
    {
        using MessageWriter writer = new(64 * 1024 * 1024);
        foreach (string query in queries)
        {
            Query.Write(writer, Encoding.UTF8.GetBytes(query));
        }
        return await SendAsync(server, wakeup, timeout, writer, queries.Length);
    }

    /// <summary>Runs one simple query that is in the session's own encoding.</summary>
    public static async ValueTask<ServerQueryResult> RunAsync(
        ServerConnection server,
        Wakeup wakeup,
        TimeSpan timeout,
        byte[] query
    )
    {
        using MessageWriter writer = new(64 * 1024 * 1024);
        Query.Write(writer, query);
        return await SendAsync(server, wakeup, timeout, writer, queries: 1);
    }

    /// <summary>Runs one simple query on each of several servers, at the same time.</summary>
    /// <param name="servers">Owned by the caller, all on its loop.</param>
    /// <param name="wakeup">What their readiness signals.</param>
    /// <param name="timeout">After it a server is given up.</param>
    /// <param name="query">The query of each.</param>
    public static async ValueTask<ServerQueryResult[]> RunOnAllAsync(
        IReadOnlyList<ServerConnection> servers,
        Wakeup wakeup,
        TimeSpan timeout,
        Func<int, string> query
    )
    {
        ServerQueryResult[] results = new ServerQueryResult[servers.Count];
        for (int i = 0; i < servers.Count; i++)
        {
            using MessageWriter writer = new(64 * 1024);
            Query.Write(writer, Encoding.UTF8.GetBytes(query(i)));
            ServerQueryResult begun = new([], null, IsLost: false);
            results[i] = servers[i].Outbox.Send(servers[i].Transport, writer.Written) ? begun : Lost(servers[i], begun);
        }
        for (int i = 0; i < servers.Count; i++)
        {
            // Each waits for its own; what comes from the others meanwhile stays in their sockets.
            if (!results[i].IsLost)
            {
                results[i] = await AwaitAsync(servers[i], wakeup, timeout, queries: 1, results[i]);
            }
        }
        return results;
    }

    /// <summary>Ends an extended batch that was only flushed so far.</summary>
    public static async ValueTask<ServerQueryResult> SyncAsync(ServerConnection server, Wakeup wakeup, TimeSpan timeout)
    {
        using MessageWriter writer = new(64);
        Sync.Write(writer);
        return await SendAsync(server, wakeup, timeout, writer, queries: 1);
    }

    private static async ValueTask<ServerQueryResult> SendAsync(
        ServerConnection server,
        Wakeup wakeup,
        TimeSpan timeout,
        MessageWriter writer,
        int queries
    )
    {
        ServerQueryResult result = new([], null, IsLost: false);
        return server.Outbox.Send(server.Transport, writer.Written)
            ? await AwaitAsync(server, wakeup, timeout, queries, result)
            : Lost(server, result);
    }

    private static async ValueTask<ServerQueryResult> AwaitAsync(
        ServerConnection server,
        Wakeup wakeup,
        TimeSpan timeout,
        int queries,
        ServerQueryResult result
    )
    {
        EventLoop loop = server.Transport.Loop;
        server.UnnamedOwner = null;
        // Called off in time: by when it would ring, the client may be on another loop.
        Alarm alarm = loop.SignalAfter(wakeup, timeout);
        result = await ReceiveAsync(server, wakeup, loop.NowMs + (long)timeout.TotalMilliseconds, queries, result);
        alarm.Cancel();
        return result;
    }

    private static async ValueTask<ServerQueryResult> ReceiveAsync(
        ServerConnection server,
        Wakeup wakeup,
        long deadline,
        int queries,
        ServerQueryResult result
    )
    {
        EventLoop loop = server.Transport.Loop;
        int ready = 0;
        while (ready < queries)
        {
            if (!server.Outbox.Flush(server.Transport))
            {
                return Lost(server, result);
            }
            int received = server.Inbox.Fill(server.Transport, loop.ServerScratch, AnswerBytesMax);
            if (received is 0 or Connection.Broken)
            {
                return Lost(server, result);
            }
            if (received == Connection.WouldBlock)
            {
                if (loop.NowMs >= deadline || server.Inbox.Count >= AnswerBytesMax)
                {
                    return Lost(server, result);
                }
                server.Inbox.Park();
                await wakeup;
                continue;
            }
            if (!Consume(server, ref result, ref ready))
            {
                return Lost(server, result);
            }
        }
        return result;
    }

    /// <summary>
    /// What comes from it now would be taken for the answer to something else: nobody may use it any more.
    /// </summary>
    private static ServerQueryResult Lost(ServerConnection server, ServerQueryResult result)
    {
        server.IsDying = true;
        return result with { IsLost = true };
    }

    private static bool Consume(ServerConnection server, ref ServerQueryResult result, ref int ready)
    {
        for (; ; )
        {
            ReadOnlySpan<byte> data = server.Inbox.Data;
            FrameStatus status = MessageHeader.TryRead(data, out MessageHeader header);
            if (status == FrameStatus.Malformed || header.Length > AnswerBytesMax)
            {
                return false;
            }
            if (status == FrameStatus.Incomplete || header.Length > data.Length)
            {
                return true;
            }
            ReadOnlySpan<byte> body = data[MessageHeader.Size..header.Length];
            switch (header.Type)
            {
                case BackendType.ReadyForQuery when ReadyForQuery.TryRead(body, out TransactionStatus transaction):
                    server.Status = transaction;
                    ready++;
                    break;
                case BackendType.ErrorResponse:
                    PoolFailure failure = ReadFailure(body, out bool isFatal);
                    server.IsDying |= isFatal;
                    result = result.Failure is null ? result with { Failure = failure } : result;
                    break;
                case BackendType.CommandComplete when CommandComplete.TryRead(body, out CommandComplete complete):
                    result = result with { Tag = Encoding.UTF8.GetString(complete.Tag) };
                    break;
                case BackendType.DataRow when DataRow.TryRead(body, out ValueList row):
                    result.Rows.Add(ReadRow(row));
                    break;
                case BackendType.ParameterStatus when ParameterStatus.TryRead(body, out ParameterStatus parameter):
                    server.Reported = server.Reported.With(
                        Encoding.UTF8.GetString(parameter.Name),
                        Encoding.UTF8.GetString(parameter.Value)
                    );
                    break;
                case BackendType.NotificationResponse:
                    server.Notifications ??= new MessageWriter(NotificationBytesMax);
                    server.Notifications.WriteBytes(data[..header.Length]);
                    break;
                default:
                    break;
            }
            server.Inbox.Consume(header.Length);
        }
    }

    /// <summary>Reads an ErrorResponse's body.</summary>
    public static PoolFailure ReadFailure(ReadOnlySpan<byte> body, out bool isFatal)
    {
        if (!ErrorResponse.TryRead(body, out DiagnosticFields fields))
        {
            isFatal = true;
            return new PoolFailure(SqlState.ProtocolViolation, "the server sent a malformed error", IsFromServer: true);
        }
        isFatal = fields.IsFatal;
        return new PoolFailure(
            Encoding.UTF8.GetString(fields.Code),
            Encoding.UTF8.GetString(fields.Message),
            IsFromServer: true
        )
        {
            Detail = fields.Detail.IsEmpty ? null : Encoding.UTF8.GetString(fields.Detail),
            Hint = fields.Hint.IsEmpty ? null : Encoding.UTF8.GetString(fields.Hint),
        };
    }

    private static string?[] ReadRow(ValueList row)
    {
        List<string?> values = [];
        foreach (ValueList.Value value in row)
        {
            values.Add(value.IsNull ? null : Encoding.UTF8.GetString(value.Bytes));
        }
        return [.. values];
    }
}
