// CopyInResponse, CopyOutResponse and CopyBothResponse: a COPY begins.
using System.Buffers.Binary;
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>
/// The three responses that begin a COPY; the type byte says which way the data goes. See
/// https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-COPY.
/// </summary>
public readonly ref struct CopyResponse
{
    private readonly ReadOnlySpan<byte> _formats;

    private CopyResponse(bool isBinary, ReadOnlySpan<byte> formats)
    {
        IsBinary = isBinary;
        _formats = formats;
    }

    /// <summary>Whether the stream as a whole is binary.</summary>
    public bool IsBinary { get; }

    /// <summary>How many columns the rows have; 0 in a replication stream.</summary>
    public int ColumnCount => _formats.Length / sizeof(short);

    /// <summary>The format of a column.</summary>
    public short ColumnFormat(int index) => BinaryPrimitives.ReadInt16BigEndian(_formats.Slice(index * 2, 2));

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out CopyResponse message)
    {
        MessageReader reader = new(body);
        if (
            reader.TryReadByte(out byte format)
            && format <= 1
            && reader.TryReadUInt16(out int count)
            && reader.TryReadBytes(count * sizeof(short), out var formats)
            && reader.AtEnd
        )
        {
            message = new CopyResponse(format == 1, formats);
            return true;
        }
        message = default;
        return false;
    }

    /// <summary>Writes CopyInResponse: the server takes data.</summary>
    public static void WriteIn(MessageWriter writer, bool binary, int columnCount) =>
        Write(writer, BackendType.CopyInResponse, binary, columnCount);

    /// <summary>Writes CopyOutResponse: the server sends data.</summary>
    public static void WriteOut(MessageWriter writer, bool binary, int columnCount) =>
        Write(writer, BackendType.CopyOutResponse, binary, columnCount);

    /// <summary>Writes CopyBothResponse: both do, as in replication.</summary>
    public static void WriteBoth(MessageWriter writer, bool binary, int columnCount) =>
        Write(writer, BackendType.CopyBothResponse, binary, columnCount);

    private static void Write(MessageWriter writer, byte type, bool binary, int columnCount)
    {
        ArgumentNullException.ThrowIfNull(writer);
        short format = binary ? FormatCodes.Binary : FormatCodes.Text;
        writer.Begin(type);
        writer.WriteByte((byte)format);
        writer.WriteUInt16(columnCount);
        for (int i = 0; i < columnCount; i++)
        {
            writer.WriteInt16(format);
        }
        writer.End();
    }
}
