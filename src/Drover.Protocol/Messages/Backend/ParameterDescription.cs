// ParameterDescription: the types of a statement's parameters.
using System.Buffers.Binary;
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>ParameterDescription.</summary>
public readonly ref struct ParameterDescription
{
    private readonly ReadOnlySpan<byte> _types;

    private ParameterDescription(ReadOnlySpan<byte> types) => _types = types;

    /// <summary>How many parameters the statement has.</summary>
    public int Count => _types.Length / sizeof(uint);

    /// <summary>The OID of a parameter's type.</summary>
    public uint ParameterType(int index) => BinaryPrimitives.ReadUInt32BigEndian(_types.Slice(index * 4, 4));

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out ParameterDescription message)
    {
        MessageReader reader = new(body);
        if (
            reader.TryReadUInt16(out int count)
            && reader.TryReadBytes(count * sizeof(uint), out var types)
            && reader.AtEnd
        )
        {
            message = new ParameterDescription(types);
            return true;
        }
        message = default;
        return false;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<uint> types)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.ParameterDescription);
        writer.WriteUInt16(types.Length);
        foreach (uint type in types)
        {
            writer.WriteUInt32(type);
        }
        writer.End();
    }
}
