// From what a statement is to what decides its route.
using System.Collections.Immutable;
using Drover.Routing.Copying;
using Drover.Routing.Merging;
using Drover.Routing.Names;
using Drover.Routing.Schemas;
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing;

/// <summary>
/// Pure: description, map and catalogs in, a plan out. What is not proved to give what one server with all the data
/// would give is refused.
/// </summary>
internal static class RoutePlanner
{
    /// <summary>Utility statements that change the first table that they name.</summary>
    private static readonly string[] s_changing =
    [
        "DropStmt",
        "TruncateStmt",
        "AlterTableStmt",
        "RenameStmt",
        "IndexStmt",
        "CopyStmt",
        "CreateTrigStmt",
        "RuleStmt",
    ];

    /// <summary>Plans all statements of a text.</summary>
    /// <param name="description">What it is.</param>
    /// <param name="map">The map.</param>
    /// <param name="catalog">What is known of the database.</param>
    /// <param name="path">The session's search_path.</param>
    public static StatementPlan Plan(
        StatementDescription description,
        TopologySnapshot map,
        ICatalogFacts catalog,
        SearchPath path
    )
    {
        PathFacts facts = catalog as PathFacts ?? new PathFacts(map, catalog, path);
        return new StatementPlan(description, Rules(description, map, facts), map);
    }

    /// <summary>Behind a SET search_path in the same text, names were read by the path before.</summary>
    private static ImmutableArray<StatementRule> Rules(
        StatementDescription description,
        TopologySnapshot map,
        PathFacts facts
    )
    {
        List<StatementRule> rules = [];
        bool setsPath = false;
        foreach (StatementFacts statement in description.Statements)
        {
            StatementRule rule = RuleOf(statement, map, facts);
            bool isLost = setsPath && statement.Tables.Any(static table => table.Schema.Length == 0);
            rules.Add(isLost ? rule with { Fixed = Route.Refused(Refusals.PathInText) } : rule);
            setsPath |= PathStatements.Sets(statement, map);
        }
        return [.. rules];
    }

    private static StatementRule RuleOf(StatementFacts facts, TopologySnapshot map, PathFacts catalog)
    {
        ImmutableArray<int> everyShard = [.. map.Shards.Select(static shard => shard.Number)];
        StatementRule rule = new()
        {
            Facts = facts,
            All = new Route(RouteKind.All, 0, everyShard, null),
            ChangesSchema = SchemaStatements.Change(facts, catalog),
        };
        if (map.Shards.Length == 1 || (map.Tables.Count + map.ReferenceTables.Count + map.Schemas.Count == 0))
        {
            return rule with { Fixed = Route.Home(map.Home.Number) };
        }
        ImmutableArray<NamedTable> tables =
        [
            .. facts.Tables.Select(table => catalog.Names.Find(table.Schema, table.Name)),
        ];
        rule = rule with
        {
            Group = GroupOf(tables, map),
            HasShortObjects = facts.Functions.Any(function => IsShort(function, map, catalog)),
            ReadsBehind =
                tables.Any(static table => table.DependsOnSchema)
                || facts.Functions.Any(function => Places.IsBehind(function, catalog)),
            HasUnknownNames =
                tables.Any(static table =>
                    table is { Role: TableRole.Unknown } or { Role: TableRole.Placed, Relation: null }
                ) || facts.Functions.Any(static function => function.Volatility is null),
        };
        bool isUtility = facts.Kind == StatementKind.Utility && !IsQuery(facts.NodeName);
        Route? route =
            RefuseBehind(facts, tables) is { } behind ? Route.Refused(behind)
            : isUtility ? UtilityRoutes.Of(facts, tables, rule.All, catalog)
            : Refuse(facts, tables, catalog) is { } refusal ? Route.Refused(refusal)
            : null;
        if (facts.NodeName == "CopyStmt" && route is { Kind: RouteKind.All })
        {
            return CopyRules.Complete(rule with { Fixed = route }, tables[0], map);
        }
        StatementRule made = route is null ? new QueryRule(rule, tables, catalog).Make() : rule with { Fixed = route };
        made = made with { Merge = new ScatterRules(made, tables, catalog).Plan() };
        return facts.NodeName == "PrepareStmt" ? AtHome(made, map) : made;
    }

    private static bool IsShort(FunctionUse function, TopologySnapshot map, PathFacts catalog) =>
        map.Schemas.Count > 0
        && (
            (function.Relation.Length > 0 && !function.Relation.Contains('.', StringComparison.Ordinal))
            || (function.Schema.Length == 0 && map.Schemas.Keys.Any(schema => catalog.HasObject(schema, function.Name)))
        );

    /// <summary>
    /// EXECUTE does not say what it executes: it goes to the first shard, and so must PREPARE; or the session stays
    /// where the one sharded schema is that PREPARE names.
    /// </summary>
    private static StatementRule AtHome(StatementRule rule, TopologySnapshot map) =>
        rule.Fixed?.Kind is RouteKind.Refused or RouteKind.One ? rule
        : rule.Fixed?.Kind is RouteKind.Any or RouteKind.Home ? rule with { Fixed = Route.Home(map.Home.Number) }
        : rule with { Fixed = Route.Refused(Refusals.Construct("PrepareStmt of a table with rows on several shards")) };

    private static ColocationGroup? GroupOf(ImmutableArray<NamedTable> tables, TopologySnapshot map)
    {
        int[] groups = [.. tables.Select(static table => table.Sharded?.Group).OfType<int>().Distinct()];
        return groups.Length == 1 ? map.Groups[groups[0]] : null;
    }

    /// <summary>Utility statements that are read as the query in them.</summary>
    private static bool IsQuery(string node) => node is "ExplainStmt" or "DeclareCursorStmt";

    /// <summary>
    /// What would change a table whose name a sharded schema before it on search_path may have got a moment ago: made
    /// in this transaction, say, or by another proxy. Rows of all tenants could be gone.
    /// </summary>
    private static RouteRefusal? RefuseBehind(StatementFacts facts, ImmutableArray<NamedTable> tables)
    {
        for (int i = 0; i < tables.Length; i++)
        {
            bool isChanged =
                facts.Kind == StatementKind.Utility
                    ? i == 0 && facts.Access != StatementAccess.Read && s_changing.Contains(facts.NodeName)
                    : facts.Tables[i].IsWritten;
            if (isChanged && tables[i].Behind is { } schema)
            {
                return Refusals.Name(
                    $"{tables[i].Name} is behind schema {schema} on search_path, which may have one too"
                );
            }
        }
        return null;
    }

    /// <summary>What keeps a query from any route.</summary>
    public static RouteRefusal? Refuse(StatementFacts facts, ImmutableArray<NamedTable> tables, PathFacts catalog)
    {
        if (!facts.UnknownConstructs.IsEmpty)
        {
            return Refusals.Construct(facts.UnknownConstructs[0]);
        }
        for (int i = 0; i < tables.Length; i++)
        {
            NamedTable table = tables[i];
            switch (table.Role)
            {
                case TableRole.Placed when table.HidesReference && facts.Tables[i].IsWritten:
                    return Refusals.Name($"a reference table has the name of {table.Name} too");
                case TableRole.Ambiguous:
                    return Refusals.Name(table.Reason);
                case TableRole.View:
                    return Refusals.View(table.Name);
                case TableRole.Unknown when !catalog.IsComplete:
                    return Refusals.Construct($"relation {table.Name.Name} is not known");
            }
        }
        return FunctionRules.Refuse(facts, catalog);
    }
}
