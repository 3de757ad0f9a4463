// The order of PostgreSQL's values, from the bytes that it sends.
using System.Buffers.Binary;
using System.Buffers.Text;

namespace Drover.Routing.Merging;

/// <summary>
/// Of types whose order follows from what is on the wire alone. Most become a number that has the same order; the
/// others are compared as they are.
/// </summary>
internal static class SortOrder
{
    public const uint Bool = 16;
    public const uint Bytea = 17;
    public const uint Int8 = 20;
    public const uint Int2 = 21;
    public const uint Int4 = 23;
    public const uint Text = 25;
    public const uint Oid = 26;
    public const uint Float4 = 700;
    public const uint Float8 = 701;
    public const uint Varchar = 1043;
    public const uint Date = 1082;
    public const uint Timestamp = 1114;
    public const uint TimestampTz = 1184;
    public const uint Numeric = 1700;
    public const uint Uuid = 2950;

    /// <summary>Whether the order of a type is known here.</summary>
    /// <param name="type">Its OID.</param>
    /// <param name="isByBytes">If it is text, its collation orders it by bytes.</param>
    public static bool IsKnown(uint type, bool isByBytes) =>
        type is Text or Varchar ? isByBytes : IsNumber(type) || type is Bytea or Numeric or Uuid;

    /// <summary>
    /// Whether the text form tells the order as well: how many digits a float has depends on a setting that is not
    /// reported, and so does bytea's form.
    /// </summary>
    public static bool IsKnownAsText(uint type) => type is not (Float4 or Float8 or Bytea);

    /// <summary>Whether the text form depends on DateStyle.</summary>
    public static bool IsOfDateStyle(uint type) => type is Date or Timestamp or TimestampTz;

    /// <summary>Whether values become numbers; else their bytes are compared.</summary>
    public static bool IsNumber(uint type) =>
        type is Bool or Int2 or Int4 or Int8 or Oid or Float4 or Float8 or Date or Timestamp or TimestampTz;

    /// <summary>The number of a value.</summary>
    /// <param name="type">One of which <see cref="IsNumber"/> is true.</param>
    /// <param name="isBinary">The form that the value is in.</param>
    /// <param name="value">Not NULL.</param>
    /// <param name="number">Has the order of the values.</param>
    /// <returns>False if these bytes are no such value.</returns>
    public static bool TryNumber(uint type, bool isBinary, ReadOnlySpan<byte> value, out long number) =>
        isBinary ? TryBinary(type, value, out number) : TryText(type, value, out number);

    /// <summary>Whether these bytes are a value that can be compared, of a type that becomes no number.</summary>
    public static bool IsValue(uint type, bool isBinary, ReadOnlySpan<byte> value) =>
        type switch
        {
            Numeric => isBinary ? NumericOrder.IsBinary(value) : NumericOrder.IsText(value),
            Uuid => value.Length == (isBinary ? 16 : 36),
            _ => true,
        };

    /// <summary>Compares two values of a type of which <see cref="IsNumber"/> is false.</summary>
    public static int Compare(uint type, bool isBinary, ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) =>
        type != Numeric ? one.SequenceCompareTo(other)
        : isBinary ? NumericOrder.CompareBinary(one, other)
        : NumericOrder.CompareText(one, other);

    private static bool TryBinary(uint type, ReadOnlySpan<byte> value, out long number)
    {
        number = 0;
        switch (type)
        {
            case Bool when value.Length == sizeof(byte):
                number = value[0];
                return true;
            case Int2 when value.Length == sizeof(short):
                number = BinaryPrimitives.ReadInt16BigEndian(value);
                return true;
            case Int4 or Date when value.Length == sizeof(int):
                number = BinaryPrimitives.ReadInt32BigEndian(value);
                return true;
            case Oid when value.Length == sizeof(uint):
                number = BinaryPrimitives.ReadUInt32BigEndian(value);
                return true;
            case Int8 or Timestamp or TimestampTz when value.Length == sizeof(long):
                number = BinaryPrimitives.ReadInt64BigEndian(value);
                return true;
            case Float4 when value.Length == sizeof(float):
                number = OfFloat(BinaryPrimitives.ReadSingleBigEndian(value));
                return true;
            case Float8 when value.Length == sizeof(double):
                number = OfFloat(BinaryPrimitives.ReadDoubleBigEndian(value));
                return true;
            default:
                return false;
        }
    }

    /// <summary>NaN is greater than all else and equal to itself, and both zeros are equal.</summary>
    private static long OfFloat(double value)
    {
        if (double.IsNaN(value))
        {
            return long.MaxValue;
        }
        long bits = BitConverter.DoubleToInt64Bits(value == 0 ? 0 : value);
        return bits ^ ((bits >> 63) & long.MaxValue);
    }

    private static bool TryText(uint type, ReadOnlySpan<byte> value, out long number)
    {
        number = 0;
        switch (type)
        {
            case Bool:
                number = value is [(byte)'t'] ? 1 : 0;
                return value is [(byte)'t' or (byte)'f'];
            case Int2 or Int4 or Int8 or Oid:
                return Utf8Parser.TryParse(value, out number, out int read) && read == value.Length;
            case Date or Timestamp or TimestampTz:
                return IsoTime.TryRead(value, isDate: type == Date, out number);
            default:
                return false;
        }
    }
}
