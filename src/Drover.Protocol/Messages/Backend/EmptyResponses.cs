// The server's messages that have no body.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>ParseComplete: a Parse has been done.</summary>
public static class ParseComplete
{
    /// <summary>Whether the body is right, that is empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body) => body.IsEmpty;

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.ParseComplete);
        writer.End();
    }
}

/// <summary>BindComplete: a Bind has been done.</summary>
public static class BindComplete
{
    /// <summary>Whether the body is right, that is empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body) => body.IsEmpty;

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.BindComplete);
        writer.End();
    }
}

/// <summary>CloseComplete: a Close has been done.</summary>
public static class CloseComplete
{
    /// <summary>Whether the body is right, that is empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body) => body.IsEmpty;

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.CloseComplete);
        writer.End();
    }
}

/// <summary>NoData: a described statement or portal returns no rows.</summary>
public static class NoData
{
    /// <summary>Whether the body is right, that is empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body) => body.IsEmpty;

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.NoData);
        writer.End();
    }
}

/// <summary>EmptyQueryResponse: an empty query has ended; stands for CommandComplete.</summary>
public static class EmptyQueryResponse
{
    /// <summary>Whether the body is right, that is empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body) => body.IsEmpty;

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.EmptyQueryResponse);
        writer.End();
    }
}

/// <summary>PortalSuspended: an Execute has reached its limit of rows.</summary>
public static class PortalSuspended
{
    /// <summary>Whether the body is right, that is empty.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body) => body.IsEmpty;

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.PortalSuspended);
        writer.End();
    }
}
