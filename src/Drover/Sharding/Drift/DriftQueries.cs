// The questions to a shard about what has to be the same everywhere, each with the statements that make it so.
using Drover.Topology;

namespace Drover.Sharding.Drift;

/// <summary>
/// Columns: kind, name, table, definition, and the statements that make, change and drop it; last, whether it is
/// invalid. They run with an empty search_path, so every name that a pg_get_ function gives has its schema.
/// </summary>
internal static class DriftQueries
{
    /// <summary>$1 has the schemas, $2 the names of the declared tables.</summary>
    private const string Declared = """
        WITH declared AS (
            SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name
            FROM unnest($1::text[], $2::text[]) AS wanted (nspname, relname)
            JOIN pg_namespace n ON n.nspname = wanted.nspname
            JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.relname
        )
        """;

    /// <summary>What a sharded schema has is on one shard.</summary>
    private const string Own =
        "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'drover') AND n.nspname <> ALL ($1)";

    private const string OwnOfViews =
        "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'drover') AND n.nspname <> ALL ($3)";

    private const string NotOfExtension =
        "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')";

    /// <summary>Views that read declared tables and nothing else; $3 has the sharded schemas.</summary>
    public const string Views = $"""
        {Declared}, reads AS (
            SELECT DISTINCT w.ev_class AS reader, d.refobjid AS relation
            FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
        ), reach AS (
            WITH RECURSIVE reach AS (
                SELECT reader, relation FROM reads
                UNION
                SELECT reach.reader, reads.relation FROM reach JOIN reads ON reads.reader = reach.relation
            )
            SELECT reach.reader, bool_or(c.relkind <> 'v' AND c.oid NOT IN (SELECT oid FROM declared)
                AND b.nspname NOT IN ('pg_catalog', 'information_schema')) AS is_elsewhere
            FROM reach JOIN pg_class c ON c.oid = reach.relation JOIN pg_namespace b ON b.oid = c.relnamespace
            GROUP BY reach.reader
        )
        SELECT 'view', format('%I.%I', n.nspname, o.relname), NULL, made.definition,
            format('CREATE VIEW %I.%I', n.nspname, o.relname) || made.definition, NULL,
            format('DROP VIEW %I.%I', n.nspname, o.relname), false
        FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
        LEFT JOIN reach ON reach.reader = o.oid
        CROSS JOIN LATERAL (SELECT format(' (%s)%s AS %s', (
            SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = o.oid AND attnum > 0 AND NOT attisdropped),
            ' WITH (' || array_to_string(o.reloptions, ', ') || ')', pg_get_viewdef(o.oid)) AS definition) made
        WHERE {OwnOfViews} AND {NotOfExtension} AND o.relkind = 'v' AND reach.is_elsewhere IS NOT TRUE
        """;

