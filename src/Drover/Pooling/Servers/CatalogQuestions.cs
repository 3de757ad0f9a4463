// The questions about functions and what calls them, for every supported version of PostgreSQL.
namespace Drover.Pooling.Servers;

/// <summary>
/// SQL over the system catalogs (https://www.postgresql.org/docs/18/catalogs.html). Rows carry what they are in their
/// first column.
/// </summary>
internal static class CatalogQuestions
{
    /// <summary>
    /// In front of each: in one message they are one transaction, and what is local to it ends with it.
    /// </summary>
    public const string OwnPath = "SET LOCAL search_path = pg_catalog, pg_temp; ";

    /// <summary>Functions asked for at a time.</summary>
    public const int PageSize = 500;

    /// <summary>Characters of a body that are read; a longer one counts as telling.</summary>
    public const int BodyCharactersMax = 256 * 1024;

    /// <summary>Object identifiers below are PostgreSQL's own.</summary>
    private const string User = "16384";

    private const string Sum =
        "coalesce(sum(pg_catalog.hashint8extended(oid::pg_catalog.int8, xmin::pg_catalog.text::pg_catalog.int8)), 0) "
        + "|| '/' || count(*)";

    /// <summary>
    /// One value that changes with every function, trigger, view, rule, policy, default and constraint.
    /// </summary>
    public const string Fingerprint = $"""
        SELECT 'fingerprint', pg_catalog.concat_ws(' ',
            (SELECT {Sum} FROM pg_catalog.pg_proc WHERE oid >= {User}),
            (SELECT {Sum} FROM pg_catalog.pg_trigger WHERE NOT tgisinternal),
            (SELECT {Sum} FROM pg_catalog.pg_rewrite WHERE oid >= {User}),
            (SELECT {Sum} FROM pg_catalog.pg_policy),
            (SELECT {Sum} FROM pg_catalog.pg_attrdef),
            (SELECT {Sum} FROM pg_catalog.pg_constraint WHERE oid >= {User}),
            (SELECT {Sum} FROM pg_catalog.pg_cast WHERE oid >= {User}),
            (SELECT {Sum} FROM pg_catalog.pg_operator WHERE oid >= {User}),
            (SELECT {Sum} FROM pg_catalog.pg_type WHERE oid >= {User} AND typtype IN ('d', 'b')),
            (SELECT {Sum} FROM pg_catalog.pg_event_trigger),
            (SELECT coalesce(sum(inhrelid::pg_catalog.int8 # inhparent::pg_catalog.int8), 0) || '/' || count(*)
                FROM pg_catalog.pg_inherits))
        """;

    /// <summary>
    /// Extensions whose functions in C leave nothing in the session: PostgreSQL's own, and two that are everywhere.
    /// </summary>
    private const string Harmless = """
        '{adminpack,amcheck,autoinc,bloom,btree_gin,btree_gist,citext,cube,dict_int,dict_xsyn,earthdistance,file_fdw,
        fuzzystrmatch,hstore,hstore_plperl,hstore_plpython3u,insert_username,intagg,intarray,isn,jsonb_plperl,
        jsonb_plpython3u,lo,ltree,ltree_plpython3u,moddatetime,pageinspect,pg_buffercache,pg_freespacemap,
        pg_logicalinspect,pg_prewarm,pg_stat_statements,pg_surgery,pg_trgm,pg_visibility,pg_walinspect,pgcrypto,
        pgrowlocks,pgstattuple,
        plperl,plperlu,plpgsql,plpython3u,pltcl,pltclu,postgres_fdw,postgis,postgis_raster,postgis_topology,refint,seg,
        sslinfo,tablefunc,tcn,tsm_system_rows,tsm_system_time,unaccent,uuid-ossp,vector,xml2,dblink}'
        """;

