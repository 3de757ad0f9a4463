// Describe and Close: both name a prepared statement or a portal.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>What a Describe or a Close names.</summary>
public enum DescribedKind : byte
{
    /// <summary>A prepared statement.</summary>
    Statement = (byte)'S',

    /// <summary>A portal.</summary>
    Portal = (byte)'P',
}

/// <summary>Describe: what does a statement or portal take and return?</summary>
public readonly ref struct Describe
{
    /// <summary>Statement or portal.</summary>
    public DescribedKind Kind { get; private init; }

    /// <summary>Its name; empty for the unnamed one.</summary>
    public ReadOnlySpan<byte> Name { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out Describe message)
    {
        bool read = TryReadTarget(body, out DescribedKind kind, out var name);
        message = read ? new Describe { Kind = kind, Name = name } : default;
        return read;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, DescribedKind kind, ReadOnlySpan<byte> name) =>
        WriteTarget(writer, FrontendType.Describe, kind, name);

    internal static bool TryReadTarget(ReadOnlySpan<byte> body, out DescribedKind kind, out ReadOnlySpan<byte> name)
    {
        MessageReader reader = new(body);
        name = default;
        bool read = reader.TryReadByte(out byte code) && reader.TryReadCString(out name) && reader.AtEnd;
        kind = (DescribedKind)code;
        return read && kind is (DescribedKind.Statement or DescribedKind.Portal);
    }

    internal static void WriteTarget(MessageWriter writer, byte type, DescribedKind kind, ReadOnlySpan<byte> name)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(type);
        writer.WriteByte((byte)kind);
        writer.WriteCString(name);
        writer.End();
    }
}

/// <summary>Close: forget a statement or a portal. To close what does not exist is no error.</summary>
public readonly ref struct Close
{
    /// <summary>Statement or portal.</summary>
    public DescribedKind Kind { get; private init; }

    /// <summary>Its name; empty for the unnamed one.</summary>
    public ReadOnlySpan<byte> Name { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out Close message)
    {
        bool read = Describe.TryReadTarget(body, out DescribedKind kind, out var name);
        message = read ? new Close { Kind = kind, Name = name } : default;
        return read;
    }

    /// <summary>Writes the message.</summary>
    public static void Write(MessageWriter writer, DescribedKind kind, ReadOnlySpan<byte> name) =>
        Describe.WriteTarget(writer, FrontendType.Close, kind, name);
}
