// Whole messages, one at a time, for the conversations before the relay: logins on both sides.
using System.Diagnostics;
using Drover.Protocol.Framing;

namespace Drover.Transport;

/// <summary>
/// Reads bounded messages from a connection and writes to it, waiting on one wake-up. Memory is bounded by the limit
/// that each read gives: a peer that is not logged in yet gets little.
/// </summary>
internal sealed class MessageChannel(Connection connection, Inbox inbox, Outbox outbox, Wakeup wakeup)
{
    private int _consumeNext;

    public Connection Connection => connection;

    public Inbox Inbox => inbox;

    public Outbox Outbox => outbox;

    /// <summary>Body of the message last read; valid until the next read or await.</summary>
    public ReadOnlySpan<byte> Body => inbox.Data[MessageHeader.Size.._consumeNext];

    /// <summary>Raw bytes of what was last read.</summary>
    public ReadOnlySpan<byte> Raw => inbox.Data[.._consumeNext];

    /// <summary>
    /// Reads the next message with a type and gives its type. Throws <see cref="LostConnectionException"/>.
    /// </summary>
    public async ValueTask<byte> ReadAsync(byte[] scratch, int limit, CancellationToken cancellationToken)
    {
        Next();
        for (; ; )
        {
            FrameStatus status = MessageHeader.TryRead(inbox.Data, out MessageHeader header);
            if (status == FrameStatus.Malformed || (status == FrameStatus.Complete && header.Length > limit))
            {
                throw new LostConnectionException("invalid message length", isViolation: true);
            }
            if (status == FrameStatus.Complete && header.Length <= inbox.Count)
            {
                _consumeNext = header.Length;
                return header.Type;
            }
            await FillAsync(scratch, limit, cancellationToken);
        }
    }

    /// <summary>Reads the untyped packet with which a client begins.</summary>
    public async ValueTask<StartupHeader> ReadStartupAsync(byte[] scratch, CancellationToken cancellationToken)
    {
        Next();
        for (; ; )
        {
            FrameStatus status = StartupHeader.TryRead(inbox.Data, out StartupHeader header);
            if (status == FrameStatus.Malformed)
            {
                throw new LostConnectionException("invalid length of startup packet", isViolation: true);
            }
            if (status == FrameStatus.Complete && header.Length <= inbox.Count)
            {
                _consumeNext = header.Length;
                return header;
            }
            await FillAsync(scratch, StartupHeader.LengthMax, cancellationToken);
        }
    }

    /// <summary>Waits until at least one byte is there.</summary>
    public async ValueTask<byte> PeekAsync(byte[] scratch, CancellationToken cancellationToken)
    {
        Next();
        while (inbox.Count == 0)
        {
            await FillAsync(scratch, StartupHeader.LengthMax, cancellationToken);
        }
        return inbox.Data[0];
    }

    /// <summary>Lets go of the message last read; implied by the next read.</summary>
    public void Next()
    {
        inbox.Consume(_consumeNext);
        _consumeNext = 0;
    }

    /// <summary>Sends; what the kernel does not take now goes out while the next read waits.</summary>
    public void Send(MessageWriter writer)
    {
        bool isWhole = outbox.Send(connection, writer.Written);
        // The writer is the loop's: what is left in it would go out in front of a stranger's next message.
        writer.Clear();
        if (!isWhole)
        {
            throw new LostConnectionException(connection.Failure ?? "connection lost");
        }
    }

    private async ValueTask FillAsync(byte[] scratch, int limit, CancellationToken cancellationToken)
    {
        Debug.Assert(connection.Loop.IsCurrent, "a channel is used on its connection's loop");
        for (; ; )
        {
            cancellationToken.ThrowIfCancellationRequested();
            int received = outbox.Flush(connection) ? inbox.Fill(connection, scratch, limit) : Connection.Broken;
            if (received > 0)
            {
                return;
            }
            if (received != Connection.WouldBlock)
            {
                throw new LostConnectionException(connection.Failure ?? "the peer closed the connection");
            }
            if (inbox.Count >= limit)
            {
                throw new LostConnectionException("message too long", isViolation: true);
            }
            inbox.Park();
            await wakeup;
        }
    }
}

/// <summary>A conversation ended before its time: the peer is gone, or said something impossible.</summary>
internal sealed class LostConnectionException(string message, bool isViolation = false) : IOException(message)
{
    /// <summary>The peer broke the protocol, rather than the line.</summary>
    public bool IsViolation => isViolation;
}
