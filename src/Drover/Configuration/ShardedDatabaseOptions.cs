// What a configuration says about a database that is many servers.
namespace Drover.Configuration;

/// <summary>A sharded database as clients name it: its shards, and the catalog that knows what is where.</summary>
internal sealed record ShardedDatabaseOptions
{
    /// <summary>The name that clients use.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Connection string of the catalog database. Its user and password are those of the control plane on the shards
    /// too. Never shown.
    /// </summary>
    public string Catalog { get; init; } = "";

    /// <summary>The shards: names of database entries. The first one has what is on one server.</summary>
    public TextList Shards { get; init; } = TextList.Empty;

    /// <summary>
    /// The database entry of the coordinator, in which PostgreSQL plans what one shard cannot answer; empty: such
    /// statements are refused.
    /// </summary>
    public string Coordinator { get; init; } = "";

    /// <summary>What becomes of a statement that needs several shards.</summary>
    public CrossShard CrossShard { get; init; }

    /// <summary>What becomes of an UPDATE that changes the sharding key.</summary>
    public KeyUpdate KeyUpdate { get; init; }
}
