// TRAPS 27: unique keys that cannot be global any more, foreign keys that need them, and what identifies a row.
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class UniqueKeyFindings
{
    public static IEnumerable<Finding> Of(TableDescription table, PreflightRequest request) =>
        Identity(table)
            .Concat(UniqueKeys(table, request))
            .Concat(ForeignKeys(table))
            .Concat(ReplicaIdentities(table, request));

    /// <summary>Unique indexes that do not contain the key: a partitioned table's would have to.</summary>
    public static IEnumerable<IndexDescription> WithoutKey(TableDescription table, PreflightRequest request) =>
        table.Indexes.Where(index => index is { IsUnique: true, IsValid: true } && !index.Keys.Contains(request.Key));

    private static IEnumerable<Finding> Identity(TableDescription table)
    {
        if (!table.Indexes.Any(index => Identifies(table, index)))
        {
            yield return new Finding(
                "no-identity",
                FindingSeverity.Refuse,
                table.Name.ToString(),
                "No primary key, and no unique index over NOT NULL columns, tells its rows apart: neither the "
                    + "mirror nor the "
                    + "comparison could be exact.",
                "Add a primary key first: CREATE UNIQUE INDEX CONCURRENTLY, then ADD PRIMARY KEY USING INDEX."
            );
        }
        else if (table.PrimaryKey is null)
        {
            yield return new Finding(
                "no-primary-key",
                FindingSeverity.Info,
                table.Name.ToString(),
                "Rows are told apart by a unique index in place of a primary key.",
                "Nothing needs to be done."
            );
        }
    }

    private static IEnumerable<Finding> UniqueKeys(TableDescription table, PreflightRequest request)
    {
        foreach (IndexDescription index in WithoutKey(table, request))
        {
            string columns = string.Join(", ", index.Keys.Select(key => key ?? "an expression"));
            string name = index.ConstraintName ?? index.Name.Name;
            if (IsKeptByIdentity(table, index))
            {
                yield return new Finding(
                    "unique-key-kept-by-identity",
                    FindingSeverity.Info,
                    $"{name} ({columns})",
                    $"It becomes ({columns}, {request.Key}). PostgreSQL makes its values and takes no others, so they "
                        + "stay unique, unless somebody sets the sequence back or writes OVERRIDING SYSTEM VALUE. "
                        + $"ON CONFLICT ({columns}) finds no index any more.",
                    "Nothing needs to be done."
                );
                continue;
            }
            yield return new Finding(
                "unique-key-without-partition-key",
                FindingSeverity.Consent,
                $"{name} ({columns})",
                $"It becomes ({columns}, {request.Key}): the same {columns} can be stored again with another "
                    + $"{request.Key}, "
                    + $"and ON CONFLICT ({columns}) fails, since no index is unique over that any more.",
                "Nothing, if a sequence or a version 7 uuid makes the values; otherwise check them in a table of "
                    + "their own.",
                Consent.WeakenUniqueKeys
            );
        }
    }

    // A serial's default is not enough: an INSERT may name a value of its own.
    private static bool IsKeptByIdentity(TableDescription table, IndexDescription index) =>
        index.Keys.Any(key =>
            key is not null
            && table.FindColumn(key) is { Identity: IdentityKind.Always }
            && table.Sequences.Any(sequence =>
                sequence is { IsIdentity: true, IsCycling: false } && sequence.OwnedByColumn == key
            )
        );

    private static IEnumerable<Finding> ForeignKeys(TableDescription table)
    {
        foreach (IncomingForeignKey key in table.IncomingForeignKeys)
        {
            yield return new Finding(
                "incoming-foreign-key",
                FindingSeverity.Consent,
                $"{key.Name} of {key.Table}",
                "It points to "
                    + $"({string.Join(", ", key.ReferencedColumns)}), which is no unique key of the partitioned table: "
                    + "it is dropped at the cut-over, and the rows that it kept together are not checked any more.",
                $"Put the partition key into {key.Table} and into the foreign key, or check orphans by a query.",
                Consent.DropIncomingForeignKeys
            );
        }
    }

    private static IEnumerable<Finding> ReplicaIdentities(TableDescription table, PreflightRequest request)
    {
        IndexDescription? index = table.Indexes.FirstOrDefault(index => index.IsReplicaIdentity);
        if (table.ReplicaIdentity == ReplicaIdentity.Index && index is not null)
        {
            bool hasKey = index.Keys.Contains(request.Key);
            yield return new Finding(
                "replica-identity-index",
                hasKey ? FindingSeverity.Info : FindingSeverity.Consent,
                index.Name.ToString(),
                hasKey
                    ? "The new table and every partition get it by their part of the same index."
                    : $"The index gets {request.Key} too, and so do the identities of rows in logical replication.",
                hasKey
                    ? "Nothing needs to be done."
                    : "Look whether your subscribers and change-data capture rely on the old index's columns.",
                hasKey ? null : Consent.ReplicaIdentity
            );
        }
        else if (table.ReplicaIdentity is ReplicaIdentity.Full or ReplicaIdentity.Nothing)
        {
            yield return new Finding(
                "replica-identity",
                FindingSeverity.Info,
                table.ReplicaIdentity.ToString(),
                "It is set on the new table and on every partition, since it is not inherited (TRAPS 37).",
                "Nothing needs to be done."
            );
        }
    }

    private static bool Identifies(TableDescription table, IndexDescription index) =>
        index.IsPlainUnique && index.Keys.All(key => table.FindColumn(key!) is { IsNotNull: true });
}