    /// <summary>Of the declared tables, the two arrays being their names.</summary>
    public static IReadOnlyList<string> OfTables { get; } =
    [
        $"""
            {Declared}
            SELECT 'table', name, name, concat_ws(' ', CASE relpersistence WHEN 'u' THEN 'unlogged' END, 'table',
                'partitioned by ' || pg_get_partkeydef(oid)), NULL, NULL, NULL, false
            FROM declared
            UNION ALL
            SELECT 'owner', name, name, pg_get_userbyid(relowner), NULL,
                format('ALTER TABLE %s OWNER TO %I', name, pg_get_userbyid(relowner)), NULL, false
            FROM declared
            UNION ALL
            SELECT 'row security', name, name, CASE WHEN relforcerowsecurity THEN 'forced' ELSE 'enabled' END,
                format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, %s FORCE ROW LEVEL SECURITY', name,
                    CASE WHEN relforcerowsecurity THEN '' ELSE 'NO' END), NULL,
                format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', name), false
            FROM declared WHERE relrowsecurity
            """,
        $"""
            {Declared}, col AS (
                SELECT d.name AS owner, format('%s.%I', d.name, a.attname) AS name, a.*,
                    quote_ident(a.attname) AS quoted,
                    format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation <> t.typcollation
                        THEN format(' COLLATE %I.%I', cn.nspname, c.collname) ELSE '' END AS type,
                    pg_get_expr(e.adbin, e.adrelid) AS expression
                FROM declared d JOIN pg_attribute a ON a.attrelid = d.oid AND a.attnum > 0 AND NOT a.attisdropped
                JOIN pg_type t ON t.oid = a.atttypid
                LEFT JOIN pg_collation c ON c.oid = a.attcollation LEFT JOIN pg_namespace cn ON cn.oid = c.collnamespace
                LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
            ), made AS (
                SELECT *, type || CASE attgenerated WHEN '' THEN ''
                    WHEN 'v' THEN format(' GENERATED ALWAYS AS (%s)', expression)
                    ELSE format(' GENERATED ALWAYS AS (%s) STORED', expression) END AS definition
                FROM col
            )
            SELECT 'column', name, owner, definition,
                format('ALTER TABLE %s ADD COLUMN %s %s', owner, quoted, definition),
                CASE WHEN attgenerated = '' THEN format('ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %s::%s', owner,
                    quoted, type, quoted, format_type(atttypid, atttypmod)) END,
                format('ALTER TABLE %s DROP COLUMN %s', owner, quoted), false
            FROM made
            UNION ALL
            SELECT 'default', name, owner, expression,
                format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s', owner, quoted, expression),
                format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s', owner, quoted, expression),
                format('ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT', owner, quoted), false
            FROM made WHERE expression IS NOT NULL AND attgenerated = ''
            UNION ALL
            SELECT 'identity', name, owner, kind,
                format('ALTER TABLE %s ALTER COLUMN %s ADD GENERATED %s AS IDENTITY', owner, quoted, kind),
                format('ALTER TABLE %s ALTER COLUMN %s SET GENERATED %s', owner, quoted, kind),
                format('ALTER TABLE %s ALTER COLUMN %s DROP IDENTITY', owner, quoted), false
            FROM made CROSS JOIN LATERAL (
                SELECT CASE attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END AS kind) k
            WHERE attidentity <> ''
            UNION ALL
            SELECT 'not null', name, owner, 'NOT NULL',
                format('ALTER TABLE %s ALTER COLUMN %s SET NOT NULL', owner, quoted), NULL,
                format('ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL', owner, quoted), false
            FROM made WHERE attnotnull
            UNION ALL
            SELECT 'column order', owner, owner, string_agg(quoted, ', ' ORDER BY attnum), NULL, NULL, NULL, false
            FROM made GROUP BY owner
            """,
        $"""
            {Declared}
            SELECT CASE c.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
                    WHEN 'x' THEN 'exclusion' ELSE 'check' END,
                format('%s.%I', d.name, c.conname), d.name, pg_get_constraintdef(c.oid),
                format('ALTER TABLE %s ADD CONSTRAINT %I %s', d.name, c.conname, pg_get_constraintdef(c.oid)), NULL,
                format('ALTER TABLE %s DROP CONSTRAINT %I', d.name, c.conname), false
            FROM declared d JOIN pg_constraint c ON c.conrelid = d.oid
            WHERE c.contype IN ('p', 'u', 'f', 'x', 'c') AND c.conparentid = 0
            UNION ALL
            SELECT 'index', format('%I.%I', n.nspname, i.relname), d.name, pg_get_indexdef(i.oid),
                pg_get_indexdef(i.oid),
                NULL, format('DROP INDEX %I.%I', n.nspname, i.relname), NOT x.indisvalid
            FROM declared d JOIN pg_index x ON x.indrelid = d.oid JOIN pg_class i ON i.oid = x.indexrelid
            JOIN pg_namespace n ON n.oid = i.relnamespace
            WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.oid AND c.contype IN ('p', 'u', 'x'))
            UNION ALL
            SELECT 'trigger', format('%s.%I', d.name, t.tgname), d.name, state.definition, state.definition, NULL,
                format('DROP TRIGGER %I ON %s', t.tgname, d.name), false
            FROM declared d JOIN pg_trigger t ON t.tgrelid = d.oid
            CROSS JOIN LATERAL (SELECT pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN ''
                ELSE format('; ALTER TABLE %s %s TRIGGER %I', d.name, CASE t.tgenabled WHEN 'D' THEN 'DISABLE'
                    WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, t.tgname) END AS definition) state
            WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgname <> '{PlacementTrigger.Name}'
            UNION ALL
            SELECT 'policy', format('%s.%I', d.name, p.polname), d.name, made.definition, made.definition, NULL,
                format('DROP POLICY %I ON %s', p.polname, d.name), false
            FROM declared d JOIN pg_policy p ON p.polrelid = d.oid
            CROSS JOIN LATERAL (SELECT format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, d.name,
                CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                    WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                (SELECT string_agg(who, ', ' ORDER BY who) FROM unnest(p.polroles) r CROSS JOIN LATERAL
                    (SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END AS who) w),
                ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
                ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') AS definition) made
            """,
        $"""
            {Declared}, grants AS (
                SELECT d.name, d.relowner, a.*, '' AS columns FROM declared d CROSS JOIN aclexplode(d.relacl) a
                UNION ALL
                SELECT d.name, d.relowner, a.*, format(' (%I)', c.attname)
                FROM declared d JOIN pg_attribute c ON c.attrelid = d.oid AND NOT c.attisdropped
                CROSS JOIN aclexplode(c.attacl) a
            ), named AS (
                SELECT *, privilege_type || columns AS what,
                    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS who
                FROM grants WHERE grantee <> relowner
            )
            SELECT 'grant', format('%s on %s to %s', what, name, who), name,
                CASE WHEN bool_or(is_grantable) THEN 'with grant option' ELSE 'granted' END,
                format('GRANT %s ON %s TO %s%s', what, name, who,
                    CASE WHEN bool_or(is_grantable) THEN ' WITH GRANT OPTION' END), NULL,
                format('REVOKE %s ON %s FROM %s', what, name, who), false
            FROM named GROUP BY name, what, who
            """,
        $"""
            {Declared}, part AS (
                WITH RECURSIVE part AS (
                    SELECT d.oid, d.name AS root, d.name FROM declared d
                    UNION ALL
                    SELECT c.oid, part.root, format('%I.%I', n.nspname, c.relname)
                    FROM part JOIN pg_inherits i ON i.inhparent = part.oid JOIN pg_class c ON c.oid = i.inhrelid
                    JOIN pg_namespace n ON n.oid = c.relnamespace
                )
                SELECT part.*, i.inhparent FROM part JOIN pg_inherits i ON i.inhrelid = part.oid
            )
            SELECT 'partition', part.name, part.root, made.definition, 'CREATE TABLE ' || part.name || made.definition,
                NULL, format('ALTER TABLE %I.%I DETACH PARTITION %s', n.nspname, p.relname, part.name), false
            FROM part JOIN pg_class c ON c.oid = part.oid JOIN pg_class p ON p.oid = part.inhparent
            JOIN pg_namespace n ON n.oid = p.relnamespace
            CROSS JOIN LATERAL (SELECT format(' PARTITION OF %I.%I %s%s', n.nspname, p.relname,
                pg_get_expr(c.relpartbound, c.oid), ' PARTITION BY ' || pg_get_partkeydef(c.oid)) AS definition) made
            """,
    ];

