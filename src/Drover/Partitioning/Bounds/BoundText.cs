// Ranges as SQL: FOR VALUES …, the condition that a table's rows must meet to be attached without a scan, and back.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Partitioning.Bounds;

/// <summary>A partition's bound as the catalog has it.</summary>
/// <param name="Range">The range; null for the default partition.</param>
internal readonly record struct CatalogBound(PartitionRange? Range)
{
    /// <summary>Whether it is the default partition.</summary>
    public bool IsDefault => Range is null;
}

/// <summary>
/// Writes ranges as SQL and reads what <c>pg_get_expr(relpartbound, oid)</c> gives. The session that printed it must
/// have <c>DateStyle = ISO</c>.
/// </summary>
internal static class BoundText
{
    private const string Default = "DEFAULT";

    /// <summary><c>FOR VALUES FROM ('…') TO ('…')</c>.</summary>
    public static string ForValues(this PartitionScheme scheme, PartitionRange range) =>
        $"FOR VALUES FROM ({Literal(scheme, range.From)}) TO ({Literal(scheme, range.To)})";

    /// <summary>
    /// The condition that PostgreSQL derives for a partition of this range. A valid CHECK constraint with it lets
    /// ATTACH PARTITION skip its scan (manual, 5.12.2.2).
    /// </summary>
    /// <param name="scheme">The scheme.</param>
    /// <param name="range">The range.</param>
    /// <param name="column">The key's column, quoted where it must be.</param>
    public static string Condition(this PartitionScheme scheme, PartitionRange range, string column)
    {
        string type = scheme.Kind.SqlType();
        string text = $"{column} IS NOT NULL";
        if (range.From.IsFinite)
        {
            text += $" AND {column} >= {Literal(scheme, range.From)}::{type}";
        }
        if (range.To.IsFinite)
        {
            text += $" AND {column} < {Literal(scheme, range.To)}::{type}";
        }
        return text;
    }

    /// <summary>Reads a bound of a table partitioned by range over one column of this kind.</summary>
    public static bool TryRead(
        string text,
        PartitionKeyKind kind,
        out CatalogBound bound,
        [NotNullWhen(false)] out string? problem
    )
    {
        bound = default;
        problem = null;
        if (text == Default)
        {
            return true;
        }
        BoundReader reader = new(text, kind);
        if (!reader.TryRead(out PartitionRange range, out problem))
        {
            return false;
        }
        bound = new CatalogBound(range);
        return true;
    }

    private static string Literal(PartitionScheme scheme, PartitionBound bound) =>
        bound.IsFinite ? $"'{scheme.Print(bound.Position)}'" : bound.ToString();
}
