// The type byte and length that every message after the startup packet begins with.
using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Drover.Protocol.Framing;

/// <summary>
/// Head of a typed message, see https://www.postgresql.org/docs/18/protocol-overview.html.
/// </summary>
/// <param name="Type">One of <see cref="FrontendType"/> or <see cref="BackendType"/>; not checked.</param>
/// <param name="Length">Bytes of the whole message on the wire, type byte and length field included.</param>
public readonly record struct MessageHeader(byte Type, int Length)
{
    /// <summary>Bytes of the header: type byte and length field.</summary>
    public const int Size = 5;

    /// <summary>
    /// Largest <see cref="Length"/>: PostgreSQL keeps a message in one allocation of at most 0x3fffffff bytes; the type
    /// byte comes on top.
    /// </summary>
    public const int LengthMax = 0x3fffffff + 1;

    /// <summary>Bytes after the header.</summary>
    public int BodyLength => Length - Size;

    /// <summary>Reads the header at the start of <paramref name="buffer"/>; nothing is consumed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FrameStatus TryRead(ReadOnlySpan<byte> buffer, out MessageHeader header)
    {
        if (buffer.Length < Size)
        {
            header = default;
            return FrameStatus.Incomplete;
        }
        uint field = BinaryPrimitives.ReadUInt32BigEndian(buffer[1..]);
        if (field is < 4 or > LengthMax - 1)
        {
            header = default;
            return FrameStatus.Malformed;
        }
        header = new MessageHeader(buffer[0], (int)field + 1);
        return FrameStatus.Complete;
    }
}
