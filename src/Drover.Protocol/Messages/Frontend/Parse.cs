// Parse: prepares a statement under a name.
using System.Buffers.Binary;
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>Parse.</summary>
public readonly ref struct Parse
{
    private readonly ReadOnlySpan<byte> _types;

    private Parse(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text, ReadOnlySpan<byte> types)
    {
        Name = name;
        Text = text;
        _types = types;
    }

    /// <summary>The statement's name; empty for the unnamed one.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>The statement, in the client's encoding.</summary>
    public ReadOnlySpan<byte> Text { get; }

    /// <summary>How many parameter types were given; the statement may have more parameters.</summary>
    public int ParameterTypeCount => _types.Length / sizeof(uint);

    /// <summary>The types as they are on the wire, four bytes each: part of what identifies a statement.</summary>
    public ReadOnlySpan<byte> ParameterTypeBytes => _types;

    /// <summary>The OID of a given type; 0 leaves the choice to the server.</summary>
    public uint ParameterType(int index) => BinaryPrimitives.ReadUInt32BigEndian(_types.Slice(index * 4, 4));

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out Parse message)
    {
        MessageReader reader = new(body);
        if (
            reader.TryReadCString(out var name)
            && reader.TryReadCString(out var text)
            && reader.TryReadUInt16(out int count)
            && reader.TryReadBytes(count * sizeof(uint), out var types)
            && reader.AtEnd
        )
        {
            message = new Parse(name, text, types);
            return true;
        }
        message = default;
        return false;
    }

    /// <summary>Writes the message with the given parameter types, or with none.</summary>
    public static void Write(
        MessageWriter writer,
        ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> text,
        ReadOnlySpan<uint> parameterTypes = default
    )
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.Parse);
        writer.WriteCString(name);
        writer.WriteCString(text);
        writer.WriteUInt16(parameterTypes.Length);
        foreach (uint type in parameterTypes)
        {
            writer.WriteUInt32(type);
        }
        writer.End();
    }

    /// <summary>Writes the message under another name, with <see cref="ParameterTypeBytes"/> as they came.</summary>
    public static void WriteRenamed(
        MessageWriter writer,
        ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> text,
        ReadOnlySpan<byte> parameterTypeBytes
    )
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.Parse);
        writer.WriteCString(name);
        writer.WriteCString(text);
        writer.WriteUInt16(parameterTypeBytes.Length / sizeof(uint));
        writer.WriteBytes(parameterTypeBytes);
        writer.End();
    }
}
