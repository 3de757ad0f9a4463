// One server of a sharded database.
namespace Drover.Topology;

/// <summary>A shard. Its connection is a database entry of the configuration, under the same name.</summary>
/// <param name="Number">From 1 to <see cref="NumberMax"/>; never given to another shard, as ids carry it.</param>
/// <param name="Name">The name in the configuration.</param>
public sealed record Shard(int Number, string Name)
{
    /// <summary>Most shards that a database can ever have: sequences and ids have room for so many.</summary>
    public const int NumberMax = 1023;
}
