// CommandComplete: a command has ended, with its tag.
using System.Buffers.Text;
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>CommandComplete.</summary>
public readonly ref struct CommandComplete
{
    /// <summary>The tag, such as SELECT 5, INSERT 0 1, ROLLBACK.</summary>
    public ReadOnlySpan<byte> Tag { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out CommandComplete message)
    {
        MessageReader reader = new(body);
        bool read = reader.TryReadCString(out var tag) && reader.AtEnd;
        message = read ? new CommandComplete { Tag = tag } : default;
        return read;
    }

    /// <summary>Reads the number of rows at the end of the tag; false if it has none.</summary>
    public bool TryGetRows(out long rows)
    {
        int space = Tag.LastIndexOf((byte)' ');
        rows = 0;
        ReadOnlySpan<byte> number = Tag[(space + 1)..];
        return space >= 0 && Utf8Parser.TryParse(number, out rows, out int used) && used == number.Length && rows >= 0;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<byte> tag)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.CommandComplete);
        writer.WriteCString(tag);
        writer.End();
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, string tag)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.CommandComplete);
        writer.WriteCString(tag);
        writer.End();
    }
}