    /// <summary>
    /// What is in schemas that other shards have, $1: kind, name, and the statement that drops it where nothing is lost
    /// by that.
    /// </summary>
    public const string Misplaced = """
        SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'type' ELSE 'table' END,
            format('%I.%I', n.nspname, c.relname), CASE c.relkind WHEN 'v' THEN 'DROP VIEW ' WHEN 'c' THEN 'DROP TYPE '
                WHEN 'S' THEN 'DROP SEQUENCE ' END || format('%I.%I', n.nspname, c.relname)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND NOT EXISTS (
            SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND c.relkind = 'S'
                AND d.deptype IN ('a', 'i'))
        UNION ALL
        SELECT 'function', p.oid::regprocedure::text, format('DROP ROUTINE %s', p.oid::regprocedure)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY ($1)
        UNION ALL
        SELECT 'type', format('%I.%I', n.nspname, t.typname), format('DROP TYPE %I.%I', n.nspname, t.typname)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname = ANY ($1) AND t.typrelid = 0 AND t.typtype IN ('b', 'd', 'e', 'r') AND t.typelem = 0
        """;

    /// <summary>Sharded schemas that are not there; $1 has all of them.</summary>
    public const string AbsentSchemas = """
        SELECT format('%I', one) FROM unnest($1::text[]) AS one
        WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = one)
        """;

