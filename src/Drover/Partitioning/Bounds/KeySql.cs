// Conditions in SQL that tell keys that have a place in some partition from those that only a default partition takes.
namespace Drover.Partitioning.Bounds;

/// <summary>Of an expression that is of the kind's type already; NULL makes neither condition true.</summary>
internal static class KeySql
{
    /// <summary>The key is <c>infinity</c> or <c>-infinity</c>.</summary>
    public static string IsInfinite(this PartitionKeyKind kind, string key) =>
        kind.IsNumber() || kind == PartitionKeyKind.UuidV7 ? "false" : $"NOT isfinite({key})";

    /// <summary>The key is finite and lies where no partition is made: BC, after year 9998; a uuid of another version
    /// than 7.</summary>
    public static string IsUnsupported(this PartitionKeyKind kind, string key)
    {
        string type = kind.SqlType();
        return kind switch
        {
            PartitionKeyKind.Integer or PartitionKeyKind.BigInt => "false",
            PartitionKeyKind.UuidV7 => $"substr({key}::text, 15, 1) <> '7'",
            _ => $"isfinite({key}) AND ({key} < '0001-01-01'::{type} "
                + $"OR {key} >= '{BoundLimits.YearMax + 1}-01-01'::{type})",
        };
    }
}
