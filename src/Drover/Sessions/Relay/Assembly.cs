// What one turn sends to one side: a run of the receive buffer as it stands, or the same with messages changed.
using Drover.Protocol.Framing;
using Drover.Transport;

namespace Drover.Sessions.Relay;

/// <summary>
/// Starts as a view of the received bytes. The first change copies what came before it to the loop's assembly buffer;
/// without a change nothing is copied.
/// </summary>
internal ref struct Assembly(MessageWriter writer, ReadOnlySpan<byte> received)
{
    private readonly ReadOnlySpan<byte> _received = received;
    private int _taken;

    /// <summary>How much of the received bytes there is; a message that ends behind it is still coming.</summary>
    public readonly int Length => _received.Length;

    /// <summary>Bytes that <see cref="Send"/> handed over.</summary>
    public int Sent { get; private set; }

    /// <summary>Something was inserted or replaced and is not sent yet.</summary>
    public readonly bool HasContent => writer.Length > 0;

    /// <summary>
    /// Leaves out the received bytes from <paramref name="start"/> to <paramref name="end"/> and gives the writer for
    /// what goes in their place. Equal positions insert.
    /// </summary>
    public MessageWriter Replace(int start, int end)
    {
        writer.WriteBytes(_received[_taken..start]);
        _taken = end;
        return writer;
    }

    /// <summary>Sends everything up to a position of the received bytes. False when the connection is broken.</summary>
    public bool Send(int end, Outbox outbox, Connection connection)
    {
        bool whole;
        if (writer.Length == 0)
        {
            Sent = end - _taken;
            whole = Sent == 0 || outbox.Send(connection, _received[_taken..end]);
        }
        else
        {
            if (end > _taken)
            {
                writer.WriteBytes(_received[_taken..end]);
            }
            Sent = writer.Length;
            whole = outbox.Send(connection, writer.Written);
            writer.Clear();
        }
        _taken = end;
        return whole;
    }
}
