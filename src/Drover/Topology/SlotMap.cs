// Where the slots are: which shard has which of them, and the fewest moves to another set of shards.
using System.Collections.Immutable;
using Drover.Topology.Keys;

namespace Drover.Topology;

/// <summary>One slot that goes from one shard to another.</summary>
/// <param name="Slot">The slot, from 0.</param>
/// <param name="From">Number of the shard that has it.</param>
/// <param name="To">Number of the shard that gets it.</param>
public readonly record struct SlotMove(int Slot, int From, int To);

/// <summary>An immutable placement of all slots.</summary>
public sealed class SlotMap
{
    private readonly ImmutableArray<int> _shardBySlot;

    /// <summary>Takes a placement as it is.</summary>
    /// <param name="shardBySlot">Number of the shard of each slot.</param>
    /// <exception cref="ArgumentException">There are not <see cref="Slot.Count"/> of them.</exception>
    public SlotMap(ImmutableArray<int> shardBySlot)
    {
        if (shardBySlot.Length != Slot.Count)
        {
            throw new ArgumentException($"a map has {Slot.Count} slots, not {shardBySlot.Length}", nameof(shardBySlot));
        }
        _shardBySlot = shardBySlot;
    }

    /// <summary>The shard that has a slot.</summary>
    public int this[int slot] => _shardBySlot[slot];

    /// <summary>Numbers of the shards that have slots, ascending.</summary>
    public IEnumerable<int> Shards => _shardBySlot.Distinct().Order();

    /// <summary>How many slots a shard has.</summary>
    public int CountOf(int shard) => _shardBySlot.Count(other => other == shard);

    /// <summary>A new map: each shard has one run of slots, and none has over one slot more than another.</summary>
    public static SlotMap Even(IReadOnlyList<int> shards)
    {
        ArgumentOutOfRangeException.ThrowIfZero(shards.Count);
        return new SlotMap([
            .. Enumerable.Range(0, Slot.Count).Select(slot => shards[(int)((long)slot * shards.Count / Slot.Count)]),
        ]);
    }

    /// <summary>The moves to an even placement on these shards; no placement as even takes fewer.</summary>
    /// <param name="shards">The shards that there will be. Others lose all that they have.</param>
    public ImmutableArray<SlotMove> PlanTo(IReadOnlyList<int> shards)
    {
        Dictionary<int, int> lacking = Shares(shards);
        List<int> homeless = [];
        for (int slot = Slot.Count - 1; slot >= 0; slot--)
        {
            int shard = _shardBySlot[slot];
            int left = lacking.GetValueOrDefault(shard);
            // Slots are kept from the highest down; what a shard has beyond its share it gives from its lowest.
            if (left > 0)
            {
                lacking[shard] = left - 1;
            }
            else
            {
                homeless.Add(slot);
            }
        }
        homeless.Reverse();
        ImmutableArray<SlotMove>.Builder moves = ImmutableArray.CreateBuilder<SlotMove>(homeless.Count);
        foreach ((int shard, int count) in lacking.OrderBy(pair => pair.Key))
        {
            for (int i = 0; i < count; i++)
            {
                int slot = homeless[moves.Count];
                moves.Add(new SlotMove(slot, _shardBySlot[slot], shard));
            }
        }
        return moves.MoveToImmutable();
    }

    /// <summary>The placement once these moves are done.</summary>
    public SlotMap After(IEnumerable<SlotMove> moves)
    {
        ImmutableArray<int>.Builder shardBySlot = _shardBySlot.ToBuilder();
        foreach (SlotMove move in moves)
        {
            shardBySlot[move.Slot] = move.To;
        }
        return new SlotMap(shardBySlot.MoveToImmutable());
    }

    /// <summary>The slots of each shard as runs, e.g. <c>0-511, 1024</c>.</summary>
    public string RunsOf(int shard)
    {
        List<string> runs = [];
        for (int slot = 0; slot < Slot.Count; slot++)
        {
            if (_shardBySlot[slot] != shard)
            {
                continue;
            }
            int first = slot;
            while (slot + 1 < Slot.Count && _shardBySlot[slot + 1] == shard)
            {
                slot++;
            }
            runs.Add(first == slot ? $"{first}" : $"{first}-{slot}");
        }
        return string.Join(", ", runs);
    }

    // The larger shares go to those who have most, so that fewest move.
    private Dictionary<int, int> Shares(IReadOnlyList<int> shards)
    {
        int share = Slot.Count / shards.Count;
        int larger = Slot.Count % shards.Count;
        return shards
            .OrderByDescending(CountOf)
            .ThenBy(shard => shard)
            .Select((shard, place) => (shard, Count: place < larger ? share + 1 : share))
            .ToDictionary(pair => pair.shard, pair => pair.Count);
    }
}
