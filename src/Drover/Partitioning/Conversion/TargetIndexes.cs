// The target's secondary indexes: built on each partition without a lock in anybody's way, then joined under the
// parent.
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion;

/// <summary>
/// Statements that bring the source's indexes to the partitions. Each can be seen to be done, so a run that was killed
/// goes on where it was.
/// </summary>
/// <param name="table">The source.</param>
/// <param name="layout">The tables.</param>
internal sealed class TargetIndexes(TableDescription table, ConversionLayout layout)
{
    /// <summary>All but the one that identifies rows, which the target has from its beginning.</summary>
    public IEnumerable<IndexDescription> Secondary()
    {
        IndexDescription? identity = LayoutReader.FindIdentity(table);
        return table.Indexes.Where(index => index.IsValid && !index.IsOwn && index.Oid != identity?.Oid);
    }

    /// <summary>CREATE INDEX CONCURRENTLY for each index and partition.</summary>
    /// <param name="partitions">All partitions, the default one last.</param>
    /// <param name="newest">Only on so many of the last ones; null: on all. A unique index is on all.</param>
    public IEnumerable<AutocommitStatement> Build(IReadOnlyList<QualifiedName> partitions, int? newest)
    {
        foreach (IndexDescription index in Secondary())
        {
            foreach (QualifiedName partition in Indexed(index, partitions, newest))
            {
                QualifiedName name = OnPartition(index.Name, partition);
                yield return new AutocommitStatement(
                    WithKey(index).DefinitionOn(name.Name, partition.ToString(), isConcurrent: true),
                    $"SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = {Regclass(name)} AND indisvalid)",
                    [$"DROP INDEX CONCURRENTLY IF EXISTS {name}"]
                );
                foreach (AutocommitStatement target in StatisticsTargets(index, name))
                {
                    yield return target;
                }
            }
        }
    }

    /// <summary>The index of the parent, and each partition's put under it.</summary>
    public IEnumerable<AutocommitStatement> Attach(IReadOnlyList<QualifiedName> partitions, int? newest)
    {
        foreach (IndexDescription index in Secondary())
        {
            QualifiedName parent = index.Name.WithName(NewName(index.Name.Name));
            yield return new AutocommitStatement(
                OnParent(index, parent.Name, layout.NewTable),
                $"SELECT {Regclass(parent)} IS NOT NULL",
                []
            );
            foreach (AutocommitStatement target in StatisticsTargets(index, parent))
            {
                yield return target;
            }
            foreach (QualifiedName partition in Indexed(index, partitions, newest))
            {
                QualifiedName part = OnPartition(index.Name, partition);
                if (index.ConstraintName is not null)
                {
                    yield return new AutocommitStatement(
                        $"ALTER TABLE {partition} ADD CONSTRAINT {SqlText.Name(part.Name)} UNIQUE USING "
                            + $"INDEX {SqlText.Name(part.Name)}",
                        $"SELECT EXISTS (SELECT FROM pg_constraint WHERE conindid = {Regclass(part)} AND "
                            + $"contype = 'u')",
                        []
                    );
                }
                yield return new AutocommitStatement(
                    $"ALTER INDEX {parent} ATTACH PARTITION {part}",
                    $"SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = {Regclass(part)} AND "
                        + $"inhparent = {Regclass(parent)})",
                    []
                );
            }
        }
    }

    private static IEnumerable<AutocommitStatement> StatisticsTargets(IndexDescription index, QualifiedName name) =>
        index.StatisticsTargets.Select(target => new AutocommitStatement(
            $"ALTER INDEX {name} ALTER COLUMN {target.Column} SET STATISTICS {target.Target}",
            $"SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = {Regclass(name)} "
                + $"AND attnum = {target.Column} AND attstattarget = {target.Target})",
            []
        ));

