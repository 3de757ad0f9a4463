// A table that statements name: its columns with their statistics, its size, how it is written to.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Indexes;

/// <summary>A column, as ANALYZE has seen it (https://www.postgresql.org/docs/18/view-pg-stats.html).</summary>
/// <param name="Name">As the catalogs have it.</param>
/// <param name="Quoted">As SQL has it.</param>
/// <param name="IsIndexable">Its type has an order, and its values are not too wide for a B-tree.</param>
/// <param name="Width">Bytes of a value, on average.</param>
/// <param name="Distinct">Different values; 0 when nothing is known.</param>
/// <param name="NullShare">Share of rows where it is NULL.</param>
/// <param name="TrueShare">Of a boolean, the share of rows where it is true; else null.</param>
/// <param name="Correlation">Of its order with the table's.</param>
internal sealed record WorkloadColumn(
    string Name,
    string Quoted,
    bool IsIndexable,
    double Width,
    double Distinct,
    double NullShare,
    double? TrueShare,
    double Correlation
);

/// <summary>A table or materialized view; a partitioned table stands for its partitions.</summary>
internal sealed record WorkloadTable(string Schema, string Name, string Quoted, bool IsPartitioned)
{
    /// <summary>The schema, as SQL has it.</summary>
    public required string QuotedSchema { get; init; }

    /// <summary>By name.</summary>
    public required IReadOnlyDictionary<string, WorkloadColumn> Columns { get; init; }

    /// <summary>The heap alone.</summary>
    public required long Bytes { get; init; }

    /// <summary>The planner's estimate.</summary>
    public required double Rows { get; init; }

    /// <summary>Leaves of a partitioned table, quoted in full; else itself.</summary>
    public required IReadOnlyList<string> Heaps { get; init; }

    /// <summary>Rows put in, a day.</summary>
    public required double InsertsPerDay { get; init; }

    /// <summary>Rows changed without touching an index, a day.</summary>
    public required double HotUpdatesPerDay { get; init; }

    /// <summary>Rows changed with new entries in every index, a day.</summary>
    public required double OtherUpdatesPerDay { get; init; }

    /// <summary>Rows put in, changed and deleted, a day.</summary>
    public required double ChangesPerDay { get; init; }

    /// <summary>Row security policies decide who sees which rows of it, or of a table below it.</summary>
    public required bool HasRowSecurity { get; init; }

    /// <summary>Indexes that it has.</summary>
    public required int Indexes { get; init; }

    /// <summary>8 kB pages of the heap.</summary>
    public double Pages => Math.Max(1, Bytes / 8192.0);

    private const string Sql = """
        WITH theirs AS MATERIALIZED (
            SELECT f.oid FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_roles r ON r.oid = f.proowner
            WHERE NOT r.rolsuper AND r.rolname <> current_user
        ), untrusted AS MATERIALIZED (
            SELECT 'pg_catalog.pg_proc'::regclass::oid AS class, oid FROM theirs
            UNION ALL SELECT 'pg_catalog.pg_operator'::regclass::oid, o.oid
            FROM pg_catalog.pg_operator o JOIN theirs f ON f.oid = o.oprcode::oid
        ), wanted AS (
            SELECT c.oid, n.nspname, c.relname, c.relkind, c.relnamespace,
                   ARRAY(SELECT p.relid::oid FROM pg_catalog.pg_partition_tree(c.oid) p WHERE p.isleaf) AS leaves,
                   ARRAY(WITH RECURSIVE below (oid) AS (
                             SELECT c.oid UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits h
                             JOIN below b ON h.inhparent = b.oid)
                         SELECT b.oid FROM below b) AS family
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = ANY ($1) AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
              AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'drover') AND n.nspname !~ '^pg_(toast|temp)'
        )
        SELECT w.nspname::text, w.relname::text, format('%I.%I', w.nspname, w.relname), w.relkind = 'p',
               z.bytes, z.rows, z.heaps, z.ins / d.days, z.hot / d.days, z.other / d.days,
               (SELECT count(*)::int FROM pg_catalog.pg_index i WHERE i.indrelid = w.oid),
               format('%I', w.nspname), (z.ins + z.hot + z.other + z.del) / d.days,
               EXISTS (SELECT FROM pg_catalog.pg_class s WHERE s.oid = ANY (w.family) AND s.relrowsecurity)
        FROM wanted w
        CROSS JOIN (SELECT greatest(extract(epoch FROM clock_timestamp()
                               - coalesce(stats_reset, pg_postmaster_start_time()))::float8 / 86400, 1.0 / 24) AS days
                    FROM pg_catalog.pg_stat_database WHERE datname = current_database()) d
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(pg_relation_size(h.oid)), 0)::bigint AS bytes,
                   coalesce(sum(greatest(h.reltuples, 0)), 0)::float8 AS rows,
                   array_agg(format('%I.%I', hn.nspname, h.relname) ORDER BY pg_relation_size(h.oid) DESC) AS heaps,
                   coalesce(sum(s.n_tup_ins), 0)::float8 AS ins, coalesce(sum(s.n_tup_hot_upd), 0)::float8 AS hot,
                   coalesce(sum(s.n_tup_upd - s.n_tup_hot_upd), 0)::float8 AS other,
                   coalesce(sum(s.n_tup_del), 0)::float8 AS del
            FROM pg_catalog.pg_class h JOIN pg_catalog.pg_namespace hn ON hn.oid = h.relnamespace
            LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = h.oid
            WHERE h.oid = ANY (CASE WHEN w.relkind = 'p' THEN w.leaves ELSE ARRAY[w.oid] END)
              AND h.relkind IN ('r', 'm')
        ) z
        WHERE NOT EXISTS (
            -- The rewriter puts a rule's queries in, whatever is in them.
            SELECT FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class o ON o.oid = r.ev_class
            WHERE r.ev_class = ANY (w.family) AND o.relkind <> 'm'
        ) AND NOT EXISTS (
            -- What planning would evaluate of a table, or of one below it, must not be another role's function.
            SELECT FROM untrusted u
            JOIN pg_catalog.pg_depend e ON e.refclassid = u.class AND e.refobjid = u.oid
            WHERE e.objid = ANY (w.family)
               OR e.objid IN (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = ANY (w.family))
               OR e.objid IN (SELECT k.oid FROM pg_catalog.pg_constraint k WHERE k.conrelid = ANY (w.family))
               OR e.objid IN (SELECT p.oid FROM pg_catalog.pg_policy p WHERE p.polrelid = ANY (w.family))
               OR e.objid IN (SELECT v.oid FROM pg_catalog.pg_attrdef v WHERE v.adrelid = ANY (w.family))
               OR e.objid IN (SELECT x.oid FROM pg_catalog.pg_statistic_ext x WHERE x.stxrelid = ANY (w.family))
        ) AND NOT (
            -- A constant that is put into a column of somebody's type is converted by that type's casts.
            EXISTS (SELECT FROM pg_catalog.pg_cast k JOIN untrusted u ON u.oid = k.castfunc)
            AND EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                        WHERE a.attrelid = ANY (w.family) AND a.attnum > 0
                          AND t.typnamespace <> 'pg_catalog'::regnamespace)
        )
        """;

