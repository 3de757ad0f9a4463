// Follows a stream of messages by their lengths alone, for who passes them on unseen.
namespace Drover.Protocol.Framing;

/// <summary>Knows whether the bytes that have passed end between two messages.</summary>
public struct MessageBoundary
{
    private long _rest;
    private uint _length;
    private int _headerBytes;

    /// <summary>Nothing of a message is still to come: another may begin here.</summary>
    public readonly bool IsBetween => _rest == 0 && _headerBytes == 0;

    /// <summary>Takes note of the next bytes, which may be cut anywhere.</summary>
    public void Advance(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_rest > 0)
            {
                int passed = (int)Math.Min(_rest, bytes.Length);
                _rest -= passed;
                bytes = bytes[passed..];
                continue;
            }
            // The type comes first; what is shifted out of the length is the type.
            _length = (_length << 8) | bytes[0];
            bytes = bytes[1..];
            if (++_headerBytes == MessageHeader.Size)
            {
                _rest = Math.Max(0, _length - (long)sizeof(uint));
                _headerBytes = 0;
            }
        }
    }
}
