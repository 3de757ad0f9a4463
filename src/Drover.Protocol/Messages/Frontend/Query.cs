// Query: one or more statements as text.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>Query, the simple protocol's only request.</summary>
public readonly ref struct Query
{
    /// <summary>The statements, in the client's encoding.</summary>
    public ReadOnlySpan<byte> Text { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out Query message)
    {
        MessageReader reader = new(body);
        bool read = reader.TryReadCString(out var text) && reader.AtEnd;
        message = read ? new Query { Text = text } : default;
        return read;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<byte> text)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.Query);
        writer.WriteCString(text);
        writer.End();
    }

    /// <summary>Writes the message, the text as UTF-8.</summary>
    public static void Write(MessageWriter writer, string text)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.Query);
        writer.WriteCString(text);
        writer.End();
    }
}
