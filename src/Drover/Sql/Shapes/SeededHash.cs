// The hash of cache keys; its seed is this process's secret, so nobody can send texts that all fall on one place.
using System.IO.Hashing;
using System.Security.Cryptography;

namespace Drover.Sql.Shapes;

internal static class SeededHash
{
    private static readonly long ProcessSeed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    public static ulong Of(ReadOnlySpan<byte> bytes) => XxHash3.HashToUInt64(bytes, ProcessSeed);

    /// <summary>The hash of bytes behind what made the seed.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes, long seed) => XxHash3.HashToUInt64(bytes, seed);
}
