// Bytes that the kernel did not take yet. Almost always empty; bounded, because whoever fills it stops reading its
// source.
using System.Buffers;

namespace Drover.Transport;

/// <summary>
/// The write side of a connection: sends at once what the kernel takes and keeps the rest. While anything is kept the
/// owner must not produce more than a bounded answer, so memory per connection stays bounded.
/// </summary>
internal sealed class Outbox
{
    private byte[]? _kept;
    private int _start;
    private int _end;
    private bool _isHeld;

    /// <summary>Bytes accepted from the owner and not yet by the kernel.</summary>
    public int Pending => _end - _start;

    /// <summary>Sends, keeping what does not fit. False when the connection is broken.</summary>
    public bool Send(Connection connection, ReadOnlySpan<byte> bytes)
    {
        if (_isHeld)
        {
            Keep(bytes);
            return Flush(connection);
        }
        if (Pending == 0)
        {
            while (bytes.Length > 0)
            {
                int sent = connection.Send(bytes);
                if (sent == Connection.Broken)
                {
                    return false;
                }
                if (sent == Connection.WouldBlock)
                {
                    break;
                }
                bytes = bytes[sent..];
            }
        }
        if (bytes.Length > 0)
        {
            Keep(bytes);
        }
        return true;
    }

    /// <summary>
    /// Keeps bytes for the next <see cref="Send"/> or <see cref="Flush"/>: with what follows they are one packet.
    /// </summary>
    public void Hold(ReadOnlySpan<byte> bytes)
    {
        _isHeld |= Pending == 0;
        Keep(bytes);
    }

    /// <summary>Tries the kept bytes again. False when the connection is broken.</summary>
    public bool Flush(Connection connection)
    {
        _isHeld = false;
        while (Pending > 0)
        {
            int sent = connection.Send(_kept.AsSpan(_start, Pending));
            if (sent == Connection.Broken)
            {
                return false;
            }
            if (sent == Connection.WouldBlock)
            {
                return true;
            }
            _start += sent;
        }
        Clear();
        return true;
    }

    /// <summary>Drops what is kept and returns the memory.</summary>
    public void Clear()
    {
        if (_kept is not null)
        {
            ArrayPool<byte>.Shared.Return(_kept);
            _kept = null;
        }
        _start = 0;
        _end = 0;
        _isHeld = false;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        int pending = Pending;
        if (_kept is null || _kept.Length - _end < bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(pending + bytes.Length);
            if (_kept is not null)
            {
                _kept.AsSpan(_start, pending).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_kept);
            }
            _kept = larger;
            _start = 0;
            _end = pending;
        }
        bytes.CopyTo(_kept.AsSpan(_end));
        _end += bytes.Length;
    }
}
