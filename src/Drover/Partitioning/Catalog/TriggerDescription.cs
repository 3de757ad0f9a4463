// Triggers and rules of a table, and rules elsewhere.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog;

/// <summary>A trigger that a user made; those behind foreign keys are left out, and so are Drover's own.</summary>
internal sealed record TriggerDescription
{
    public required uint Oid { get; init; }
    public required string Name { get; init; }

    /// <summary>Up to <c>ON</c>, without it: <c>CREATE TRIGGER name BEFORE INSERT OR UPDATE OF a</c>.</summary>
    public required string Head { get; init; }

    /// <summary>What follows the table's name.</summary>
    public required string Tail { get; init; }
    public required EnabledState Enabled { get; init; }
    public required TriggerTiming Timing { get; init; }
    public bool IsForEachRow { get; init; }
    public bool IsConstraint { get; init; }
    public bool OnInsert { get; init; }
    public bool OnUpdate { get; init; }
    public bool OnDelete { get; init; }
    public bool OnTruncate { get; init; }
    public bool HasTransitionTables { get; init; }

    /// <summary><c>UPDATE OF</c> these.</summary>
    public ImmutableArray<string> UpdateColumns { get; init; } = [];
    public required QualifiedName Function { get; init; }
    public required string FunctionLanguage { get; init; }

    /// <summary>The function's text, or the symbol of a function in C.</summary>
    public required string FunctionSource { get; init; }
    public string? Comment { get; init; }

    /// <summary>The same trigger on another table.</summary>
    public string DefinitionOn(QualifiedName table) => $"{Head} ON {table} {Tail}";
}

internal enum TriggerTiming
{
    Before,
    After,
    InsteadOf,
}

/// <summary><c>pg_trigger.tgenabled</c>, and the same for rules.</summary>
internal enum EnabledState
{
    Origin,
    Disabled,
    Replica,
    Always,
}

/// <summary>A rule other than a view's own.</summary>
internal sealed record RuleDescription
{
    public required string Name { get; init; }

    /// <summary>The relation whose rule it is.</summary>
    public required QualifiedName Relation { get; init; }

    /// <summary>Whole and ready for DDL.</summary>
    public required string Definition { get; init; }
    public required EnabledState Enabled { get; init; }
    public bool IsInstead { get; init; }

    /// <summary>False: it is a view's.</summary>
    public bool IsOnTable { get; init; } = true;
    public string? Comment { get; init; }
}
