// FunctionCall: calls a function by its OID; old, and still in the protocol.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>FunctionCall, see https://www.postgresql.org/docs/18/protocol-flow.html.</summary>
public readonly ref struct FunctionCall
{
    /// <summary>The function's OID.</summary>
    public uint FunctionOid { get; private init; }

    /// <summary>The formats of the arguments.</summary>
    public FormatCodes Formats { get; private init; }

    /// <summary>The arguments.</summary>
    public ValueList Arguments { get; private init; }

    /// <summary>The format in which the result is wanted.</summary>
    public short ResultFormat { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out FunctionCall message)
    {
        MessageReader reader = new(body);
        if (
            reader.TryReadUInt32(out uint oid)
            && FormatCodes.TryRead(ref reader, out FormatCodes formats)
            && ValueList.TryRead(ref reader, out ValueList arguments)
            && reader.TryReadInt16(out short resultFormat)
            && reader.AtEnd
            && (formats.Count <= 1 || formats.Count == arguments.Count)
        )
        {
            message = new FunctionCall
            {
                FunctionOid = oid,
                Formats = formats,
                Arguments = arguments,
                ResultFormat = resultFormat,
            };
            return true;
        }
        message = default;
        return false;
    }

    /// <summary>
    /// Begins the message up to the arguments: that many values, the result's format as a 16-bit integer and
    /// <see cref="MessageWriter.End"/> follow.
    /// </summary>
    public static void Begin(
        MessageWriter writer,
        uint functionOid,
        ReadOnlySpan<short> argumentFormats,
        int argumentCount
    )
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.FunctionCall);
        writer.WriteUInt32(functionOid);
        FormatCodes.Write(writer, argumentFormats);
        writer.WriteUInt16(argumentCount);
    }
}
