// Indexes of a table or a materialized view.
using System.Collections.Immutable;
using Npgsql;

namespace Drover.Partitioning.Catalog.Reading;

internal static class IndexReader
{
    private const string Indexes = """
        SELECT x.oid, n.nspname, x.relname, am.amname,
               substr(def.text, length(format('CREATE %sINDEX %I ON %s%I.%I ',
                   CASE WHEN i.indisunique THEN 'UNIQUE ' END, x.relname,
                   CASE WHEN r.relkind = 'p' AND def.text LIKE '% ON ONLY %' THEN 'ONLY ' END,
                   n.nspname, r.relname)) + 1),
               i.indisunique, i.indisprimary, i.indisexclusion,
               NOT i.indnullsnotdistinct, i.indisvalid AND i.indisready AND i.indislive, i.indimmediate,
               i.indisclustered, i.indisreplident, keys.names, included.names, pg_get_expr(i.indpred, i.indrelid),
               ts.spcname::text, x.reloptions, obj_description(x.oid, 'pg_class'),
               (SELECT c.conname::text FROM pg_constraint c WHERE c.conindid = x.oid AND c.contype IN ('p', 'u', 'x')),
               targets.numbers, targets.targets, pg_relation_size(x.oid)
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
        JOIN pg_class r ON r.oid = i.indrelid JOIN pg_am am ON am.oid = x.relam
        LEFT JOIN pg_tablespace ts ON ts.oid = x.reltablespace
        CROSS JOIN LATERAL (SELECT pg_get_indexdef(x.oid) AS text) def
        LEFT JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY k.n) AS names
            FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, n)
            LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0
            WHERE k.n <= i.indnkeyatts) keys ON true
        LEFT JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY k.n) AS names
            FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, n)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
            WHERE k.n > i.indnkeyatts) included ON true
        LEFT JOIN LATERAL (
            SELECT array_agg(a.attnum::int ORDER BY a.attnum) AS numbers,
                   array_agg(a.attstattarget::int ORDER BY a.attnum) AS targets
            FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0) targets ON true
        WHERE i.indrelid = $1 ORDER BY x.relname
        """;

    public static Task<ImmutableArray<IndexDescription>> ListAsync(CatalogQuery query, uint relation) =>
        query.ListAsync(Indexes, relation, Read);

    private static IndexDescription Read(NpgsqlDataReader row)
    {
        string? predicate = row.TextOrNull(15);
        string body = row.GetString(4);
        string where = $" WHERE {predicate}";
        return new()
        {
            Oid = row.GetFieldValue<uint>(0),
            Name = row.Name(1, 2),
            Method = row.GetString(3),
            Body =
                predicate is not null && body.EndsWith(where, StringComparison.Ordinal) ? body[..^where.Length] : body,
            IsUnique = row.GetBoolean(5),
            IsPrimary = row.GetBoolean(6),
            IsExclusion = row.GetBoolean(7),
            AreNullsDistinct = row.GetBoolean(8),
            IsValid = row.GetBoolean(9),
            IsImmediate = row.GetBoolean(10),
            IsClustered = row.GetBoolean(11),
            IsReplicaIdentity = row.GetBoolean(12),
            Keys = row.TextsOrNulls(13),
            IncludedColumns = row.Texts(14),
            Predicate = predicate,
            Tablespace = row.TextOrNull(16),
            Options = row.Texts(17),
            Comment = row.TextOrNull(18),
            ConstraintName = row.TextOrNull(19),
            StatisticsTargets = row.IsDBNull(20)
                ? []
                :
                [
                    .. row.GetFieldValue<int[]>(20)
                        .Zip(row.GetFieldValue<int[]>(21), (column, target) => new IndexStatistics(column, target)),
                ],
            SizeBytes = row.GetInt64(22),
        };
    }
}
