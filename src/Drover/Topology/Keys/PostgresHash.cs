// PostgreSQL's own hash functions, so that a proxy and a server agree on where a key belongs.
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Drover.Topology.Keys;

/// <summary>
/// The extended hash functions of PostgreSQL's hash operator classes with seed 0, which are those that hash
/// partitioning uses and so must not change between versions (src/common/hashfn.c, after Bob Jenkins's lookup3).
/// </summary>
internal static class PostgresHash
{
    private const uint Start = 0x9e3779b9 + 3923095;

    /// <summary>hash_uint32_extended(value, 0): int2 and int4, and date.</summary>
    public static ulong OfUInt32(uint value)
    {
        uint a = Start + sizeof(uint);
        uint b = a;
        uint c = a;
        a += value;
        return Finish(a, b, c);
    }

    /// <summary>
    /// hashint8extended(value, 0): equal to that of int2 and int4 for a value that fits, so keys of different widths
    /// meet.
    /// </summary>
    public static ulong OfInt64(long value)
    {
        uint low = (uint)value;
        uint high = (uint)(value >> 32);
        return OfUInt32(low ^ (value >= 0 ? high : ~high));
    }

    /// <summary>hash_bytes_extended(bytes, 0): text, varchar, bpchar without its padding, uuid.</summary>
    public static ulong OfBytes(ReadOnlySpan<byte> bytes)
    {
        uint a = Start + (uint)bytes.Length;
        uint b = a;
        uint c = a;
        while (bytes.Length >= 12)
        {
            a += BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            b += BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            c += BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
            Mix(ref a, ref b, ref c);
            bytes = bytes[12..];
        }
        // The lowest byte of c stands for the length and takes none of the rest.
        for (int i = 0; i < bytes.Length; i++)
        {
            uint part = bytes[i];
            switch (i)
            {
                case < 4:
                    a += part << (8 * i);
                    break;
                case < 8:
                    b += part << (8 * (i - 4));
                    break;
                default:
                    c += part << (8 * (i - 7));
                    break;
            }
        }
        return Finish(a, b, c);
    }

    private static void Mix(ref uint a, ref uint b, ref uint c)
    {
        Turn(ref a, b, ref c, 4);
        Turn(ref b, c, ref a, 6);
        Turn(ref c, a, ref b, 8);
        Turn(ref a, b, ref c, 16);
        Turn(ref b, c, ref a, 19);
        Turn(ref c, a, ref b, 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(ref uint x, uint y, ref uint z, int bits)
    {
        x = (x - z) ^ BitOperations.RotateLeft(z, bits);
        z += y;
    }

    private static ulong Finish(uint a, uint b, uint c)
    {
        c = (c ^ b) - BitOperations.RotateLeft(b, 14);
        a = (a ^ c) - BitOperations.RotateLeft(c, 11);
        b = (b ^ a) - BitOperations.RotateLeft(a, 25);
        c = (c ^ b) - BitOperations.RotateLeft(b, 16);
        a = (a ^ c) - BitOperations.RotateLeft(c, 4);
        b = (b ^ a) - BitOperations.RotateLeft(a, 14);
        c = (c ^ b) - BitOperations.RotateLeft(b, 24);
        return ((ulong)b << 32) | c;
    }
}
