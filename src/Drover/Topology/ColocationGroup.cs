// Tables whose rows of one key are on one shard.
using System.Collections.Frozen;
using Drover.Topology.Keys;

namespace Drover.Topology;

/// <summary>
/// A placement of keys that any number of tables share. Joins over the sharding keys of its tables stay on one shard.
/// </summary>
/// <param name="Number">Its number in the catalog.</param>
/// <param name="Name">Its name; tables that name none are in the one called after the key type.</param>
/// <param name="KeyType">What its keys are made of.</param>
/// <param name="Slots">Where the slots are.</param>
/// <param name="Pins">Keys with a shard of their own, by their hash: shard numbers.</param>
public sealed record ColocationGroup(
    int Number,
    string Name,
    KeyType KeyType,
    SlotMap Slots,
    FrozenDictionary<ulong, int> Pins
)
{
    /// <summary>The number of the shard that keys of this hash are on.</summary>
    /// <remarks>Keys of one hash go together, pinned or not, so a hash is enough to know.</remarks>
    public int ShardOf(ulong hash) => Pins.TryGetValue(hash, out int shard) ? shard : Slots[Slot.Of(hash)];
}
