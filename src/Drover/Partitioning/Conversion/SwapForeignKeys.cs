// Foreign keys of the table and to it, at the swap and after it.
using Drover.Operations;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion;

/// <summary>
/// Only the table that has the name has foreign keys. A follower with one could fail the application: a row that it has
/// still to lose would keep the row that it points to from being deleted. So they come to the partitions at the
/// cut-over, not validated, which takes no scan; and are validated and joined under the parent's afterwards.
/// </summary>
/// <param name="table">The source as it is now.</param>
/// <param name="layout">The tables.</param>
/// <param name="partitions">The target's partitions.</param>
internal sealed class SwapForeignKeys(
    TableDescription table,
    ConversionLayout layout,
    IReadOnlyList<QualifiedName> partitions
)
{
    private const string NotValid = " NOT VALID";

    /// <summary>Foreign keys to other tables.</summary>
    public IEnumerable<ConstraintDescription> Outgoing =>
        table.Constraints.Where(constraint =>
            constraint.Kind == ConstraintKind.ForeignKey && constraint.ReferencedTable != table.Name
        );

    /// <summary>On the other tables, in the order of their names.</summary>
    /// <param name="outgoing">The mode on tables that the foreign keys point to.</param>
    public IEnumerable<string> Locks(string outgoing) =>
        table
            .IncomingForeignKeys.Where(key => key.TableOid != table.Oid)
            .Select(key => (key.Table.ToString(), "ACCESS EXCLUSIVE"))
            .Concat(Outgoing.Select(key => (key.ReferencedTable.ToString()!, outgoing)))
            .GroupBy(claim => claim.Item1, claim => claim.Item2)
            .OrderBy(claims => claims.Key, StringComparer.Ordinal)
            // ACCESS EXCLUSIVE comes first in the alphabet too.
            .Select(claims => $"LOCK TABLE {claims.Key} IN {claims.Min()} MODE");

    /// <summary>In the cut-over, once the source has lost its name.</summary>
    public IEnumerable<string> DropIncoming() =>
        table.IncomingForeignKeys.Select(key =>
            $"ALTER TABLE {(key.TableOid == table.Oid ? layout.OldTable : key.Table)} "
            + $"DROP CONSTRAINT {SqlText.Name(key.Name)}"
        );

    /// <summary>In the rollback, once the source has its name back.</summary>
    public IEnumerable<string> RestoreIncoming()
    {
        foreach (IncomingForeignKey key in table.IncomingForeignKeys)
        {
            yield return Restore(key.Table, key.Name, key.Definition);
            if (key.Comment is { } comment)
            {
                yield return $"COMMENT ON CONSTRAINT {SqlText.Name(key.Name)} ON {key.Table} IS "
                    + SqlText.Literal(comment);
            }
        }
    }

    /// <summary>In the cut-over.</summary>
    public IEnumerable<string> Forward()
    {
        foreach (string statement in DropIncoming())
        {
            yield return statement;
        }
        // One statement for each partition: all of them are under the locks.
        string[] keys =
        [
            .. Outgoing.Select(key => $"ADD CONSTRAINT {SqlText.Name(key.Name)} {Unvalidated(key.Definition)}"),
        ];
        foreach (QualifiedName partition in keys.Length == 0 ? [] : partitions)
        {
            yield return $"ALTER TABLE {partition} {string.Join(", ", keys)}";
        }
    }

    /// <summary>In the rollback; right whether the steps after the cut-over have run or not.</summary>
    public IEnumerable<string> Backward()
    {
        foreach (ConstraintDescription key in Outgoing)
        {
            string name = SqlText.Name(key.Name);
            yield return $"ALTER TABLE {layout.NewTable} DROP CONSTRAINT IF EXISTS {name}";
            foreach (QualifiedName partition in partitions)
            {
                yield return $"ALTER TABLE {partition} DROP CONSTRAINT IF EXISTS {name}";
            }
            yield return Restore(layout.Table, key.Name, key.Definition);
            if (key.Comment is { } comment)
            {
                yield return $"COMMENT ON CONSTRAINT {name} ON {layout.Table} IS {SqlText.Literal(comment)}";
            }
        }
        foreach (string statement in RestoreIncoming())
        {
            yield return statement;
        }
    }

    /// <summary>
    /// Validates those that were valid before a rollback put them back; without effect where none did. Reads the
    /// tables, beside readers and writers.
    /// </summary>
    public IEnumerable<string> ValidateRestored() =>
        table
            .Constraints.Where(key => key is { Kind: ConstraintKind.ForeignKey, IsValidated: true })
            .Select(key => (Owner: table.Name, key.Name, Other: key.ReferencedTable!.Value))
            .Concat(
                table
                    .IncomingForeignKeys.Where(key => key.IsValidated && key.TableOid != table.Oid)
                    .Select(key => (Owner: key.Table, key.Name, Other: table.Name))
            )
            .Select(key =>
                SqlText.Block(
                    $"""
                    BEGIN
                      IF EXISTS ({Exists(key.Owner, key.Name)} AND NOT convalidated) THEN
                        {Lock(key.Other, "ROW SHARE")}
                        ALTER TABLE {key.Owner} VALIDATE CONSTRAINT {SqlText.Name(key.Name)};
                      END IF;
                    END
                    """
                )
            );

    /// <summary>After the cut-over: validated per partition, then the whole table's own, then the old table's
    /// go.</summary>
    public static IEnumerable<AutocommitStatement> Complete(
        TableDescription old,
        ConversionLayout layout,
        IReadOnlyList<QualifiedName> partitions
    )
    {
        foreach (
            ConstraintDescription key in old.Constraints.Where(constraint =>
                constraint.Kind == ConstraintKind.ForeignKey
            )
        )
        {
            string name = SqlText.Name(key.Name);
            foreach (QualifiedName partition in key.IsValidated ? partitions : [])
            {
                yield return new AutocommitStatement(
                    Behind(key.ReferencedTable, "ROW SHARE", $"ALTER TABLE {partition} VALIDATE CONSTRAINT {name}"),
                    $"SELECT EXISTS ({Exists(partition, key.Name)} AND convalidated)",
                    []
                );
            }
            if (key.IsValidated)
            {
                yield return new AutocommitStatement(
                    Behind(
                        key.ReferencedTable,
                        "SHARE ROW EXCLUSIVE",
                        $"ALTER TABLE {layout.Table} ADD CONSTRAINT {name} {key.Definition}"
                    ),
                    $"SELECT EXISTS ({Exists(layout.Table, key.Name)})",
                    []
                );
                if (key.Comment is { } comment)
                {
                    string text = SqlText.Literal(comment);
                    yield return new AutocommitStatement(
                        $"COMMENT ON CONSTRAINT {name} ON {layout.Table} IS {text}",
                        $"SELECT EXISTS ({Exists(layout.Table, key.Name)} "
                            + $"AND obj_description(oid, 'pg_constraint') = {text})",
                        []
                    );
                }
            }
            yield return new AutocommitStatement(
                Behind(
                    key.ReferencedTable,
                    "ACCESS EXCLUSIVE",
                    $"ALTER TABLE {layout.OldTable} DROP CONSTRAINT IF EXISTS {name}"
                ),
                $"SELECT NOT EXISTS ({Exists(layout.OldTable, key.Name)})",
                []
            );
        }
    }

    /// <summary>
    /// A statement on one end of a foreign key behind the lock on the other end: both together are waited for as long
    /// as one may be, so nobody who comes between the two waits until he looks for a deadlock.
    /// </summary>
    private static string Behind(QualifiedName? other, string mode, string statement) =>
        SqlText.Block($"BEGIN {Lock(other, mode)} {statement}; END");

    private static string Lock(QualifiedName? table, string mode) =>
        $"""
            LOCK TABLE {table} IN {mode} MODE;
            PERFORM set_config('lock_timeout', greatest(50, 1000 * extract(epoch FROM
              current_setting('lock_timeout')::interval - (clock_timestamp() - statement_timestamp())))::int::text,
              true);
            """;

    private static string Restore(QualifiedName owner, string name, string definition) =>
        SqlText.Block(
            $"""
            BEGIN
              IF NOT EXISTS ({Exists(owner, name)}) THEN
                ALTER TABLE {owner} ADD CONSTRAINT {SqlText.Name(name)} {Unvalidated(definition)};
              END IF;
            END
            """
        );

    /// <summary>The definition with NOT VALID; one that is NOT ENFORCED is never validated.</summary>
    public static string Unvalidated(string definition) =>
        definition.EndsWith(NotValid, StringComparison.Ordinal)
        || definition.EndsWith(" NOT ENFORCED", StringComparison.Ordinal)
            ? definition
            : definition + NotValid;

    private static string Exists(QualifiedName owner, string name) =>
        $"SELECT FROM pg_constraint WHERE conrelid = to_regclass({SqlText.Literal(owner.ToString())}) "
        + $"AND conname = {SqlText.Literal(name)}";
}
