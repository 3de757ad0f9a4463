// The types that a table can be partitioned by, and how each places its values on an axis of whole numbers.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Partitioning.Bounds;

/// <summary>
/// The type of a partition key. Values of every kind are placed on an axis of whole numbers, their <em>position</em>,
/// so that all arithmetic of bounds is the same.
/// </summary>
internal enum PartitionKeyKind
{
    /// <summary><c>date</c>; position: days since 0001-01-01.</summary>
    Date,

    /// <summary><c>timestamp</c>; position: microseconds since 0001-01-01 00:00:00, without a zone.</summary>
    Timestamp,

    /// <summary><c>timestamptz</c>; position: microseconds since 0001-01-01 00:00:00 UTC.</summary>
    TimestampTz,

    /// <summary><c>integer</c>; position: the number.</summary>
    Integer,

    /// <summary><c>bigint</c>; position: the number.</summary>
    BigInt,

    /// <summary>
    /// <c>uuid</c> of version 7; position: the milliseconds since 1970-01-01 UTC in its first 48 bits
    /// (RFC 9562, section 5.7).
    /// </summary>
    UuidV7,
}

/// <summary>What is true of each <see cref="PartitionKeyKind"/>.</summary>
internal static class PartitionKeyKinds
{
    private static readonly (PartitionKeyKind Kind, string SqlType, string LongName)[] s_names =
    [
        (PartitionKeyKind.Date, "date", "date"),
        (PartitionKeyKind.Timestamp, "timestamp", "timestamp without time zone"),
        (PartitionKeyKind.TimestampTz, "timestamptz", "timestamp with time zone"),
        (PartitionKeyKind.Integer, "integer", "integer"),
        (PartitionKeyKind.BigInt, "bigint", "bigint"),
        (PartitionKeyKind.UuidV7, "uuid", "uuid"),
    ];

    /// <summary>
    /// The kind of a column by <c>format_type()</c>; a precision, as in <c>timestamp(3)</c>, changes nothing.
    /// </summary>
    public static bool TryOfType(string formattedType, [NotNullWhen(true)] out PartitionKeyKind? kind)
    {
        int open = formattedType.IndexOf('(', StringComparison.Ordinal);
        int close = formattedType.IndexOf(')', StringComparison.Ordinal);
        string type = open > 0 && close > open ? formattedType[..open] + formattedType[(close + 1)..] : formattedType;
        foreach (var known in s_names)
        {
            if (type == known.SqlType || type == known.LongName)
            {
                kind = known.Kind;
                return true;
            }
        }
        kind = null;
        return false;
    }

    /// <summary>The type's name in SQL.</summary>
    public static string SqlType(this PartitionKeyKind kind) => s_names.First(known => known.Kind == kind).SqlType;

    /// <summary>Whether the key is a number that grows with the rows, and not with time.</summary>
    public static bool IsNumber(this PartitionKeyKind kind) =>
        kind is PartitionKeyKind.Integer or PartitionKeyKind.BigInt;

    /// <summary>Whether its values are instants, so that days need a time zone.</summary>
    public static bool IsInstant(this PartitionKeyKind kind) =>
        kind is PartitionKeyKind.TimestampTz or PartitionKeyKind.UuidV7;
}
