// Reads the fields of a message body; every read is checked against what is left.
using System.Buffers.Binary;

namespace Drover.Protocol.Framing;

/// <summary>
/// A cursor over a message body. No read goes past the end, throws or allocates: it returns false instead, and the
/// message is malformed. All integers are big-endian.
/// </summary>
public ref struct MessageReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    /// <summary>What has not been read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Whether everything has been read.</summary>
    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>Reads one byte.</summary>
    public bool TryReadByte(out byte value)
    {
        if (_rest.IsEmpty)
        {
            value = 0;
            return false;
        }
        value = _rest[0];
        _rest = _rest[1..];
        return true;
    }

    /// <summary>Reads a signed 16-bit integer.</summary>
    public bool TryReadInt16(out short value)
    {
        bool read = BinaryPrimitives.TryReadInt16BigEndian(_rest, out value);
        _rest = read ? _rest[sizeof(short)..] : _rest;
        return read;
    }

    /// <summary>Reads a count. PostgreSQL reads these unsigned, so that 65535 parameters can be bound.</summary>
    public bool TryReadUInt16(out int value)
    {
        bool read = BinaryPrimitives.TryReadUInt16BigEndian(_rest, out ushort field);
        _rest = read ? _rest[sizeof(ushort)..] : _rest;
        value = field;
        return read;
    }

    /// <summary>Reads a signed 32-bit integer.</summary>
    public bool TryReadInt32(out int value)
    {
        bool read = BinaryPrimitives.TryReadInt32BigEndian(_rest, out value);
        _rest = read ? _rest[sizeof(int)..] : _rest;
        return read;
    }

    /// <summary>Reads an unsigned 32-bit integer, such as an OID.</summary>
    public bool TryReadUInt32(out uint value)
    {
        bool read = BinaryPrimitives.TryReadUInt32BigEndian(_rest, out value);
        _rest = read ? _rest[sizeof(uint)..] : _rest;
        return read;
    }

    /// <summary>Reads <paramref name="count"/> bytes, without copying; false if the count is negative.</summary>
    public bool TryReadBytes(int count, out ReadOnlySpan<byte> value)
    {
        if ((uint)count > (uint)_rest.Length)
        {
            value = default;
            return false;
        }
        value = _rest[..count];
        _rest = _rest[count..];
        return true;
    }

    /// <summary>Reads a string up to its zero byte, which is consumed and not returned.</summary>
    public bool TryReadCString(out ReadOnlySpan<byte> value)
    {
        int end = _rest.IndexOf((byte)0);
        if (end < 0)
        {
            value = default;
            return false;
        }
        value = _rest[..end];
        _rest = _rest[(end + 1)..];
        return true;
    }

    /// <summary>Reads a value with its length in front; -1 is NULL, any other negative length is refused.</summary>
    public bool TryReadValue(out ReadOnlySpan<byte> value, out bool isNull)
    {
        value = default;
        isNull = false;
        if (!TryReadInt32(out int length))
        {
            return false;
        }
        isNull = length == -1;
        return isNull || TryReadBytes(length, out value);
    }
}
