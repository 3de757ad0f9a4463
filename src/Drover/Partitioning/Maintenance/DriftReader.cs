// Finds where partitions differ from their table and from each other, and how each difference is mended.
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Maintenance;

/// <summary>
/// Finds indexes that are invalid, or that the table has and a partition lacks, or that lie on partitions on both sides
/// of one that lacks them; and partitions with another owner or replica identity. An index that only recent partitions
/// have is no drift: it may be limited to them on purpose.
/// </summary>
/// <param name="session">The connection.</param>
internal sealed class DriftReader(MaintenanceSession session)
{
    // Indexes of partitions, with what they are made of: the definition after USING, which names no table.
    private const string IndexesSql = """
        SELECT i.indrelid, i.indexrelid, n.nspname, x.relname, i.indisvalid AND i.indisready, i.indisunique,
            substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*$'), coalesce(h.inhparent, 0::oid),
            EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
        LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
        WHERE i.indrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = $1::bigint::oid)
            OR i.indrelid = $1::bigint::oid
        ORDER BY x.relname
        """;

    private sealed record Index(
        uint Relation,
        uint Oid,
        QualifiedName Name,
        bool IsValid,
        bool IsUnique,
        string Body,
        uint Parent,
        bool IsConstraint
    );

    /// <summary>The actions that mend what was found.</summary>
    public async Task<IReadOnlyList<MaintenanceAction>> ReadAsync(
        PartitionTree tree,
        CancellationToken cancellationToken
    )
    {
        List<Index> indexes = await session.RowsAsync(
            IndexesSql,
            static row => new Index(
                row.GetFieldValue<uint>(0),
                row.GetFieldValue<uint>(1),
                new QualifiedName(row.GetString(2), row.GetString(3)),
                row.GetBoolean(4),
                row.GetBoolean(5),
                row.GetString(6),
                row.GetFieldValue<uint>(7),
                row.GetBoolean(8)
            ),
            cancellationToken,
            (long)tree.Oid
        );
        Partition[] tables =
        [
            .. tree.Ranges.Where(IsMendable),
            .. tree.Partitions.Where(p => p.IsDefault && IsMendable(p)),
        ];
        Index[] parents = [.. indexes.Where(index => index.Relation == tree.Oid)];
        List<MaintenanceAction> actions = [];
        foreach (Index broken in indexes.Where(index => !index.IsValid && index.Relation != tree.Oid))
        {
            if (tables.FirstOrDefault(partition => partition.Oid == broken.Relation) is { } partition)
            {
                string sql = $"REINDEX INDEX CONCURRENTLY {broken.Name}";
                actions.Add(Mend(broken.Name, $"rebuild {broken.Name}, which is invalid", [sql], partition));
            }
        }
        foreach (Index parent in parents.Where(index => !index.IsConstraint))
        {
            IEnumerable<Partition> lacking = tables.Where(partition =>
                !indexes.Any(index => index.Relation == partition.Oid && index.Parent == parent.Oid)
            );
            actions.AddRange(lacking.Select(partition => AddChild(tree, parent, partition, indexes)));
        }
        actions.AddRange(Holes(tree, tables, indexes));
        actions.AddRange(tables.SelectMany(partition => MendPartition(tree, partition)));
        return actions;
    }

    private static bool IsMendable(Partition partition) => partition is { IsTable: true, IsDetachPending: false };

    // The table's own index is invalid until every partition has one that is attached to it.
    private static MaintenanceAction AddChild(
        PartitionTree tree,
        Index parent,
        Partition partition,
        List<Index> indexes
    )
    {
        Index? equal = indexes.FirstOrDefault(index =>
            index.Relation == partition.Oid
            && index is { Parent: 0, IsValid: true }
            && index.Body == parent.Body
            && index.IsUnique == parent.IsUnique
        );
        QualifiedName name = equal?.Name ?? partition.Name.WithName(NameFor(partition, parent.Name.Name, tree));
        List<string> sql = [];
        if (equal is null)
        {
            sql.Add(Create(name, partition, parent));
        }
        sql.Add($"ALTER INDEX {parent.Name} ATTACH PARTITION {name}");
        return Mend(name, $"give {partition.Name} its part of index {parent.Name}", sql, partition);
    }

    private static IEnumerable<MaintenanceAction> Holes(PartitionTree tree, Partition[] tables, List<Index> indexes)
    {
        Partition[] ranges = [.. tables.Where(partition => !partition.IsDefault)];
        var own = indexes
            .Where(index => index is { Parent: 0, IsConstraint: false } && index.Relation != tree.Oid)
            .GroupBy(index => (index.Body, index.IsUnique));
        foreach (var equal in own)
        {
            int[] at =
            [
                .. equal.Select(index => Array.FindIndex(ranges, p => p.Oid == index.Relation)).Where(i => i >= 0),
            ];
            if (at.Length < 2)
            {
                continue;
            }
            for (int i = at.Min(); i < at.Max(); i++)
            {
                // An attached index of the same shape serves as well.
                Partition partition = ranges[i];
                bool has = indexes.Any(index => index.Relation == partition.Oid && index.Body == equal.Key.Body);
                if (!has)
                {
                    Index model = equal.First();
                    QualifiedName name = partition.Name.WithName(NameFor(partition, model.Name.Name, tree));
                    string title = $"give {partition.Name} the index that partitions before and after it have";
                    yield return Mend(name, title, [Create(name, partition, model)], partition);
                }
            }
        }
    }

    private static IEnumerable<MaintenanceAction> MendPartition(PartitionTree tree, Partition partition)
    {
        List<string> sql = [];
        if (partition.Owner != tree.Owner)
        {
            sql.Add($"ALTER TABLE {partition.Name} OWNER TO {SqlText.Name(tree.Owner)}");
        }
        if (tree.ReplicaIdentity is 'f' or 'n' && partition.ReplicaIdentity != tree.ReplicaIdentity)
        {
            sql.Add(
                $"ALTER TABLE {partition.Name} REPLICA IDENTITY {(tree.ReplicaIdentity == 'f' ? "FULL" : "NOTHING")}"
            );
        }
        if (sql.Count > 0)
        {
            string title = $"bring owner and replica identity of {partition.Name} in line with the table's";
            yield return Mend(partition.Name, title, sql, partition) with
            {
                Kind = MaintenanceKind.MendPartition,
                Locks = [new LockClaim(TableLockMode.AccessExclusive, partition.Name.ToString())],
            };
        }
    }

    private static string Create(QualifiedName name, Partition partition, Index model) =>
        $"CREATE {(model.IsUnique ? "UNIQUE " : "")}INDEX CONCURRENTLY {SqlText.Name(name.Name)} ON {partition.Name}"
        + model.Body;

    // orders_p2026_11 + orders_status_idx → orders_p2026_11_status_idx, as PostgreSQL's own names look.
    private static string NameFor(Partition partition, string model, PartitionTree tree)
    {
        string suffix = model.StartsWith(tree.Table.Name + "_", StringComparison.Ordinal)
            ? model[tree.Table.Name.Length..]
            : "_" + model;
        return Bounds.PartitionName.Fit(partition.Name.Name + suffix, "");
    }

    private static MaintenanceAction Mend(
        QualifiedName name,
        string title,
        IReadOnlyList<string> sql,
        Partition partition
    ) =>
        new()
        {
            Kind = MaintenanceKind.MendIndex,
            Subject = name,
            Title = title,
            Sql = sql,
            Oid = partition.Oid,
            Locks = [new LockClaim(TableLockMode.ShareUpdateExclusive, partition.Name.ToString())],
        };
}
