// Values with a length each, one behind the other: a row's columns, a statement's parameters.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages;

/// <summary>Values inside a message, checked as a whole before the first is handed out.</summary>
public readonly ref struct ValueList
{
    private readonly ReadOnlySpan<byte> _values;

    private ValueList(int count, ReadOnlySpan<byte> values)
    {
        Count = count;
        _values = values;
    }

    /// <summary>How many values there are.</summary>
    public int Count { get; }

    /// <summary>Walks the values in their order.</summary>
    public Enumerator GetEnumerator() => new(Count, _values);

    /// <summary>Reads a count and that many values.</summary>
    public static bool TryRead(scoped ref MessageReader reader, out ValueList values)
    {
        values = default;
        if (!reader.TryReadUInt16(out int count))
        {
            return false;
        }
        ReadOnlySpan<byte> start = reader.Rest;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadValue(out _, out _))
            {
                return false;
            }
        }
        values = new ValueList(count, start[..(start.Length - reader.Rest.Length)]);
        return true;
    }

    /// <summary>One value.</summary>
    public readonly ref struct Value(ReadOnlySpan<byte> bytes, bool isNull)
    {
        /// <summary>The value's bytes; empty for NULL.</summary>
        public ReadOnlySpan<byte> Bytes { get; } = bytes;

        /// <summary>Whether it is NULL.</summary>
        public bool IsNull { get; } = isNull;
    }

    /// <summary>Walks the values.</summary>
    public ref struct Enumerator
    {
        private MessageReader _reader;
        private int _left;

        internal Enumerator(int count, ReadOnlySpan<byte> values)
        {
            _reader = new MessageReader(values);
            _left = count;
        }

        /// <summary>The value under the cursor.</summary>
        public Value Current { get; private set; }

        /// <summary>Goes to the next value.</summary>
        public bool MoveNext()
        {
            if (_left == 0 || !_reader.TryReadValue(out ReadOnlySpan<byte> bytes, out bool isNull))
            {
                return false;
            }
            _left--;
            Current = new Value(bytes, isNull);
            return true;
        }
    }
}
