// Sync, Flush and Terminate: the client's messages that have no body.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>Sync: ends an extended batch; answered by ReadyForQuery.</summary>
public static class Sync
{
    /// <summary>Whether the body is right, that is empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body) => body.IsEmpty;

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.Sync);
        writer.End();
    }
}

/// <summary>Flush: send what you have; has no answer of its own.</summary>
public static class Flush
{
    /// <summary>Whether the body is right, that is empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body) => body.IsEmpty;

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.Flush);
        writer.End();
    }
}

/// <summary>Terminate: the client leaves.</summary>
public static class Terminate
{
    /// <summary>Whether the body is right, that is empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body) => body.IsEmpty;

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.Terminate);
        writer.End();
    }
}
