// What goes to a client that several servers work for: sent as it grows, and never more than the client takes.
using Drover.Protocol.Framing;
using Drover.Transport;

namespace Drover.Sessions.Sharded;

/// <summary>A client that does not read stops whoever writes here.</summary>
internal sealed class AnswerStream(ClientSession session) : IDisposable
{
    /// <summary>It is sent when there is so much of it.</summary>
    private const int SendBytes = 64 * 1024;

    private const int MessageBytesMax = 1024 * 1024 * 1024;

    /// <summary>Messages for the client.</summary>
    public MessageWriter Writer { get; } = new(MessageBytesMax);

    /// <summary>It is time for <see cref="FlushAsync"/>.</summary>
    public bool IsFull => Writer.Length >= SendBytes;

    /// <summary>Returns the memory.</summary>
    public void Dispose() => Writer.Dispose();

    /// <summary>A client that is gone waits for nothing.</summary>
    public void LookAtClient()
    {
        int received = session.Inbox.Fill(session.Client, session.Loop.ClientScratch, session.InboxBytesMax);
        if (received is 0 or Connection.Broken)
        {
            session.End ??= SessionEnd.ClientLost;
        }
    }

    /// <summary>Leaves the rest to what is sent next, which ends the answer: a client wakes up once for both.</summary>
    public ValueTask HoldAsync()
    {
        if (IsFull || session.Outbox.Pending > 0)
        {
            return FlushAsync();
        }
        session.Traffic.BytesSent += Writer.Length;
        session.Outbox.Hold(Writer.Written);
        Writer.Clear();
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends what there is, and waits until the client has read most of it.</summary>
    public async ValueTask FlushAsync()
    {
        if (Writer.Length > 0)
        {
            session.Traffic.BytesSent += Writer.Length;
            bool isSent = session.Outbox.Send(session.Client, Writer.Written);
            Writer.Clear();
            session.End ??= isSent ? null : SessionEnd.ClientLost;
        }
        while (session.End is null && session.Outbox.Pending > 0)
        {
            if (!session.Outbox.Flush(session.Client))
            {
                session.End ??= SessionEnd.ClientLost;
            }
            if (session.Outbox.Pending <= SessionLimits.UnreadAnswerBytesMax)
            {
                return;
            }
            session.Park();
            await session.Wakeup;
        }
    }
}
