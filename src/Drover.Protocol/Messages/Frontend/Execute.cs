// Execute: runs a portal.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>Execute.</summary>
public readonly ref struct Execute
{
    /// <summary>The portal's name; empty for the unnamed one.</summary>
    public ReadOnlySpan<byte> Portal { get; private init; }

    /// <summary>Most rows to return before the portal is suspended; 0 or less means all.</summary>
    public int RowsMax { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out Execute message)
    {
        MessageReader reader = new(body);
        if (reader.TryReadCString(out var portal) && reader.TryReadInt32(out int rowsMax) && reader.AtEnd)
        {
            message = new Execute { Portal = portal, RowsMax = rowsMax };
            return true;
        }
        message = default;
        return false;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<byte> portal, int rowsMax = 0)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.Execute);
        writer.WriteCString(portal);
        writer.WriteInt32(rowsMax);
        writer.End();
    }
}
