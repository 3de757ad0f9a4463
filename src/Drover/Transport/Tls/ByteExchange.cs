// One question and a one-byte answer before a protocol begins.
namespace Drover.Transport.Tls;

internal static class ByteExchange
{
    /// <summary>Sends the request and waits for one byte; throws IOException when the peer closes.</summary>
    public static async Task<byte> AskAsync(
        Connection connection,
        ReadOnlyMemory<byte> request,
        CancellationToken cancellationToken
    )
    {
        Wakeup wakeup = new();
        connection.Observer = wakeup;
        Outbox outbox = new();
        if (!outbox.Send(connection, request.Span))
        {
            throw new IOException(connection.Failure ?? "connection closed");
        }
        EventLoop loop = connection.Loop;
        using CancellationTokenRegistration registration = cancellationToken.Register(() => loop.Post(wakeup));
        byte[] answer = new byte[1];
        for (; ; )
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Exactly one byte: what follows it belongs to the handshake.
            int received = connection.Receive(answer);
            if (received == 1)
            {
                connection.Observer = null;
                return answer[0];
            }
            if (received != Connection.WouldBlock || !outbox.Flush(connection))
            {
                throw new IOException(connection.Failure ?? "the peer closed the connection");
            }
            await wakeup;
        }
    }

    /// <summary>Sends bytes and waits until the peer closes.</summary>
    public static async Task SendAndAwaitEndAsync(
        Connection connection,
        ReadOnlyMemory<byte> bytes,
        CancellationToken cancellationToken
    )
    {
        Wakeup wakeup = new();
        connection.Observer = wakeup;
        Outbox outbox = new();
        EventLoop loop = connection.Loop;
        using CancellationTokenRegistration registration = cancellationToken.Register(() => loop.Post(wakeup));
        byte[] ignored = new byte[64];
        if (!outbox.Send(connection, bytes.Span))
        {
            return;
        }
        for (; ; )
        {
            cancellationToken.ThrowIfCancellationRequested();
            int received = outbox.Flush(connection) ? connection.Receive(ignored) : Connection.Broken;
            if (received is 0 or Connection.Broken)
            {
                return;
            }
            if (received == Connection.WouldBlock)
            {
                await wakeup;
            }
        }
    }
}
