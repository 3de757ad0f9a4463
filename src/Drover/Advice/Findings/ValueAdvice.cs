// What values of columns say, as ANALYZE has seen them: keys near the end of int4, a tenant with most of the rows.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>Reads pg_stats; no value is told but how far a key is.</summary>
internal static class ValueAdvice
{
    // A column that a sequence of its own fills is looked at by SequenceAdvice.
    private const string KeySql = """
        SELECT format('%I.%I', n.nspname, c.relname), format('%I', a.attname), format_type(a.atttypid, NULL),
               (SELECT max(b::bigint) FROM unnest(s.histogram_bounds::text::text[]) b),
               CASE a.atttypid WHEN 'int2'::regtype THEN 32767 ELSE 2147483647 END
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
             AND a.atttypid IN ('int2'::regtype, 'int4'::regtype)
        CROSS JOIN LATERAL (
            SELECT v.histogram_bounds FROM pg_catalog.pg_stats v WHERE v.schemaname = n.nspname
               AND v.tablename = c.relname AND v.attname = a.attname AND NOT v.inherited OFFSET 0
        ) s
        WHERE i.indisprimary AND i.indnkeyatts = 1 AND c.relkind = 'r' AND s.histogram_bounds IS NOT NULL
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                          WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid
                            AND d.refobjsubid = a.attnum AND d.classid = 'pg_catalog.pg_class'::regclass
                            AND d.deptype IN ('a', 'i')
                            AND EXISTS (SELECT FROM pg_catalog.pg_class q WHERE q.oid = d.objid AND q.relkind = 'S'))
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'drover')
        """;

    // The column's name says that it is whose the row is: what other tables refer to, or what ends in _id.
    private const string SkewSql = """
        SELECT format('%I.%I', n.nspname, c.relname), format('%I', a.attname), s.most_common_freqs[1]::float8,
               abs(s.n_distinct)::float8, pg_relation_size(c.oid)
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attname ~ '_id$'
        CROSS JOIN LATERAL (
            SELECT v.most_common_freqs, v.n_distinct FROM pg_catalog.pg_stats v WHERE v.schemaname = n.nspname
               AND v.tablename = c.relname AND v.attname = a.attname AND NOT v.inherited OFFSET 0
        ) s
        WHERE c.relkind = 'r' AND c.relpages > 0 AND pg_relation_size(c.oid) >= $1 AND s.most_common_freqs[1] >= $2
          AND (s.n_distinct < 0 OR s.n_distinct >= 10)
          AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'drover')
        """;

    /// <summary>All of them.</summary>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        AdviceLimits limits,
        CancellationToken cancellation
    ) =>
        [
            .. (await connection.ListAsync(KeySql, [], row => Key(row, limits), cancellation)).OfType<Recommendation>(),
            .. await connection.ListAsync(SkewSql, [limits.SkewBytes, limits.SkewShare], Skew, cancellation),
        ];

    private static Recommendation? Key(NpgsqlDataReader row, AdviceLimits limits)
    {
        (string table, string column, string type) = (row.GetString(0), row.GetString(1), row.GetString(2));
        (long most, long end) = (row.IsDBNull(3) ? 0 : row.GetInt64(3), row.GetInt32(4));
        double share = (double)most / end;
        return share < limits.SequenceShare
            ? null
            : new Recommendation(
                "key-exhaustion",
                $"{table}.{column}",
                Gain.Safety,
                share,
                Text($"the primary key {column} of type {type} has come to {most:N0} of {end:N0} ({share:P0})"),
                "inserts go on; at the end each fails with SQLSTATE 22003",
                "ALTER TABLE … TYPE bigint writes the whole table under a lock that nobody passes",
                "columns that refer to it need the same; on a large table, fill a new bigint column in batches instead",
                $"ALTER TABLE {table} ALTER COLUMN {column} TYPE bigint",
                $"ALTER TABLE {table} ALTER COLUMN {column} TYPE {type}"
            );
    }

    private static Recommendation Skew(NpgsqlDataReader row)
    {
        (string table, string column, double share) = (row.GetString(0), row.GetString(1), row.GetDouble(2));
        return new Recommendation(
            "skewed-tenant",
            $"{table}.{column}",
            Gain.Time,
            row.GetInt64(4) * share,
            Text($"one {column} has {share:P0} of the rows of {table} ({ByteText.Of(row.GetInt64(4))})"),
            "plans that know of it: better statistics; and where it is sharded, a shard of its own for that one",
            "a longer ANALYZE",
            "generic plans of prepared statements hold for the others, and are slow for this one: plan_cache_mode",
            $"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 1000; ANALYZE {table}",
            $"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1; ANALYZE {table}"
        );
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
