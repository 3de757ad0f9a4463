// What becomes of the old table's indexes when it is attached: most are kept, unique ones without the key are replaced.
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion.Attaching;

/// <summary>
/// An index that the parent's can have as it is, is only renamed. A unique index must have the partition key in it:
/// that one is built beside the old one, concurrently. The old one stays until <c>finish</c>, so that the way back
/// needs no build; a primary key cannot stay, for the table gets another, so a twin of its index stays in its place.
/// </summary>
/// <param name="table">The source, without Drover's own objects.</param>
/// <param name="layout">The tables.</param>
internal sealed class AttachIndexes(TableDescription table, ConversionLayout layout)
{
    private readonly TargetIndexes _target = new(table, layout);

    private readonly IndexDescription _identity = LayoutReader.FindIdentity(table)!;

    private IEnumerable<IndexDescription> All => table.Indexes.Where(index => index.IsValid && !index.IsOwn);

    private IEnumerable<IndexDescription> Replaced => All.Where(index => !IsKept(index));

    /// <summary>How many are built on the old table, and from how many bytes of old ones.</summary>
    public (int Count, long Bytes) Built =>
        (
            Replaced.Sum(index => index.IsPrimary ? 2 : 1),
            Replaced.Sum(index => index.SizeBytes * (index.IsPrimary ? 2 : 1))
        );

    /// <summary>On the source, before the cut-over, in nobody's way.</summary>
    public IEnumerable<AutocommitStatement> Build()
    {
        foreach (IndexDescription index in Replaced)
        {
            yield return Build(_target.WithKey(index), KeyName(index));
            if (index.IsPrimary)
            {
                yield return Build(index, OldName(index));
            }
        }
    }

    /// <summary>Undoes the build, in a transaction.</summary>
    public IEnumerable<string> Abandon() =>
        Replaced.SelectMany(index =>
            (string[])[$"DROP INDEX IF EXISTS {KeyName(index)}", $"DROP INDEX IF EXISTS {OldName(index)}"]
        );

    /// <summary>In the cut-over, before the old table is attached: its indexes become a partition's.</summary>
    public IEnumerable<string> BecomePartition()
    {
        foreach (IndexDescription index in All)
        {
            QualifiedName part = OnOld(index);
            string name = SqlText.Name(part.Name);
            if (IsKept(index))
            {
                yield return $"ALTER INDEX {index.Name} RENAME TO {name}";
            }
            else if (index.IsPrimary)
            {
                yield return $"ALTER TABLE {layout.OldTable} DROP CONSTRAINT {SqlText.Name(index.Name.Name)}";
                yield return UsingIndex(layout.OldTable, part.Name, "PRIMARY KEY", KeyName(index));
            }
            else
            {
                yield return $"ALTER INDEX {index.Name} RENAME TO {SqlText.Name(OldName(index).Name)}";
                yield return index.ConstraintName is null
                    ? $"ALTER INDEX {KeyName(index)} RENAME TO {name}"
                    : UsingIndex(layout.OldTable, part.Name, "UNIQUE", KeyName(index));
            }
        }
    }

    /// <summary>In the cut-over, when the old table is attached: the whole table's indexes, and every partition's under
    /// them.</summary>
    /// <param name="partitions">The partitions that were made new, which have their indexes.</param>
    public IEnumerable<string> Join(IReadOnlyList<QualifiedName> partitions)
    {
        // It was there before, so PostgreSQL has joined it to the only one that fits.
        yield return Rename(TargetIndexes.NewName(_identity.Name.Name), _identity.Name.Name);
        foreach (IndexDescription index in _target.Secondary())
        {
            yield return _target.OnParent(index, index.Name.Name, layout.Table);
            foreach (QualifiedName partition in partitions.Append(layout.OldTable))
            {
                QualifiedName part = _target.OnPartition(index.Name.Name, partition);
                if (index.ConstraintName is not null && partition != layout.OldTable)
                {
                    yield return UsingIndex(partition, part.Name, "UNIQUE", part);
                }
                yield return $"ALTER INDEX {index.Name} ATTACH PARTITION {part}";
            }
        }
    }

    /// <summary>In the rollback, when the old table is detached: the whole table's go, but for the one that it had from
    /// its beginning.</summary>
    public IEnumerable<string> Part() =>
        _target
            .Secondary()
            .Select(index => Drop(layout.Table, index, index.Name))
            .Append(Rename(_identity.Name.Name, TargetIndexes.NewName(_identity.Name.Name)));

    /// <summary>In the rollback, when the old table has its name back.</summary>
    public IEnumerable<string> BecomeTable()
    {
        foreach (IndexDescription index in All)
        {
            QualifiedName part = OnOld(index);
            if (IsKept(index))
            {
                yield return Rename(part.Name, index.Name.Name);
                continue;
            }
            yield return Drop(layout.Table, index, part);
            yield return index.IsPrimary
                ? UsingIndex(layout.Table, index.Name.Name, "PRIMARY KEY", OldName(index))
                : Rename(OldName(index).Name, index.Name.Name);
        }
    }

    /// <summary>At the end: what was kept for the way back.</summary>
    public IEnumerable<string> Finish() =>
        Replaced.Select(index =>
            index.ConstraintName is not null && !index.IsPrimary
                ? $"ALTER TABLE IF EXISTS {layout.OldTable} DROP CONSTRAINT IF EXISTS "
                    + SqlText.Name(OldName(index).Name)
                : $"DROP INDEX IF EXISTS {OldName(index)}"
        );

    private bool IsKept(IndexDescription index) => !index.IsUnique || index.Keys.Contains(layout.Key);

    private AutocommitStatement Build(IndexDescription index, QualifiedName name) =>
        new(
            index.DefinitionOn(name.Name, layout.Table.ToString(), isConcurrent: true),
            $"SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass({SqlText.Literal(name.ToString())}) "
                + "AND indisvalid)",
            [$"DROP INDEX CONCURRENTLY IF EXISTS {name}"]
        );

    private QualifiedName OnOld(IndexDescription index) => _target.OnPartition(index.Name.Name, layout.OldTable);

    private static QualifiedName OldName(IndexDescription index) =>
        index.Name.WithName(TargetIndexes.OldName(index.Name.Name));

    private static QualifiedName KeyName(IndexDescription index) =>
        index.Name.WithName(PartitionName.Fit(index.Name.Name, "__drover_key"));

    private string Rename(string from, string to) =>
        $"ALTER INDEX {layout.Table.WithName(from)} RENAME TO {SqlText.Name(to)}";

    private static string UsingIndex(QualifiedName relation, string constraint, string kind, QualifiedName index) =>
        $"ALTER TABLE {relation} ADD CONSTRAINT {SqlText.Name(constraint)} {kind} USING INDEX "
        + SqlText.Name(index.Name);

    private static string Drop(QualifiedName relation, IndexDescription index, QualifiedName name) =>
        index.ConstraintName is null
            ? $"DROP INDEX {name}"
            : $"ALTER TABLE {relation} DROP CONSTRAINT {SqlText.Name(name.Name)}";
}
