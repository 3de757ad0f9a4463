// The 4,096 hash slots, fixed for good: what is placed on shards.
namespace Drover.Topology.Keys;

/// <summary>A slot is the key's hash modulo <see cref="Count"/>; SQL has the same in one expression.</summary>
public static class Slot
{
    /// <summary>How many slots there are. It never changes: rows would be in other slots.</summary>
    public const int Count = 4096;

    /// <summary>The slot of a hash, from 0.</summary>
    public static int Of(ulong hash) => (int)(hash & (Count - 1));
}
