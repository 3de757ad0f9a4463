// A list of text or binary format codes inside a message.
using System.Buffers.Binary;
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages;

/// <summary>
/// Format codes as Bind and FunctionCall give them: none means text for all, one means the same for all, otherwise one
/// per value. See https://www.postgresql.org/docs/18/protocol-overview.html#PROTOCOL-FORMAT-CODES.
/// </summary>
public readonly ref struct FormatCodes
{
    /// <summary>The value is text.</summary>
    public const short Text = 0;

    /// <summary>The value is in the type's binary form.</summary>
    public const short Binary = 1;

    private readonly ReadOnlySpan<byte> _codes;

    private FormatCodes(ReadOnlySpan<byte> codes) => _codes = codes;

    /// <summary>How many codes were given.</summary>
    public int Count => _codes.Length / sizeof(short);

    /// <summary>The format of the value at <paramref name="index"/>; text beyond the last of several codes.</summary>
    public short this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            int at = Count == 1 ? 0 : index;
            return at < Count ? BinaryPrimitives.ReadInt16BigEndian(_codes[(at * sizeof(short))..]) : Text;
        }
    }

    /// <summary>Reads a count and that many codes.</summary>
    public static bool TryRead(scoped ref MessageReader reader, out FormatCodes codes)
    {
        codes = default;
        if (
            !reader.TryReadUInt16(out int count)
            || !reader.TryReadBytes(count * sizeof(short), out ReadOnlySpan<byte> bytes)
        )
        {
            return false;
        }
        codes = new FormatCodes(bytes);
        return true;
    }

    /// <summary>Writes a count and the codes.</summary>
    public static void Write(MessageWriter writer, ReadOnlySpan<short> codes)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteUInt16(codes.Length);
        foreach (short code in codes)
        {
            writer.WriteInt16(code);
        }
    }
}
