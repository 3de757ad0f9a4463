// Which objects are bound by OID to a table, directly or through something that the swap gives a new OID.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog.Reading;

/// <summary>An object of the catalogs.</summary>
/// <param name="Class">The catalog's name, such as <c>pg_class</c>.</param>
/// <param name="Oid">Its OID there.</param>
internal readonly record struct CatalogObject(string Class, uint Oid);

/// <param name="From">The dependent.</param>
/// <param name="To">What it depends on.</param>
/// <param name="FromKind">What the dependent is.</param>
/// <param name="FromColumn">The dependent's column, or 0 for all of it.</param>
internal sealed record Dependency(CatalogObject From, CatalogObject To, DependentKind FromKind, int FromColumn);

internal enum DependentKind
{
    View,
    MaterializedView,
    Rule,
    Policy,

    /// <summary>The row type is not in its signature: it can be replaced in place.</summary>
    Function,

    /// <summary>The row type is in its signature, so a replacement is another function.</summary>
    FunctionOverRows,

    /// <summary>
    /// A row type or its array type, a constraint of the table, an identity's sequence: a name for the table itself.
    /// </summary>
    Part,
    Other,
}

/// <summary>All that is reachable from a table through <c>pg_depend</c>.</summary>
internal sealed class DependencyGraph
{
    // A view is reached through its _RETURN rule, its row type through itself. What belongs to the table (its defaults,
    // indexes, triggers, policies, sequences) is described with the table and is no dependent. An identity's sequence
    // is another one after the swap, so whoever draws from it is.
    private const string Dependencies = """
        WITH RECURSIVE reach(class, id) AS (
            SELECT 'pg_class'::regclass::oid, $1
            UNION
            SELECT CASE WHEN w.rulename = '_RETURN' THEN 'pg_class'::regclass::oid ELSE d.classid END,
                   CASE WHEN w.rulename = '_RETURN' THEN w.ev_class ELSE d.objid END
            FROM reach r
            JOIN pg_depend d ON d.refclassid = r.class AND d.refobjid = r.id
            LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
            WHERE d.deptype = 'n' OR (d.deptype = 'i' AND d.classid = 'pg_type'::regclass)
               OR (d.deptype = 'i' AND d.classid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid > 0)
               OR (d.deptype IN ('a', 'n', 'i') AND d.classid = 'pg_constraint'::regclass)),
        edge AS (
            SELECT DISTINCT CASE WHEN w.rulename = '_RETURN' THEN 'pg_class'::regclass::oid ELSE d.classid END AS class,
                   CASE WHEN w.rulename = '_RETURN' THEN w.ev_class ELSE d.objid END AS id, d.refclassid,
                   d.refobjid, d.objsubid
            FROM reach r
            JOIN pg_depend d ON d.refclassid = r.class AND d.refobjid = r.id
            LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
            WHERE d.deptype = 'n' OR (d.deptype = 'i' AND d.classid = 'pg_type'::regclass)
               OR (d.deptype = 'i' AND d.classid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid > 0)
               OR (d.deptype IN ('a', 'n', 'i') AND d.classid = 'pg_constraint'::regclass))
        SELECT e.class::regclass::text, e.id, e.refclassid::regclass::text, e.refobjid,
               CASE WHEN e.class = 'pg_type'::regclass AND t.typtype <> 'd' THEN 'part'
                    WHEN k.conrelid = $1 OR c.relkind = 'S' THEN 'part'
                    WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'm' THEN 'matview'
                    WHEN e.class = 'pg_rewrite'::regclass THEN 'rule'
                    WHEN e.class = 'pg_policy'::regclass THEN 'policy'
                    WHEN p.oid IS NULL THEN 'other'
                    WHEN e.refclassid = 'pg_type'::regclass
                     AND e.refobjid = ANY (p.proargtypes::oid[] || p.proallargtypes || p.prorettype) THEN 'rows'
                    ELSE 'function' END,
               CASE WHEN e.class = 'pg_class'::regclass THEN e.objsubid ELSE 0 END
        FROM edge e
        LEFT JOIN pg_class c ON e.class = 'pg_class'::regclass AND c.oid = e.id
        LEFT JOIN pg_type t ON e.class = 'pg_type'::regclass AND t.oid = e.id
        LEFT JOIN pg_constraint k ON e.class = 'pg_constraint'::regclass AND k.oid = e.id
        LEFT JOIN pg_proc p ON e.class = 'pg_proc'::regclass AND p.oid = e.id
        LEFT JOIN pg_rewrite w ON e.class = 'pg_rewrite'::regclass AND w.oid = e.id
        LEFT JOIN pg_policy o ON e.class = 'pg_policy'::regclass AND o.oid = e.id
        LEFT JOIN pg_attrdef a ON e.class = 'pg_attrdef'::regclass AND a.oid = e.id
        LEFT JOIN pg_trigger g ON e.class = 'pg_trigger'::regclass AND g.oid = e.id
        LEFT JOIN pg_inherits h ON e.class = 'pg_class'::regclass AND h.inhrelid = e.id AND h.inhparent = e.refobjid
        WHERE (e.class, e.id) <> (e.refclassid, e.refobjid)
          AND (e.class, e.id) <> ('pg_class'::regclass, $1)
          AND h.inhrelid IS NULL AND w.ev_class IS DISTINCT FROM $1 AND o.polrelid IS DISTINCT FROM $1
          AND a.adrelid IS DISTINCT FROM $1 AND g.tgrelid IS DISTINCT FROM $1
          AND e.class NOT IN ('pg_publication_rel'::regclass, 'pg_statistic_ext'::regclass)
          AND (k.oid IS NULL OR k.contype <> 'f')
        """;

