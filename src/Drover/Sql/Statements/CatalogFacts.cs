// What a statement cannot tell of itself and the servers' catalogs can.
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
}

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
