// B-trees that are much larger than their entries need.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>
/// Expected size: entries of 8 bytes header, the columns' average widths aligned to 8, and 4 of line pointer, in pages
/// nine tenths full. Deduplication makes a B-tree smaller than that, so what is found is bloat, and some is not found.
/// </summary>
internal static class IndexBloatAdvice
{
    private const string Sql = """
        SELECT format('%I.%I', n.nspname, c.relname), format('%I.%I', n.nspname, t.relname), pg_relation_size(c.oid),
               (ceil(c.reltuples / floor((b.size - 40) * coalesce(o.fillfactor, 90) / 100.0
                   / (8 + 4 + ceil(w.width / 8) * 8))) * b.size)::bigint
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'btree'
        JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN (SELECT current_setting('block_size')::int AS size) b
        CROSS JOIN LATERAL (
            SELECT sum(s.avg_width)::float8 AS width, count(*) AS known
            FROM unnest(i.indkey::int2[]) k (number)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
            JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = t.relname
                 AND s.attname = a.attname AND NOT s.inherited
        ) w
        LEFT JOIN LATERAL (
            SELECT v.option_value::int AS fillfactor FROM pg_catalog.pg_options_to_table(c.reloptions) v
            WHERE v.option_name = 'fillfactor'
        ) o ON true
        WHERE i.indisvalid AND c.relkind = 'i' AND c.reltuples > 0 AND w.known = i.indnatts
          AND c.relpages >= $1 / b.size AND pg_relation_size(c.oid) >= $1
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'drover')
        """;

    /// <summary>One for each index that is bloated.</summary>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        List<(string Name, string Table, long Bytes, long Expected)> indexes = await connection.ListAsync(
            Sql,
            [limits.IndexBloatBytes],
            static row => (row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3)),
            cancellation
        );
        return indexes
            .Where(one => one.Bytes - one.Expected >= limits.IndexBloatBytes)
            .Where(one => one.Bytes - one.Expected >= limits.IndexBloatShare * one.Bytes)
            .Select(static one => Of(one.Name, one.Table, one.Bytes, one.Bytes - one.Expected));
    }

    private static Recommendation Of(string name, string table, long bytes, long bloat) =>
        new(
            "bloated-index",
            name,
            Gain.Space,
            bloat,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{ByteText.Of(bloat)} of {ByteText.Of(bytes)} of this index of {table} are empty by estimate"
            ),
            $"{ByteText.Of(bloat)} of disk, and of cache for every scan",
            $"{ByteText.Of(bytes - bloat)} of disk meanwhile; it is built anew beside the traffic",
            "an estimate: pgstatindex tells exactly. What fails leaves an invalid index with the ending _ccnew",
            $"REINDEX INDEX CONCURRENTLY {name}",
            ""
        )
        {
            FreedBytes = bloat,
        };
}
