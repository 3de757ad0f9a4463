// SQL that describes all that people have made in a database, apart from the product's own reading of the catalogs.
namespace Drover.IntegrationTests.Partitioning.Cases;

/// <summary>
/// By names, not OIDs. Left out: Drover's own objects, partitions and what is theirs, extensions. A line that begins
/// with <c>~</c> may change at a cut-over: keys take the partition key in, the table becomes a partitioned one.
/// </summary>
internal static class CaseStructure
{
    private const string Mine = """
        mine AS (
          SELECT c.* FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE n.nspname !~ '^(pg_|information_schema|drover$)' AND NOT c.relispartition
            AND c.relname !~ '__drover_(new|old)'
            AND NOT EXISTS (SELECT FROM pg_depend AS d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
            AND NOT EXISTS (SELECT FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid
                            WHERE i.indexrelid = c.oid AND (t.relispartition OR t.relname ~ '__drover_(new|old)')))
        """;

    private const string Relations = """
        SELECT format('relation %s owner %s options %s rls %s %s comment %L', oid::regclass, relowner::regrole,
          CASE WHEN relkind IN ('v', 'm') THEN reloptions END, relrowsecurity, relforcerowsecurity,
            obj_description(oid, 'pg_class'))
        FROM mine
        UNION ALL
        SELECT format('~relation %s kind %s replica identity %s options %s', oid::regclass, relkind, relreplident,
          reloptions)
        FROM mine
        UNION ALL
        SELECT format('relation %s grants %s to %s, grantable %s', m.oid::regclass, a.privilege_type,
          a.grantee::regrole, a.is_grantable)
        FROM mine AS m,
          aclexplode(coalesce(m.relacl, acldefault(CASE m.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
            m.relowner))) AS a
        WHERE m.relkind IN ('r', 'p', 'v', 'm', 'S')
        """;

    private const string Columns = """
        SELECT format('column %s.%I %s %s number %s not null %s default %s identity %L generated %L collation '
          '%s target %s options %s comment %L',
          m.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), '',
            row_number() OVER (PARTITION BY m.oid ORDER BY a.attnum),
          a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attcollation,
          nullif(a.attstattarget, -1),
          (SELECT array_agg(o ORDER BY o) FROM unnest(a.attoptions) AS o
           WHERE o !~ '^(pg_attver|n_distinct_inherited)='),
            col_description(m.oid, a.attnum))
        FROM mine AS m JOIN pg_attribute AS a ON a.attrelid = m.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE m.relkind IN ('r', 'p', 'v', 'm')
        UNION ALL
        SELECT format('column %s.%I storage %s compression %L', m.oid::regclass, a.attname, a.attstorage,
          a.attcompression)
        FROM mine AS m JOIN pg_attribute AS a ON a.attrelid = m.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE m.relkind IN ('r', 'p', 'm')
        UNION ALL
        SELECT format('column %s.%I grants %s to %s, grantable %s', m.oid::regclass, a.attname, x.privilege_type,
          x.grantee::regrole, x.is_grantable)
        FROM mine AS m JOIN pg_attribute AS a ON a.attrelid = m.oid, aclexplode(a.attacl) AS x
        UNION ALL
        SELECT format('sequence of %s.%I is %s', m.oid::regclass, a.attname,
          pg_get_serial_sequence(m.oid::regclass::text, a.attname))
        FROM mine AS m JOIN pg_attribute AS a ON a.attrelid = m.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE m.relkind IN ('r', 'p')
        UNION ALL
        SELECT format('sequence %s from %s by %s within %s and %s cache %s cycle %s', s.seqrelid::regclass,
          s.seqstart, s.seqincrement,
          s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
        FROM pg_sequence AS s WHERE s.seqrelid IN (SELECT oid FROM mine)
        """;

