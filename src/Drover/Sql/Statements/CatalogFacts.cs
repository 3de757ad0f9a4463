// What a statement cannot tell of itself and the servers' catalogs can.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Sql.Statements;

/// <summary>
/// What is known of one database at one epoch. Whoever reads statements is given it; an answer of null means that
/// it is not known, and then nothing is concluded from it.
/// </summary>
internal interface ICatalogFacts
{
    /// <summary>
    /// How a function may behave, the worst of all that the name and number of arguments can mean
    /// (https://www.postgresql.org/docs/18/xfunc-volatility.html).
    /// </summary>
    /// <param name="schema">Empty where the statement names none: the search_path decides.</param>
    /// <param name="name">As PostgreSQL folds it.</param>
    /// <param name="arguments">How many it is called with.</param>
    FunctionVolatility? Volatility(string schema, string name, int arguments);

    /// <summary>What a name in FROM is.</summary>
    RelationKind? Relation(string schema, string name);

    /// <summary>Whether a table or view has a column.</summary>
    bool? HasColumn(string schema, string name, string column);

    /// <summary>All that is known of a table or view; null if it is none, or nothing is.</summary>
    RelationFacts? Describe(string schema, string name) => null;

    /// <summary>
    /// Whether a function may read or write tables, by itself or by SQL that it is given: all are thought to but those
    /// that are known not to.
    /// </summary>
    bool MayTouchTables(string schema, string name, int arguments) => true;

    /// <summary>
    /// Whether a function may make, alter or drop tables, types, functions and the like: all that touch tables may but
    /// those whose code is known not to.
    /// </summary>
    bool MayChangeSchema(string schema, string name, int arguments) => MayTouchTables(schema, name, arguments);

    /// <summary>Whether a function may make one value of many rows: all may but those that are known not to.</summary>
    bool MayAggregate(string schema, string name, int arguments) => true;

    /// <summary>Schemas that have the name of a role, so that <c>"$user"</c> can mean them.</summary>
    ImmutableArray<string> RoleSchemas => [];

    /// <summary>Whether there is a schema, of the first shard's.</summary>
    bool HasSchema(string schema) => false;

    /// <summary>Whether a schema has a function or a type of a name.</summary>
    bool HasObject(string schema, string name) => false;

    /// <summary>Whether what is not known does not exist, but for what came a moment ago.</summary>
    bool IsComplete => false;
}

/// <summary>A table, a view, or what else has the name of one.</summary>
/// <param name="Schema">Where it is.</param>
/// <param name="Name">As the catalogs have it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Columns">In their order.</param>
internal sealed record RelationFacts(string Schema, string Name, RelationKind Kind, ImmutableArray<ColumnFacts> Columns)
{
    /// <summary>A view's query as the server spells it, with all names in full; null of another.</summary>
    public string? Definition { get; init; }

    /// <summary>The tree of <see cref="Definition"/>; null if there is none.</summary>
    public SqlNode? Query { get; init; }

    /// <summary>The table that a partition, an index or a sequence belongs to; null if there is none.</summary>
    public (string Schema, string Name)? Owner { get; init; }

    public ColumnFacts? Column(string name) => Columns.FirstOrDefault(column => column.Name == name);
}

/// <summary>A column.</summary>
/// <param name="Name">As the catalogs have it.</param>
/// <param name="TypeOid">Its type; 0 where equal strings may differ byte by byte, for collation or type.</param>
/// <param name="IsDefaultVolatile">Its default is another one each time, or on each server.</param>
/// <param name="IsGenerated">It is computed from others, and nobody writes it.</param>
/// <param name="IsByBytes">It is text, and its collation orders text by its bytes.</param>
internal sealed record ColumnFacts(
    string Name,
    uint TypeOid,
    bool IsDefaultVolatile = false,
    bool IsGenerated = false,
    bool IsByBytes = false
);

internal enum FunctionVolatility
{
    Immutable,
    Stable,
    Volatile,
}

internal enum RelationKind
{
    Table,
    View,
    Other,
}

/// <summary>Nothing is known: every function may write, every name may be a view.</summary>
internal sealed class NoCatalogFacts : ICatalogFacts
{
    public static NoCatalogFacts Instance { get; } = new();

    /// <inheritdoc/>
    public FunctionVolatility? Volatility(string schema, string name, int arguments) => null;

    /// <inheritdoc/>
    public RelationKind? Relation(string schema, string name) => null;

    /// <inheritdoc/>
    public bool? HasColumn(string schema, string name, string column) => null;
}
