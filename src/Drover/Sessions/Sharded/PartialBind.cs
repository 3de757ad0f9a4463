// The values of a statement for a server that gets only part of it.
using System.Buffers.Binary;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Frontend;
using Drover.Routing;

namespace Drover.Sessions.Sharded;

internal static class PartialBind
{
    /// <summary>The type <c>text</c>.</summary>
    private const uint Text = 25;

    /// <summary>
    /// Writes Parse and Bind. A parameter that is not in this part has nothing to tell its type by: it is a
    /// NULL of type text.
    /// </summary>
    /// <param name="writer">Of the server.</param>
    /// <param name="text">The part.</param>
    /// <param name="types">The declared types as they are on the wire.</param>
    /// <param name="bind">What follows the names in Bind.</param>
    /// <returns>False if the values cannot be read; nothing is written then.</returns>
    public static bool TryWrite(
        MessageWriter writer,
        ReadOnlySpan<byte> text,
        ReadOnlySpan<byte> types,
        ReadOnlySpan<byte> bind
    )
    {
        if (!BindParameters.TryRead(bind, out BindParameters parameters) || parameters.Values.Count == 0)
        {
            return false;
        }
        HashSet<int> used = InsertRows.Parameters(text);
        int count = parameters.Values.Count;
        uint[] declared = new uint[count];
        short[] formats = new short[count];
        for (int i = 0; i < count; i++)
        {
            declared[i] =
                !used.Contains(i + 1) ? Text
                : types.Length >= (i + 1) * sizeof(uint) ? BinaryPrimitives.ReadUInt32BigEndian(types[(i * 4)..])
                : 0;
            formats[i] = parameters.Formats[i];
        }
        Parse.Write(writer, default, text, declared);
        Bind.Begin(writer, default, default, formats, count);
        int number = 0;
        foreach (ValueList.Value value in parameters.Values)
        {
            number++;
            if (value.IsNull || !used.Contains(number))
            {
                writer.WriteNull();
            }
            else
            {
                writer.WriteValue(value.Bytes);
            }
        }
        short[] results = new short[parameters.ResultFormats.Count];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = parameters.ResultFormats[i];
        }
        Bind.End(writer, results);
        return true;
    }
}
