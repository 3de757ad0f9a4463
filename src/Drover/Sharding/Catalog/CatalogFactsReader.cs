// System catalogs → what routing asks of them.
using System.Collections.Immutable;
using System.Text;
using Drover.Operations.Connections;
using Drover.Routing.Catalogs;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;
using Npgsql;

namespace Drover.Sharding.Catalog;

/// <summary>
/// SQL over the system catalogs (https://www.postgresql.org/docs/18/catalogs.html). Temporary tables are left out: they
/// are one session's, and come and go.
/// </summary>
internal static class CatalogFactsReader
{
    private const string Sum = "coalesce(sum(hashint8extended(oid::int8, xmin::text::int8)), 0) || '/' || count(*)";

    /// <summary>What is the same for as long as nothing that is read here has changed.</summary>
    private const string FingerprintSql = $"""
        SELECT concat_ws(' ',
            (SELECT {Sum} FROM pg_class WHERE relpersistence <> 't' AND relkind <> 't'),
            (SELECT coalesce(sum(hashint8extended(attrelid::int8 * 2048 + attnum, a.xmin::text::int8)), 0) || '/'
                || count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
                WHERE relpersistence <> 't' AND relkind NOT IN ('t', 'i', 'I', 'S') AND attrelid >= 16384),
            (SELECT {Sum} FROM pg_proc WHERE oid >= 16384),
            (SELECT coalesce(sum(hashint8extended(aggfnoid::oid::int8, xmin::text::int8)), 0) FROM pg_aggregate),
            (SELECT {Sum} FROM pg_attrdef),
            (SELECT {Sum} FROM pg_policy),
            (SELECT {Sum} FROM pg_type WHERE oid >= 16384 AND typtype IN ('e', 'd', 'r')),
            (SELECT {Sum} FROM pg_enum),
            (SELECT {Sum} FROM pg_constraint WHERE contypid <> 0),
            (SELECT {Sum} FROM pg_extension),
            (SELECT {Sum} FROM pg_rewrite WHERE oid >= 16384),
            (SELECT {Sum} FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'),
            (SELECT {Sum} FROM pg_collation WHERE oid >= 16384),
            (SELECT coalesce(sum(hashtextextended(rolname::text, 0)), 0) FROM pg_roles))
        """;

    private const string RelationsSql = """
        SELECT n.nspname::text, c.relname::text, c.relkind::text,
            CASE WHEN c.relkind = 'v' AND c.oid >= 16384 THEN pg_get_viewdef(c.oid) END,
            o.nspname::text, o.relname::text,
            coalesce(a.names, '{}'), coalesce(a.types, '{}'), coalesce(a.defaults, '{}'),
            coalesce(a.generated, '{}'), coalesce(a.by_bytes, '{}')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN LATERAL (
            SELECT t.relname, s.nspname FROM (
                SELECT indrelid AS oid FROM pg_index WHERE indexrelid = c.oid AND c.relkind IN ('i', 'I')
                UNION ALL SELECT inhparent FROM pg_inherits
                    WHERE inhrelid = c.oid AND c.relispartition AND c.relkind IN ('r', 'p', 'f')
                UNION ALL SELECT refobjid FROM pg_depend WHERE c.relkind = 'S' AND classid = 'pg_class'::regclass
                    AND objid = c.oid AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
                    AND refobjsubid > 0) of
            JOIN pg_class t ON t.oid = of.oid JOIN pg_namespace s ON s.oid = t.relnamespace LIMIT 1) o ON true
        LEFT JOIN (
            SELECT attrelid, array_agg(attname::text ORDER BY attnum) AS names,
                array_agg(CASE WHEN coalesce(collisdeterministic, true) THEN atttypid ELSE 0::oid END ORDER BY attnum)
                    AS types,
                array_agg(attidentity <> '' OR (atthasdef AND attgenerated = ''
                    AND pg_get_expr(adbin, adrelid)
                        !~ '^(''([^'']|'''')*''|-?[0-9.]+|NULL|true|false)(::[a-z0-9 "()[\],]+)?$')
                    ORDER BY attnum) AS defaults,
                array_agg(attgenerated <> '' ORDER BY attnum) AS generated,
                array_agg(attcollation <> 0 AND CASE collprovider
                    WHEN 'd' THEN db.datlocprovider = 'b'
                        OR (db.datlocprovider = 'c' AND db.datcollate IN ('C', 'POSIX'))
                    ELSE collprovider = 'b' OR (collprovider = 'c' AND collcollate IN ('C', 'POSIX')) END
                    ORDER BY attnum) AS by_bytes
            FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            LEFT JOIN pg_collation col ON col.oid = attcollation
            JOIN pg_database db ON db.datname = current_database()
            WHERE attnum > 0 AND NOT attisdropped GROUP BY attrelid) a
            ON a.attrelid = c.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I') AND c.relpersistence <> 't'
            AND n.nspname !~ '^pg_(temp|toast)' AND (n.nspname = ANY ($1)) = $2
        """;

