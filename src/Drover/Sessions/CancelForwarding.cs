// Passing a cancel request on to the server that runs the query.
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Transport;
using Drover.Transport.Sockets;
using Drover.Transport.Tls;

namespace Drover.Sessions;

internal static class CancelForwarding
{
    /// <summary>
    /// Sends the request for a server that the caller's session still owns, on the session's loop, as soon as the pool
    /// has room for one more connection. Waits until the server has closed it: only then is the request dealt with, and
    /// only then may another client get the server.
    /// </summary>
    public static async Task SendAsync(ServerConnection server, ServerTls tls, CancellationToken cancellationToken)
    {
        ServerPool pool = server.Pool;
        pool.CountCancel(server, +1);
        try
        {
            await pool.Cancels.TakeAsync(server.Transport.Loop, cancellationToken);
            try
            {
                // Its query is over meanwhile: there is nothing to cancel, and the server is kept for this no longer.
                if (server.State == ServerState.Active)
                {
                    await ForwardAsync(server, tls, cancellationToken);
                }
            }
            finally
            {
                pool.Cancels.GiveBack();
            }
        }
        catch (Exception lost)
            when (lost
                    is IOException
                        or System.Net.Sockets.SocketException
                        or System.Security.Authentication.AuthenticationException
                        or OperationCanceledException
            )
        {
            // The query then runs to its end, as it does with PostgreSQL when the request gets lost.
        }
        finally
        {
            pool.CountCancel(server, -1);
        }
    }

    private static async Task ForwardAsync(ServerConnection server, ServerTls tls, CancellationToken cancellationToken)
    {
        System.Net.EndPoint? target =
            server.Transport.RemoteEndPoint
            ?? (System.Net.EndPoint?)(server.Transport.UnixPath is { } path ? UnixAddress.Of(path) : null);
        if (target is null)
        {
            return;
        }
        Connection connection = await Dialer.ConnectAsync(server.Transport.Loop, target, null, cancellationToken);
        try
        {
            if (server.Transport is TlsConnection)
            {
                connection = await tls.SecureAsync(connection, server.Host, TlsAttempt.Always, cancellationToken);
            }
            using MessageWriter writer = new(1024);
            CancelRequest.Write(writer, server.ProcessId, server.CancelKey);
            await ByteExchange.SendAndAwaitEndAsync(connection, writer.Memory, cancellationToken);
        }
        finally
        {
            connection.Dispose();
        }
    }
}
