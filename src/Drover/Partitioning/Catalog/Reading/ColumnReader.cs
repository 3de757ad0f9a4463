// The columns of a table, with defaults, collations and grants of their own.
using System.Collections.Immutable;
using Npgsql;

namespace Drover.Partitioning.Catalog.Reading;

internal static class ColumnReader
{
    // attoptions holds the server's own pg_attver too, since 15.20; it cannot be carried over and says nothing.
    // attstattarget is NULL by default since PostgreSQL 17 and was -1 before. A not-null constraint may be NOT VALID
    // since 18, and attnotnull is set all the same.
    private const string Columns = """
        SELECT a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid,
               (WITH RECURSIVE base(id, kind, next) AS (
                    SELECT t.oid, t.typtype, t.typbasetype
                    UNION ALL SELECT b.oid, b.typtype, b.typbasetype
                    FROM base JOIN pg_type b ON b.oid = base.next WHERE base.kind = 'd')
                SELECT format_type(base.id, NULL) FROM base WHERE base.kind <> 'd'),
               CASE WHEN a.attcollation <> t.typcollation
                    THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END,
               pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text, a.attidentity::text,
               a.attnotnull AND NOT EXISTS (
                   SELECT FROM pg_constraint n WHERE n.conrelid = a.attrelid AND n.contype = 'n'
                     AND n.conkey = ARRAY[a.attnum] AND NOT n.convalidated),
               CASE WHEN a.attstorage <> t.typstorage
                    THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
                         ELSE 'EXTENDED' END END,
               CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
               CASE WHEN a.attstattarget >= 0 THEN a.attstattarget::int END,
               ARRAY(SELECT o FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\_%'),
               col_description(a.attrelid, a.attnum)
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN pg_collation co ON co.oid = a.attcollation
        LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
        WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
        """;

    public static Task<ImmutableArray<ColumnDescription>> ListAsync(CatalogQuery query, uint table) =>
        query.ListAsync(Columns, table, Read);

    private static ColumnDescription Read(NpgsqlDataReader row)
    {
        Generation generation = row.GetString(7) switch
        {
            "s" => Generation.Stored,
            "v" => Generation.Virtual,
            _ => Generation.None,
        };
        string? expression = row.TextOrNull(6);
        return new()
        {
            Number = row.GetInt16(0),
            Name = row.GetString(1),
            Type = row.GetString(2),
            TypeOid = row.GetFieldValue<uint>(3),
            BaseType = row.GetString(4),
            Collation = row.TextOrNull(5),
            Default = generation == Generation.None ? expression : null,
            Generation = generation,
            GenerationExpression = generation == Generation.None ? null : expression,
            Identity = row.GetString(8) switch
            {
                "a" => IdentityKind.Always,
                "d" => IdentityKind.ByDefault,
                _ => IdentityKind.None,
            },
            IsNotNull = row.GetBoolean(9),
            Storage = row.TextOrNull(10),
            Compression = row.TextOrNull(11),
            StatisticsTarget = row.IntOrNull(12),
            Options = row.Texts(13),
            Comment = row.TextOrNull(14),
        };
    }
}
