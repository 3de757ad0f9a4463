// One thing of a shard's schema that has to be the same on every shard.
namespace Drover.Sharding.Drift;

/// <summary>Read from one shard's catalogs.</summary>
/// <param name="Kind">What it is, in PostgreSQL's words: column, index, grant.</param>
/// <param name="Name">Its name, unique within its kind.</param>
/// <param name="Table">The declared table that it belongs to; null of what belongs to none.</param>
/// <param name="Definition">Equal where it is the same.</param>
/// <param name="Make">Makes it where it is missing; null: no statement does.</param>
/// <param name="Change">Makes it this one where it is another; null: it is dropped and made.</param>
/// <param name="Drop">Removes it; null: no statement does.</param>
/// <param name="IsInvalid">An index that PostgreSQL does not use: what built it was broken off.</param>
internal sealed record SchemaObject(
    string Kind,
    string Name,
    string? Table,
    string Definition,
    string? Make = null,
    string? Change = null,
    string? Drop = null,
    bool IsInvalid = false
);