    private const string ColumnsSql = """
        SELECT n.nspname || '.' || c.relname, a.attname::text, format('%I', a.attname),
               t.typcategory NOT IN ('G', 'U', 'P', 'C', 'R', 'A') OR t.typname IN ('uuid', 'bytea'),
               coalesce(s.avg_width, CASE WHEN t.typlen > 0 THEN t.typlen ELSE 16 END)::float8,
               coalesce(CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * greatest(c.reltuples, 0)
                             ELSE s.n_distinct END, 0)::float8,
               coalesce(s.null_frac, 0)::float8,
               CASE WHEN a.atttypid = 'pg_catalog.bool'::regtype THEN (
                   SELECT sum(f.share) FROM unnest(s.most_common_vals::text::text[], s.most_common_freqs)
                       f (value, share) WHERE f.value = 't')::float8 END,
               coalesce(s.correlation, 0)::float8
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        -- One column after the other: with thousands of tables the planner would join it all with itself.
        LEFT JOIN LATERAL (
            SELECT * FROM pg_catalog.pg_stats v WHERE v.schemaname = n.nspname AND v.tablename = c.relname
               AND v.attname = a.attname AND v.inherited = (c.relkind = 'p') OFFSET 0
        ) s ON true
        WHERE c.relname = ANY ($1) AND c.relkind IN ('r', 'p', 'm')
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'drover')
        """;

    private const string LargeSql = """
        SELECT DISTINCT c.relname::text FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = ANY ($1) AND (c.relkind = 'p' OR c.relkind IN ('r', 'm') AND pg_relation_size(c.oid) >= $2)
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'drover') AND n.nspname !~ '^pg_(toast|temp)'
        """;

    private const double KeyWidthMax = 250;

    /// <summary>Those of some names that a table has whose heap is not small, or that is partitioned.</summary>
    public static async Task<HashSet<string>> LargeAsync(
        NpgsqlConnection connection,
        string[] names,
        long bytesMin,
        CancellationToken cancellation
    ) => [.. await connection.ListAsync(LargeSql, [names, bytesMin], static row => row.GetString(0), cancellation)];

    /// <summary>Reads the tables of some names, in every schema.</summary>
    public static async Task<List<WorkloadTable>> ReadAsync(
        NpgsqlConnection connection,
        string[] names,
        CancellationToken cancellation
    )
    {
        List<(string Table, WorkloadColumn Column)> columns = await connection.ListAsync(
            ColumnsSql,
            [names],
            static row => (row.GetString(0), ColumnOf(row)),
            cancellation
        );
        ILookup<string, WorkloadColumn> byTable = columns.ToLookup(static one => one.Table, static one => one.Column);
        return await connection.ListAsync(Sql, [names], row => TableOf(row, byTable), cancellation);
    }

    private static WorkloadColumn ColumnOf(NpgsqlDataReader row) =>
        new(
            row.GetString(1),
            row.GetString(2),
            row.GetBoolean(3) && row.GetDouble(4) <= KeyWidthMax,
            row.GetDouble(4),
            row.GetDouble(5),
            row.GetDouble(6),
            row.IsDBNull(7) ? null : row.GetDouble(7),
            row.GetDouble(8)
        );

    private static WorkloadTable TableOf(NpgsqlDataReader row, ILookup<string, WorkloadColumn> columns) =>
        new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetBoolean(3))
        {
            Columns = columns[$"{row.GetString(0)}.{row.GetString(1)}"].ToDictionary(static one => one.Name),
            Bytes = row.GetInt64(4),
            Rows = row.GetDouble(5),
            Heaps = row.IsDBNull(6) ? [] : row.GetFieldValue<string[]>(6),
            InsertsPerDay = row.GetDouble(7),
            HotUpdatesPerDay = row.GetDouble(8),
            OtherUpdatesPerDay = row.GetDouble(9),
            Indexes = row.GetInt32(10),
            QuotedSchema = row.GetString(11),
            ChangesPerDay = row.GetDouble(12),
            HasRowSecurity = row.GetBoolean(13),
        };
}
