// Sharded databases as the JSON interface has them: the map, how even it is, and what goes over several servers.
using Drover.Telemetry;
using Drover.Telemetry.Statements;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.App.Dashboard.Api;

/// <summary>Reads maps and counters of the running proxy.</summary>
internal static class ShardBoard
{
    private const int StatementsMax = 50;
    private const double MicrosecondsPerMillisecond = 1000;

    /// <summary>All sharded databases.</summary>
    public static ShardsAnswer Read(DashboardSources sources, LiveSnapshot live)
    {
        ILookup<string, ShardSnapshot> shards = sources.Proxy.Shards().ToLookup(static shard => shard.Database);
        ILookup<string, DeclaredTableSnapshot> tables = sources
            .Proxy.DeclaredTables()
            .ToLookup(static table => table.Database);
        ILookup<string, PoolSnapshot> pools = sources.Proxy.Pools().ToLookup(static pool => pool.Database);
        ILookup<string, TierTraffic> tiers = sources.Proxy.Tiers().ToLookup(static tier => tier.Database);
        ILookup<string, CrossShardStatement> statements = sources
            .Proxy.CrossShard()
            .ToLookup(static one => one.Database, static one => one.Statement);
        return new ShardsAnswer([
            .. sources
                .Maps()
                .Select(one => new ShardedDatabaseAnswer(
                    one.Database,
                    one.Map?.Epoch,
                    [.. shards[one.Database].Select(shard => Describe(shard, pools[shard.Name], live))],
                    one.Map is null
                        ? []
                        : [.. one.Map.Groups.Values.OrderBy(g => g.Number).Select(g => Of(one.Map, g))],
                    [.. tables[one.Database].Select(Describe)],
                    TiersOf(tiers[one.Database].FirstOrDefault()),
                    [.. statements[one.Database].Take(StatementsMax).Select(Describe)]
                )),
        ]);
    }

    private static ShardAnswer Describe(ShardSnapshot shard, IEnumerable<PoolSnapshot> pools, LiveSnapshot live)
    {
        PoolSnapshot[] own = [.. pools];
        return new ShardAnswer(
            shard.Number,
            shard.Name,
            shard.Host,
            shard.Port,
            own.Sum(static pool => pool.ServersActive),
            own.Sum(static pool =>
                pool.ServersActive + pool.ServersIdle + pool.ServersUsed + pool.ServersTested + pool.ServersLogin
            ),
            own.Sum(static pool => pool.ClientsWaiting),
            Math.Round(
                own.Sum(pool => live.Pools.GetValueOrDefault((pool.Database, pool.User), TrafficRates.None).Queries),
                2
            )
        );
    }

    private static GroupAnswer Of(TopologySnapshot map, ColocationGroup group)
    {
        bool isHash = group.Placement == PlacementKind.Hash;
        ShareAnswer[] shares =
        [
            .. map.Shards.Select(shard => new ShareAnswer(
                shard.Number,
                isHash ? group.Slots.CountOf(shard.Number) : 0,
                group.PinsOf(shard.Number),
                group.CountOf(shard.Number)
            )),
        ];
        double even = (double)Slot.Count / Math.Max(1, shares.Length);
        return new GroupAnswer(
            group.Name,
            group.KeyType.ToString().ToLowerInvariant(),
            group.Placement.ToString().ToLowerInvariant(),
            shares,
            isHash ? RunsOf(group.Slots) : [],
            isHash ? Math.Round(100 * ((shares.Max(static share => share.Slots) / even) - 1), 1) : null
        );
    }

    private static List<SlotRunAnswer> RunsOf(SlotMap slots)
    {
        List<SlotRunAnswer> runs = [];
        for (int first = 0, slot = 1; slot <= Slot.Count; slot++)
        {
            if (slot == Slot.Count || slots[slot] != slots[first])
            {
                runs.Add(new SlotRunAnswer(first, slot - 1, slots[first]));
                first = slot;
            }
        }
        return runs;
    }

    private static DeclaredTableAnswer Describe(DeclaredTableSnapshot table) =>
        new(
            table.Table,
            table.Shard is not null ? "schema"
                : table.Key is null ? "reference"
                : "sharded",
            table.Key,
            table.Group
        );

    private static CrossShardAnswer Describe(CrossShardStatement statement) =>
        new(
            statement.Statement,
            StatementTiers.NameOf(statement.Tier),
            statement.Shards,
            statement.Calls,
            statement.TotalUs / MicrosecondsPerMillisecond,
            statement.MeanUs / MicrosecondsPerMillisecond
        );

    private static Dictionary<string, long> TiersOf(TierTraffic? traffic)
    {
        Dictionary<string, long> tiers = [];
        for (int tier = 0; tier < StatementTiers.Count; tier++)
        {
            tiers[StatementTiers.NameOf((StatementTier)tier)] = traffic?.Counts[tier] ?? 0;
        }
        return tiers;
    }
}
