// Conditions on sharding keys, as the servers are asked them.
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Sharding.Placing;

/// <summary>Some keys, as a condition on whichever column has them.</summary>
/// <param name="On">The condition on a column, given by its quoted name.</param>
internal sealed record KeyCondition(Func<string, string> On)
{
    /// <summary>One key.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="key">In text format.</param>
    public static KeyCondition Equal(KeyType type, string key) => AnyOf(type, [key]);

    /// <summary>Some keys.</summary>
    public static KeyCondition AnyOf(KeyType type, IReadOnlyList<string> keys) =>
        new(column => $"{column} IN ({string.Join(", ", keys.Select(key => KeySql.Value(type, key)))})");

    /// <summary>Keys that one of some conditions has.</summary>
    public static KeyCondition Any(IReadOnlyList<KeyCondition> conditions) =>
        new(column => string.Join(" OR ", conditions.Select(one => $"({one.On(column)})")));

    /// <summary>Keys whose slot is on a shard; computed by the server's own hash, as docs/sharding.md has it.</summary>
    public static KeyCondition OfSlots(KeyType type, SlotMap slots, int shard) =>
        new(column =>
        {
            string hash = type switch
            {
                KeyType.Bigint => $"pg_catalog.hashint8extended({column}, 0)",
                KeyType.Text => $"pg_catalog.hashtextextended({column}, 0)",
                KeyType.PaddedText => $"pg_catalog.hashbpcharextended({column}, 0)",
                KeyType.Uuid => $"pg_catalog.uuid_hash_extended({column}, 0)",
                KeyType.Numeric => $"pg_catalog.hash_numeric_extended({column}, 0)",
                _ => $"pg_catalog.hashint4extended({column} - date '2000-01-01', 0)",
            };
            string[] runs =
            [
                .. RunsOf(slots, shard).Select(run => $"{hash} & 4095 BETWEEN {run.First} AND {run.Last}"),
            ];
            return runs.Length == 0 ? "false" : string.Join(" OR ", runs);
        });

    private static IEnumerable<(int First, int Last)> RunsOf(SlotMap slots, int shard)
    {
        for (int slot = 0; slot < Slot.Count; slot++)
        {
            if (slots[slot] != shard)
            {
                continue;
            }
            int first = slot;
            while (slot + 1 < Slot.Count && slots[slot + 1] == shard)
            {
                slot++;
            }
            yield return (first, slot);
        }
    }

    /// <summary>All keys but those that one of some conditions has.</summary>
    public static KeyCondition Not(IReadOnlyList<KeyCondition> conditions) =>
        new(column =>
            conditions.Count == 0
                ? $"{column} IS NOT NULL"
                : $"NOT ({string.Join(" OR ", conditions.Select(one => $"({one.On(column)})"))})"
        );

    /// <summary>Keys from one up to another that is not among them; null: without end.</summary>
    public static KeyCondition Between(KeyType type, string? from, string? to) =>
        new(column =>
            from is null && to is null
                ? $"{column} IS NOT NULL"
                : string.Join(
                    " AND ",
                    new[]
                    {
                        from is null ? null : $"{column} >= {KeySql.Value(type, from)}",
                        to is null ? null : $"{column} < {KeySql.Value(type, to)}",
                    }.OfType<string>()
                )
        );
}

/// <summary>Names and values in SQL.</summary>
internal static class KeySql
{
    /// <summary>A name in quotes.</summary>
    public static string Name(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A table's name with its schema, both in quotes.</summary>
    public static string Name(TableName table) => $"{Name(table.Schema)}.{Name(table.Name)}";

    /// <summary>A key, in the widest type that has all keys of its kind: nothing is rounded or cut.</summary>
    public static string Value(KeyType type, string key) => $"{Literal(key)}::{TypeOf(type)}";

    private static string Literal(string text)
    {
        string doubled = text.Replace("'", "''", StringComparison.Ordinal);
        return doubled.Contains('\\', StringComparison.Ordinal)
            ? $"E'{doubled.Replace("\\", "\\\\", StringComparison.Ordinal)}'"
            : $"'{doubled}'";
    }

    private static string TypeOf(KeyType type) =>
        type switch
        {
            KeyType.Bigint => "bigint",
            KeyType.Text => "text",
            KeyType.PaddedText => "bpchar",
            KeyType.Uuid => "uuid",
            KeyType.Numeric => "numeric",
            _ => "date",
        };
}
