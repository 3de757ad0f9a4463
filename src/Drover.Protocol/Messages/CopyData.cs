// CopyData and CopyDone: the stream of a COPY, the same in both directions.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages;

/// <summary>CopyData: a piece of a COPY or replication stream, cut anywhere.</summary>
public static class CopyData
{
    /// <summary>Writes the message; its body is the data itself.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<byte> data)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.CopyData);
        writer.WriteBytes(data);
        writer.End();
    }
}

/// <summary>CopyDone: the stream has ended well.</summary>
public static class CopyDone
{
    /// <summary>Whether the body is right, that is empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body) => body.IsEmpty;

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.CopyDone);
        writer.End();
    }
}
