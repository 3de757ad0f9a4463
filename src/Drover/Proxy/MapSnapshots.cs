// The maps of sharded databases as SHOW has them.
using Drover.Configuration;
using Drover.Routing;
using Drover.Telemetry;
using Drover.Telemetry.Statements;
using Drover.Topology;

namespace Drover.Proxy;

/// <summary>Of databases whose map is not known yet there is nothing.</summary>
internal sealed class MapSnapshots(DataPlane plane)
{
    /// <summary>Every shard.</summary>
    public IReadOnlyList<ShardSnapshot> Shards() =>
        [.. Maps().SelectMany(one => one.Map.Shards.Select(shard => Describe(one.Database, one.Map, shard)))];

    /// <summary>Every declared table, and every sharded schema.</summary>
    public IReadOnlyList<DeclaredTableSnapshot> Tables() =>
        [
            .. Maps()
                .SelectMany(static one =>
                    one.Map.Tables.Values.Select(table => new DeclaredTableSnapshot(
                            one.Database,
                            table.Name.ToString(),
                            table.KeyColumn,
                            one.Map.GroupOf(table).Name
                        ))
                        .Concat(
                            one.Map.ReferenceTables.Select(name => new DeclaredTableSnapshot(
                                one.Database,
                                name.ToString(),
                                null,
                                null
                            ))
                        )
                        .Concat(
                            one.Map.Schemas.Select(schema => new DeclaredTableSnapshot(
                                one.Database,
                                $"{schema.Key}.*",
                                null,
                                null
                            )
                            {
                                Shard = one.Map.Shards.First(shard => shard.Number == schema.Value).Name,
                            })
                        )
                        .OrderBy(static table => table.Table, StringComparer.Ordinal)
                ),
        ];

    /// <summary>Statements by tier.</summary>
    public IReadOnlyList<TierTraffic> Tiers() =>
        [.. plane.Services.CrossShard.Select(static one => new TierTraffic(one.Key, one.Value.Counts()))];

    /// <summary>Statements that took several servers, the most expensive of each database first.</summary>
    public IReadOnlyList<(string Database, CrossShardStatement Statement)> CrossShard() =>
        [
            .. plane.Services.CrossShard.SelectMany(static one =>
                one.Value.Statements().Select(statement => (one.Key, statement))
            ),
        ];

    private IEnumerable<(string Database, TopologySnapshot Map)> Maps()
    {
        foreach ((string name, ShardedDatabaseState state) in plane.Services.Sharded)
        {
            if (state.Map is { } map)
            {
                yield return (name, map);
            }
        }
    }

    private ShardSnapshot Describe(string database, TopologySnapshot map, Shard shard)
    {
        DatabaseOptions? entry = plane.Directory.Options.Databases.FirstOrDefault(one => one.Name == shard.Name);
        IEnumerable<string> slots = map
            .Groups.Values.OrderBy(static group => group.Number)
            .Select(group => $"{group.Name} {group.CountOf(shard.Number)}");
        return new ShardSnapshot(
            database,
            shard.Number,
            shard.Name,
            entry is { Host.Count: > 0 } ? string.Join(',', entry.Host) : null,
            entry?.Port ?? 0,
            string.Join(", ", slots),
            map.Epoch
        );
    }
}
