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
/// <param name="MayChangeSchema">Its code has words that make, alter or drop.</param>
internal sealed record FunctionFacts(
    string Schema,
    string Name,
    int ArgumentsMin,
    int ArgumentsMax,
    FunctionVolatility Volatility,
    bool MayTouchTables,
    bool IsAggregate,
    bool MayChangeSchema
);

/// <summary>What is read of one server.</summary>
/// <param name="Relations">Tables, views, indexes and sequences.</param>
/// <param name="Functions">All overloads.</param>
/// <param name="Types">Types that are no table's.</param>
internal sealed record CatalogPart(
    IReadOnlyList<RelationFacts> Relations,
    IReadOnlyList<FunctionFacts> Functions,
    IReadOnlyList<(string Schema, string Name)> Types
);

/// <summary>Immutable; names are looked for in the schema that is given and in no other.</summary>
internal sealed class CatalogFactsSnapshot : ICatalogFacts
{
    private readonly FrozenDictionary<(string Schema, string Name), RelationFacts> _relations;
    private readonly FrozenDictionary<(string Schema, string Name), ImmutableArray<FunctionFacts>> _functions;
    private readonly FrozenSet<(string Schema, string Name)> _types;
    private readonly FrozenSet<string> _schemas;

    /// <summary>Makes one.</summary>
    /// <param name="parts">The first shard's, and of others what is in the schemas that they have whole.</param>
    /// <param name="schemas">The first shard's schemas.</param>
    /// <param name="roleSchemas">Those of them with a role's name.</param>
    public CatalogFactsSnapshot(
        IReadOnlyList<CatalogPart> parts,
        IEnumerable<string> schemas,
        ImmutableArray<string> roleSchemas
    )
    {
        _relations = parts
            .SelectMany(static part => part.Relations)
            // A shard that does not answer may be known by another map than the rest.
            .DistinctBy(static relation => (relation.Schema, relation.Name))
            .ToFrozenDictionary(static relation => (relation.Schema, relation.Name));
        _types = parts.SelectMany(static part => part.Types).ToFrozenSet();
        _schemas = schemas.ToFrozenSet();
        _functions = parts
            .SelectMany(static part => part.Functions)
            .GroupBy(static function => (function.Schema, function.Name))
            .ToFrozenDictionary(static group => group.Key, static group => group.ToImmutableArray());
        RoleSchemas = roleSchemas;
    }

    /// <inheritdoc/>
    public ImmutableArray<string> RoleSchemas { get; }

    /// <inheritdoc/>
    public bool IsComplete => true;

    /// <inheritdoc/>
    public bool HasSchema(string schema) => _schemas.Contains(schema);

    /// <inheritdoc/>
    public bool HasObject(string schema, string name) =>
        _types.Contains((schema, name)) || _functions.ContainsKey((schema, name));

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
    public bool MayChangeSchema(string schema, string name, int arguments) =>
        Overloads(schema, name, arguments).Any(static function => function.MayChangeSchema);

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
