// The questions to the home shard whose answers are the statements that make the coordinator's schema.
namespace Drover.Sharding.Coordination;

/// <summary>
/// Each gives rows of a name for people and a statement. They run with an empty search_path, so every name that comes
/// out of pg_get_viewdef and format_type has its schema.
/// </summary>
internal static class SchemaQueries
{
    /// <summary>$1 has the schemas that are meant if $2 is true, or those that are not.</summary>
    private const string OwnSchema =
        "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'drover') AND (n.nspname = ANY ($1)) = $2";

    private const string NotOfExtension = """
        NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')
        """;

    /// <summary>Schemas, with who may use them.</summary>
    public const string Schemas = $"""
        SELECT n.nspname, format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname)
        FROM pg_namespace n WHERE {OwnSchema}
        UNION ALL
        SELECT n.nspname, format('GRANT USAGE ON SCHEMA %I TO %s', n.nspname,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
        FROM pg_namespace n
        CROSS JOIN aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
        WHERE {OwnSchema} AND a.privilege_type = 'USAGE'
        """;

    /// <summary>Extensions, but for the foreign-data wrapper's own.</summary>
    public const string Extensions = """
        SELECT e.extname, format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I', e.extname, n.nspname)
        FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname NOT IN ('plpgsql', 'postgres_fdw')
        """;

    /// <summary>Enumerations, domains and composite types.</summary>
    public const string Types = $"""
        SELECT format('type %I.%I', n.nspname, o.typname),
            CASE o.typtype
                WHEN 'e' THEN format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, o.typname, (
                    SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
                    FROM pg_enum WHERE enumtypid = o.oid))
                WHEN 'd' THEN format('CREATE DOMAIN %I.%I AS %s%s', n.nspname, o.typname,
                    format_type(o.typbasetype, o.typtypmod), (
                    SELECT string_agg(' ' || pg_get_constraintdef(c.oid), '') FROM pg_constraint c
                    WHERE c.contypid = o.oid))
                ELSE format('CREATE TYPE %I.%I AS (%s)', n.nspname, o.typname, (
                    SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
                    FROM pg_attribute WHERE attrelid = o.typrelid AND attnum > 0 AND NOT attisdropped))
            END
        FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace
        LEFT JOIN pg_class c ON c.oid = o.typrelid
        WHERE {OwnSchema} AND {NotOfExtension} AND (o.typtype IN ('e', 'd') OR (o.typtype = 'c' AND c.relkind = 'c'))
        """;

    /// <summary>Functions in SQL and PL/pgSQL.</summary>
    public const string Functions = $"""
        SELECT format('function %I.%I', n.nspname, o.proname), pg_get_functiondef(o.oid)
        FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace JOIN pg_language l ON l.oid = o.prolang
        WHERE {OwnSchema} AND {NotOfExtension} AND o.prokind IN ('f', 'w') AND l.lanname IN ('sql', 'plpgsql')
        """;

    /// <summary>
    /// Tables as empty parents: their columns, their primary key (GROUP BY may count on it), and nothing that is only
    /// of use to writers. The third column is the schema, the fourth the name, the fifth a number to call children by.
    /// </summary>
    public const string Tables = $"""
        SELECT format('table %I.%I', n.nspname, o.relname),
            format('CREATE TABLE %I.%I (%s)', n.nspname, o.relname, concat_ws(', ', (
                SELECT string_agg(format('%I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                    CASE WHEN a.attcollation <> t.typcollation
                        THEN format(' COLLATE %I.%I', cn.nspname, c.collname) END,
                    CASE WHEN a.attnotnull THEN ' NOT NULL' END), ', ' ORDER BY a.attnum)
                FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                LEFT JOIN pg_collation c ON c.oid = a.attcollation
                LEFT JOIN pg_namespace cn ON cn.oid = c.collnamespace
                WHERE a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped),
                (SELECT 'PRIMARY KEY (' || string_agg(quote_ident(a.attname), ', ' ORDER BY k.place) || ')'
                FROM pg_constraint p CROSS JOIN unnest(p.conkey) WITH ORDINALITY k (attnum, place)
                JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = k.attnum
                WHERE p.conrelid = o.oid AND p.contype = 'p' AND NOT p.condeferrable))),
            n.nspname, o.relname, o.oid::text
        FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
        WHERE {OwnSchema} AND {NotOfExtension} AND o.relkind IN ('r', 'p') AND NOT o.relispartition
            AND o.relpersistence <> 't'
        """;