    private readonly ImmutableArray<Dependency> _dependencies;
    private readonly Dictionary<CatalogObject, DependentKind> _kinds = [];
    private readonly HashSet<CatalogObject> _moving = [];
    private readonly HashSet<CatalogObject> _bound = [];

    private DependencyGraph(uint table, ImmutableArray<Dependency> dependencies)
    {
        _dependencies = dependencies;
        foreach (Dependency dependency in dependencies)
        {
            bool isRows = dependency.FromKind == DependentKind.FunctionOverRows;
            if (isRows || !_kinds.ContainsKey(dependency.From))
            {
                _kinds[dependency.From] = dependency.FromKind;
            }
        }
        _moving.Add(new CatalogObject("pg_class", table));
        Spread();
    }

    /// <summary>Objects whose OID is another after the swap: the table, its parts, what must be made anew.</summary>
    public bool IsMoving(CatalogObject thing) => _moving.Contains(thing);

    /// <summary>It refers to something that moves, so it must be rebound.</summary>
    public bool IsBound(CatalogObject thing) => _bound.Contains(thing);

    public static async Task<DependencyGraph> ReadAsync(CatalogQuery query, uint table)
    {
        ImmutableArray<Dependency> dependencies = await query.ListAsync(
            Dependencies,
            table,
            row => new Dependency(
                new CatalogObject(row.GetString(0), row.GetFieldValue<uint>(1)),
                new CatalogObject(row.GetString(2), row.GetFieldValue<uint>(3)),
                row.GetString(4) switch
                {
                    "part" => DependentKind.Part,
                    "view" => DependentKind.View,
                    "matview" => DependentKind.MaterializedView,
                    "rule" => DependentKind.Rule,
                    "policy" => DependentKind.Policy,
                    "rows" => DependentKind.FunctionOverRows,
                    "function" => DependentKind.Function,
                    _ => DependentKind.Other,
                },
                row.GetInt32(5)
            )
        );
        return new DependencyGraph(table, dependencies);
    }

    /// <summary>Bound objects of a kind.</summary>
    public IEnumerable<CatalogObject> Bound(params DependentKind[] kinds) =>
        _kinds.Where(pair => kinds.Contains(pair.Value) && IsBound(pair.Key)).Select(pair => pair.Key).Order(ByOid);

    /// <summary>What is bound and of no kind that can be rebound, each with what binds it.</summary>
    public IEnumerable<Dependency> BoundOthers() =>
        _dependencies
            .Where(dependency => dependency.FromKind == DependentKind.Other && IsMoving(dependency.To))
            .DistinctBy(dependency => (dependency.From, dependency.FromColumn));

    /// <summary>What an object depends on.</summary>
    public IEnumerable<CatalogObject> DependsOn(CatalogObject thing) =>
        _dependencies.Where(dependency => dependency.From == thing).Select(dependency => dependency.To);

    /// <summary>It depends on a function whose signature has the table's row type.</summary>
    public bool UsesFunctionOverRows(CatalogObject thing) =>
        DependsOn(thing).Any(used => _kinds.GetValueOrDefault(used) == DependentKind.FunctionOverRows);

    /// <summary>Bound views, and views on them to any depth, each after those that it reads.</summary>
    public ImmutableArray<CatalogObject> ViewsInOrder()
    {
        List<CatalogObject> order = [];
        HashSet<CatalogObject> seen = [];
        foreach (CatalogObject view in _kinds.Keys.Where(IsView).Order(ByOid))
        {
            Visit(view);
        }
        return [.. order.Where(view => IsBound(view) || IsOverBound(view, []))];

        void Visit(CatalogObject view)
        {
            if (seen.Add(view))
            {
                foreach (CatalogObject below in DependsOn(view).Where(IsView).Order(ByOid))
                {
                    Visit(below);
                }
                order.Add(view);
            }
        }
    }

    private static Comparer<CatalogObject> ByOid { get; } =
        Comparer<CatalogObject>.Create((one, other) => one.Oid.CompareTo(other.Oid));

    private bool IsView(CatalogObject thing) =>
        _kinds.GetValueOrDefault(thing, DependentKind.Other) is DependentKind.View or DependentKind.MaterializedView;

    private bool IsOverBound(CatalogObject view, HashSet<CatalogObject> seen) =>
        seen.Add(view) && DependsOn(view).Where(IsView).Any(below => IsBound(below) || IsOverBound(below, seen));

    // Until nothing changes: what refers to something that moves is bound; some of the bound move themselves.
    private void Spread()
    {
        bool isChanged = true;
        while (isChanged)
        {
            isChanged = false;
            foreach (Dependency dependency in _dependencies.Where(dependency => IsMoving(dependency.To)))
            {
                isChanged |= _bound.Add(dependency.From);
                if (
                    _kinds[dependency.From] is DependentKind.MaterializedView or DependentKind.Part
                    || dependency.FromKind == DependentKind.FunctionOverRows
                )
                {
                    isChanged |= _moving.Add(dependency.From);
                }
            }
        }
    }
}
