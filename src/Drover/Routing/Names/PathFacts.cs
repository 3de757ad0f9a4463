// What the catalogs know, for names without schema as one search_path finds them.
using System.Collections.Immutable;
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing.Names;

internal sealed class PathFacts(TopologySnapshot map, ICatalogFacts catalog, SearchPath path) : ICatalogFacts
{
    /// <summary>The names behind it.</summary>
    public TableNames Names { get; } = new(map, catalog, path);

    /// <inheritdoc/>
    public ImmutableArray<string> RoleSchemas => catalog.RoleSchemas;

    /// <inheritdoc/>
    public bool IsComplete => catalog.IsComplete;

    /// <inheritdoc/>
    public bool HasSchema(string schema) => catalog.HasSchema(schema);

    /// <inheritdoc/>
    public bool HasObject(string schema, string name) => catalog.HasObject(schema, name);

    /// <inheritdoc/>
    public FunctionVolatility? Volatility(string schema, string name, int arguments)
    {
        FunctionVolatility? worst = null;
        foreach (string each in Schemas(schema))
        {
            FunctionVolatility? here = catalog.Volatility(each, name, arguments);
            worst = here is null ? worst : (FunctionVolatility)Math.Max((int)here, (int)(worst ?? 0));
        }
        return worst;
    }

    /// <inheritdoc/>
    public bool MayTouchTables(string schema, string name, int arguments) =>
        Schemas(schema)
            .Any(each =>
                catalog.Volatility(each, name, arguments) is not null && catalog.MayTouchTables(each, name, arguments)
            );

    /// <inheritdoc/>
    public bool MayAggregate(string schema, string name, int arguments) =>
        Schemas(schema)
            .Any(each =>
                catalog.Volatility(each, name, arguments) is not null && catalog.MayAggregate(each, name, arguments)
            );

    /// <inheritdoc/>
    public bool MayChangeSchema(string schema, string name, int arguments) =>
        Schemas(schema)
            .Any(each =>
                catalog.Volatility(each, name, arguments) is not null && catalog.MayChangeSchema(each, name, arguments)
            );

    /// <summary>Whether a name without schema means PostgreSQL's own function, and no other can be meant.</summary>
    public bool IsOwn(string name, int arguments) =>
        path.HasCatalogFirst
        && Schemas("").All(each => (each == "pg_catalog") == (catalog.Volatility(each, name, arguments) is not null));

    /// <inheritdoc/>
    public RelationKind? Relation(string schema, string name) => Describe(schema, name)?.Kind;

    /// <inheritdoc/>
    public bool? HasColumn(string schema, string name, string column) =>
        Describe(schema, name) is { } relation ? relation.Column(column) is not null : null;

    /// <inheritdoc/>
    public RelationFacts? Describe(string schema, string name) =>
        schema.Length > 0 ? catalog.Describe(schema, name) : Names.Find(schema, name).Relation;

    private IEnumerable<string> Schemas(string schema) =>
        schema.Length > 0
            ? [schema]
            : path
                .Schemas.SelectMany(each => each == SearchPath.User ? catalog.RoleSchemas : [each])
                .Prepend("pg_catalog")
                .Distinct();
}
