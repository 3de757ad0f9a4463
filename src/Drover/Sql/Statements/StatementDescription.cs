// What a text is, statement by statement, as far as its words and the catalogs tell.
using System.Collections.Immutable;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;

namespace Drover.Sql.Statements;

/// <summary>
/// Immutable, and the same for every text of a shape: values are not in it, but the places where they stand
/// (<see cref="ValueSource"/>), to be read from the text at hand.
/// </summary>
internal sealed class StatementDescription : IShapeValue
{
    private readonly int[] _decidingSlots;

    /// <summary>Makes one.</summary>
    /// <param name="statements">In the order of the text.</param>
    /// <param name="decidingSlots">Places of the shape whose literals are part of what is described.</param>
    /// <param name="bytes">What the text weighs, for the cache.</param>
    public StatementDescription(ImmutableArray<StatementFacts> statements, int[] decidingSlots, int bytes)
    {
        Statements = statements;
        _decidingSlots = decidingSlots;
        Bytes = bytes;
    }

    /// <summary>One, as a rule; several where a simple query has several; none in an empty one.</summary>
    public ImmutableArray<StatementFacts> Statements { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<int> DecidingSlots => _decidingSlots;

    /// <inheritdoc/>
    public int Bytes { get; }
}

/// <summary>One statement.</summary>
internal sealed record StatementFacts
{
    public required StatementKind Kind { get; init; }

    /// <summary>PostgreSQL's name for it, such as <c>VariableSetStmt</c>; empty if it was not parsed.</summary>
    public required string NodeName { get; init; }

    public required StatementAccess Access { get; init; }

    /// <summary>
    /// The constructs for which <see cref="Access"/> is not known or the lists here may lack something, in words for an
    /// error; empty if all is known.
    /// </summary>
    public ImmutableArray<string> Unknowns { get; init; } = [];

    /// <summary>Those of <see cref="Unknowns"/> that are not just names which the catalogs do not know.</summary>
    public ImmutableArray<string> UnknownConstructs { get; init; } = [];

    /// <summary>Numbers of the parameters outside of collapsed lists and rows, once per place.</summary>
    public ImmutableArray<int> LoneParameters { get; init; } = [];

    /// <summary>Whether it has parameters anywhere.</summary>
    public bool HasParameters { get; init; }

    /// <summary>Every table or view that is named, once per place; names of WITH queries are not among them.</summary>
    public ImmutableArray<TableUse> Tables { get; init; } = [];

    /// <summary>It names a view, whose query is taken in; what that computes is not in the tree.</summary>
    public bool HasViews => !Views.IsEmpty;

    /// <summary>Those views.</summary>
    public ImmutableArray<(string Schema, string Name)> Views { get; init; } = [];

    public ImmutableArray<FunctionUse> Functions { get; init; } = [];

    /// <summary>FOR UPDATE and the like, as PostgreSQL names the strength; such a SELECT is a write.</summary>
    public ImmutableArray<string> RowLocks { get; init; } = [];

    /// <summary>Which rows of which table can matter at all.</summary>
    public ImmutableArray<ColumnPredicate> Predicates { get; init; } = [];

    /// <summary>What columns are not below or above in any row that matters.</summary>
    public ImmutableArray<ColumnBound> Bounds { get; init; } = [];

    /// <summary>Which columns of two tables are equal in every row that matters.</summary>
    public ImmutableArray<ColumnEquality> Equalities { get; init; } = [];

    /// <summary>What an INSERT puts where; null for another statement, and for INSERT … SELECT.</summary>
    public InsertedRows? Inserted { get; init; }

    /// <summary>What INSERT … SELECT puts where, or each INSERT of a MERGE.</summary>
    public ImmutableArray<InsertedColumns> InsertedFrom { get; init; } = [];

    /// <summary>What UPDATE sets, and ON CONFLICT DO UPDATE of an INSERT.</summary>
    public ImmutableArray<Assignment> Assignments { get; init; } = [];

    /// <summary>What a SELECT says of its rows together; null of a set operation, VALUES, another statement.</summary>
    public SelectClauses? Clauses { get; init; }

    /// <summary>Its tree; null if it was not parsed.</summary>
    public SqlNode? Tree { get; init; }
}

internal enum StatementKind
{
    /// <summary>The parser refused it, or it is a kind that is newer than this code.</summary>
    Unknown,
    Select,
    Insert,
    Update,
    Delete,
    Merge,

