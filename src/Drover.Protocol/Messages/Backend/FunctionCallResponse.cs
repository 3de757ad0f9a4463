// FunctionCallResponse: the result of a FunctionCall.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>FunctionCallResponse.</summary>
public readonly ref struct FunctionCallResponse
{
    /// <summary>The result; empty for NULL.</summary>
    public ReadOnlySpan<byte> Value { get; private init; }

    /// <summary>Whether the result is NULL.</summary>
    public bool IsNull { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out FunctionCallResponse message)
    {
        MessageReader reader = new(body);
        bool read = reader.TryReadValue(out var value, out bool isNull) && reader.AtEnd;
        message = read ? new FunctionCallResponse { Value = value, IsNull = isNull } : default;
        return read;
    }

    /// <summary>Writes the message with a value.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<byte> value)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.FunctionCallResponse);
        writer.WriteValue(value);
        writer.End();
    }

    /// <summary>Writes the message with NULL.</summary>
    public static void WriteNull(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.FunctionCallResponse);
        writer.WriteNull();
        writer.End();
    }
}
