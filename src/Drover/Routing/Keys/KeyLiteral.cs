// A key as a literal of the statement.
using System.Buffers;
using System.Buffers.Text;
using Drover.Sql.Shapes;
using Drover.Topology.Keys;

namespace Drover.Routing.Keys;

internal static class KeyLiteral
{
    private const int StackBytes = 512;

    /// <summary>Hashes a literal.</summary>
    /// <param name="target">What it is compared with.</param>
    /// <param name="cast">What it is cast to.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="token">Its bytes, quotes and all.</param>
    /// <param name="hash">The hash.</param>
    public static KeyOutcome Hash(
        KeyTarget target,
        string cast,
        ItemKinds kind,
        ReadOnlySpan<byte> token,
        out ulong hash
    )
    {
        hash = 0;
        if (!KeyCasts.Keeps(target.Type, cast))
        {
            return KeyOutcome.Unknown;
        }
        bool isHashed = kind switch
        {
            ItemKinds.String => OfString(target, token, out hash),
            ItemKinds.Int4 or ItemKinds.Int4Edge or ItemKinds.Int4Least or ItemKinds.Int8 => OfInteger(
                target,
                token,
                out hash
            ),
            // A cast to an integer rounds it.
            ItemKinds.Numeric => target.Type == KeyType.Numeric
                && KeyCasts.Target(cast) is null or KeyType.Numeric
                && KeyColumnText.TryHash(target, token, out hash),
            _ => false,
        };
        return isHashed ? KeyOutcome.Hashed : KeyOutcome.Unknown;
    }

    /// <summary>Whether what stands between the quotes is what the string says.</summary>
    public static bool IsPlainString(ReadOnlySpan<byte> token) =>
        token is [(byte)'\'', .., (byte)'\''] && !token[1..^1].Contains((byte)'\'');

    private static bool OfInteger(KeyTarget target, ReadOnlySpan<byte> token, out ulong hash)
    {
        hash = 0;
        if (!LiteralText.TryReadInteger(token, out long value))
        {
            return false;
        }
        switch (target.Type)
        {
            case KeyType.Bigint:
                hash = target.OfInteger(value);
                return true;
            case KeyType.Numeric:
                Span<byte> digits = stackalloc byte[24];
                Utf8Formatter.TryFormat(value, digits, out int length);
                return target.TryOfText(digits[..length], out hash);
            default:
                return false;
        }
    }

    private static bool OfString(KeyTarget target, ReadOnlySpan<byte> token, out ulong hash)
    {
        if (IsPlainString(token))
        {
            return KeyColumnText.TryHash(target, token[1..^1], out hash);
        }
        hash = 0;
        // Another letter than the backslash may be the escape: what UESCAPE says stands behind the string.
        if (token[0] is (byte)'U' or (byte)'u')
        {
            return false;
        }
        byte[]? rented = token.Length > StackBytes ? ArrayPool<byte>.Shared.Rent(token.Length) : null;
        Span<byte> value = rented ?? stackalloc byte[StackBytes];
        bool isHashed =
            LiteralText.TryReadString(token, conforming: true, value, out int length)
            && KeyColumnText.TryHash(target, value[..length], out hash);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
        return isHashed;
    }
}
