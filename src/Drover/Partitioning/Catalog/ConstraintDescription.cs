// Constraints of a table, and foreign keys of other tables that point to it.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog;

/// <summary><c>pg_constraint</c>.</summary>
internal sealed record ConstraintDescription
{
    public required uint Oid { get; init; }
    public required string Name { get; init; }
    public required ConstraintKind Kind { get; init; }

    /// <summary>
    /// What follows <c>CONSTRAINT name</c>, by <c>pg_get_constraintdef</c>. A constraint that is not validated ends
    /// with <c>NOT VALID</c>.
    /// </summary>
    public required string Definition { get; init; }

    /// <summary>Key columns in the key's order; for a check, those that it mentions.</summary>
    public ImmutableArray<string> Columns { get; init; } = [];
    public bool IsDeferrable { get; init; }
    public bool IsInitiallyDeferred { get; init; }
    public bool IsValidated { get; init; } = true;

    /// <summary><c>NOT ENFORCED</c> exists since PostgreSQL 18.</summary>
    public bool IsEnforced { get; init; } = true;
    public bool IsNoInherit { get; init; }

    /// <summary>False: it comes from a parent table alone.</summary>
    public bool IsLocal { get; init; } = true;

    /// <summary>The index behind a primary, unique or exclusion constraint.</summary>
    public string? IndexName { get; init; }

    /// <summary>For a foreign key, the table that it points to; it may be the table itself.</summary>
    public QualifiedName? ReferencedTable { get; init; }
    public ImmutableArray<string> ReferencedColumns { get; init; } = [];

    /// <summary>Unique or primary <c>WITHOUT OVERLAPS</c>, foreign <c>PERIOD</c>: since PostgreSQL 18.</summary>
    public bool IsTemporal { get; init; }
    public string? Comment { get; init; }
}

/// <summary><c>pg_constraint.contype</c>. Constraint triggers are among the triggers.</summary>
internal enum ConstraintKind
{
    PrimaryKey,
    Unique,
    Check,
    ForeignKey,
    Exclusion,

    /// <summary>A constraint of its own, with a name, since PostgreSQL 18.</summary>
    NotNull,
}

/// <summary>A foreign key of another table, or of this one, that points to this one.</summary>
internal sealed record IncomingForeignKey
{
    public required QualifiedName Table { get; init; }
    public required uint TableOid { get; init; }
    public required string Name { get; init; }
    public required ImmutableArray<string> Columns { get; init; }
    public required ImmutableArray<string> ReferencedColumns { get; init; }

    /// <summary>What follows <c>CONSTRAINT name</c>.</summary>
    public required string Definition { get; init; }
    public bool IsValidated { get; init; }
    public string? Comment { get; init; }
}