    /// <summary>Functions of those that set something, or run a text that they are given.</summary>
    private const string HarmfulAllTheSame =
        "'{set_limit,crosstab,crosstab2,crosstab3,crosstab4,crosstabN,connectby,xpath_table}'";

    /// <summary>A page of the functions that are worth reading.</summary>
    /// <param name="after">The last one of the page before.</param>
    /// <param name="hasSqlBodies">Since PostgreSQL 14 a function may have its body parsed.</param>
    public static string Functions(string after, bool hasSqlBodies)
    {
        string body = hasSqlBodies
            ? "coalesce(CASE WHEN l.lanname = 'sql' THEN pg_catalog.pg_get_function_sqlbody(p.oid) END, p.prosrc)"
            : "p.prosrc";
        return $"""
            SELECT 'function', p.oid, p.proname, l.lanname, pg_catalog.left({body}, {BodyCharactersMax})
            FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
            LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND d.objid = p.oid AND d.deptype = 'e'
            LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
            WHERE p.oid >= {User} AND p.oid > {after} AND pg_catalog.format_type(p.prorettype, NULL) NOT IN
                ('language_handler', 'fdw_handler', 'index_am_handler', 'table_am_handler', 'tsm_handler')
            AND p.prosrc <> 'aggregate_dummy' AND NOT (l.lanname = 'c' AND NOT p.proname = ANY ({HarmfulAllTheSame})
                AND (p.provolatile <> 'v' OR coalesce(e.extname, '') = ANY ({Harmless})))
            ORDER BY p.oid LIMIT {PageSize}
            """;
    }

    /// <summary>What is reached by name, and what has none that a text would show.</summary>
    private const string Answer = """

        SELECT 'name', c.relname::pg_catalog.text, r.w, pg_catalog.bool_or(r.u) FROM reach r
        JOIN pg_catalog.pg_class c ON c.oid = r.objid AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
        WHERE r.classid = 'pg_catalog.pg_class'::pg_catalog.regclass GROUP BY 2, 3
        UNION ALL SELECT 'name', t.typname::pg_catalog.text, false, pg_catalog.bool_or(r.u) FROM reach r
        JOIN pg_catalog.pg_type t ON t.oid = r.objid
        WHERE r.classid = 'pg_catalog.pg_type'::pg_catalog.regclass GROUP BY 2
        UNION ALL SELECT 'name', p.proname::pg_catalog.text, false, pg_catalog.bool_or(r.u) FROM reach r
        JOIN pg_catalog.pg_proc p ON p.oid = r.objid
        WHERE r.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass GROUP BY 2
        UNION ALL SELECT 'event', e.evtname::pg_catalog.text, false, r.u FROM reach r
        JOIN pg_catalog.pg_event_trigger e ON e.oid = r.objid AND e.evtevent <> 'login' AND e.evtenabled <> 'D'
        WHERE r.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass
        UNION ALL SELECT 'definition', CASE s.classid
            WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN pg_catalog.pg_get_ruledef(s.objid)
            WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass THEN pg_catalog.pg_get_constraintdef(s.objid)
            WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN pg_catalog.pg_get_triggerdef(s.objid)
            WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN (SELECT pg_catalog.pg_get_expr(adbin, adrelid)
                FROM pg_catalog.pg_attrdef a WHERE a.oid = s.objid)
            ELSE (SELECT pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(polqual, polrelid),
                pg_catalog.pg_get_expr(polwithcheck, polrelid)) FROM pg_catalog.pg_policy p WHERE p.oid = s.objid) END,
            NULL, NULL FROM seeds s WHERE s.classid <> 'pg_catalog.pg_proc'::pg_catalog.regclass
        UNION ALL SELECT 'nameless', NULL, NULL, NULL FROM reach r WHERE r.classid IN
            ('pg_catalog.pg_operator'::pg_catalog.regclass, 'pg_catalog.pg_cast'::pg_catalog.regclass)
        """;

