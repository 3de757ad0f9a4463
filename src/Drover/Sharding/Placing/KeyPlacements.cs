// Which shard has which range of keys, or which of the keys that are named.
using System.Text;
using Drover.Operations;
using Drover.Sharding.Catalog;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Sharding.Placing;

/// <summary>What an operator says of some keys: a range, or the keys one by one.</summary>
/// <param name="From">The first key; null: there is no smallest.</param>
/// <param name="To">The first key behind; null: there is no largest.</param>
/// <param name="Values">The keys; empty: it is a range.</param>
internal sealed record KeySelection(string? From, string? To, IReadOnlyList<string> Values);

/// <summary>
/// Ranges and lists are added and dropped, never changed, and without rows: no row is where it would not be found.
/// </summary>
internal sealed class KeyPlacements(ShardServers servers)
{
    private const string Advice = "Moving rows is not done by this: delete them, or leave the placement as it is";

    /// <summary>Gives keys a shard.</summary>
    /// <returns>The group, and the epoch that has it.</returns>
    /// <exception cref="OperationException">Others have them, or there are rows of them elsewhere.</exception>
    public async Task<(ColocationGroup Group, Shard Shard, long Epoch)> AddAsync(
        string groupName,
        KeySelection keys,
        string shardName,
        CancellationToken cancellationToken
    )
    {
        await using TopologyChange change = await BeginAsync(cancellationToken);
        ColocationGroup group = Find(change.Map, groupName, keys);
        Shard shard = MapNames.Shard(change.Map, shardName);
        KeyRange range = new(keys.From, keys.To, shard.Number);
        (string Key, ulong Hash)[] values = Read(group, keys);
        RefuseTaken(group, range, values);
        PlacementChange placement = new(servers)
        {
            Keys = Condition(group, keys),
            Home = shard,
            Advice = Advice,
        };
        long epoch = await placement.RunAsync(
            change,
            group,
            async () =>
            {
                if (group.Placement == PlacementKind.Range)
                {
                    await change.AddRangeAsync(group, range, cancellationToken);
                }
                foreach ((string key, ulong hash) in values)
                {
                    await change.PinAsync(group, key, hash, shard.Number, cancellationToken);
                }
            },
            cancellationToken
        );
        return (group, shard, epoch);
    }

    /// <summary>Takes keys without rows away from the shard that has them: writing them is an error then.</summary>
    /// <returns>The group, and the epoch that has it no more.</returns>
    /// <exception cref="OperationException">There are rows of them, or no such range or value.</exception>
    public async Task<(ColocationGroup Group, long Epoch)> DropAsync(
        string groupName,
        KeySelection keys,
        CancellationToken cancellationToken
    )
    {
        await using TopologyChange change = await BeginAsync(cancellationToken);
        ColocationGroup group = Find(change.Map, groupName, keys);
        (string Key, ulong Hash)[] values = Read(group, keys);
        KeyRange? range = group.Ranges?.Ranges.FirstOrDefault(one => one.From == keys.From && one.To == keys.To);
        if (
            group.Placement == PlacementKind.Range
                ? range is null
                : !values.All(one => group.Pins.ContainsKey(one.Hash))
        )
        {
            throw Usage($"colocation group {group.Name} has no such range or value: see drover placement list");
        }
        PlacementChange placement = new(servers)
        {
            Keys = Condition(group, keys),
            Home = null,
            Advice = Advice,
        };
        long epoch = await placement.RunAsync(
            change,
            group,
            async () =>
            {
                if (range is not null)
                {
                    await change.DropRangeAsync(group, range, cancellationToken);
                }
                foreach ((_, ulong hash) in values)
                {
                    await change.UnpinAsync(group, hash, cancellationToken);
                }
            },
            cancellationToken
        );
        return (group, epoch);
    }

    private static ColocationGroup Find(TopologySnapshot map, string name, KeySelection keys)
    {
        ColocationGroup group = MapNames.Group(map, new GroupChoice(name, null));
        bool isRange = keys.From is not null || keys.To is not null;
        if (group.Placement == PlacementKind.Hash)
        {
            throw Usage(
                $"colocation group {group.Name} is placed by hash: single keys of it are placed by drover tenant pin"
            );
        }
        if (isRange == keys.Values.Count > 0 || isRange != (group.Placement == PlacementKind.Range))
        {
            throw Usage(
                group.Placement == PlacementKind.Range
                    ? $"colocation group {group.Name} is placed by range: give --from, --to or both, and no --values"
                    : $"colocation group {group.Name} is placed by list: give --values, and neither --from nor --to"
            );
        }
        return group;
    }

    private static (string Key, ulong Hash)[] Read(ColocationGroup group, KeySelection keys) =>
        [
            .. keys.Values.Select(key =>
                KeyHash.TryOfText(group.KeyType, Encoding.UTF8.GetBytes(key), out ulong hash)
                    ? (key, hash)
                    : throw Usage($"'{key}' is no {group.KeyType} that can be proved to be what the servers would read")
            ),
        ];

    private static void RefuseTaken(ColocationGroup group, KeyRange range, (string Key, ulong Hash)[] values)
    {
        foreach ((string key, ulong hash) in values)
        {
            if (group.Pins.ContainsKey(hash))
            {
                throw new OperationException(
                    $"'{key}' has a shard already: see drover placement list",
                    OperationOutcome.Refused
                );
            }
        }
        if (group.Placement != PlacementKind.Range)
        {
            return;
        }
        try
        {
            // By itself first: a bound that is no key is a slip of the command line.
            _ = new KeyRanges(group.KeyType, [range]);
        }
        catch (ArgumentException wrong)
        {
            throw Usage(wrong.Message);
        }
        try
        {
            _ = new KeyRanges(group.KeyType, group.Ranges!.Ranges.Append(range));
        }
        catch (ArgumentException overlap)
        {
            throw new OperationException(overlap.Message, OperationOutcome.Refused);
        }
    }

    private static KeyCondition Condition(ColocationGroup group, KeySelection keys) =>
        keys.Values.Count > 0
            ? KeyCondition.AnyOf(group.KeyType, keys.Values)
            : KeyCondition.Between(group.KeyType, keys.From, keys.To);

    private static OperationException Usage(string message) => new(message, OperationOutcome.Usage);

    private Task<TopologyChange> BeginAsync(CancellationToken cancellationToken) =>
        TopologyChange.BeginAsync(servers.Catalog, servers.Database.Name, cancellationToken);
}
