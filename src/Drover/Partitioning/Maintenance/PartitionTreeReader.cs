// Reads a partitioned table and its partitions from the catalogs.
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Maintenance;

/// <summary>Reads a <see cref="PartitionTree"/>.</summary>
internal static class PartitionTreeReader
{
    private const string ParentSql = """
        SELECT c.oid, n.nspname, c.relname, c.relkind = 'p', coalesce(p.partstrat::text, ''), p.partnatts, a.attname,
            format_type(a.atttypid, a.atttypmod), pg_get_userbyid(c.relowner), c.relreplident::text,
            c.relrowsecurity, c.relforcerowsecurity,
            (SELECT spcname FROM pg_tablespace t WHERE t.oid = c.reltablespace), clock_timestamp(), c.relispartition
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
        WHERE c.oid = to_regclass($1)
        """;

    private const string PartitionsSql = """
        SELECT c.oid, n.nspname, c.relname, c.relkind = 'r', pg_get_expr(c.relpartbound, c.oid), i.inhdetachpending,
            pg_get_userbyid(c.relowner), c.relreplident::text, coalesce(c.reloptions, '{}') || ARRAY(
                SELECT 'toast.' || o FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = c.reltoastrelid),
            c.relrowsecurity,
            obj_description(c.oid, 'pg_class'), c.reltuples::float8, pg_total_relation_size(c.oid)
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE i.inhparent = $1 ORDER BY c.relname
        """;

    // A grant of the owner to itself is there from the beginning; column grants follow.
    private const string GrantsSql = """
        SELECT format('GRANT %s ON %%s TO %s%s', a.privilege_type,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = $1 AND a.grantee <> c.relowner
        UNION ALL
        SELECT format('GRANT %s (%I) ON %%s TO %s%s', a.privilege_type, t.attname,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = $1 AND NOT t.attisdropped
        ORDER BY 1
        """;

    private const string ColumnsSql = """
        SELECT attname FROM pg_attribute
        WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
        """;

    private const string IncomingSql = """
        SELECT format('%s (%s)', conrelid::regclass, conname) FROM pg_constraint
        WHERE contype = 'f' AND confrelid = $1 AND conparentid = 0 ORDER BY 1
        """;

    private const string ReferencedSql = """
        SELECT DISTINCT confrelid::regclass::text FROM pg_constraint
        WHERE contype = 'f' AND conrelid = $1 AND confrelid <> $1 ORDER BY 1
        """;

    /// <summary>Reads a table.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="table">Its name as SQL has it; the session's <c>search_path</c> counts.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationException">There is no such table, or it is not partitioned so.</exception>
    public static async Task<PartitionTree> ReadAsync(
        MaintenanceSession session,
        string table,
        CancellationToken cancellationToken
    )
    {
        List<PartitionTree> found = await session.RowsAsync(
            ParentSql,
            row => ReadParent(table, row),
            cancellationToken,
            table
        );
        PartitionTree tree = found.Count == 1 ? found[0] : throw Refuse($"there is no table {table}");
        object oid = (long)tree.Oid;
        string By(string sql) => sql.Replace("$1", "$1::bigint::oid", StringComparison.Ordinal);
        return tree with
        {
            Partitions = await session.RowsAsync(
                By(PartitionsSql),
                row => ReadPartition(tree.Kind, row),
                cancellationToken,
                oid
            ),
            Grants = await session.RowsAsync(By(GrantsSql), Text, cancellationToken, oid),
            Columns = await session.RowsAsync(By(ColumnsSql), Text, cancellationToken, oid),
            IncomingForeignKeys = await session.RowsAsync(By(IncomingSql), Text, cancellationToken, oid),
            ReferencedTables = await session.RowsAsync(By(ReferencedSql), Text, cancellationToken, oid),
        };
    }

    private static PartitionTree ReadParent(string table, NpgsqlDataReader row)
    {
        if (!row.GetBoolean(3) || row.GetString(4) != "r" || row.GetInt16(5) != 1 || row.IsDBNull(6))
        {
            throw Refuse(
                $"{table} is not partitioned by range over one column: drover partition plan converts a table"
            );
        }
        string type = row.GetString(7);
        if (!PartitionKeyKinds.TryOfType(type, out PartitionKeyKind? kind))
        {
            throw Refuse($"{table} is partitioned over a column of type {type}, which Drover cannot keep");
        }
        return new PartitionTree
        {
            Oid = row.GetFieldValue<uint>(0),
            Table = new QualifiedName(row.GetString(1), row.GetString(2)),
            KeyColumn = row.GetString(6),
            Kind = kind.Value,
            Owner = row.GetString(8),
            ReplicaIdentity = row.GetString(9)[0],
            HasRowSecurity = row.GetBoolean(10),
            ForcesRowSecurity = row.GetBoolean(11),
            Tablespace = row.IsDBNull(12) ? null : row.GetString(12),
            ServerNow = row.GetFieldValue<DateTimeOffset>(13),
        };
    }

    private static Partition ReadPartition(PartitionKeyKind kind, NpgsqlDataReader row)
    {
        QualifiedName name = new(row.GetString(1), row.GetString(2));
        string bound = row.IsDBNull(4) ? "(none)" : row.GetString(4);
        if (!BoundText.TryRead(bound, kind, out CatalogBound read, out string? problem))
        {
            throw Refuse($"the bound of partition {name} is not understood: {problem}");
        }
        return new Partition
        {
            Oid = row.GetFieldValue<uint>(0),
            Name = name,
            IsTable = row.GetBoolean(3),
            Range = read.Range,
            IsDetachPending = row.GetBoolean(5),
            Owner = row.GetString(6),
            ReplicaIdentity = row.GetString(7)[0],
            Options = row.GetFieldValue<string[]>(8),
            HasRowSecurity = row.GetBoolean(9),
            Comment = row.IsDBNull(10) ? null : row.GetString(10),
            EstimatedRows = row.GetDouble(11),
            Bytes = row.GetInt64(12),
        };
    }

    private static string Text(NpgsqlDataReader row) => row.GetString(0);

    private static OperationException Refuse(string message) => new(message, OperationOutcome.Refused);
}