    /// <summary>
    /// What calls telling functions when it is used. Dependencies say so for functions of the database's own; calls of
    /// PostgreSQL's own functions have none, and stand in the expressions only.
    /// </summary>
    /// <param name="functions">Telling functions.</param>
    /// <param name="nameless">Those of them that may set a parameter of unknown name.</param>
    public static string Callers(IEnumerable<string> functions, IEnumerable<string> nameless) =>
        $$"""
            WITH RECURSIVE pattern(re) AS (
                SELECT ':funcid (' || pg_catalog.string_agg(oid::pg_catalog.text, '|') || ') ' FROM pg_catalog.pg_proc
                WHERE oid < {{User}} AND (proname IN ('set_config', 'ts_stat', 'ts_rewrite')
                    OR proname LIKE 'query_to_xml%' OR proname ~ '^pg_(try_)?advisory_(un)?lock')),
            seeds(classid, objid, w, u) AS (
                SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, f, false, f = ANY ('{{{Join(
                nameless
            )}}}')
                FROM pg_catalog.unnest('{{{Join(functions)}}}'::pg_catalog.oid[]) f
                UNION ALL SELECT r.tableoid, r.oid, false, false FROM pg_catalog.pg_rewrite r, pattern
                WHERE r.oid >= {{User}} AND r.ev_action::pg_catalog.text ~ re
                UNION ALL SELECT a.tableoid, a.oid, false, false FROM pg_catalog.pg_attrdef a, pattern
                WHERE a.adbin::pg_catalog.text ~ re
                UNION ALL SELECT c.tableoid, c.oid, false, false FROM pg_catalog.pg_constraint c, pattern
                WHERE c.oid >= {{User}} AND c.conbin::pg_catalog.text ~ re
                UNION ALL SELECT p.tableoid, p.oid, false, false FROM pg_catalog.pg_policy p, pattern
                WHERE pg_catalog.concat(p.polqual, p.polwithcheck) ~ re
                UNION ALL SELECT t.tableoid, t.oid, true, false FROM pg_catalog.pg_trigger t, pattern
                WHERE t.tgqual::pg_catalog.text ~ re),
            reach(classid, objid, w, u) AS (
                SELECT * FROM seeds
                UNION SELECT n.classid, n.objid, n.w, r.u FROM reach r CROSS JOIN LATERAL (
                    SELECT d.classid, d.objid, r.w OR d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AS w
                    FROM pg_catalog.pg_depend d WHERE d.refclassid = r.classid AND d.refobjid = r.objid
                    AND d.deptype <> 'e' AND (r.classid <> 'pg_catalog.pg_class'::pg_catalog.regclass OR d.classid IN
                        ('pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass))
                    UNION ALL SELECT d.refclassid, d.refobjid, r.w FROM pg_catalog.pg_depend d
                    WHERE d.classid = r.classid AND d.objid = r.objid AND d.deptype IN ('a', 'i') AND r.classid IN (
                        'pg_catalog.pg_trigger'::pg_catalog.regclass, 'pg_catalog.pg_attrdef'::pg_catalog.regclass,
                        'pg_catalog.pg_constraint'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass,
                        'pg_catalog.pg_rewrite'::pg_catalog.regclass)
                    UNION ALL SELECT i.tableoid, i.indrelid, r.w FROM pg_catalog.pg_index i WHERE i.indexrelid = r.objid
                        AND r.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    UNION ALL SELECT r.classid, i.inhparent, r.w FROM pg_catalog.pg_inherits i
                    WHERE i.inhrelid = r.objid
                        AND r.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    UNION ALL SELECT r.classid, c.confrelid, true FROM pg_catalog.pg_constraint c
                    WHERE c.contype = 'f' AND c.conrelid = r.objid
                        AND r.classid = 'pg_catalog.pg_class'::pg_catalog.regclass) n)
            """
        + Answer;

    private static string Join(IEnumerable<string> oids) => string.Join(',', oids);
}
