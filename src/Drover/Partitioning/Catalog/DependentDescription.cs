// Objects outside a table that are bound to it by OID, and so must be rebound when another table takes its name.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog;

/// <summary>
/// All that TRAPS 25 names. A thing is here if it depends on the table, on its row type, on one of its constraints,
/// or on a dependent whose own OID changes with the swap (a materialized view, a function that takes its row type).
/// </summary>
internal sealed record DependentObjects
{
    public static DependentObjects None { get; } = new();

    /// <summary>Views and materialized views, each after those that it reads.</summary>
    public ImmutableArray<ViewDescription> Views { get; init; } = [];

    /// <summary>Rules of other relations that touch the table.</summary>
    public ImmutableArray<RuleDescription> Rules { get; init; } = [];

    /// <summary>Policies of other tables that read the table.</summary>
    public ImmutableArray<PolicyDescription> Policies { get; init; } = [];
    public ImmutableArray<FunctionDescription> Functions { get; init; } = [];

    /// <summary>Anything else, as <c>pg_describe_object</c> calls it: row-type columns, checks, defaults …</summary>
    public ImmutableArray<OtherDependent> Others { get; init; } = [];
}

/// <summary>A view or a materialized view.</summary>
internal sealed record ViewDescription
{
    public required uint Oid { get; init; }
    public required QualifiedName Name { get; init; }
    public bool IsMaterialized { get; init; }
    public required Persistence Persistence { get; init; }
    public required string Owner { get; init; }

    /// <summary>The query without its semicolon.</summary>
    public required string Query { get; init; }

    /// <summary><c>security_barrier=true</c>, <c>check_option=local</c>, or storage options.</summary>
    public ImmutableArray<string> Options { get; init; } = [];
    public required AccessList Access { get; init; }
    public string? Comment { get; init; }
    public required ImmutableArray<ViewColumn> Columns { get; init; }

    /// <summary>
    /// It reads the table itself (or something else whose OID changes), so it must be rebound. False: it reads views
    /// that keep their OIDs, and needs nothing.
    /// </summary>
    public bool IsBound { get; init; }

    /// <summary>The primary or unique constraints of the table that its GROUP BY relies on.</summary>
    public ImmutableArray<string> Constraints { get; init; } = [];

    /// <summary>It uses the table's row type: a whole row, or a function over one.</summary>
    public bool UsesRowType { get; init; }

    /// <summary>It calls a function that takes or returns the table's rows.</summary>
    public bool UsesFunctionOverRows { get; init; }

    /// <summary>The extension that owns the view: it cannot be replaced. Or null.</summary>
    public string? Extension { get; init; }

    // Only for materialized views.
    public ImmutableArray<IndexDescription> Indexes { get; init; } = [];
    public bool IsPopulated { get; init; } = true;
    public string? AccessMethod { get; init; }
    public string? Tablespace { get; init; }
    public long SizeBytes { get; init; }
}

/// <param name="Name">Unquoted.</param>
/// <param name="Default">By <c>ALTER VIEW … ALTER COLUMN … SET DEFAULT</c>; CREATE OR REPLACE keeps it.</param>
/// <param name="Comment">Kept by CREATE OR REPLACE too; a materialized view built anew needs it.</param>
/// <param name="Grants">Grants on the column alone.</param>
/// <param name="StatisticsTarget">Materialized views only.</param>
internal sealed record ViewColumn(
    string Name,
    string? Default,
    string? Comment,
    ImmutableArray<Grant> Grants,
    int? StatisticsTarget
);

/// <summary>A function or procedure that is bound to the table.</summary>
internal sealed record FunctionDescription
{
    public required uint Oid { get; init; }
    public required QualifiedName Name { get; init; }

    /// <summary>The argument types, as ALTER FUNCTION takes them.</summary>
    public required string Arguments { get; init; }

    /// <summary>The argument types alone, as regprocedure reads them.</summary>
    public required string ArgumentTypes { get; init; }

    /// <summary><c>FUNCTION</c>, <c>PROCEDURE</c> or <c>AGGREGATE</c>.</summary>
    public required string Kind { get; init; }
    public required string Owner { get; init; }

    /// <summary>By <c>pg_get_functiondef</c>; null for aggregates.</summary>
    public string? Definition { get; init; }

    /// <summary>The body was parsed when it was made (<c>BEGIN ATOMIC</c>), and reads the table.</summary>
    public bool HasParsedBody { get; init; }

    /// <summary>The table's row type is among its arguments.</summary>
    public bool TakesRow { get; init; }

    /// <summary>It returns the table's row type, alone or as a set.</summary>
    public bool ReturnsRow { get; init; }
    public required AccessList Access { get; init; }
    public string? Comment { get; init; }
    public string? Extension { get; init; }
}

/// <param name="Class">The catalog, such as <c>pg_constraint</c>.</param>
/// <param name="Description">By <c>pg_describe_object</c>.</param>
/// <param name="DependsOn">What of the table it is bound to, by <c>pg_describe_object</c>.</param>
internal sealed record OtherDependent(string Class, string Description, string DependsOn);
