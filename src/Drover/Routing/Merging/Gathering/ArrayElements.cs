// The elements of an array of one dimension, from the bytes that PostgreSQL sends.
using System.Buffers.Binary;

namespace Drover.Routing.Merging.Gathering;

/// <summary>Reads one after the other; see <see cref="TryNext"/>.</summary>
/// <remarks>https://www.postgresql.org/docs/18/arrays.html#ARRAYS-IO; array_send in arrayfuncs.c</remarks>
internal ref struct ArrayElements
{
    private const int HeadBytes = 20;

    private readonly bool _isBinary;
    private readonly ReadOnlySpan<byte> _array;
    private int _at;
    private int _left;

    private ArrayElements(ReadOnlySpan<byte> array, bool isBinary, int at, int left)
    {
        _array = array;
        _isBinary = isBinary;
        _at = at;
        _left = left;
    }

    /// <summary>The element as it stands there: in text with its quotes, in binary without its length.</summary>
    public ReadOnlySpan<byte> Raw { get; private set; }

    /// <summary>The element is NULL.</summary>
    public bool IsNull { get; private set; }

    /// <summary>Something was there that is no array of one dimension.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The type of the elements; 0 in text.</summary>
    public uint ElementType { get; private init; }

    /// <summary>Begins.</summary>
    public static ArrayElements Of(ReadOnlySpan<byte> array, bool isBinary)
    {
        if (!isBinary)
        {
            bool isArray = array is [(byte)'{', .., (byte)'}'];
            return new ArrayElements(array, false, 1, array.Length > 2 ? 1 : 0) { IsMalformed = !isArray };
        }
        bool isRead = array.Length >= HeadBytes && BinaryPrimitives.ReadInt32BigEndian(array) == 1;
        return new ArrayElements(
            array,
            true,
            HeadBytes,
            isRead ? BinaryPrimitives.ReadInt32BigEndian(array[(3 * sizeof(int))..]) : 0
        )
        {
            IsMalformed = !isRead,
            ElementType = isRead ? BinaryPrimitives.ReadUInt32BigEndian(array[(2 * sizeof(int))..]) : 0,
        };
    }

    /// <summary>Goes to the next. False behind the last.</summary>
    public bool TryNext()
    {
        if (IsMalformed || _left == 0)
        {
            return false;
        }
        return _isBinary ? TryBinary() : TryText();
    }

    /// <summary>The element without its quotes.</summary>
    /// <param name="buffer">At least as long as <see cref="Raw"/>.</param>
    /// <returns>Its bytes.</returns>
    public readonly int CopyTo(Span<byte> buffer)
    {
        if (_isBinary || Raw is not [(byte)'"', ..])
        {
            Raw.CopyTo(buffer);
            return Raw.Length;
        }
        int length = 0;
        ReadOnlySpan<byte> quoted = Raw[1..^1];
        for (int i = 0; i < quoted.Length; i++)
        {
            i += quoted[i] == '\\' ? 1 : 0;
            buffer[length++] = quoted[i];
        }
        return length;
    }

    private bool TryBinary()
    {
        _left--;
        int length =
            _array.Length - _at < sizeof(int) ? int.MaxValue : BinaryPrimitives.ReadInt32BigEndian(_array[_at..]);
        _at += sizeof(int);
        if (length > _array.Length - _at)
        {
            IsMalformed = true;
            return false;
        }
        IsNull = length < 0;
        Raw = IsNull ? default : _array.Slice(_at, length);
        _at += Math.Max(length, 0);
        return true;
    }

    private bool TryText()
    {
        int start = _at;
        bool isQuoted = _array[_at] == '"';
        if (isQuoted)
        {
            for (_at++; _at < _array.Length && _array[_at] != '"'; _at++)
            {
                _at += _array[_at] == '\\' ? 1 : 0;
            }
            _at++;
        }
        else
        {
            int length = _array[_at..].IndexOfAny((byte)',', (byte)'}', (byte)'{');
            _at = length < 0 ? _array.Length : _at + length;
        }
        if (_at >= _array.Length || _array[_at] is not ((byte)',' or (byte)'}') || _at == start)
        {
            IsMalformed = true;
            return false;
        }
        Raw = _array[start.._at];
        IsNull = !isQuoted && Raw.SequenceEqual("NULL"u8);
        _left = _array[_at] == ',' ? 1 : 0;
        IsMalformed = _left == 0 && _at != _array.Length - 1;
        _at++;
        return !IsMalformed;
    }
}
