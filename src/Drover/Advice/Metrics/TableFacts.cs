// What is known of each table: size, rows, scans, dead rows, and an estimate of its bloat.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>One table or materialized view; partitions count each for itself.</summary>
/// <param name="Name">Qualified, quoted where it must be.</param>
/// <param name="Bytes">The heap alone.</param>
/// <param name="TotalBytes">With indexes and TOAST.</param>
/// <param name="Rows">The planner's estimate; -1 when never analysed.</param>
/// <param name="DeadRows">By the statistics collector.</param>
/// <param name="SequentialScans">Since the counters began.</param>
/// <param name="IndexScans">Since the counters began.</param>
/// <param name="ExpectedBytes">What the heap would take if it were written anew; null when that is not known.</param>
/// <param name="FrozenAge">Transactions since its rows were last frozen.</param>
/// <param name="VacuumedAt">By hand or by autovacuum.</param>
/// <param name="Parent">Of a partition, the table at the root of its tree.</param>
internal sealed record TableFacts(
    string Name,
    long Bytes,
    long TotalBytes,
    double Rows,
    long DeadRows,
    long SequentialScans,
    long IndexScans,
    long? ExpectedBytes,
    int FrozenAge,
    DateTimeOffset? VacuumedAt,
    string? Parent = null
)
{
    /// <summary>
    /// Bytes per row: its header of 23 bytes (24 aligned) and the columns' average widths, aligned to 8, and 4 of line
    /// pointer; per page 24 bytes less (https://www.postgresql.org/docs/18/storage-page-layout.html). Alignment between
    /// columns is not counted and widths are averages of a sample, so the estimate can be a tenth off either way.
    /// </summary>
    private const string Sql = """
        SELECT format('%I.%I', n.nspname, c.relname), coalesce(pg_relation_size(c.oid), 0),
               coalesce(pg_total_relation_size(c.oid), 0),
               c.reltuples::float8, coalesce(s.n_dead_tup, 0), coalesce(s.seq_scan, 0), coalesce(s.idx_scan, 0),
               CASE WHEN c.reltuples > 0 AND w.width IS NOT NULL THEN
                   (ceil(c.reltuples * (ceil((24 + w.width) / 8) * 8 + 4)
                       / ((b.size - 24) * coalesce(o.fillfactor, 100) / 100.0)) * b.size)::bigint END,
               CASE WHEN c.relfrozenxid <> '0' THEN age(c.relfrozenxid) ELSE 0 END,
               greatest(s.last_vacuum, s.last_autovacuum), r.name
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN (SELECT current_setting('block_size')::int AS size) b
        LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
        LEFT JOIN LATERAL (
            SELECT sum((1 - p.null_frac) * p.avg_width) AS width FROM pg_catalog.pg_stats p
            WHERE p.schemaname = n.nspname AND p.tablename = c.relname AND NOT p.inherited
        ) w ON true
        LEFT JOIN LATERAL (
            SELECT v.option_value::int AS fillfactor FROM pg_catalog.pg_options_to_table(c.reloptions) v
            WHERE v.option_name = 'fillfactor'
        ) o ON true
        LEFT JOIN LATERAL (
            SELECT format('%I.%I', rn.nspname, rc.relname) AS name FROM pg_catalog.pg_class rc
            JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
            WHERE c.relispartition AND rc.oid = pg_catalog.pg_partition_root(c.oid)
        ) r ON true
        WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT LIKE 'pg\_temp%' AND c.relpersistence <> 't'
        ORDER BY 3 DESC
        """;

    /// <summary>pgstattuple_approx read the table; else what is expected is an estimate.</summary>
    public bool IsBloatMeasured { get; init; }

    /// <summary>Bytes that a rewrite would give back; 0 when nothing is known.</summary>
    public long BloatBytes => ExpectedBytes is { } expected ? Math.Max(0, Bytes - expected) : 0;

    /// <summary>Reads all, the largest first.</summary>
    public static Task<List<TableFacts>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.ListAsync(
            Sql,
            [],
            static row => new TableFacts(
                row.GetString(0),
                row.GetInt64(1),
                row.GetInt64(2),
                row.GetDouble(3),
                row.GetInt64(4),
                row.GetInt64(5),
                row.GetInt64(6),
                row.IsDBNull(7) ? null : row.GetInt64(7),
                row.GetInt32(8),
                row.Instant(9),
                row.Text(10)
            ),
            cancellation
        );
}
