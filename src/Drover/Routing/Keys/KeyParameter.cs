// A key as a parameter of the message.
using System.Buffers.Binary;
using System.Buffers.Text;
using Drover.Topology.Keys;

namespace Drover.Routing.Keys;

internal static class KeyParameter
{
    /// <summary>The type <c>unknown</c>, which drivers declare where the server is to infer.</summary>
    public const uint UnknownType = 705;

    /// <summary>Beyond this a float8, which an integer may be compared as, is not exact.</summary>
    private const long ExactMax = 1L << 53;

    /// <summary>The key type of an array type's elements (pg_type.dat).</summary>
    public static KeyType? ElementType(uint arrayType) =>
        arrayType switch
        {
            1005 or 1007 or 1016 => KeyType.Bigint,
            1009 or 1015 => KeyType.Text,
            1014 => KeyType.PaddedText,
            2951 => KeyType.Uuid,
            1231 => KeyType.Numeric,
            1182 => KeyType.Date,
            _ => null,
        };

    /// <summary>Hashes a value that is not NULL.</summary>
    /// <param name="target">What it is compared with.</param>
    /// <param name="cast">What it is cast to.</param>
    /// <param name="value">The value.</param>
    /// <param name="isTypeKnown">Whether nothing but this place decides its type.</param>
    /// <param name="hash">The hash.</param>
    public static KeyOutcome Hash(KeyTarget target, string cast, in BoundValue value, bool isTypeKnown, out ulong hash)
    {
        hash = 0;
        if (!KeyCasts.Keeps(target.Type, cast))
        {
            return KeyOutcome.Unknown;
        }
        KeyType? castTo = KeyCasts.Target(cast);
        bool isInferred = value.Type is 0 or UnknownType;
        KeyType? declared = isInferred ? castTo ?? target.Type : KeyTypes.Of(value.Type);
        bool isHashed = declared switch
        {
            null => false,
            // Whatever a text becomes on the way to a type that is not a text's, the digits stay.
            KeyType.Text or KeyType.PaddedText when castTo == target.Type && !IsText(target.Type) =>
                KeyColumnText.TryHash(target, value.Bytes, out hash),
            _ when castTo == KeyType.Bigint && declared != KeyType.Bigint => false,
            KeyType.Text when target.Type == KeyType.PaddedText => KeyColumnText.TryHash(target, value.Bytes, out hash),
            KeyType.Bigint or KeyType.Numeric when IsNumber(target.Type) => OfNumber(
                target,
                declared.Value,
                value,
                out hash
            ),
            var type when type == target.Type => Of(target, value, out hash),
            _ => false,
        };
        bool isSure = isTypeKnown || (isHashed && IsSameInAnyType(target.Type, value));
        return isHashed && isSure ? KeyOutcome.Hashed : KeyOutcome.Unknown;
    }

    private static bool IsText(KeyType type) => type is KeyType.Text or KeyType.PaddedText;

    private static bool IsNumber(KeyType type) => type is KeyType.Bigint or KeyType.Numeric;

    private static bool Of(KeyTarget target, in BoundValue value, out ulong hash) =>
        value.IsBinary && !IsText(target.Type)
            ? target.TryOfBinary(value.Bytes, out hash)
            : KeyColumnText.TryHash(target, value.Bytes, out hash);

    private static bool OfNumber(KeyTarget target, KeyType declared, in BoundValue value, out ulong hash)
    {
        hash = 0;
        if (!value.IsBinary)
        {
            return KeyColumnText.TryHash(target, value.Bytes, out hash);
        }
        if (declared == KeyType.Numeric)
        {
            // A column with a scale would round it.
            return target is { Type: KeyType.Numeric, Modifier: < 0 } && target.TryOfBinary(value.Bytes, out hash);
        }
        if (target.Type == KeyType.Bigint)
        {
            return target.TryOfBinary(value.Bytes, out hash);
        }
        Span<byte> digits = stackalloc byte[24];
        return TryInteger(value.Bytes, out long integer)
            && Utf8Formatter.TryFormat(integer, digits, out int length)
            && KeyColumnText.TryHash(target, digits[..length], out hash);
    }

    private static bool TryInteger(ReadOnlySpan<byte> bytes, out long value)
    {
        value = bytes.Length switch
        {
            2 => BinaryPrimitives.ReadInt16BigEndian(bytes),
            4 => BinaryPrimitives.ReadInt32BigEndian(bytes),
            8 => BinaryPrimitives.ReadInt64BigEndian(bytes),
            _ => 0,
        };
        return bytes.Length is 2 or 4 or 8;
    }

    /// <summary>
    /// Whether a text that can be read as a key is that key in whatever type the server infers for it.
    /// </summary>
    private static bool IsSameInAnyType(KeyType type, in BoundValue value) =>
        !value.IsBinary
        && type switch
        {
            KeyType.Bigint => Utf8Parser.TryParse(value.Bytes, out long number, out _)
                && number is >= -ExactMax and <= ExactMax,
            KeyType.Uuid or KeyType.Date => true,
            _ => false,
        };
}
