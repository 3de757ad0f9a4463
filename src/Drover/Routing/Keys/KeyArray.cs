// The elements of an array in text or binary format, one after the other.
using System.Buffers.Binary;

namespace Drover.Routing.Keys;

/// <summary>
/// One dimension and plain elements: what has braces within, escapes, or quotes that are not around a whole element is
/// not read (https://www.postgresql.org/docs/18/arrays.html#ARRAYS-IO; src/backend/utils/adt/arrayfuncs.c, array_send).
/// </summary>
internal ref struct KeyArray
{
    private const int BinaryHeader = 12;
    private const int BinaryDimension = 8;

    private ReadOnlySpan<byte> _rest;
    private bool _isBinary;

    /// <summary>The element under the cursor.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    public bool IsNull { get; private set; }

    /// <summary>An element could not be read; it is known when no more come.</summary>
    public bool IsBroken { get; private set; }

    public static bool TryText(ReadOnlySpan<byte> text, out KeyArray array)
    {
        array = default;
        bool isPlain = text is [(byte)'{', .., (byte)'}'] && !text[1..^1].ContainsAny("{}\\"u8);
        array._rest = isPlain ? text[1..^1] : default;
        return isPlain;
    }

    public static bool TryBinary(ReadOnlySpan<byte> value, out KeyArray array)
    {
        array = default;
        if (value.Length < BinaryHeader)
        {
            return false;
        }
        int dimensions = BinaryPrimitives.ReadInt32BigEndian(value);
        if (dimensions is not (0 or 1) || value.Length < BinaryHeader + (dimensions * BinaryDimension))
        {
            return false;
        }
        array._rest = value[(BinaryHeader + (dimensions * BinaryDimension))..];
        array._isBinary = true;
        return true;
    }

    public bool MoveNext() => !_rest.IsEmpty && (_isBinary ? NextBinary() : NextText());

    /// <summary>Hashes the element under the cursor.</summary>
    public readonly bool TryHash(KeyTarget target, out ulong hash) =>
        _isBinary ? target.TryOfBinary(Current, out hash) : KeyColumnText.TryHash(target, Current, out hash);

    private bool NextBinary()
    {
        if (!BinaryPrimitives.TryReadInt32BigEndian(_rest, out int length) || length > _rest.Length - sizeof(int))
        {
            return Break();
        }
        IsNull = length < 0;
        Current = IsNull ? default : _rest.Slice(sizeof(int), length);
        _rest = _rest[(sizeof(int) + Current.Length)..];
        return true;
    }

    private bool NextText()
    {
        _rest = _rest.TrimStart(" \t\n\v\f\r"u8);
        if (_rest is [(byte)'"', ..])
        {
            return NextQuoted();
        }
        int end = _rest.IndexOf((byte)',');
        Current = (end < 0 ? _rest : _rest[..end]).TrimEnd(" \t\n\v\f\r"u8);
        if (Current.IsEmpty || Current.Contains((byte)'"'))
        {
            return Break();
        }
        IsNull = System.Text.Ascii.EqualsIgnoreCase(Current, "NULL"u8);
        return Step(end < 0 ? _rest.Length : end);
    }

    private bool NextQuoted()
    {
        int close = _rest[1..].IndexOf((byte)'"');
        if (close < 0)
        {
            return Break();
        }
        Current = _rest.Slice(1, close);
        IsNull = false;
        ReadOnlySpan<byte> behind = _rest[(close + 2)..].TrimStart(" \t\n\v\f\r"u8);
        return behind is [] or [(byte)',', ..] ? Step(_rest.Length - behind.Length) : Break();
    }

    /// <summary>Over the comma at a position, behind which an element must follow.</summary>
    private bool Step(int comma)
    {
        bool isLast = comma >= _rest.Length;
        ReadOnlySpan<byte> next = isLast ? default : _rest[(comma + 1)..];
        IsBroken |= !isLast && next.IsEmpty;
        _rest = next;
        return true;
    }

    private bool Break()
    {
        IsBroken = true;
        _rest = default;
        return false;
    }
}
