// Whether a table can be declared sharded or a reference table: every reason against it, with what to do.
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Sharding.Declaring;

/// <summary>
/// Pure rules over facts. A shard checks uniqueness and foreign keys among its own rows only, so each must be such that
/// its own rows are all that matter.
/// </summary>
internal static class DeclarationRules
{
    /// <summary>Reasons that hold for any declared table.</summary>
    public static IEnumerable<string> Any(TableFacts facts, TopologySnapshot map)
    {
        if (facts.Kind is not ('r' or 'p'))
        {
            yield return $"{facts.Quoted} is no table: only tables and partitioned tables can be declared";
            yield break;
        }
        if (map.Tables.ContainsKey(facts.Name) || map.ReferenceTables.Contains(facts.Name))
        {
            yield return $"{facts.Quoted} is declared already: see drover table list";
        }
        if (map.ShardOf(facts.Name.Schema) > 0)
        {
            yield return $"schema {facts.Name.Schema} is whole on one shard: make the table in another schema";
        }
        if (facts.IsTemporary)
        {
            yield return $"{facts.Quoted} is temporary: it is its session's alone";
        }
        if (facts.IsChild || facts.HasHeirs)
        {
            yield return $"{facts.Quoted} is a partition or inherits: declare the partitioned table, and end "
                + "inheritance with ALTER TABLE … NO INHERIT";
        }
    }

    /// <summary>Reasons against a sharded table.</summary>
    /// <param name="facts">The table.</param>
    /// <param name="key">The key that was asked for.</param>
    /// <param name="group">The colocation group that it would be in; null for one that is not there yet.</param>
    /// <param name="map">The map so far.</param>
    /// <param name="placement">What is to place its keys; null: what the group has.</param>
    public static IEnumerable<string> Sharded(
        TableFacts facts,
        string key,
        ColocationGroup? group,
        TopologySnapshot map,
        PlacementKind? placement = null
    )
    {
        if (facts.Key is not { } column)
        {
            return [$"{facts.Quoted} has no column {key}: its columns are {string.Join(", ", facts.Columns)}"];
        }
        return KeyColumn(facts, column, group)
            .Concat(Placement(facts, column, group, placement))
            .Concat(Uniqueness(facts, key))
            .Concat(Outgoing(facts, key, group, map))
            .Concat(Incoming(facts, key, group, map))
            .Concat(Sequences(facts));
    }

    /// <summary>Reasons against a reference table.</summary>
    public static IEnumerable<string> Reference(TableFacts facts, TopologySnapshot map) =>
        facts
            .ForeignKeys.Where(foreign => foreign.Other != facts.Name && !map.ReferenceTables.Contains(foreign.Other))
            .Select(foreign =>
                $"foreign key {foreign.Name} points to {foreign.Other}, whose rows are not on every shard: "
                + "declare that a reference table first, or drop the constraint"
            );

    private static IEnumerable<string> KeyColumn(TableFacts facts, KeyColumnFacts column, ColocationGroup? group)
    {
        KeyType? type = KeyTypes.Of(column.TypeOid);
        if (type is null)
        {
            yield return $"{column.Name} is {column.TypeName}: a sharding key is smallint, integer, bigint, text, "
                + "varchar, character, uuid, numeric or date";
        }
        else if (group is not null && group.KeyType != type)
        {
            yield return $"{column.Name} is {column.TypeName}, the keys of colocation group {group.Name} are "
                + $"{group.KeyType}: equal values of them would be on different shards";
        }
        if (!column.IsNotNull)
        {
            yield return $"{column.Name} may be NULL, which is on no shard: "
                + $"ALTER TABLE {facts.Quoted} ALTER {column.Name} SET NOT NULL";
        }
        if (column.IsGenerated)
        {
            yield return $"{column.Name} is generated: its value is not in the statement that writes the row";
        }
        if (!column.IsDeterministic)
        {
            yield return $"{column.Name} has a nondeterministic collation: strings that differ can be equal, and would "
                + "be on different shards";
        }
    }

    private static IEnumerable<string> Placement(
        TableFacts facts,
        KeyColumnFacts column,
        ColocationGroup? group,
        PlacementKind? placement
    )
    {
        if (group is not null && placement is not null && group.Placement != placement)
        {
            yield return $"colocation group {group.Name} is placed by {group.Placement.ToString().ToLowerInvariant()}: "
                + "leave --by out, or name another group by --group";
        }
        if ((placement ?? group?.Placement) != PlacementKind.Range || KeyTypes.Of(column.TypeOid) is not { } type)
        {
            yield break;
        }
        if (!KeyOrder.Has(type))
        {
            yield return $"{column.Name} is {column.TypeName}, of which equal values are written in several ways: "
                + "ranges are of smallint, integer, bigint, date, numeric, uuid, text or varchar";
        }
        else if (!column.IsByBytes)
        {
            yield return $"{column.Name} is sorted by the rules of a language: ranges of text are in the order of "
                + $"their bytes. ALTER TABLE {facts.Quoted} ALTER {column.Name} TYPE {column.TypeName} COLLATE \"C\"";
        }
    }

    private static IEnumerable<string> Uniqueness(TableFacts facts, string key) =>
        facts
            .Unique.Where(unique => !unique.HasKey)
            .Select(unique =>
                $"{unique.Name} is unique without {key}: each shard would keep it unique among its own rows only. "
                + $"Add {key} to it, or drop it"
            );

    private static IEnumerable<string> Outgoing(
        TableFacts facts,
        string key,
        ColocationGroup? group,
        TopologySnapshot map
    )
    {
        foreach (ForeignKeyFacts foreign in facts.ForeignKeys)
        {
            bool isSound =
                map.ReferenceTables.Contains(foreign.Other)
                || (foreign.Other == facts.Name && foreign.ColumnPairs.Contains((key, key)))
                || (
                    map.Tables.TryGetValue(foreign.Other, out ShardedTable? other)
                    && other.Group == group?.Number
                    && foreign.ColumnPairs.Contains((key, other.KeyColumn))
                );
            if (!isSound)
            {
                yield return $"foreign key {foreign.Name} points to {foreign.Other}, whose row may be on another "
                    + "shard: let it be a reference table, or a sharded one of the same colocation group whose "
                    + "key the constraint has too; or drop the constraint";
            }
        }
    }

    private static IEnumerable<string> Incoming(
        TableFacts facts,
        string key,
        ColocationGroup? group,
        TopologySnapshot map
    )
    {
        foreach (ForeignKeyFacts foreign in facts.Incoming.Where(foreign => foreign.Other != facts.Name))
        {
            // A table that is not declared yet is looked at when it is.
            bool isSharded = map.Tables.TryGetValue(foreign.Other, out ShardedTable? other);
            bool isColocated =
                isSharded && other!.Group == group?.Number && foreign.ColumnPairs.Contains((key, other.KeyColumn));
            if (map.ReferenceTables.Contains(foreign.Other) || (isSharded && !isColocated))
            {
                yield return $"foreign key {foreign.Name} of {foreign.Other} points here, from rows of other shards: "
                    + "drop the constraint";
            }
        }
    }

    private static IEnumerable<string> Sequences(TableFacts facts) =>
        facts
            .Sequences.Where(sequence => !sequence.IsBigint)
            .Select(sequence =>
                $"{sequence.Column} takes its values from {sequence.Name}: each shard has one value in "
                + $"{Shard.NumberMax + 1:N0}, too few of them in its type. "
                + $"ALTER TABLE {facts.Quoted} ALTER {sequence.Column} TYPE bigint"
            );
}
