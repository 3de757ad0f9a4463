// What kind of table it is, and what of it cannot be part of a partitioned one.
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class ShapeFindings
{
    public static IEnumerable<Finding> Of(TableDescription table) =>
        Kind(table).Concat(Constraints(table)).Concat(Parts(table));

    private static IEnumerable<Finding> Kind(TableDescription table)
    {
        string name = table.Name.ToString();
        if (table.Kind == RelationKind.PartitionedTable)
        {
            yield return Refuse("already-partitioned", name, "It is partitioned.", "Use drover partition adopt.");
        }
        else if (table.Kind == RelationKind.ForeignTable)
        {
            yield return Refuse("foreign-table", name, "Its rows are on another server.", "Convert it on that server.");
        }
        else if (table.Kind != RelationKind.Table)
        {
            yield return Refuse("not-a-table", name, $"It is no table but a {table.Kind}.", "Name a table.");
        }
        if (table.Persistence == Persistence.Temporary)
        {
            yield return Refuse("temporary-table", name, "It is gone with its session.", "Convert permanent tables.");
        }
        if (table.Persistence == Persistence.Unlogged)
        {
            const string Empty = "A crash empties it, and the copy would be emptied at another moment.";
            yield return Refuse("unlogged-table", name, Empty, $"ALTER TABLE {name} SET LOGGED first.");
        }
        if (table.IsPartition || table.Parents.Length > 0)
        {
            string parents = string.Join(", ", table.Parents);
            const string Hidden = "Queries on the parent would not see the new table's rows.";
            yield return Refuse("inherits", $"{name} under {parents}", Hidden, $"ALTER TABLE {name} NO INHERIT first.");
        }
        if (table.Children.Length > 0)
        {
            string children = string.Join(", ", table.Children);
            const string Lost =
                "A partitioned table cannot have children by inheritance; their rows would vanish from queries.";
            yield return Refuse("inherited", children, Lost, "ALTER TABLE … NO INHERIT, or move their rows.");
        }
        if (table.OfType is not null)
        {
            yield return Refuse(
                "typed-table",
                $"OF {table.OfType}",
                "The type's changes would not reach the new table.",
                $"ALTER TABLE {name} NOT OF first."
            );
        }
        if (table.Extension is not null)
        {
            yield return Refuse(
                "extension-member",
                $"extension {table.Extension}",
                "The extension's updates and pg_dump would meet another table.",
                $"ALTER EXTENSION {SqlText.Name(table.Extension)} DROP TABLE {name}, if you must."
            );
        }
        if (table.IsSystem)
        {
            yield return Refuse("system-table", name, "It is PostgreSQL's own.", "Name a table of yours.");
        }
    }

    private static IEnumerable<ConstraintDescription> DeferrableKeys(TableDescription table) =>
        table.Constraints.Where(c =>
            c is { Kind: ConstraintKind.Unique or ConstraintKind.PrimaryKey, IsDeferrable: true }
        );

    private static IEnumerable<Finding> Constraints(TableDescription table)
    {
        foreach (ConstraintDescription exclusion in table.Constraints.Where(c => c.Kind == ConstraintKind.Exclusion))
        {
            yield return Refuse(
                "exclusion-constraint",
                exclusion.Name,
                "It would hold within each partition only, and before PostgreSQL 17 not at all: rows that exclude each "
                    + "other could both be there.",
                "Drop it, or keep the table as it is."
            );
        }
        foreach (ConstraintDescription late in DeferrableKeys(table))
        {
            yield return Refuse(
                "deferrable-unique",
                late.Name,
                "The partitions' index would check it at once: statements that swap values would fail with 23505.",
                "Make it NOT DEFERRABLE if no statement needs that, or keep the table as it is."
            );
        }
        foreach (ConstraintDescription temporal in table.Constraints.Where(constraint => constraint.IsTemporal))
        {
            yield return Refuse(
                "temporal-key",
                temporal.Name,
                "WITHOUT OVERLAPS and PERIOD would hold within each partition only.",
                "Drop it, or keep the table as it is."
            );
        }
        foreach (
            ConstraintDescription check in table.Constraints.Where(c =>
                c is { Kind: ConstraintKind.Check, IsNoInherit: true }
            )
        )
        {
            yield return Refuse(
                "no-inherit-check",
                check.Name,
                "A partitioned table cannot have a NO INHERIT check.",
                "Make it an ordinary check first."
            );
        }
    }

    private static IEnumerable<Finding> Parts(TableDescription table)
    {
        foreach (
            ColumnDescription column in table.Columns.Where(column =>
                column.BaseType is "oid" || column.Type is "lo" or "public.lo"
            )
        )
        {
            yield return new Finding(
                "large-object",
                FindingSeverity.Info,
                column.Name,
                "It may refer to large objects. They are not copied, and need not be: both tables refer to the same. A "
                    + "trigger lo_manage fires on the table under its name alone.",
                "Do not run vacuumlo while both tables are there."
            );
        }
        if (table is { Kind: RelationKind.Table, IsHeap: false })
        {
            yield return new Finding(
                "access-method",
                FindingSeverity.Info,
                table.AccessMethod,
                "Its rows may lie in no blocks that a ctid names, so they are copied in the order of their key; the "
                    + "partitions are of this access method too, partitions that are made later of the default one.",
                "Convert a copy of it first: the mirror needs row locks, ON CONFLICT and unique indexes of it."
            );
        }
        foreach (SecurityLabel label in table.SecurityLabels)
        {
            yield return new Finding(
                "security-label",
                FindingSeverity.Info,
                $"{label.Provider} {label.Column}".TrimEnd(),
                "It is set on the new table at the cut-over, not on its partitions.",
                "Label the partitions if they are used by their own names."
            );
        }
        foreach (IndexDescription index in table.Indexes.Where(index => !index.IsValid))
        {
            yield return new Finding(
                "invalid-index",
                FindingSeverity.Info,
                index.Name.ToString(),
                "A failed CREATE INDEX CONCURRENTLY left it; it is not carried over.",
                $"DROP INDEX {index.Name}"
            );
        }
        foreach (IndexDescription index in table.Indexes.Where(index => index.IsClustered))
        {
            yield return new Finding(
                "clustered",
                FindingSeverity.Info,
                index.Name.ToString(),
                "A partitioned table does not remember what it is clustered on.",
                "CLUSTER the partitions by name."
            );
        }
    }

    private static Finding Refuse(string code, string subject, string consequence, string remedy) =>
        new(code, FindingSeverity.Refuse, subject, consequence, remedy);
}
