// The partition key's column: its type, NULLs, and what is generated from or for it.
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class KeyFindings
{
    /// <summary>The column is there and its values can be placed.</summary>
    public static bool IsUsable(TableDescription table, PreflightRequest request) =>
        request.Scheme is not null && Column(table, request) is { } column && Fits(column);

    public static IEnumerable<Finding> Of(TableDescription table, PreflightRequest request)
    {
        if (Column(table, request) is not { } column)
        {
            yield return new Finding(
                "no-key-column",
                FindingSeverity.Refuse,
                request.Key,
                "The table has no such column.",
                $"Name one of {string.Join(", ", table.Columns.Where(Fits).Select(fitting => fitting.Name))}."
            );
            yield break;
        }
        if (!Fits(column))
        {
            yield return new Finding(
                "key-type",
                FindingSeverity.Refuse,
                $"{column.Name} {column.Type}",
                "Tables are partitioned by date, timestamp, timestamptz, integer, bigint or a version 7 uuid.",
                "Name another column."
            );
        }
        if (column.IsGenerated)
        {
            yield return new Finding(
                "generated-key",
                FindingSeverity.Refuse,
                column.Name,
                "PostgreSQL does not partition by a generated column.",
                "Name the column that it is generated from."
            );
        }
        foreach (Finding finding in OfValues(table, column, request))
        {
            yield return finding;
        }
    }

    private static IEnumerable<Finding> OfValues(
        TableDescription table,
        ColumnDescription column,
        PreflightRequest request
    )
    {
        // TRAPS 28.
        if (!column.IsNotNull)
        {
            yield return new Finding(
                "nullable-key",
                FindingSeverity.Consent,
                column.Name,
                "It is part of the new primary key, so it becomes NOT NULL: a writer that stores NULL fails as "
                    + "soon as the "
                    + "mirror is on.",
                $"ALTER TABLE {table.Name} ALTER {SqlText.Name(column.Name)} SET NOT NULL yourself first, or give "
                    + "a DEFAULT.",
                Consent.KeyNotNull
            );
        }
        if (request.RefusesRowsOutside)
        {
            yield return new Finding(
                "outside-refused-at-finish",
                FindingSeverity.Info,
                column.Name,
                "Until finish, a default partition takes rows that lie in no other: nothing may fail while the tables "
                    + "change sides. finish drops it if it is empty, and fails, changing nothing, if it is not.",
                "Look into the default partition before you finish."
            );
        }
        foreach (ConstraintDescription check in table.Constraints.Where(c => IsRangeCheck(c, column)))
        {
            yield return new Finding(
                "key-check",
                FindingSeverity.Info,
                check.Name,
                "A check on the key is carried over.",
                "Look whether the partitions' bounds say the same."
            );
        }
    }

    private static ColumnDescription? Column(TableDescription table, PreflightRequest request) =>
        table.FindColumn(request.Key);

    private static bool Fits(ColumnDescription column) => PartitionKeyKinds.TryOfType(column.BaseType, out _);

    private static bool IsRangeCheck(ConstraintDescription constraint, ColumnDescription column) =>
        constraint.Kind == ConstraintKind.Check
        && constraint.Columns is [string only]
        && only == column.Name
        && !constraint.Name.Contains(CatalogFacts.OwnMark, StringComparison.Ordinal);
}