    /// <summary>Views.</summary>
    public const string Views = $"""
        SELECT format('view %I.%I', n.nspname, o.relname),
            format('CREATE VIEW %I.%I (%s)%s AS %s', n.nspname, o.relname, (
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = o.oid AND attnum > 0 AND NOT attisdropped),
                ' WITH (' || array_to_string(o.reloptions, ', ') || ')', pg_get_viewdef(o.oid))
        FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
        WHERE {OwnSchema} AND {NotOfExtension} AND o.relkind = 'v'
        """;

    /// <summary>
    /// What holds somebody back: owners (a view reads as its owner), row security, who may run a routine. The third
    /// column drops the object, for where this cannot be said: whoever may not see a row on a shard must not see it in
    /// the coordinator.
    /// </summary>
    public const string Restrictions = $"""
        WITH relation AS (
            SELECT o.oid, o.relowner, o.relrowsecurity, o.relforcerowsecurity,
                format('%I.%I', n.nspname, o.relname) AS name,
                format('DROP %s IF EXISTS %I.%I CASCADE', CASE o.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                    n.nspname, o.relname) AS otherwise
            FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
            WHERE {OwnSchema} AND {NotOfExtension} AND o.relkind IN ('r', 'p', 'v') AND NOT o.relispartition
                AND o.relpersistence <> 't'
        ), routine AS (
            SELECT o.oid::regprocedure::text AS name, o.proowner, o.proacl,
                format('DROP ROUTINE IF EXISTS %s CASCADE', o.oid::regprocedure) AS otherwise
            FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace JOIN pg_language l ON l.oid = o.prolang
            WHERE {OwnSchema} AND {NotOfExtension} AND o.prokind IN ('f', 'w') AND l.lanname IN ('sql', 'plpgsql')
        )
        SELECT name, format('ALTER TABLE %s OWNER TO %I', name, pg_get_userbyid(relowner)), otherwise FROM relation
        UNION ALL
        SELECT name, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY%s', name,
            CASE WHEN relforcerowsecurity THEN ', FORCE ROW LEVEL SECURITY' END), otherwise
        FROM relation WHERE relrowsecurity
        UNION ALL
        SELECT name, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s USING (%s)', p.polname, name,
            CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
            CASE p.polcmd WHEN 'r' THEN 'SELECT' ELSE 'ALL' END,
            (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ')
            FROM unnest(p.polroles) r), pg_get_expr(p.polqual, p.polrelid)), otherwise
        FROM relation JOIN pg_policy p ON p.polrelid = relation.oid WHERE p.polcmd IN ('r', '*')
        UNION ALL
        SELECT name, format('ALTER ROUTINE %s OWNER TO %I', name, pg_get_userbyid(proowner)), otherwise FROM routine
        UNION ALL
        SELECT name, format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', name), otherwise
        FROM routine WHERE proacl IS NOT NULL
        """;

    /// <summary>Who may read, and who may run: without one of these somebody is told that he may not.</summary>
    public const string Grants = $"""
        WITH relation AS (
            SELECT o.oid, o.relowner, o.relacl, format('%I.%I', n.nspname, o.relname) AS name
            FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
            WHERE {OwnSchema} AND {NotOfExtension} AND o.relkind IN ('r', 'p', 'v') AND NOT o.relispartition
                AND o.relpersistence <> 't'
        )
        SELECT name, format('GRANT SELECT ON %s TO %s', name,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
        FROM relation CROSS JOIN aclexplode(relacl) a
        WHERE a.privilege_type = 'SELECT' AND a.grantee <> relowner
        UNION ALL
        SELECT name, format('GRANT SELECT (%I) ON %s TO %s', c.attname, name,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
        FROM relation JOIN pg_attribute c ON c.attrelid = relation.oid CROSS JOIN aclexplode(c.attacl) a
        WHERE a.privilege_type = 'SELECT' AND NOT c.attisdropped
        UNION ALL
        SELECT o.oid::regprocedure::text, format('GRANT EXECUTE ON ROUTINE %s TO %s', o.oid::regprocedure,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
        FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace JOIN pg_language l ON l.oid = o.prolang
        CROSS JOIN aclexplode(o.proacl) a
        WHERE {OwnSchema} AND {NotOfExtension} AND o.prokind IN ('f', 'w') AND l.lanname IN ('sql', 'plpgsql')
            AND a.privilege_type = 'EXECUTE'
        """;
}
