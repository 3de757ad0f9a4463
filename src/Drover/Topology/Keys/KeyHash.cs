// A key as it stands in a statement, a parameter or a line of COPY → its hash.
using System.Buffers.Binary;

namespace Drover.Topology.Keys;

/// <summary>
/// Hashes a key's value in PostgreSQL's text or binary format, as the server hashes the column. What is not certain to
/// be the value that the server would read is not hashed: the caller refuses, it never guesses.
/// </summary>
/// <remarks>
/// Text is taken in the server's encoding. Formats: <c>https://www.postgresql.org/docs/current/datatype.html</c>.
/// </remarks>
internal static class KeyHash
{
    /// <summary>Hashes a value in text format.</summary>
    /// <returns>False when it is no value of this type, or one that depends on the version or a setting.</returns>
    public static bool TryOfText(KeyType type, ReadOnlySpan<byte> text, out ulong hash)
    {
        hash = 0;
        switch (type)
        {
            case KeyType.Bigint:
                return TryInteger(text, out hash);
            case KeyType.Text:
                hash = PostgresHash.OfBytes(text);
                return true;
            case KeyType.PaddedText:
                hash = PostgresHash.OfBytes(text.TrimEnd((byte)' '));
                return true;
            case KeyType.Uuid:
                return TryUuid(text, out hash);
            case KeyType.Numeric:
                return NumericKey.TryHashText(text, out hash);
            case KeyType.Date:
                return TryDate(text, out hash);
            default:
                return false;
        }
    }

    /// <summary>Hashes a value in binary format.</summary>
    /// <returns>False when the bytes are not of this type.</returns>
    public static bool TryOfBinary(KeyType type, ReadOnlySpan<byte> value, out ulong hash)
    {
        hash = 0;
        switch (type, value.Length)
        {
            case (KeyType.Bigint, 2):
                hash = PostgresHash.OfUInt32((uint)BinaryPrimitives.ReadInt16BigEndian(value));
                return true;
            case (KeyType.Bigint, 4) or (KeyType.Date, 4):
                hash = PostgresHash.OfUInt32(BinaryPrimitives.ReadUInt32BigEndian(value));
                return true;
            case (KeyType.Bigint, 8):
                hash = PostgresHash.OfInt64(BinaryPrimitives.ReadInt64BigEndian(value));
                return true;
            case (KeyType.Uuid, 16):
                hash = PostgresHash.OfBytes(value);
                return true;
            case (KeyType.Text or KeyType.PaddedText, _):
                return TryOfText(type, value, out hash);
            case (KeyType.Numeric, _):
                return NumericKey.TryHashBinary(value, out hash);
            default:
                return false;
        }
    }

    private static bool TryInteger(ReadOnlySpan<byte> text, out ulong hash)
    {
        bool isInteger = KeyText.TryInteger(text, out long value);
        hash = isInteger ? PostgresHash.OfInt64(value) : 0;
        return isInteger;
    }

    private static bool TryUuid(ReadOnlySpan<byte> text, out ulong hash)
    {
        Span<byte> value = stackalloc byte[16];
        bool isUuid = KeyText.TryUuid(text, value);
        hash = isUuid ? PostgresHash.OfBytes(value) : 0;
        return isUuid;
    }

    private static bool TryDate(ReadOnlySpan<byte> text, out ulong hash)
    {
        bool isDate = KeyText.TryDate(text, out int days);
        hash = isDate ? PostgresHash.OfUInt32((uint)days) : 0;
        return isDate;
    }
}
