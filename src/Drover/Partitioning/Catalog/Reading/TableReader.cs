// The relation's own row in pg_class, its place among tables, its labels and its size.
using Npgsql;

namespace Drover.Partitioning.Catalog.Reading;

internal static class TableReader
{
    private const string Relation = """
        SELECT c.oid, n.nspname, c.relname, c.relkind::text, c.relpersistence::text, pg_get_userbyid(c.relowner)::text,
               coalesce(am.amname, '')::text, ts.spcname::text, c.reloptions, t.reloptions,
               obj_description(c.oid, 'pg_class'), c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text,
               c.relispartition, CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
               (SELECT e.extname::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                  AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
               n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast'),
               (SELECT array_agg(DISTINCT CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END)
                FROM pg_default_acl a, aclexplode(a.defaclacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
                WHERE a.defaclrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
                  AND a.defaclobjtype = 'r'
                  AND a.defaclnamespace IN (0, n.oid))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
        LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
        WHERE c.oid = $1
        """;

    private const string Size = """
        SELECT c.reltuples::float8, coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::int,
               coalesce(pg_relation_size(c.oid), 0), coalesce(pg_table_size(c.oid) - pg_relation_size(c.oid), 0),
               coalesce(pg_indexes_size(c.oid), 0)
        FROM pg_class c WHERE c.oid = $1
        """;

    private const string Parents = """
        SELECT n.nspname, c.relname
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE i.inhrelid = $1 ORDER BY i.inhseqno
        """;

    private const string Children = """
        SELECT n.nspname, c.relname
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE i.inhparent = $1 ORDER BY 1, 2
        """;

    private const string Labels = """
        SELECT l.provider, l.label, a.attname::text
        FROM pg_seclabel l
        LEFT JOIN pg_attribute a ON a.attrelid = l.objoid AND a.attnum = l.objsubid AND l.objsubid > 0
        WHERE l.classoid = 'pg_class'::regclass AND l.objoid = $1 ORDER BY l.objsubid, l.provider
        """;

    /// <summary>The table without columns, keys and the rest; null if there is no such relation.</summary>
    public static async Task<TableDescription?> FindAsync(CatalogQuery query, uint oid)
    {
        TableDescription? table = await query.FindAsync(Relation, oid, row => Read(row, query.ServerMajor));
        return table is null
            ? null
            : table with
            {
                Parents = await query.ListAsync(Parents, oid, row => row.Name(0, 1)),
                Children = await query.ListAsync(Children, oid, row => row.Name(0, 1)),
                SecurityLabels = await query.ListAsync(
                    Labels,
                    oid,
                    row => new SecurityLabel(row.GetString(0), row.GetString(1), row.TextOrNull(2))
                ),
                Size = (await query.FindAsync(Size, oid, ReadSize))!,
            };
    }

    private static TableDescription Read(NpgsqlDataReader row, int major) =>
        new()
        {
            ServerMajor = major,
            Oid = row.GetFieldValue<uint>(0),
            Name = row.Name(1, 2),
            Kind = Kind(row.GetString(3)),
            Persistence = row.Persistence(4),
            Owner = row.GetString(5),
            AccessMethod = row.GetString(6),
            Tablespace = row.TextOrNull(7),
            Options = row.Texts(8),
            ToastOptions = row.Texts(9),
            Comment = row.TextOrNull(10),
            IsRowSecurityEnabled = row.GetBoolean(11),
            IsRowSecurityForced = row.GetBoolean(12),
            ReplicaIdentity = row.GetString(13) switch
            {
                "n" => ReplicaIdentity.Nothing,
                "f" => ReplicaIdentity.Full,
                "i" => ReplicaIdentity.Index,
                _ => ReplicaIdentity.Default,
            },
            IsPartition = row.GetBoolean(14),
            OfType = row.TextOrNull(15),
            Extension = row.TextOrNull(16),
            IsSystem = row.GetBoolean(17),
            DefaultPrivilegeGrantees = row.Texts(18),
            Access = new AccessList(IsDefault: true, []),
            Columns = [],
            Dependents = DependentObjects.None,
            Size = new()
            {
                EstimatedRows = 0,
                Blocks = 0,
                HeapBytes = 0,
                ToastBytes = 0,
                IndexBytes = 0,
            },
        };

    private static TableSize ReadSize(NpgsqlDataReader row) =>
        new()
        {
            EstimatedRows = row.GetDouble(0),
            Blocks = row.GetInt64(1),
            HeapBytes = row.GetInt64(2),
            ToastBytes = row.GetInt64(3),
            IndexBytes = row.GetInt64(4),
        };

    private static RelationKind Kind(string kind) =>
        kind switch
        {
            "r" => RelationKind.Table,
            "p" => RelationKind.PartitionedTable,
            "v" => RelationKind.View,
            "m" => RelationKind.MaterializedView,
            "f" => RelationKind.ForeignTable,
            "c" => RelationKind.CompositeType,
            "S" => RelationKind.Sequence,
            _ => RelationKind.Other,
        };
}
