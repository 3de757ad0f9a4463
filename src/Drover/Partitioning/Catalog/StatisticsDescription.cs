// Extended statistics and sequences.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog;

/// <summary><c>pg_statistic_ext</c>.</summary>
internal sealed record StatisticsDescription
{
    public required QualifiedName Name { get; init; }
    public required string Owner { get; init; }

    /// <summary>What lies between the name and <c>FROM table</c>: <c>(ndistinct) ON a, b</c>.</summary>
    public required string Body { get; init; }

    /// <summary>Null: the default.</summary>
    public int? Target { get; init; }
    public string? Comment { get; init; }
}

/// <summary>A sequence that a column owns, or that a default of the table draws from.</summary>
internal sealed record SequenceDescription
{
    public required uint Oid { get; init; }
    public required QualifiedName Name { get; init; }
    public required string Owner { get; init; }

    /// <summary>The column whose OWNED BY or identity it is; null if the table does not own it.</summary>
    public string? OwnedByColumn { get; init; }
    public bool IsIdentity { get; init; }

    /// <summary>Columns of this table whose default draws from it.</summary>
    public ImmutableArray<string> UsedByColumns { get; init; } = [];

    /// <summary><c>smallint</c>, <c>integer</c> or <c>bigint</c>.</summary>
    public required string DataType { get; init; }
    public required long Start { get; init; }
    public required long Increment { get; init; }
    public required long Minimum { get; init; }
    public required long Maximum { get; init; }
    public required long Cache { get; init; }
    public bool IsCycling { get; init; }
    public required Persistence Persistence { get; init; }
    public required AccessList Access { get; init; }
    public string? Comment { get; init; }
}
