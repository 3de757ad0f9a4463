// What is where, at one epoch: immutable, swapped whole.
using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Drover.Topology;

/// <summary>The map of one sharded database as one epoch of its catalog has it.</summary>
/// <param name="Epoch">Grows with every change of the map.</param>
/// <param name="Shards">Ascending by number. The first one is home to tables that are on one server.</param>
/// <param name="Groups">Colocation groups by number.</param>
/// <param name="Tables">Sharded tables.</param>
/// <param name="ReferenceTables">Tables that every shard has whole.</param>
public sealed record TopologySnapshot(
    long Epoch,
    ImmutableArray<Shard> Shards,
    FrozenDictionary<int, ColocationGroup> Groups,
    FrozenDictionary<TableName, ShardedTable> Tables,
    FrozenSet<TableName> ReferenceTables
)
{
    /// <summary>Numbers of the shards that have a schema whole, by its name.</summary>
    public FrozenDictionary<string, int> Schemas { get; init; } = FrozenDictionary<string, int>.Empty;

    /// <summary>The shard that has what is on one server.</summary>
    public Shard Home => Shards[0];

    /// <summary>The group of a sharded table.</summary>
    public ColocationGroup GroupOf(ShardedTable table) => Groups[table.Group];

    /// <summary>The shard of a sharded schema; 0 of any other schema.</summary>
    public int ShardOf(string schema) => Schemas.GetValueOrDefault(schema);

    /// <summary>Names of the sharded schemas that a shard has, or that all others have, in order.</summary>
    public IEnumerable<string> SchemasOf(int shard, bool isHere = true) =>
        Schemas.Where(one => one.Value == shard == isHere).Select(static one => one.Key).Order(StringComparer.Ordinal);
}