    /// <summary>All that PostgreSQL does not plan: SET, CREATE, COPY, BEGIN.</summary>
    Utility,
}

internal enum StatementAccess
{
    /// <summary>It may write; a construct could not be judged.</summary>
    Unknown,
    Read,
    Write,
}

/// <summary>A table or view in a statement.</summary>
/// <param name="Schema">Empty where the statement names none.</param>
/// <param name="Name">As PostgreSQL folds it.</param>
/// <param name="Alias">The name by which columns are qualified.</param>
/// <param name="IsWritten">It is what INSERT, UPDATE, DELETE or MERGE changes.</param>
/// <param name="Query">Which query of the statement has it in FROM; 0 is the outermost.</param>
/// <param name="Kind">What the catalogs say it is.</param>
internal sealed record TableUse(string Schema, string Name, string Alias, bool IsWritten, int Query, RelationKind? Kind)
{
    /// <summary>A row of the outcome may have no row of it: it is on that side of an outer join.</summary>
    public bool IsOptional { get; init; }
}

/// <summary>A function that is called.</summary>
/// <param name="Schema">Empty where the statement names none.</param>
/// <param name="Name">As PostgreSQL folds it.</param>
/// <param name="Arguments">How many it is called with.</param>
/// <param name="Volatility">Null if it is not known.</param>
internal sealed record FunctionUse(string Schema, string Name, int Arguments, FunctionVolatility? Volatility)
{
    /// <summary>The sequence that a literal of nextval, setval or currval names; empty if there is none.</summary>
    public string Relation { get; init; } = "";

    /// <summary>The setting that a literal of set_config names; empty if there is none.</summary>
    public string Setting { get; init; } = "";
}

/// <summary>Only rows of a table whose column has one of these values can matter to the outcome.</summary>
/// <param name="Table">The index in <see cref="StatementFacts.Tables"/>.</param>
/// <param name="Column">As PostgreSQL folds it.</param>
/// <param name="Sources">The values; NULL among them matches nothing.</param>
internal sealed record ColumnPredicate(int Table, string Column, ImmutableArray<ValueSource> Sources);

/// <summary>
/// Only rows of a table whose column is not above a value, or not below it, can matter; whether equal ones do is left
/// open. NULL matches nothing.
/// </summary>
internal sealed record ColumnBound(int Table, string Column, bool IsUpper, ValueSource Source);

/// <summary>
/// Two columns are equal where both tables matter. Of an outer join, only what holds of the first is true of the
/// second.
/// </summary>
internal sealed record ColumnEquality(int Table, string Column, int OtherTable, string OtherColumn, bool IsMutual);

/// <summary>Rows of VALUES, or of nothing.</summary>
/// <param name="Columns">The columns that are named; empty if none is, and then they are the table's own.</param>
/// <param name="Values">
/// For each column the sources of all rows; one that is an expression is <see cref="ValueSourceKind.Expression"/>.
/// </param>
internal sealed record InsertedRows(ImmutableArray<string> Columns, ImmutableArray<ImmutableArray<ValueSource>> Values);

/// <summary>Rows that come out of a query.</summary>
/// <param name="Query">The query, as <see cref="TableUse.Query"/> has it.</param>
/// <param name="Columns">Those that are filled; empty if that cannot be told.</param>
internal sealed record InsertedColumns(int Query, ImmutableArray<InsertedColumn> Columns);

/// <summary>A column and what it gets in each row: another column, or a value, or something else.</summary>
internal sealed record InsertedColumn(string Column, ColumnSource Source, ValueSource Value);

/// <summary>A column and what it becomes.</summary>
internal sealed record Assignment(string Column, ValueSource Source);

/// <summary>Where a value is to be read.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Number">A place of the shape, or the number of a parameter.</param>
/// <param name="Cast">
/// The type that it is cast to, as the statement names it; empty if it is not. A cast may change the value:
/// 5.7::int is 6.
/// </param>
internal readonly record struct ValueSource(ValueSourceKind Kind, int Number = 0, string Cast = "")
{
    public static ValueSource Expression { get; } = new(ValueSourceKind.Expression);
}

internal enum ValueSourceKind
{
    /// <summary>To be computed: its value is not known before the statement runs.</summary>
    Expression,

    /// <summary>All items of a place of the shape: literals, and parameters in lists and rows.</summary>
    Slot,

    /// <summary>The same, but each item is the text of an array: <c>= ANY ('{1,2}')</c>.</summary>
    ArraySlot,

    /// <summary>A parameter of the message.</summary>
    Parameter,

    /// <summary>A parameter that is an array: <c>= ANY ($1)</c>.</summary>
    ArrayParameter,

    /// <summary>The column's default.</summary>
    Default,

    /// <summary>NULL.</summary>
    Null,

    /// <summary>The column's own value, which stays.</summary>
    Itself,
}
