// The time-outs of a pooled session, looked at on every tick of its loop.
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol;
using Drover.Protocol.Messages.Backend;

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
                return IsOver(inState, configuration.Options.Proxy.Timeouts.QueryWaitTimeout)
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
                return FindExpiredWork(session, server, configuration, nowMs);
            default:
                return null;
        }
    }

    private static SessionEnd? FindExpiredWork(
        ClientSession session,
        ServerConnection server,
        PoolConfiguration configuration,
        long nowMs
    )
    {
        bool isBusy = server.Responses.Count > 0;
        if (isBusy && IsOver(nowMs - Math.Max(session.StateSinceMs, session.QueryStartMs), configuration.QueryTimeout))
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
