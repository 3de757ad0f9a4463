// Bytes received and not yet consumed. They live in the loop's scratch buffer while the code runs and move to rented
// memory only when it must wait with some left over, so an idle connection holds no buffer.
using System.Buffers;

namespace Drover.Transport;

/// <summary>The read side of a connection.</summary>
internal sealed class Inbox
{
    private byte[] _array = [];
    private int _start;
    private int _end;
    private bool _isRented;

    /// <summary>What is there to be consumed. Moves with the next call that changes the inbox.</summary>
    public Span<byte> Data => _array.AsSpan(_start, _end - _start);

    public int Count => _end - _start;

    /// <summary>
    /// Receives once behind what is there: the count, 0 at the end of the stream, or a negative constant of
    /// <see cref="Connection"/>. Grows up to <paramref name="limit"/> bytes; a full inbox answers WouldBlock.
    /// </summary>
    public int Fill(Connection connection, byte[] scratch, int limit)
    {
        if (!connection.IsReadable)
        {
            return Connection.WouldBlock;
        }
        if (Count == 0)
        {
            Release();
            if (_array != scratch)
            {
                _array = scratch;
            }
        }
        else if (_end == _array.Length)
        {
            if (Count >= limit)
            {
                return Connection.WouldBlock;
            }
            Rent(Math.Min(limit, Math.Max(Count * 2, TransportLimits.ScratchBytes / 16)));
        }
        int received = connection.Receive(_array.AsSpan(_end));
        if (received > 0)
        {
            _end += received;
        }
        return received;
    }

    public void Consume(int count) => _start += count;

    /// <summary>Puts other bytes in the place of the first ones; there may be more of them.</summary>
    public void Replace(int count, ReadOnlySpan<byte> bytes)
    {
        int length = bytes.Length + Count - count;
        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Max(length, 512));
        bytes.CopyTo(rented);
        Data[count..].CopyTo(rented.AsSpan(bytes.Length));
        if (_isRented)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }
        _array = rented;
        _isRented = true;
        _start = 0;
        _end = length;
    }

    /// <summary>Must run before its owner awaits: takes leftovers out of the shared scratch buffer.</summary>
    public void Park()
    {
        if (Count == 0)
        {
            Release();
        }
        else if (!_isRented)
        {
            Rent(Math.Max(Count, 512));
        }
    }

    public void Clear()
    {
        _start = _end;
        Release();
    }

    private void Rent(int size)
    {
        int count = Count;
        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Max(size, count));
        Data.CopyTo(rented);
        if (_isRented)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }
        _array = rented;
        _isRented = true;
        _start = 0;
        _end = count;
    }

    private void Release()
    {
        if (_isRented)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _isRented = false;
            _array = [];
        }
        // The scratch buffer of a loop may stay: with nothing in it, it is not looked at.
        _start = 0;
        _end = 0;
    }
}
