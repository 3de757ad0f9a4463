// A sharding key that could be: which tables have it, which would be reference tables, what stands in the way.
using System.Collections.Frozen;
using System.Collections.Immutable;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Advice.Sharding;

/// <summary>A key, and what becomes of each table by it.</summary>
/// <param name="Name">What it is called in most tables.</param>
/// <param name="Type">Its type.</param>
/// <param name="Sharded">Tables that have it, with the column.</param>
/// <param name="References">Tables that are small enough to be whole on every shard.</param>
/// <param name="Left">Tables that are neither: they would stay on the first shard.</param>
internal sealed record KeyCandidate(
    string Name,
    KeyType Type,
    IReadOnlyList<(TableShape Table, KeyColumn Column)> Sharded,
    IReadOnlyList<TableShape> References,
    IReadOnlyList<TableShape> Left
)
{
    /// <summary>A table up to this size may be whole on every shard.</summary>
    private const long ReferenceBytesMax = 1L << 30;

    /// <summary>And has at most this share of all tables' bytes.</summary>
    private const double ReferenceShareMax = 0.1;

    private const int CandidatesMax = 12;

    /// <summary>Bytes of the tables that would be sharded.</summary>
    public long ShardedBytes => Sharded.Sum(static one => one.Table.Bytes);

    /// <summary>
    /// Keys that several tables have: the primary key of one that others refer to, by a foreign key or by a column of
    /// that name; or a column of the same name and type that no table is behind, such as a tenant's number.
    /// </summary>
    public static IReadOnlyList<KeyCandidate> Find(ShardingFacts facts)
    {
        List<KeyCandidate> found = [];
        foreach (TableShape root in facts.Tables)
        {
            UniqueKey? primary = facts.Uniques.FirstOrDefault(key => key.IsPrimary && key.Table == root.Name);
            if (primary?.Columns is [var only] && root.Column(only) is { } column)
            {
                Add(OfRoot(root, column, facts));
            }
        }
        IEnumerable<string> shared = facts
            .Tables.SelectMany(static table => table.Columns.Select(static column => column.Name))
            .GroupBy(static name => name)
            .Where(static group => group.Count() > 1 && group.Key.EndsWith("_id", StringComparison.Ordinal))
            .Select(static group => group.Key);
        foreach (string name in shared.Where(name => !found.Any(one => one.Name == name)))
        {
            Add(
                facts
                    .Tables.Select(table => (Table: table, Column: table.Column(name)))
                    .Where(static one => one.Column is not null)
                    .Select(static one => (one.Table, one.Column!))
            );
        }
        return [.. found.OrderByDescending(static one => one.ShardedBytes).Take(CandidatesMax)];

        void Add(IEnumerable<(TableShape Table, KeyColumn Column)> members)
        {
            (TableShape Table, KeyColumn Column)[] all = [.. members];
            if (all.Length > 1)
            {
                found.Add(Make(all, facts));
            }
        }
    }

    /// <summary>The map that the database would have.</summary>
    /// <param name="shards">How many shards.</param>
    public TopologySnapshot Map(int shards)
    {
        const int Group = 1;
        ImmutableArray<Shard> all = [.. Enumerable.Range(1, shards).Select(static n => new Shard(n, $"shard{n}"))];
        ColocationGroup group = new(
            Group,
            Name,
            Type,
            SlotMap.Even([.. all.Select(static shard => shard.Number)]),
            FrozenDictionary<ulong, int>.Empty
        );
        return new TopologySnapshot(
            1,
            all,
            new Dictionary<int, ColocationGroup> { [Group] = group }.ToFrozenDictionary(),
            Sharded
                .Select(one => new ShardedTable(
                    one.Table.Name,
                    one.Column.Name,
                    one.Column.TypeOid,
                    one.Column.TypeModifier,
                    Group
                ))
                .ToFrozenDictionary(static table => table.Name),
            References.Select(static table => table.Name).ToFrozenSet()
        );
    }

    /// <summary>Constraints that a sharded table cannot have, and what would have to be done about each.</summary>
    public IEnumerable<string> Obstacles(ShardingFacts facts)
    {
        Dictionary<TableName, string> keys = Sharded.ToDictionary(
            static one => one.Table.Name,
            static one => one.Column.Name
        );
        foreach (UniqueKey unique in facts.Uniques)
        {
            if (keys.TryGetValue(unique.Table, out string? key) && !unique.Columns.Contains(key))
            {
                yield return $"{(unique.IsPrimary ? "primary key" : "unique index")} {unique.Name} of {unique.Table} "
                    + $"has to contain {key}";
            }
        }
        HashSet<TableName> whole = [.. References.Select(static table => table.Name)];
        foreach (Reference reference in facts.References)
        {
            bool isFrom = keys.TryGetValue(reference.From, out string? from);
            bool isTo = keys.TryGetValue(reference.To, out string? to);
            bool isColocated = isFrom && isTo && reference.Columns.Zip(reference.Referenced).Contains((from!, to!));
            if ((isFrom || isTo) && !isColocated && !whole.Contains(reference.To))
            {
                yield return $"foreign key {reference.Name} of {reference.From} has to go with the key, to a table "
                    + "that is sharded by it, or to a reference table";
            }
        }
        foreach (TableShape table in Left.OrderByDescending(static table => table.Bytes))
        {
            yield return $"{table.Name} ({Operations.ByteText.Of(table.Bytes)}) has no column for it, and is too big "
                + "to be on every shard: it stays on the first one";
        }
    }

    private static IEnumerable<(TableShape Table, KeyColumn Column)> OfRoot(
        TableShape root,
        KeyColumn primary,
        ShardingFacts facts
    )
    {
        KeyType type = KeyTypes.Of(primary.TypeOid)!.Value;
        string[] names = [$"{Singular(root.Name.Name)}_{primary.Name}", $"{root.Name.Name}_{primary.Name}"];
        yield return (root, primary);
        foreach (TableShape table in facts.Tables.Where(table => table != root))
        {
            string? column =
                facts
                    .References.Where(one => one.From == table.Name && one.To == root.Name && one.Columns.Count == 1)
                    .Select(static one => one.Columns[0])
                    .OrderBy(name => !names.Contains(name))
                    .FirstOrDefault()
                ?? names.FirstOrDefault(name => table.Column(name) is not null);
            if (column is not null && table.Column(column) is { } key && KeyTypes.Of(key.TypeOid) == type)
            {
                yield return (table, key);
            }
        }
    }

    private static KeyCandidate Make((TableShape Table, KeyColumn Column)[] members, ShardingFacts facts)
    {
        HashSet<TableName> own = [.. members.Select(static one => one.Table.Name)];
        double all = Math.Max(1, facts.Tables.Sum(static table => (double)table.Bytes));
        ILookup<bool, TableShape> others = facts
            .Tables.Where(table => !own.Contains(table.Name))
            .ToLookup(table => table.Bytes <= ReferenceBytesMax && table.Bytes / all <= ReferenceShareMax);
        return new KeyCandidate(
            // The table that the others refer to has it under a name that says little.
            members.Skip(1).GroupBy(static one => one.Column.Name).MaxBy(static group => group.Count())!.Key,
            KeyTypes.Of(members[0].Column.TypeOid)!.Value,
            members,
            [.. others[true]],
            [.. others[false]]
        );
    }

    private static string Singular(string name) =>
        name.EndsWith("ies", StringComparison.Ordinal) ? $"{name[..^3]}y"
        : name.EndsWith("sses", StringComparison.Ordinal) ? name[..^2]
        : name.EndsWith('s') ? name[..^1]
        : name;
}
