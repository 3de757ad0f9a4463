// Finds what the shards' schemas do not have in common.
using System.Collections.Immutable;

namespace Drover.Sharding.Drift;

/// <summary>
/// Of a declared table most shards are right, of two opinions the first shard's. What belongs to no table (a function,
/// a type) is right wherever it is: something may need it.
/// </summary>
internal static class SchemaComparison
{
    private const string Table = "table";
    private const string ColumnOrder = "column order";
    private const string LabelOrder = "label order";

    /// <summary>Kinds in the order in which they can be made.</summary>
    private static readonly ImmutableArray<string> s_order =
    [
        "schema",
        "extension",
        "type",
        "label",
        LabelOrder,
        "function",
        "sequence",
        Table,
        "column",
        ColumnOrder,
        "default",
        "identity",
        "not null",
        "partition",
        "primary key",
        "unique",
        "check",
        "exclusion",
        "index",
        "foreign key",
        "view",
        "trigger",
        "row security",
        "policy",
        "owner",
        "grant",
    ];

    /// <summary>Compares.</summary>
    /// <param name="shards">What each has; the first is the home shard.</param>
    public static ImmutableArray<SchemaDifference> Compare(IReadOnlyList<ShardSchema> shards)
    {
        Dictionary<(string, string), SchemaObject>[] found =
        [
            .. shards.Select(static shard => shard.Objects.ToDictionary(static one => (one.Kind, one.Name))),
        ];
        List<SchemaDifference> differences =
        [
            .. shards[0]
                .Absent.Where(name => shards.All(shard => shard.Absent.Contains(name)))
                .Select(name => Nowhere(shards[0].Shard, name)),
            .. shards.SelectMany(static shard => shard.Misplaced),
        ];
        foreach ((string Kind, string Name) key in found.SelectMany(static one => one.Keys).Distinct())
        {
            SchemaObject?[] versions = [.. found.Select(objects => objects.GetValueOrDefault(key))];
            SchemaObject? right = Right(versions);
            for (int i = 0; i < versions.Length; i++)
            {
                string? table = (versions[i] ?? right)?.Table;
                bool isInMissingTable = key.Kind != Table && table is not null && !found[i].ContainsKey((Table, table));
                // What is missing from a list is told of by itself.
                bool isListOfOthers =
                    key.Kind is ColumnOrder or LabelOrder && versions[i]?.Definition.Length != right?.Definition.Length;
                if (
                    !isInMissingTable
                    && !isListOfOthers
                    && Differ(shards[i].Shard, versions[i], right) is { } difference
                )
                {
                    differences.Add(difference);
                }
            }
        }
        return
        [
            .. differences
                .OrderBy(static one => one.Shard, StringComparer.Ordinal)
                .ThenBy(static one => s_order.IndexOf(one.Thing))
                .ThenBy(static one => one.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>What a kind's objects are made after; used by tests to know that every kind has its place.</summary>
    public static int PlaceOf(string kind) => s_order.IndexOf(kind);

    private static SchemaObject? Right(SchemaObject?[] versions)
    {
        IEnumerable<SchemaObject?> voters = versions.Any(static one => one is { Table: null })
            ? versions.Where(static one => one is not null)
            : versions;
        // GroupBy keeps the order of first appearance and OrderBy the order of equals: the home shard's comes first.
        return voters
            .GroupBy(static one => one?.Definition)
            .OrderByDescending(static group => group.Count())
            .First()
            .OrderBy(static one => one?.IsInvalid)
            .First();
    }

    private static SchemaDifference? Differ(string shard, SchemaObject? here, SchemaObject? right)
    {
        if (here is { IsInvalid: true } && here.Definition == right?.Definition)
        {
            return Make(shard, DifferenceKind.Invalid, here, here, right, [here.Drop, right.Make]);
        }
        return here is null && right is null ? null
            : here is null ? Make(shard, DifferenceKind.Missing, right!, here, right, [right!.Make])
            : right is null ? Make(shard, DifferenceKind.Extra, here, here, right, [here.Drop])
            : here.Definition == right.Definition ? null
            : Make(
                shard,
                DifferenceKind.Other,
                right,
                here,
                right,
                right.Change is { } change ? [change] : [here.Drop, right.Make]
            );
    }

    /// <summary>A declared table that no shard has.</summary>
    private static SchemaDifference Nowhere(string home, string name) =>
        new(
            home,
            DifferenceKind.Missing,
            Table,
            name,
            null,
            null,
            [],
            "it is declared and on no shard: make it on every shard"
        );

    private static SchemaDifference Make(
        string shard,
        DifferenceKind kind,
        SchemaObject what,
        SchemaObject? here,
        SchemaObject? right,
        ImmutableArray<string?> mend
    )
    {
        bool isMendable = mend.All(static one => one is not null);
        return new SchemaDifference(
            shard,
            kind,
            what.Kind,
            what.Name,
            here?.Definition,
            right?.Definition,
            isMendable ? [.. mend.OfType<string>()] : [],
            isMendable ? null : AdviceFor(kind, what)
        );
    }

    private static string AdviceFor(DifferenceKind kind, SchemaObject what) =>
        what.Kind switch
        {
            Table when kind == DifferenceKind.Missing =>
                $"pg_dump --schema-only --table='{what.Name}' of another shard, then psql on this one",
            ColumnOrder => "make the table anew: SELECT * and INSERT without a list of columns go by the order",
            "label" or LabelOrder =>
                "PostgreSQL cannot remove or move a label: make a new type, and change the columns to it",
            _ => "make it by hand what it is on the others",
        };
}
