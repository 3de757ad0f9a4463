// The time-outs of a pooled session, looked at on every tick of its loop.
using Drover.Configuration;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Telemetry;

namespace Drover.Sessions;

internal static class SessionClock
{
    /// <summary>The limit that the session has passed; null when none.</summary>
    public static SessionEnd? FindExpired(ClientSession session, long nowMs)
    {
        PoolConfiguration configuration = session.Pool.Configuration;
        long inState = nowMs - session.StateSinceMs;
        switch (session.State)
        {
            case ClientState.Waiting:
                return IsOver(inState, configuration.QueryTimeout)
                        ? new SessionEnd("query_timeout", SqlState.QueryCanceled)
                    : IsOver(inState, configuration.Options.Proxy.Timeouts.QueryWaitTimeout)
                        ? new SessionEnd("query_wait_timeout", SqlState.TooManyConnections)
                        {
                            Hint = "All server connections of the pool were busy for that long; see SHOW POOLS.",
                        }
                    : null;
            case ClientState.Idle:
                return IsOver(inState, configuration.ClientIdleTimeout)
                    ? new SessionEnd("client_idle_timeout", SqlState.IdleSessionTimeout)
                    : null;
            case ClientState.Active when session.Server is { } server:
                return MustLetGo(session, server, configuration)
                    ? new SessionEnd("database configuration changed", SqlState.AdminShutdown)
                    : FindExpiredWork(session, server, configuration, nowMs);
            default:
                return null;
        }
    }

    /// <summary>
    /// Tells a client that waits for longer than query_wait_notify so, once, in PgBouncer's words. It is outside any
    /// message: it holds no server.
    /// </summary>
    public static void TellOfWait(ClientSession session, long nowMs)
    {
        TimeSpan limit = session.Pool.Configuration.Options.Proxy.Timeouts.QueryWaitNotify;
        bool isDue = session.State == ClientState.Waiting && IsOver(nowMs - session.StateSinceMs, limit);
        if (!isDue || session.WasNotifiedOfWait)
        {
            return;
        }
        session.WasNotifiedOfWait = true;
        MessageWriter writer = session.Loop.ClientAssembly;
        const string Message = "No server connection available in postgres backend, client being queued";
        NoticeResponse.Write(writer, "NOTICE", "00000", Message);
        session.Outbox.Send(session.Client, writer.Written);
        writer.Clear();
    }

    /// <summary>
    /// server_fast_close: a server that is to be closed is kept from its end by its client alone, which is between two
    /// transactions.
    /// </summary>
    private static bool MustLetGo(ClientSession session, ServerConnection server, PoolConfiguration configuration) =>
        server.CloseNeeded
        && configuration.Options.Proxy.Server.ServerFastClose
        && (session.Mode == PoolMode.Session || session.Pins != PinReason.None)
        && server.IsQuiet
        && session.Inbox.Count == 0
        && !session.IsInMessage;

    private static SessionEnd? FindExpiredWork(
        ClientSession session,
        ServerConnection server,
        PoolConfiguration configuration,
        long nowMs
    )
    {
        // Behind a Flush without a Sync the server waits in an implicit transaction that no status tells of.
        bool isBusy = server.Responses.Count > 0 || server.Responses.IsUnsynced;
        long queryMs = nowMs - Math.Max(session.StateSinceMs, session.QueryStartMs) + session.QueryWaitMs;
        if (isBusy && IsOver(queryMs, configuration.QueryTimeout))
        {
            return new SessionEnd("query_timeout", SqlState.QueryCanceled);
        }
        bool isIdleInTransaction = !isBusy && server.Status != TransactionStatus.Idle;
        if (isIdleInTransaction && IsOver(nowMs - session.StateSinceMs, configuration.IdleTransactionTimeout))
        {
            return new SessionEnd("idle_transaction_timeout", SqlState.IdleInTransactionSessionTimeout);
        }
        bool isInTransaction = isBusy || isIdleInTransaction;
        if (isInTransaction && IsOver(nowMs - session.TransactionStartMs, configuration.TransactionTimeout))
        {
            return new SessionEnd("transaction_timeout", SqlState.TransactionTimeout);
        }
        return null;
    }

    private static bool IsOver(long milliseconds, TimeSpan limit) =>
        limit > TimeSpan.Zero && milliseconds > (long)limit.TotalMilliseconds;
}
