// ParameterStatus: the value of a parameter that clients are told about.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>ParameterStatus, see https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-ASYNC.</summary>
public readonly ref struct ParameterStatus
{
    /// <summary>The parameter, in the server's spelling.</summary>
    public ReadOnlySpan<byte> Name { get; private init; }

    /// <summary>Its value.</summary>
    public ReadOnlySpan<byte> Value { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out ParameterStatus message)
    {
        MessageReader reader = new(body);
        if (reader.TryReadCString(out var name) && reader.TryReadCString(out var value) && reader.AtEnd)
        {
            message = new ParameterStatus { Name = name, Value = value };
            return true;
        }
        message = default;
        return false;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.ParameterStatus);
        writer.WriteCString(name);
        writer.WriteCString(value);
        writer.End();
    }

    /// <summary>Writes the message, both strings as UTF-8.</summary>
    public static void Write(MessageWriter writer, string name, string value)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.ParameterStatus);
        writer.WriteCString(name);
        writer.WriteCString(value);
        writer.End();
    }
}
