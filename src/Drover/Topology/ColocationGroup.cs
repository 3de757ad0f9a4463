// Tables whose rows of one key are on one shard.
using System.Collections.Frozen;
using Drover.Topology.Keys;

namespace Drover.Topology;

/// <summary>What says where a key is.</summary>
public enum PlacementKind
{
    /// <summary>Its hash, by slots; single keys may be pinned elsewhere.</summary>
    Hash,

    /// <summary>The range that it is in.</summary>
    Range,

    /// <summary>Each key is named.</summary>
    List,
}

/// <summary>
/// A placement of keys that any number of tables share. Joins over the sharding keys of its tables stay on one shard.
/// </summary>
/// <param name="Number">Its number in the catalog.</param>
/// <param name="Name">Its name; tables that name none are in the one called after the key type.</param>
/// <param name="KeyType">What its keys are made of.</param>
/// <param name="Slots">Where the slots are; nothing to a group that is not placed by hash.</param>
/// <param name="Pins">Keys that are named with their shard's number, by their hash.</param>
public sealed record ColocationGroup(
    int Number,
    string Name,
    KeyType KeyType,
    SlotMap Slots,
    FrozenDictionary<ulong, int> Pins
)
{
    /// <summary>What says where its keys are.</summary>
    public PlacementKind Placement { get; init; }

    /// <summary>The ranges of one that is placed by them; null of another.</summary>
    public KeyRanges? Ranges { get; init; }

    /// <summary>The number of a shard that may have keys; 0 if none can.</summary>
    public int AnyShard =>
        Placement switch
        {
            PlacementKind.Hash => Slots[0],
            PlacementKind.Range => Ranges!.Ranges is [var first, ..] ? first.Shard : 0,
            _ => Pins.Count > 0 ? Pins.Values[0] : 0,
        };

    /// <summary>The number of the shard that keys of this place are on; 0 if no shard has them.</summary>
    /// <param name="place">
    /// The key's hash; in a group with <see cref="Ranges"/>, its place among them. Keys of one hash go together, pinned
    /// or not, so a hash is enough to know.
    /// </param>
    public int ShardOf(ulong place) =>
        Ranges is { } ranges ? ranges.ShardAt(place)
        : Pins.TryGetValue(place, out int shard) ? shard
        : Placement == PlacementKind.Hash ? Slots[Slot.Of(place)]
        : 0;

    /// <summary>How many keys are named with a shard.</summary>
    public int PinsOf(int shard) => Pins.Values.Count(other => other == shard);

    /// <summary>What a shard has, for a list: runs of slots, ranges, or the number of keys.</summary>
    public string Describe(int shard) =>
        Placement switch
        {
            PlacementKind.Hash => Slots.RunsOf(shard),
            PlacementKind.Range => string.Join(' ', Ranges!.Ranges.Where(range => range.Shard == shard)),
            _ => PinsOf(shard) is var keys and > 0 ? $"{keys} keys" : "",
        };

    /// <summary>The same in a word: the number of slots, ranges or keys.</summary>
    public string CountOf(int shard) =>
        Placement switch
        {
            PlacementKind.Hash => PinsOf(shard) is var pins and > 0
                ? $"{Slots.CountOf(shard)} + {pins} pinned"
                : $"{Slots.CountOf(shard)}",
            PlacementKind.Range => $"{Ranges!.Ranges.Count(range => range.Shard == shard)} ranges",
            _ => $"{PinsOf(shard)} keys",
        };
}
