// The rows of one shard, read one at a time.
using System.Buffers;
using Drover.Pooling.Servers;
using Drover.Routing.Merging;
using Drover.Transport;

namespace Drover.Sessions.Sharded.Merging;

/// <summary>
/// Its answer is received into a buffer of its own; while a row waits at the front of that, nothing more is received:
/// a shard that is ahead of the others is held up by its socket.
/// </summary>
internal sealed class ShardRows(ServerConnection server) : IDisposable
{
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(TransportLimits.ScratchBytes);

    /// <summary>Who sends them.</summary>
    public ServerConnection Server { get; } = server;

    /// <summary>Bytes of the row at the front of the inbox; 0 if none waits there.</summary>
    public int RowLength { get; set; }

    /// <summary>The row at the front.</summary>
    public ReadOnlySpan<byte> Row => Server.Inbox.Data[..RowLength];

    /// <summary>What that row is ordered by.</summary>
    public SortValue[] Values { get; set; } = [];

    /// <summary>The last group of which it gave a row.</summary>
    public long Group { get; set; }

    /// <summary>Answers to Parse, Bind and Describe that have come.</summary>
    public int Reached { get; set; }

    /// <summary>The server is done, or lost.</summary>
    public bool IsDone { get; set; }

    /// <summary>The row at the front is used up.</summary>
    public void Next()
    {
        Server.Inbox.Consume(RowLength);
        RowLength = 0;
    }

    /// <summary>Receives once, as <see cref="Inbox.Fill"/> does.</summary>
    public int Receive(int limit) => Server.Inbox.Fill(Server.Transport, _buffer, limit);

    /// <summary>Takes leftovers out of the buffer, and returns it.</summary>
    public void Dispose()
    {
        Server.Inbox.Park();
        ArrayPool<byte>.Shared.Return(_buffer);
    }
}