    /// <summary>PostgreSQL's own functions read its catalogs only; an aggregate does what its step does.</summary>
    private const string FunctionsSql = """
        SELECT n.nspname::text, p.proname::text, p.pronargs - p.pronargdefaults - (p.provariadic <> 0)::int,
            CASE WHEN p.provariadic <> 0 THEN 2147483647 ELSE p.pronargs END, p.provolatile::text,
            p.oid >= 16384 AND coalesce(step.provolatile, p.provolatile) <> 'i'
                AND coalesce(sl.lanname, l.lanname) NOT IN ('c', 'internal'), p.prokind IN ('a', 'w'),
            p.oid >= 16384 AND p.provolatile = 'v' AND l.lanname NOT IN ('c', 'internal')
                AND p.prosrc ~* '\mcreate\s+(?!((global|local)\s+)?temp)|\m(alter|drop|import)\M'
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
        LEFT JOIN pg_aggregate ag ON ag.aggfnoid = p.oid
        LEFT JOIN pg_proc step ON step.oid = ag.aggtransfn LEFT JOIN pg_language sl ON sl.oid = step.prolang
        WHERE (n.nspname = ANY ($1)) = $2
        """;

    private const string TypesSql = """
        SELECT n.nspname::text, t.typname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE t.oid >= 16384 AND t.typelem = 0 AND (t.typrelid = 0 OR c.relkind = 'c') AND (n.nspname = ANY ($1)) = $2
        """;

    /// <summary>One value that changes with everything that is read.</summary>
    public static async Task<string> FingerprintAsync(NpgsqlConnection server, CancellationToken cancellationToken) =>
        (string)(await server.ScalarAsync(FingerprintSql, [], cancellationToken))!;

    /// <summary>Reads what is in some schemas, or in all others.</summary>
    /// <param name="server">The shard.</param>
    /// <param name="parser">Reads the queries of views.</param>
    /// <param name="schemas">The schemas.</param>
    /// <param name="isWithin">Whether what is in them is meant, or what is not.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<CatalogPart> ReadAsync(
        NpgsqlConnection server,
        ISqlParser parser,
        string[] schemas,
        bool isWithin,
        CancellationToken cancellationToken
    )
    {
        object[] which = [schemas, isWithin];
        List<RelationFacts> relations = await server.ListAsync(RelationsSql, which, Relation, cancellationToken);
        for (int i = 0; i < relations.Count; i++)
        {
            if (relations[i].Definition is { } definition)
            {
                ParseOutcome outcome = await parser.ParseAsync(Encoding.UTF8.GetBytes(definition));
                SqlNode? query = outcome.Tree?.Statements is [var only] ? only.Child("stmt") : null;
                relations[i] = relations[i] with { Query = query };
            }
        }
        List<FunctionFacts> functions = await server.ListAsync(FunctionsSql, which, Function, cancellationToken);
        List<(string, string)> types = await server.ListAsync(
            TypesSql,
            which,
            static row => (row.GetString(0), row.GetString(1)),
            cancellationToken
        );
        return new CatalogPart(relations, functions, types);
    }

    /// <summary>The first shard's schemas, and whether each has the name of a role.</summary>
    public static Task<List<(string Name, bool IsOfRole)>> SchemasAsync(
        NpgsqlConnection home,
        CancellationToken cancellationToken
    ) =>
        home.ListAsync(
            """
            SELECT nspname::text, EXISTS (SELECT FROM pg_roles WHERE rolname = nspname) FROM pg_namespace
            WHERE nspname !~ '^pg_(temp|toast)'
            """,
            [],
            static row => (row.GetString(0), row.GetBoolean(1)),
            cancellationToken
        );

    private static RelationFacts Relation(NpgsqlDataReader row)
    {
        RelationKind kind = row.GetString(2) switch
        {
            "r" or "p" or "f" or "m" => RelationKind.Table,
            "v" => RelationKind.View,
            _ => RelationKind.Other,
        };
        string[] names = row.GetFieldValue<string[]>(6);
        uint[] types = row.GetFieldValue<uint[]>(7);
        bool[] defaults = row.GetFieldValue<bool[]>(8);
        bool[] generated = row.GetFieldValue<bool[]>(9);
        bool[] byBytes = row.GetFieldValue<bool[]>(10);
        ImmutableArray<ColumnFacts> columns =
        [
            .. names.Select((name, i) => new ColumnFacts(name, types[i], defaults[i], generated[i], byBytes[i])),
        ];
        return new RelationFacts(row.GetString(0), row.GetString(1), kind, columns)
        {
            Definition = row.Text(3),
            Owner = row.Text(4) is { } schema ? (schema, row.GetString(5)) : null,
        };
    }

    private static FunctionFacts Function(NpgsqlDataReader row) =>
        new(
            row.GetString(0),
            row.GetString(1),
            row.GetInt32(2),
            row.GetInt32(3),
            row.GetString(4) switch
            {
                "i" => FunctionVolatility.Immutable,
                "s" => FunctionVolatility.Stable,
                _ => FunctionVolatility.Volatile,
            },
            row.GetBoolean(5),
            row.GetBoolean(6),
            row.GetBoolean(7)
        );
}
