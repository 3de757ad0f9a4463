// The questions to the home shard whose answers are the statements that make the coordinator's schema.
namespace Drover.Sharding.Coordination;

/// <summary>
/// Each gives rows of a name for people and a statement. They run with an empty search_path, so every name that comes
/// out of pg_get_viewdef and format_type has its schema.
/// </summary>
internal static class SchemaQueries
{
    private const string OwnSchema = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'drover')";

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
    /// Owners, grants to read and to run, and row security: whoever may not see a row on a shard must not see it here.
    /// </summary>
    public const string Privileges = $"""
        SELECT format('%I.%I', n.nspname, o.relname),
            format('ALTER TABLE %I.%I OWNER TO %I', n.nspname, o.relname, pg_get_userbyid(o.relowner))
        FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
        WHERE {OwnSchema} AND {NotOfExtension} AND o.relkind IN ('r', 'p', 'v') AND NOT o.relispartition
            AND o.relpersistence <> 't'
        UNION ALL
        SELECT format('%I.%I', n.nspname, o.relname), format('GRANT SELECT ON %I.%I TO %s', n.nspname, o.relname,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
        FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace CROSS JOIN aclexplode(o.relacl) a
        WHERE {OwnSchema} AND {NotOfExtension} AND o.relkind IN ('r', 'p', 'v') AND NOT o.relispartition
            AND o.relpersistence <> 't' AND a.privilege_type = 'SELECT' AND a.grantee <> o.relowner
        UNION ALL
        SELECT format('%I.%I', n.nspname, o.relname), format('GRANT SELECT (%I) ON %I.%I TO %s', c.attname, n.nspname,
            o.relname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
        FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace JOIN pg_attribute c ON c.attrelid = o.oid
        CROSS JOIN aclexplode(c.attacl) a
        WHERE {OwnSchema} AND {NotOfExtension} AND o.relkind IN ('r', 'p', 'v') AND NOT o.relispartition
            AND o.relpersistence <> 't' AND a.privilege_type = 'SELECT'
        UNION ALL
        SELECT format('%I.%I', n.nspname, o.proname), format('ALTER ROUTINE %s OWNER TO %I',
            o.oid::regprocedure, pg_get_userbyid(o.proowner))
        FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace JOIN pg_language l ON l.oid = o.prolang
        WHERE {OwnSchema} AND {NotOfExtension} AND o.prokind IN ('f', 'w') AND l.lanname IN ('sql', 'plpgsql')
        UNION ALL
        SELECT format('%I.%I', n.nspname, o.proname), format('REVOKE ALL ON ROUTINE %s FROM PUBLIC',
            o.oid::regprocedure)
        FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace JOIN pg_language l ON l.oid = o.prolang
        WHERE {OwnSchema} AND {NotOfExtension} AND o.prokind IN ('f', 'w') AND l.lanname IN ('sql', 'plpgsql')
            AND o.proacl IS NOT NULL
        UNION ALL
        SELECT format('%I.%I', n.nspname, o.proname), format('GRANT EXECUTE ON ROUTINE %s TO %s',
            o.oid::regprocedure,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
        FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace JOIN pg_language l ON l.oid = o.prolang
        CROSS JOIN aclexplode(o.proacl) a
        WHERE {OwnSchema} AND {NotOfExtension} AND o.prokind IN ('f', 'w') AND l.lanname IN ('sql', 'plpgsql')
            AND a.privilege_type = 'EXECUTE'
        UNION ALL
        SELECT format('%I.%I', n.nspname, o.relname), format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY%s',
            n.nspname, o.relname, CASE WHEN o.relforcerowsecurity THEN ', FORCE ROW LEVEL SECURITY' END)
        FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
        WHERE {OwnSchema} AND {NotOfExtension} AND o.relrowsecurity AND NOT o.relispartition
            AND o.relpersistence <> 't'
        UNION ALL
        SELECT format('%I.%I', n.nspname, o.relname), format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s USING (%s)',
            p.polname, n.nspname, o.relname,
            CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
            CASE p.polcmd WHEN 'r' THEN 'SELECT' ELSE 'ALL' END,
            (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ')
            FROM unnest(p.polroles) r), pg_get_expr(p.polqual, p.polrelid))
        FROM pg_policy p JOIN pg_class o ON o.oid = p.polrelid JOIN pg_namespace n ON n.oid = o.relnamespace
        WHERE {OwnSchema} AND {NotOfExtension} AND p.polcmd IN ('r', '*') AND NOT o.relispartition
            AND o.relpersistence <> 't'
        """;
}
