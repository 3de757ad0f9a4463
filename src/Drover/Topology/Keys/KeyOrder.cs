// A key → bytes that compare as PostgreSQL compares the keys.
using System.Buffers.Binary;

namespace Drover.Topology.Keys;

/// <summary>
/// Of two keys of a type the smaller one has the smaller bytes, from the left; where one is the other's beginning, the
/// shorter one is smaller. What is not certain to be the value that the server would read has none, as with
/// <see cref="KeyHash"/>.
/// </summary>
/// <remarks>
/// text is in the order of the collation C, which is that of its bytes; date and numeric have their infinities at the
/// ends, and numeric's NaN is above all (https://www.postgresql.org/docs/18/datatype-numeric.html).
/// </remarks>
internal static class KeyOrder
{
    /// <summary>Bytes of the longest, but for text, which is its own.</summary>
    public const int BytesMax = 5 + (2 * NumericKey.DigitsMax);

    /// <summary>Whether keys of a type can be put in an order here. Padding makes others equal.</summary>
    public static bool Has(KeyType type) => type != KeyType.PaddedText;

    /// <summary>Writes a value in text format. Not for text, which is its own.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="text">The value.</param>
    /// <param name="key">Room for <see cref="BytesMax"/>.</param>
    /// <param name="length">How many bytes there are.</param>
    public static bool TryOfText(KeyType type, ReadOnlySpan<byte> text, Span<byte> key, out int length)
    {
        length = 0;
        switch (type)
        {
            case KeyType.Bigint:
                return KeyText.TryInteger(text, out long integer) && Write(integer, key, out length);
            case KeyType.Date:
                return KeyText.TryDate(text, out int days) && Write(days, key, out length);
            case KeyType.Uuid:
                length = 16;
                return KeyText.TryUuid(text, key);
            case KeyType.Numeric:
                Span<short> digits = stackalloc short[NumericKey.DigitsMax];
                return NumericKey.TryReadText(text, digits, out NumericParts parts)
                    && Write(parts, digits, key, out length);
            default:
                return false;
        }
    }

    /// <summary>Writes a value in binary format. Not for text, which is its own.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="value">The value.</param>
    /// <param name="key">Room for <see cref="BytesMax"/>.</param>
    /// <param name="length">How many bytes there are.</param>
    public static bool TryOfBinary(KeyType type, ReadOnlySpan<byte> value, Span<byte> key, out int length)
    {
        length = 0;
        switch (type, value.Length)
        {
            case (KeyType.Bigint, 2):
                return Write(BinaryPrimitives.ReadInt16BigEndian(value), key, out length);
            case (KeyType.Bigint, 4) or (KeyType.Date, 4):
                return Write(BinaryPrimitives.ReadInt32BigEndian(value), key, out length);
            case (KeyType.Bigint, 8):
                return Write(BinaryPrimitives.ReadInt64BigEndian(value), key, out length);
            case (KeyType.Uuid, 16):
                value.CopyTo(key);
                length = value.Length;
                return true;
            case (KeyType.Numeric, _):
                Span<short> digits = stackalloc short[NumericKey.DigitsMax];
                return NumericKey.TryReadBinary(value, digits, out NumericParts parts)
                    && Write(parts, digits, key, out length);
            default:
                return false;
        }
    }

    /// <summary>Writes an integer.</summary>
    public static bool Write(long value, Span<byte> key, out int length)
    {
        // Negative numbers below the others.
        BinaryPrimitives.WriteUInt64BigEndian(key, (ulong)value ^ (1UL << 63));
        length = sizeof(long);
        return true;
    }

    private static bool Write(NumericParts parts, ReadOnlySpan<short> digits, Span<byte> key, out int length)
    {
        key[0] = (byte)parts.Kind;
        length = 1;
        if (parts.Kind is not (NumericKind.Negative or NumericKind.Positive))
        {
            return true;
        }
        BinaryPrimitives.WriteUInt16BigEndian(key[length..], (ushort)(parts.Weight - short.MinValue));
        length += sizeof(ushort);
        for (int i = 0; i < parts.Count; i++, length += sizeof(short))
        {
            // One more, so that no digit of a negative number is as large as what ends it.
            BinaryPrimitives.WriteUInt16BigEndian(key[length..], (ushort)(digits[i] + 1));
        }
        if (parts.Kind == NumericKind.Positive)
        {
            return true;
        }
        // The larger it is without its sign, the smaller it is; and so is what goes on where another ends.
        foreach (ref byte part in key[1..length])
        {
            part = (byte)~part;
        }
        BinaryPrimitives.WriteUInt16BigEndian(key[length..], ushort.MaxValue);
        length += sizeof(ushort);
        return true;
    }
}