    /// <summary>Names of declared tables that are not there; $1 and $2 as above.</summary>
    public const string Absent = $"""
        {Declared}
        SELECT format('%I.%I', wanted.nspname, wanted.relname)
        FROM unnest($1::text[], $2::text[]) AS wanted (nspname, relname)
        WHERE format('%I.%I', wanted.nspname, wanted.relname) NOT IN (SELECT name FROM declared)
        """;

    /// <summary>Of what belongs to no table.</summary>
    public static IReadOnlyList<string> OfNoTable { get; } =
    [
        $"""
            SELECT 'extension', quote_ident(e.extname), NULL, e.extversion,
                format('CREATE EXTENSION %I SCHEMA %I VERSION %L', e.extname, n.nspname, e.extversion),
                format('ALTER EXTENSION %I UPDATE TO %L', e.extname, e.extversion),
                format('DROP EXTENSION %I', e.extname), false
            FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'
            UNION ALL
            SELECT 'function', o.oid::regprocedure::text, NULL, pg_get_functiondef(o.oid), pg_get_functiondef(o.oid),
                pg_get_functiondef(o.oid), format('DROP ROUTINE %s', o.oid::regprocedure), false
            FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace
            WHERE {Own} AND {NotOfExtension} AND o.prokind IN ('f', 'w', 'p')
            """,
        $"""
            SELECT 'type', format('%I.%I', n.nspname, o.typname), NULL, CASE o.typtype WHEN 'e' THEN 'enum'
                    ELSE made.definition END,
                format('CREATE TYPE %I.%I', n.nspname, o.typname) || made.definition, NULL,
                format('DROP TYPE %I.%I', n.nspname, o.typname), false
            FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace LEFT JOIN pg_class c ON c.oid = o.typrelid
            CROSS JOIN LATERAL (SELECT CASE o.typtype WHEN 'e' THEN ' AS ENUM ()'
                ELSE format(' AS (%s)', (
                    SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
                    FROM pg_attribute WHERE attrelid = o.typrelid AND attnum > 0 AND NOT attisdropped)) END
                AS definition) made
            WHERE {Own} AND {NotOfExtension} AND (o.typtype = 'e' OR (o.typtype = 'c' AND c.relkind = 'c'))
            UNION ALL
            SELECT 'type', format('%I.%I', n.nspname, o.typname), NULL, made.definition,
                format('CREATE DOMAIN %I.%I', n.nspname, o.typname) || made.definition, NULL,
                format('DROP DOMAIN %I.%I', n.nspname, o.typname), false
            FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace
            CROSS JOIN LATERAL (SELECT format(' AS %s%s', format_type(o.typbasetype, o.typtypmod), (
                SELECT string_agg(format(' CONSTRAINT %I %s', conname, pg_get_constraintdef(c.oid)), ''
                    ORDER BY conname)
                FROM pg_constraint c WHERE c.contypid = o.oid)) AS definition) made
            WHERE {Own} AND {NotOfExtension} AND o.typtype = 'd'
            UNION ALL
            SELECT 'label', format('%I.%I %L', n.nspname, o.typname, e.enumlabel), NULL, 'label',
                format('ALTER TYPE %I.%I ADD VALUE %L%s', n.nspname, o.typname, e.enumlabel,
                    coalesce(' AFTER ' || quote_literal(e.before), ' BEFORE ' || quote_literal(e.behind))),
                NULL, NULL, false
            FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace JOIN (
                SELECT *, lag(enumlabel) OVER w AS before, lead(enumlabel) OVER w AS behind FROM pg_enum
                WINDOW w AS (PARTITION BY enumtypid ORDER BY enumsortorder)) e ON e.enumtypid = o.oid
            WHERE {Own} AND {NotOfExtension}
            UNION ALL
            SELECT 'label order', format('%I.%I', n.nspname, o.typname), NULL, (
                    SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
                    FROM pg_enum WHERE enumtypid = o.oid),
                NULL, NULL, NULL, false
            FROM pg_type o JOIN pg_namespace n ON n.oid = o.typnamespace
            WHERE {Own} AND {NotOfExtension} AND o.typtype = 'e'
                AND EXISTS (SELECT FROM pg_enum WHERE enumtypid = o.oid)
            """,
    ];
}
