// Publications that a table is part of.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog;

/// <summary>One publication that carries the table.</summary>
internal sealed record PublicationMembership
{
    public required string Publication { get; init; }
    public required string Owner { get; init; }
    public required PublicationScope Scope { get; init; }

    /// <summary><c>WHERE (…)</c> without the word; null: all rows.</summary>
    public string? RowFilter { get; init; }

    /// <summary>Null: all columns.</summary>
    public ImmutableArray<string>? Columns { get; init; }

    /// <summary><c>publish_via_partition_root</c>.</summary>
    public bool ViaRoot { get; init; }
    public bool PublishesUpdates { get; init; }
    public bool PublishesDeletes { get; init; }
}

internal enum PublicationScope
{
    /// <summary><c>FOR TABLE</c>: bound to the table itself, so it must be rebound at a swap.</summary>
    Table,

    /// <summary><c>FOR TABLES IN SCHEMA</c>.</summary>
    Schema,

    /// <summary><c>FOR ALL TABLES</c>.</summary>
    AllTables,
}
