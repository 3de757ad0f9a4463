// Writes messages one behind the other into a buffer that grows up to a bound.
using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Drover.Protocol.Framing;

/// <summary>
/// Collects outgoing messages in an array from the pool. Not safe for use from several threads. Whoever creates it owns
/// it; <see cref="Written"/> and <see cref="Memory"/> hold until the next write, <see cref="Clear"/> or
/// <see cref="Dispose"/>. Bytes that are written between messages go out as they are (the answer to an SSLRequest).
/// </summary>
public sealed class MessageWriter : IDisposable
{
    private const int InitialCapacity = 256;
    private const int NoMessage = -1;

    private readonly int _lengthMax;
    private byte[] _buffer = [];
    private int _capacity;
    private int _length;
    private int _messageStart = NoMessage;
    private int _lengthFieldAt;

    /// <summary>Creates a writer that holds at most <paramref name="lengthMax"/> bytes at a time.</summary>
    public MessageWriter(int lengthMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthMax);
        _lengthMax = lengthMax;
    }

    /// <summary>Bytes written since the last <see cref="Clear"/>.</summary>
    public int Length => _length;

    /// <summary>What has been written since the last <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>The same as <see cref="Written"/>, for asynchronous sends.</summary>
    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, _length);

    /// <summary>Begins a typed message.</summary>
    public void Begin(byte type)
    {
        BeginAt(_length);
        WriteByte(type);
        BeginLength();
    }

    /// <summary>Begins a packet without a type byte: a startup packet, a cancel request.</summary>
    public void BeginUntyped()
    {
        BeginAt(_length);
        BeginLength();
    }

    /// <summary>Ends the message and writes its length into its head.</summary>
    /// <exception cref="InvalidOperationException">No message has been begun.</exception>
    public void End()
    {
        if (_messageStart == NoMessage)
        {
            throw new InvalidOperationException("No message has been begun.");
        }
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_lengthFieldAt), _length - _lengthFieldAt);
        _messageStart = NoMessage;
    }

    /// <summary>Writes one byte.</summary>
    public void WriteByte(byte value) => Reserve(1)[0] = value;

    /// <summary>Writes a 16-bit integer.</summary>
    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Reserve(sizeof(short)), value);

    /// <summary>Writes a count as PostgreSQL reads it, unsigned.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is not in 0..65535.</exception>
    public void WriteUInt16(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ushort.MaxValue);
        BinaryPrimitives.WriteUInt16BigEndian(Reserve(sizeof(ushort)), (ushort)value);
    }

    /// <summary>Writes a 32-bit integer.</summary>
    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Reserve(sizeof(int)), value);

    /// <summary>Writes an unsigned 32-bit integer, such as an OID.</summary>
    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Reserve(sizeof(uint)), value);

    /// <summary>Writes a 64-bit integer.</summary>
    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Reserve(sizeof(long)), value);

    /// <summary>Writes bytes as they are.</summary>
    public void WriteBytes(ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

    /// <summary>Writes a string and its zero byte.</summary>
    /// <exception cref="ArgumentException">The string has a zero byte inside.</exception>
    public void WriteCString(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Contains((byte)0))
        {
            throw new ArgumentException("A string on the wire ends at its first zero byte.", nameof(utf8));
        }
        Span<byte> target = Reserve(utf8.Length + 1);
        utf8.CopyTo(target);
        target[^1] = 0;
    }

    /// <summary>Writes a string as UTF-8, and its zero byte.</summary>
    /// <exception cref="ArgumentException">The string has a zero character inside.</exception>
    public void WriteCString(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A string on the wire ends at its first zero byte.", nameof(value));
        }
        Span<byte> target = Reserve(Encoding.UTF8.GetByteCount(value) + 1);
        Encoding.UTF8.GetBytes(value, target);
        target[^1] = 0;
    }

    /// <summary>Writes a value with its length in front.</summary>
    public void WriteValue(ReadOnlySpan<byte> value)
    {
        WriteInt32(value.Length);
        WriteBytes(value);
    }

    /// <summary>Writes NULL: a length of -1.</summary>
    public void WriteNull() => WriteInt32(-1);

    /// <summary>Forgets what has been written, and keeps the buffer.</summary>
    public void Clear()
    {
        _length = 0;
        _messageStart = NoMessage;
    }

    /// <summary>Gives the buffer back to the pool; the next write would rent another.</summary>
    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _capacity = 0;
        Clear();
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void BeginAt(int start)
    {
        if (_messageStart != NoMessage)
        {
            throw new InvalidOperationException("The message before has not been ended.");
        }
        _messageStart = start;
    }

    private void BeginLength()
    {
        _lengthFieldAt = _length;
        Reserve(sizeof(int));
    }

    private Span<byte> Reserve(int count)
    {
        if (count > _capacity - _length)
        {
            Grow(count);
        }
        Span<byte> reserved = _buffer.AsSpan(_length, count);
        _length += count;
        return reserved;
    }

    private void Grow(int count)
    {
        if ((long)_length + count > _lengthMax)
        {
            // Half a message must never be sent: it goes, the ones before it stay.
            _length = _messageStart == NoMessage ? _length : _messageStart;
            _messageStart = NoMessage;
            throw new InvalidOperationException($"More than {_lengthMax} bytes of messages are waiting to be sent.");
        }
        long capacity = Math.Max(InitialCapacity, Math.Max(2L * _buffer.Length, (long)_length + count));
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Min(capacity, _lengthMax), Array.MaxLength));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = larger;
        // The pool hands out round sizes; the bound is the one that was asked for.
        _capacity = Math.Min(larger.Length, _lengthMax);
    }
}
