// DataRow: one row of a result.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>DataRow.</summary>
public static class DataRow
{
    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out ValueList values)
    {
        MessageReader reader = new(body);
        if (ValueList.TryRead(ref reader, out values) && reader.AtEnd)
        {
            return true;
        }
        values = default;
        return false;
    }

    /// <summary>
    /// Begins the message: <paramref name="columnCount"/> calls of <see cref="MessageWriter.WriteValue"/> or
    /// <see cref="MessageWriter.WriteNull"/> and <see cref="MessageWriter.End"/> follow.
    /// </summary>
    public static void Begin(MessageWriter writer, int columnCount)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.DataRow);
        writer.WriteUInt16(columnCount);
    }
}
