// Publications and extended statistics.
using System.Collections.Immutable;
using Npgsql;

namespace Drover.Partitioning.Catalog.Reading;

internal static class PublicationReader
{
    private const string Publications = """
        SELECT p.pubname, pg_get_userbyid(p.pubowner)::text, m.scope, m.filter, m.columns, p.pubviaroot, p.pubupdate,
               p.pubdelete
        FROM pg_publication p
        CROSS JOIN LATERAL (
            SELECT 1 AS scope, pg_get_expr(r.prqual, r.prrelid) AS filter,
                   (SELECT array_agg(a.attname::text ORDER BY a.attnum)
                    FROM unnest(r.prattrs::int2[]) k(number)
                    JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = k.number) AS columns
            FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = $1
            UNION ALL
            SELECT 2, NULL, NULL FROM pg_publication_namespace s JOIN pg_class c ON c.relnamespace = s.pnnspid
            WHERE s.pnpubid = p.oid AND c.oid = $1
            UNION ALL
            SELECT 3, NULL, NULL WHERE p.puballtables) m
        ORDER BY p.pubname, m.scope
        """;

    private const string Statistics = """
        SELECT n.nspname, s.stxname, pg_get_userbyid(s.stxowner)::text, pg_get_statisticsobjdef(s.oid),
               'CREATE STATISTICS ' || quote_ident(n.nspname) || '.' || quote_ident(s.stxname) || ' ',
               ' FROM ' || quote_ident(rn.nspname) || '.' || quote_ident(r.relname),
               CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget::int END, obj_description(s.oid, 'pg_statistic_ext')
        FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
        JOIN pg_class r ON r.oid = s.stxrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
        WHERE s.stxrelid = $1 ORDER BY 1, 2
        """;

    public static Task<ImmutableArray<PublicationMembership>> ListAsync(CatalogQuery query, uint table) =>
        query.ListAsync(Publications, table, Read);

    public static Task<ImmutableArray<StatisticsDescription>> ListStatisticsAsync(CatalogQuery query, uint table) =>
        query.ListAsync(Statistics, table, ReadStatistics);

    private static PublicationMembership Read(NpgsqlDataReader row) =>
        new()
        {
            Publication = row.GetString(0),
            Owner = row.GetString(1),
            Scope = row.GetInt32(2) switch
            {
                1 => PublicationScope.Table,
                2 => PublicationScope.Schema,
                _ => PublicationScope.AllTables,
            },
            RowFilter = row.TextOrNull(3),
            Columns = row.IsDBNull(4) ? null : row.Texts(4),
            ViaRoot = row.GetBoolean(5),
            PublishesUpdates = row.GetBoolean(6),
            PublishesDeletes = row.GetBoolean(7),
        };

    private static StatisticsDescription ReadStatistics(NpgsqlDataReader row)
    {
        string definition = row.GetString(3);
        return new()
        {
            Name = row.Name(0, 1),
            Owner = row.GetString(2),
            Body = definition[row.GetString(4).Length..^row.GetString(5).Length],
            Target = row.IntOrNull(6),
            Comment = row.TextOrNull(7),
        };
    }
}
