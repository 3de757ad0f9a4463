// A table that the map knows: sharded by a key, or whole on every shard.
namespace Drover.Topology;

/// <summary>A table's name, schema included, as the catalogs have it.</summary>
public readonly record struct TableName(string Schema, string Name)
{
    /// <summary>Both names with a dot, for messages.</summary>
    public override string ToString() => $"{Schema}.{Name}";
}

/// <summary>
/// A table whose rows are placed by a key. What is neither this nor a reference table is on one server.
/// </summary>
/// <param name="Name">The table.</param>
/// <param name="KeyColumn">The column of the sharding key.</param>
/// <param name="KeyTypeOid">The column's type.</param>
/// <param name="KeyTypeModifier">The column's type modifier, -1 for none: it may round what is written.</param>
/// <param name="Group">Number of the colocation group.</param>
public sealed record ShardedTable(TableName Name, string KeyColumn, uint KeyTypeOid, int KeyTypeModifier, int Group);
