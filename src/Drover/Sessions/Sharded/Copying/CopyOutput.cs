// COPY TO STDOUT on several shards: one stream made of theirs.
using System.Buffers.Binary;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Routing;
using Drover.Routing.Copying;

namespace Drover.Sessions.Sharded.Copying;

/// <summary>
/// A server sends a message for each row, and each has a head of its own: the line of a header, or what binary data
/// begins and ends with. The client gets the first one's, and the rows of all.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-COPY</remarks>
internal sealed class CopyOutput(CopyForm form)
{
    private byte[]? _response;
    private byte[]? _header;
    private bool _isAtHead;

    private bool IsBinary => form.Format == CopyFormat.Binary;

    /// <summary>A server begins: why its rows cannot be put behind the others'; null if they can.</summary>
    /// <param name="response">CopyOutResponse, whole.</param>
    public RouteRefusal? Begin(ReadOnlySpan<byte> response)
    {
        _isAtHead = form.HasHeader || IsBinary;
        bool isSame = _response is null || response.SequenceEqual(_response);
        _response ??= response.ToArray();
        return isSame ? null : ShardRefusals.ShapesDiffer;
    }

    /// <summary>Writes what is in front of all rows.</summary>
    public void WriteHead(MessageWriter writer) => writer.WriteBytes(_response);

    /// <summary>Writes a row, unless it is a head that was written before.</summary>
    public RouteRefusal? Write(MessageWriter writer, ReadOnlySpan<byte> data)
    {
        if (_isAtHead)
        {
            _isAtHead = false;
            int length = IsBinary ? HeadLength(data) : data.Length;
            ReadOnlySpan<byte> head = data[..length];
            data = data[length..];
            if (_header is null)
            {
                _header = head.ToArray();
                CopyData.Write(writer, head);
            }
            else if (!head.SequenceEqual(_header))
            {
                return ShardRefusals.ShapesDiffer;
            }
            if (data.IsEmpty)
            {
                return null;
            }
        }
        if (!IsBinary || !data.SequenceEqual(BinarySplitter.Trailer))
        {
            CopyData.Write(writer, data);
        }
        return null;
    }

    /// <summary>Writes what is behind all rows.</summary>
    public void WriteEnd(MessageWriter writer)
    {
        if (IsBinary)
        {
            CopyData.Write(writer, BinarySplitter.Trailer);
        }
        CopyDone.Write(writer);
    }

    /// <summary>The first row comes in one message with it.</summary>
    private static int HeadLength(ReadOnlySpan<byte> data)
    {
        if (data.Length < BinarySplitter.HeaderBytes)
        {
            return data.Length;
        }
        long extension = BinaryPrimitives.ReadUInt32BigEndian(data[(BinarySplitter.HeaderBytes - sizeof(int))..]);
        return (int)Math.Min(data.Length, BinarySplitter.HeaderBytes + extension);
    }
}
