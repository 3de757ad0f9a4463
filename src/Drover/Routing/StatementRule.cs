// What decides the route of one statement, when its values come.
using System.Collections.Immutable;
using Drover.Routing.Copying;
using Drover.Routing.Merging;
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing;

/// <summary>A place where a statement names a sharded table, with what limits its rows.</summary>
/// <param name="Table">The index in <see cref="StatementFacts.Tables"/>.</param>
/// <param name="Column">The column that has the key.</param>
/// <param name="Sharded">The table, or the one that gets the column's values as its key.</param>
/// <param name="Group">The colocation group of that.</param>
/// <param name="Conditions">Only rows whose key is among the values of each can matter.</param>
internal sealed record KeyUse(
    int Table,
    string Column,
    ShardedTable Sharded,
    ColocationGroup Group,
    ImmutableArray<ImmutableArray<ValueSource>> Conditions
)
{
    /// <summary>What its key is not below or above, in a group that is placed by range.</summary>
    public ImmutableArray<ColumnBound> Bounds { get; init; } = [];

    /// <summary>It is no place of a sharded table, but of what is inserted into one.</summary>
    public bool IsInserted { get; init; }
}

/// <summary>The keys that an INSERT gives its rows.</summary>
/// <param name="Sharded">The table.</param>
/// <param name="Group">Its colocation group.</param>
/// <param name="Sources">Where the keys are.</param>
/// <param name="IsCertain">Whether the rows are put in in any case, as they are not by MERGE, or from a SELECT.</param>
internal sealed record InsertedKeys(
    ShardedTable Sharded,
    ColocationGroup Group,
    ImmutableArray<ValueSource> Sources,
    bool IsCertain
);

/// <summary>A sharding key that is assigned, and the place where its table is named.</summary>
internal sealed record KeyAssignment(KeyUse Use, ValueSource Source);

/// <summary>
/// One statement's. Either the route is fixed, or it follows from the shards that each place can need: on one shard if
/// all need the same, else on those of the driver, whose rows bring their own of all other places with them.
/// </summary>
internal sealed record StatementRule
{
    public required StatementFacts Facts { get; init; }

    /// <summary>The route to every shard.</summary>
    public required Route All { get; init; }

    /// <summary>The route, whatever the values.</summary>
    public Route? Fixed { get; init; }

    /// <summary>The colocation group of all its sharded tables; null if there is none, or several.</summary>
    public ColocationGroup? Group { get; init; }

    public ImmutableArray<KeyUse> Uses { get; init; } = [];

    public InsertedKeys? Inserted { get; init; }

    public ImmutableArray<KeyAssignment> Assignments { get; init; } = [];

    /// <summary>It assigns a sharding key a value that may be another one.</summary>
    public bool SetsKey { get; init; }

    /// <summary>The place in <see cref="Uses"/> that decides; null if there is none.</summary>
    public KeyUse? Driver { get; init; }

    /// <summary>Why it may run on one shard only.</summary>
    public RouteRefusal? Apart { get; init; }

    /// <summary>Something in it is on one shard only, which is the first or has a schema whole.</summary>
    public Place? Home { get; init; }

    /// <summary>No shard has all that it names: two of its places are on two.</summary>
    public bool IsNowhereWhole { get; init; }

    /// <summary>What a COPY of a table on several shards is about; null of another statement.</summary>
    public CopyPlan? Copy { get; init; }

    /// <summary>How a read on several shards is put together; null if it cannot be.</summary>
    public MergePlan? Merge { get; init; }

    /// <summary>It calls by a name without schema what is in a sharded schema, or names a sequence so.</summary>
    public bool HasShortObjects { get; init; }

    /// <summary>A name that the catalogs do not have may be one that they will.</summary>
    public bool HasUnknownNames { get; init; }

    /// <summary>It may change what the coordinator has from the shards.</summary>
    public bool ChangesSchema { get; init; }

    /// <summary>What it names without a schema is behind a sharded schema on search_path, or hides what is.</summary>
    public bool ReadsBehind { get; init; }

    /// <summary>Whether values of a Bind matter.</summary>
    public bool NeedsParameters =>
        Facts.HasParameters
        && Fixed is null
        && (Inserted is not null || Uses.Any(static use => use.Conditions.Length + use.Bounds.Length > 0));
}