    /// <summary>Drops what was made for an index that the source has no more, finished or not.</summary>
    public IEnumerable<string> Drop(string index, IReadOnlyList<QualifiedName> partitions)
    {
        QualifiedName name = table.Name.WithName(index);
        QualifiedName parent = name.WithName(NewName(index));
        yield return $"ALTER TABLE {layout.NewTable} DROP CONSTRAINT IF EXISTS {SqlText.Name(parent.Name)}";
        yield return $"DROP INDEX IF EXISTS {parent}";
        foreach (QualifiedName partition in partitions)
        {
            QualifiedName part = OnPartition(name, partition);
            yield return $"ALTER TABLE {partition} DROP CONSTRAINT IF EXISTS {SqlText.Name(part.Name)}";
            yield return $"DROP INDEX IF EXISTS {part}";
        }
    }

    /// <summary>The name of an object of the target until the cut-over.</summary>
    public static string NewName(string name) => PartitionName.Fit(name, TargetTable.NewSuffix);

    /// <summary>The name of an object of the source from the cut-over on.</summary>
    public static string OldName(string name) => PartitionName.Fit(name, TargetTable.OldSuffix);

    private static IEnumerable<QualifiedName> Indexed(
        IndexDescription index,
        IReadOnlyList<QualifiedName> partitions,
        int? newest
    ) => index.IsUnique || newest is null ? partitions : partitions.Skip(Math.Max(0, partitions.Count - newest.Value));

    /// <summary>The index of the whole table, without any of a partition's.</summary>
    /// <param name="index">The source's.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="parent">The partitioned table.</param>
    public string OnParent(IndexDescription index, string name, QualifiedName parent) =>
        index.ConstraintName is null
            ? WithKey(index).DefinitionOn(name, $"ONLY {parent}")
            : $"ALTER TABLE ONLY {parent} ADD CONSTRAINT {SqlText.Name(name)} UNIQUE {OfConstraint(WithKey(index))}";

    // A constraint has before its columns what an index has behind them.
    private static string OfConstraint(IndexDescription index)
    {
        const string Alike = " NULLS NOT DISTINCT";
        string body = index.Body[index.Body.IndexOf('(', StringComparison.Ordinal)..];
        int at = index.AreNullsDistinct ? -1 : body.LastIndexOf(Alike, StringComparison.Ordinal);
        string space = index.Tablespace is null ? "" : $" USING INDEX TABLESPACE {SqlText.Name(index.Tablespace)}";
        return (at < 0 ? body : Alike.TrimStart() + " " + body.Remove(at, Alike.Length)) + space;
    }

    private QualifiedName OnPartition(QualifiedName index, QualifiedName partition) =>
        OnPartition(index.Name, partition);

    /// <summary>orders_status_idx becomes orders_p2024_01_status_idx.</summary>
    public QualifiedName OnPartition(string name, QualifiedName partition)
    {
        string prefix = table.Name.Name + "_";
        string rest = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;
        return partition.WithName(PartitionName.Fit($"{partition.Name}_{rest}", ""));
    }

    /// <summary>A unique index of a partitioned table must have the partition key.</summary>
    public IndexDescription WithKey(IndexDescription index) =>
        index.IsUnique && !index.Keys.Contains(layout.Key) ? index with { Body = InsertKey(index.Body) } : index;

    private string InsertKey(string body)
    {
        int open = body.IndexOf('(', StringComparison.Ordinal);
        int close = FindClosing(body, open);
        return $"{body[..close]}, {SqlText.Name(layout.Key)}{body[close..]}";
    }

    // Brackets in names and constants do not count.
    private static int FindClosing(string body, int open)
    {
        int depth = 0;
        char quote = '\0';
        for (int at = open; at < body.Length; at++)
        {
            char letter = body[at];
            if (quote != '\0')
            {
                quote = letter == quote ? '\0' : quote;
                continue;
            }
            quote = letter is '"' or '\'' ? letter : quote;
            depth += letter == '(' ? 1 : 0;
            depth -= letter == ')' ? 1 : 0;
            if (depth == 0)
            {
                return at;
            }
        }
        throw new InvalidOperationException($"index body without end: {body}");
    }

    private static string Regclass(QualifiedName name) => $"to_regclass({SqlText.Literal(name.ToString())})";
}
