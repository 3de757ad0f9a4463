// Foreign keys whose referencing columns no index begins with.
using System.Globalization;
using Drover.Advice.Indexes;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>Every DELETE and every change of the referenced key reads such a table from end to end.</summary>
internal static class ForeignKeyAdvice
{
    private const string Sql = """
        SELECT format('%I.%I', n.nspname, c.relname), format('%I.%I', pn.nspname, p.relname), f.conname::text,
               (SELECT string_agg(format('%I', a.attname), ', ' ORDER BY k.at)
                FROM unnest(f.conkey) WITH ORDINALITY k (number, at)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
               pg_relation_size(c.oid), greatest(c.reltuples, 0)::float8, coalesce(s.n_tup_del, 0),
               (SELECT format('%I', left(c.relname || '_' || string_agg(a.attname, '_' ORDER BY k.at), 59) || '_idx')
                FROM unnest(f.conkey) WITH ORDINALITY k (number, at)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
               format('%I', n.nspname),
               ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
                     WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey))
        FROM pg_catalog.pg_constraint f
        JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_class p ON p.oid = f.confrelid
        JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
        LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = p.oid
        WHERE f.contype = 'f' AND f.conparentid = 0 AND NOT c.relispartition AND c.relkind = 'r'
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_index i
              WHERE i.indrelid = f.conrelid AND i.indisvalid AND i.indpred IS NULL
                AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey
                AND f.conkey @> (i.indkey::int2[])[0:cardinality(f.conkey) - 1])
        ORDER BY 5 DESC
        """;

    /// <summary>One for each such key of a table that is not small, and that no proposed index begins with.</summary>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        IReadOnlyList<IndexProposal> proposals,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        List<(long Bytes, string Table, string[] Columns, Recommendation Advice)> found = await connection.ListAsync(
            Sql,
            [],
            static row => (row.GetInt64(4), row.GetString(0), row.GetFieldValue<string[]>(9), Of(row)),
            cancellation
        );
        return found
            .Where(key =>
                key.Bytes >= limits.SmallBytes && !proposals.Any(one => Serves(one.Candidate, key.Table, key.Columns))
            )
            .Select(static key => key.Advice);
    }

    private static bool Serves(IndexCandidate index, string table, string[] columns) =>
        index.Condition is null
        && index.Table.Quoted == table
        && index.Keys.Take(columns.Length).Select(static key => key.Name).ToHashSet().SetEquals(columns);

    private static Recommendation Of(NpgsqlDataReader row)
    {
        (string table, string parent, string key, string columns) = (
            row.GetString(0),
            row.GetString(1),
            row.GetString(2),
            row.GetString(3)
        );
        (long bytes, double rows, long deletes) = (row.GetInt64(4), row.GetDouble(5), row.GetInt64(6));
        (string index, string schema) = (row.GetString(7), row.GetString(8));
        return new Recommendation(
            "unindexed-foreign-key",
            $"{table}.{key}",
            Gain.Time,
            deletes * (double)bytes,
            Text($"no index of {table} ({ByteText.Of(bytes)}, {rows:N0} rows) begins with ({columns})"),
            Text($"a DELETE from {parent} reads the index instead of the table; it had {deletes:N0} so far"),
            "an index more to write and to keep; it is built beside the traffic, reading the table twice",
            $"none for results; where {parent} is never deleted from and nobody joins by ({columns}), it is not needed",
            $"CREATE INDEX CONCURRENTLY {index} ON {table} ({columns})",
            $"DROP INDEX CONCURRENTLY {schema}.{index}"
        )
        {
            Build = new IndexOrder(schema, index, table, IsPartitioned: false, $"({columns})"),
        };
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
