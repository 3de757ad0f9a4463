// All that is bound to the table from outside: views, rules, policies, functions, and what is left.
using System.Globalization;

namespace Drover.Partitioning.Catalog.Reading;

internal static class DependentReader
{
    // $1 is the OID alone; the catalog is one of PostgreSQL's own names, as the graph read it.
    private const string Function = """
        SELECT n.nspname, p.proname, pg_get_function_identity_arguments(p.oid),
               CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
               pg_get_userbyid(p.proowner)::text, CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
               p.prosqlbody IS NOT NULL, obj_description(p.oid, 'pg_proc'),
               ARRAY(SELECT unnest(p.proargtypes::oid[] || p.proallargtypes)),
               p.prorettype,
               (SELECT e.extname::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                  AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
               (SELECT coalesce(string_agg(format_type(t.id, NULL), ', ' ORDER BY t.n), '')
                FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY t(id, n))
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = $1
        """;

    public static async Task<DependentObjects> ReadAsync(CatalogQuery query, uint table)
    {
        DependencyGraph graph = await DependencyGraph.ReadAsync(query, table);
        List<ViewDescription> views = [];
        foreach (CatalogObject view in graph.ViewsInOrder())
        {
            views.Add(await ViewReader.ReadAsync(query, graph, view));
        }
        List<RuleDescription> rules = [];
        foreach (CatalogObject rule in graph.Bound(DependentKind.Rule))
        {
            rules.Add((await TriggerReader.FindRuleAsync(query, rule.Oid))!);
        }
        List<PolicyDescription> policies = [];
        foreach (CatalogObject policy in graph.Bound(DependentKind.Policy))
        {
            policies.Add((await AccessReader.FindPolicyAsync(query, policy.Oid))!);
        }
        List<FunctionDescription> functions = [];
        foreach (CatalogObject f in graph.Bound(DependentKind.Function, DependentKind.FunctionOverRows))
        {
            functions.Add(await ReadFunctionAsync(query, graph, f.Oid));
        }
        List<OtherDependent> others = [];
        foreach (Dependency other in graph.BoundOthers())
        {
            others.Add(
                new OtherDependent(
                    other.From.Class,
                    await DescribeAsync(query, other.From, other.FromColumn),
                    await DescribeAsync(query, other.To, column: 0)
                )
            );
        }
        return new DependentObjects
        {
            Views = [.. views],
            Rules = [.. rules.OrderBy(rule => rule.Relation.ToString()).ThenBy(rule => rule.Name)],
            Policies = [.. policies.OrderBy(policy => policy.Table.ToString()).ThenBy(policy => policy.Name)],
            Functions = [.. functions],
            Others = [.. others.OrderBy(other => other.Description, StringComparer.Ordinal)],
        };
    }

    private static async Task<FunctionDescription> ReadFunctionAsync(
        CatalogQuery query,
        DependencyGraph graph,
        uint oid
    )
    {
        bool IsRowType(uint type) => graph.IsMoving(new CatalogObject("pg_type", type));
        FunctionDescription function = (
            await query.FindAsync(
                Function,
                oid,
                row => new FunctionDescription
                {
                    Oid = oid,
                    Name = row.Name(0, 1),
                    Arguments = row.GetString(2),
                    Kind = row.GetString(3),
                    Owner = row.GetString(4),
                    Definition = row.TextOrNull(5)?.TrimEnd(),
                    HasParsedBody = row.GetBoolean(6),
                    Comment = row.TextOrNull(7),
                    TakesRow = row.GetFieldValue<uint[]>(8).Any(IsRowType),
                    ReturnsRow = IsRowType(row.GetFieldValue<uint>(9)),
                    Extension = row.TextOrNull(10),
                    ArgumentTypes = row.GetString(11),
                    Access = new AccessList(IsDefault: true, []),
                }
            )
        )!;
        return function with { Access = await AccessReader.ReadFunctionAsync(query, oid) };
    }

    private static async Task<string> DescribeAsync(CatalogQuery query, CatalogObject thing, int column)
    {
        string sql = string.Create(
            CultureInfo.InvariantCulture,
            $"SELECT pg_describe_object('{thing.Class}'::regclass, $1, {column})"
        );
        return await query.FindAsync(sql, thing.Oid, row => row.TextOrNull(0))
            ?? string.Create(CultureInfo.InvariantCulture, $"{thing.Class} {thing.Oid}");
    }
}
