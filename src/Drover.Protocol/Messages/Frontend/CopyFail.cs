// CopyFail: the client gives its COPY up.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>CopyFail.</summary>
public readonly ref struct CopyFail
{
    /// <summary>Why; it becomes part of the server's error.</summary>
    public ReadOnlySpan<byte> Message { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out CopyFail message)
    {
        MessageReader reader = new(body);
        bool read = reader.TryReadCString(out var reason) && reader.AtEnd;
        message = read ? new CopyFail { Message = reason } : default;
        return read;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<byte> reason)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.CopyFail);
        writer.WriteCString(reason);
        writer.End();
    }
}