    private const string Constraints = """
        SELECT format('%sconstraint %s of %s %s validated %s comment %L', CASE WHEN c.contype = 'n' THEN '~' END,
          c.conname,
          m.oid::regclass, pg_get_constraintdef(c.oid), c.convalidated, obj_description(c.oid, 'pg_constraint'))
        FROM mine AS m JOIN pg_constraint AS c ON c.conrelid = m.oid
        WHERE c.contype IN ('c', 'n', 'x') OR (c.contype = 'f' AND c.conparentid = 0 AND c.confrelid NOT IN (
          SELECT oid FROM pg_class WHERE relname ~ '__drover_' OR relkind = 'p'))
        UNION ALL
        SELECT format('key %s of %s kind %s deferrable %s %s comment %L', c.conname, m.oid::regclass, c.contype,
          c.condeferrable,
          c.condeferred, obj_description(c.oid, 'pg_constraint'))
        FROM mine AS m JOIN pg_constraint AS c ON c.conrelid = m.oid WHERE c.contype IN ('p', 'u')
        UNION ALL
        SELECT format('~index %s', pg_get_indexdef(i.indexrelid)) FROM mine AS m JOIN pg_index AS i
          ON i.indexrelid = m.oid
        UNION ALL
        SELECT format('index %s unique %s valid %s comment %L %s', i.indexrelid::regclass, i.indisunique, i.indisvalid,
          obj_description(i.indexrelid, 'pg_class'),
          CASE WHEN NOT i.indisunique THEN substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*') END)
        FROM mine AS m JOIN pg_index AS i ON i.indexrelid = m.oid
        UNION ALL
        SELECT format('statistics %s target %s owner %s comment %L', pg_get_statisticsobjdef(s.oid),
          nullif(s.stxstattarget, -1),
          s.stxowner::regrole, obj_description(s.oid, 'pg_statistic_ext'))
        FROM mine AS m JOIN pg_statistic_ext AS s ON s.stxrelid = m.oid
        """;

    private const string Code = """
        SELECT format('trigger %s enabled %s comment %L', pg_get_triggerdef(t.oid), t.tgenabled,
          obj_description(t.oid, 'pg_trigger'))
        FROM mine AS m JOIN pg_trigger AS t ON t.tgrelid = m.oid WHERE NOT t.tgisinternal AND t.tgname !~ '^!drover'
        UNION ALL
        SELECT format('rule %s enabled %s', pg_get_ruledef(r.oid), r.ev_enabled)
        FROM mine AS m JOIN pg_rewrite AS r ON r.ev_class = m.oid
        UNION ALL
        SELECT format('policy %s of %s for %s permissive %s to %s using %s check %s', p.polname, m.oid::regclass,
          p.polcmd,
          p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck,
            p.polrelid))
        FROM mine AS m JOIN pg_policy AS p ON p.polrelid = m.oid
        UNION ALL
        SELECT format('function %s owner %s grants %s', pg_get_functiondef(f.oid), f.proowner::regrole,
          ARRAY(SELECT a::text FROM unnest(coalesce(f.proacl, acldefault('f', f.proowner))) AS a ORDER BY 1))
        FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
        WHERE n.nspname !~ '^(pg_|information_schema|drover$)' AND f.prokind IN ('f', 'p') AND f.proname !~ '__drover_'
          AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid
            AND d.deptype = 'e')
        UNION ALL
        SELECT format('publication %s has %s columns %s where %s', p.pubname, r.prrelid::regclass, r.prattrs,
          pg_get_expr(r.prqual, r.prrelid))
        FROM pg_publication AS p JOIN pg_publication_rel AS r ON r.prpubid = p.oid
        UNION ALL
        SELECT format('~publication %s via root %s', pubname, pubviaroot) FROM pg_publication
        """;

    /// <summary>One line per fact, sorted.</summary>
    public static string Query { get; } =
        $"""
            WITH {Mine}, facts AS ({Relations} UNION ALL {Columns} UNION ALL {Constraints} UNION ALL {Code})
            SELECT replace(format, E'\n', ' ') FROM facts AS f(format) ORDER BY format COLLATE "C"
            """;

    /// <summary>What a finished or aborted conversion must not leave behind.</summary>
    public const string Remains = """
        SELECT 'relation ' || oid::regclass FROM pg_class WHERE relname ~ '__drover_' AND relkind <> 't'
        UNION ALL
        SELECT 'relation ' || oid::regclass FROM pg_class
        WHERE relnamespace = to_regnamespace('drover') AND relname ~ '\d' AND relkind <> 't'
        UNION ALL
        SELECT 'function ' || oid::regprocedure FROM pg_proc
        WHERE pronamespace = to_regnamespace('drover') OR proname ~ '__drover_'
        UNION ALL
        SELECT 'trigger ' || tgname || ' of ' || tgrelid::regclass FROM pg_trigger WHERE tgname ~ 'drover'
        UNION ALL
        SELECT 'constraint ' || conname || ' of ' || conrelid::regclass FROM pg_constraint WHERE conname ~ '__drover_'
        UNION ALL
        SELECT 'statistics ' || stxname FROM pg_statistic_ext WHERE stxname ~ '__drover_'
        UNION ALL
        SELECT 'type ' || oid::regtype FROM pg_type WHERE typname ~ '__drover_'
        """;
}
