// What is known of each index that could be dropped by itself.
using Drover.Advice.Metrics;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>An index of a table; those of partitioned tables and their partitions cannot go alone.</summary>
/// <param name="Name">Qualified.</param>
/// <param name="Table">Qualified.</param>
/// <param name="Method">btree, gin …</param>
/// <param name="Keys">Per key column its definition, operator class, collation and order.</param>
/// <param name="Included">Columns of INCLUDE.</param>
/// <param name="Predicate">Of a partial index, or empty.</param>
/// <param name="IsUnique">It enforces uniqueness.</param>
/// <param name="IsNeeded">A constraint, a foreign key or the replica identity rests on it.</param>
/// <param name="IsValid">Finished and used by the planner.</param>
/// <param name="IsBuilding">CREATE or REINDEX … CONCURRENTLY is at work on its table, as far as is known.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Scans">Since the counters began.</param>
/// <param name="Definition">CREATE INDEX …</param>
internal sealed record IndexFacts(
    string Name,
    string Table,
    string Method,
    IReadOnlyList<string> Keys,
    IReadOnlyList<string> Included,
    string Predicate,
    bool IsUnique,
    bool IsNeeded,
    bool IsValid,
    bool IsBuilding,
    long Bytes,
    long Scans,
    string Definition
)
{
    /// <summary>Its oid, the same on every standby.</summary>
    public uint Oid { get; init; }

    /// <summary>Uniqueness is checked at once; a deferrable one is no arbiter of ON CONFLICT.</summary>
    public bool IsImmediate { get; init; } = true;

    /// <summary>Two NULLs are equal to it: UNIQUE NULLS NOT DISTINCT.</summary>
    public bool IsNullsNotDistinct { get; init; }

    /// <summary>How old it is; null where nothing tells.</summary>
    public IndexAge? Age { get; init; }

    private const string Sql = """
        SELECT format('%I.%I', n.nspname, c.relname), format('%I.%I', n.nspname, t.relname), m.amname::text,
               ARRAY(SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid, k, false), i.indclass[k - 1],
                                      i.indcollation[k - 1], i.indoption[k - 1])
                     FROM generate_series(1, i.indnkeyatts::int) k ORDER BY k),
               ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, false)
                     FROM generate_series(i.indnkeyatts + 1, i.indnatts::int) k ORDER BY 1),
               coalesce(pg_get_expr(i.indpred, i.indrelid), ''), i.indisunique,
               i.indisprimary OR i.indisexclusion OR i.indisreplident
                   OR EXISTS (SELECT FROM pg_catalog.pg_constraint q WHERE q.conindid = i.indexrelid),
               i.indisvalid AND i.indisready,
               -- Of another role's build all but the database is hidden. REINDEX has made all of a table's before.
               EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                       WHERE p.datname = current_database() AND (p.relid = i.indrelid OR p.relid IS NULL)),
               pg_relation_size(c.oid), coalesce(s.idx_scan, 0), pg_get_indexdef(i.indexrelid),
               i.indimmediate, i.indnullsnotdistinct, c.oid
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_am m ON m.oid = c.relam
        LEFT JOIN pg_catalog.pg_stat_all_indexes s ON s.indexrelid = i.indexrelid
        WHERE c.relkind = 'i' AND t.relkind IN ('r', 'm') AND t.relpersistence <> 't'
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid)
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'drover') AND n.nspname NOT LIKE 'pg\_toast%'
        ORDER BY 2, 1
        """;

    /// <summary>The index with the scans of standbys counted in.</summary>
    public IndexFacts With(IReadOnlyList<StandbyUse> standbys) =>
        this with
        {
            Scans = Scans + standbys.Sum(one => one.Scans.GetValueOrDefault(Oid)),
        };

    /// <summary>Reads them all.</summary>
    public static Task<List<IndexFacts>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        connection.ListAsync(
            Sql,
            [],
            static row => new IndexFacts(
                row.GetString(0),
                row.GetString(1),
                row.GetString(2),
                row.GetFieldValue<string[]>(3),
                row.GetFieldValue<string[]>(4),
                row.GetString(5),
                row.GetBoolean(6),
                row.GetBoolean(7),
                row.GetBoolean(8),
                row.GetBoolean(9),
                row.GetInt64(10),
                row.GetInt64(11),
                row.GetString(12)
            )
            {
                IsImmediate = row.GetBoolean(13),
                IsNullsNotDistinct = row.GetBoolean(14),
                Oid = row.GetFieldValue<uint>(15),
            },
            cancellation
        );
}
