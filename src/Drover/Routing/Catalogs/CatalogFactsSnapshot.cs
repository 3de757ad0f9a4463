// What the first shard's system catalogs said at one time.
using System.Collections.Frozen;
using System.Collections.Immutable;
using Drover.Sql.Statements;

namespace Drover.Routing.Catalogs;

/// <summary>A function, procedure or aggregate.</summary>
/// <param name="Schema">Where it is.</param>
/// <param name="Name">As the catalogs have it.</param>
/// <param name="ArgumentsMin">Those without a default.</param>
/// <param name="ArgumentsMax">All; without end where the last is variadic.</param>
/// <param name="Volatility">As it is declared.</param>
/// <param name="MayTouchTables">Its code is not known to leave tables alone.</param>
/// <param name="IsAggregate">It makes one value of many rows, or looks at several as a window function does.</param>
internal sealed record FunctionFacts(
    string Schema,
    string Name,
    int ArgumentsMin,
    int ArgumentsMax,
    FunctionVolatility Volatility,
    bool MayTouchTables,
    bool IsAggregate
);

/// <summary>Immutable; names are looked for in the schema that is given and in no other.</summary>
internal sealed class CatalogFactsSnapshot : ICatalogFacts
{
    private readonly FrozenDictionary<(string Schema, string Name), RelationFacts> _relations;
    private readonly FrozenDictionary<(string Schema, string Name), ImmutableArray<FunctionFacts>> _functions;

    /// <summary>Makes one.</summary>
    /// <param name="relations">All tables, views, indexes and sequences.</param>
    /// <param name="functions">All overloads.</param>
    /// <param name="roleSchemas">Schemas with a role's name.</param>
    public CatalogFactsSnapshot(
        IEnumerable<RelationFacts> relations,
        IEnumerable<FunctionFacts> functions,
        ImmutableArray<string> roleSchemas
    )
    {
        _relations = relations.ToFrozenDictionary(static relation => (relation.Schema, relation.Name));
        _functions = functions
            .GroupBy(static function => (function.Schema, function.Name))
            .ToFrozenDictionary(static group => group.Key, static group => group.ToImmutableArray());
        RoleSchemas = roleSchemas;
    }

    /// <inheritdoc/>
    public ImmutableArray<string> RoleSchemas { get; }

    /// <inheritdoc/>
    public bool IsComplete => true;

    /// <inheritdoc/>
    public FunctionVolatility? Volatility(string schema, string name, int arguments)
    {
        FunctionVolatility? worst = null;
        foreach (FunctionFacts function in Overloads(schema, name, arguments))
        {
            worst = worst > function.Volatility ? worst : function.Volatility;
        }
        return worst;
    }

    /// <inheritdoc/>
    public bool MayTouchTables(string schema, string name, int arguments) =>
        Overloads(schema, name, arguments).Any(static function => function.MayTouchTables);

    /// <inheritdoc/>
    public bool MayAggregate(string schema, string name, int arguments) =>
        Overloads(schema, name, arguments).Any(static function => function.IsAggregate);

    /// <inheritdoc/>
    public RelationKind? Relation(string schema, string name) => Describe(schema, name)?.Kind;

    /// <inheritdoc/>
    public bool? HasColumn(string schema, string name, string column) =>
        Describe(schema, name) is { } relation ? relation.Column(column) is not null : null;

    /// <inheritdoc/>
    public RelationFacts? Describe(string schema, string name) => _relations.GetValueOrDefault((schema, name));

    private IEnumerable<FunctionFacts> Overloads(string schema, string name, int arguments) =>
        _functions
            .GetValueOrDefault((schema, name), [])
            .Where(function => function.ArgumentsMin <= arguments && arguments <= function.ArgumentsMax);
}
