// Conditions on sharding keys, as the servers are asked them.
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
