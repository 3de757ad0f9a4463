// Big tenants: a key that is on a shard of its own choosing, other than its slot says.
using System.Text;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Sharding.Catalog;
using Drover.Topology;
using Drover.Topology.Keys;
using Npgsql;

namespace Drover.Sharding.Placing;

/// <summary>A key with a shard of its own.</summary>
/// <param name="Group">The colocation group, whose tables all have it there.</param>
/// <param name="Key">In text format.</param>
/// <param name="Shard">Where it is.</param>
/// <param name="BySlot">Where it would be without.</param>
internal sealed record TenantPin(string Group, string Key, Shard Shard, Shard BySlot);

/// <summary>
/// A pin moves no rows: it is refused while the key has rows anywhere but where it is going to be.
/// </summary>
internal sealed class TenantPins(ShardServers servers)
{
    /// <summary>All pins, by group and key.</summary>
    public async Task<(long Epoch, TenantPin[] Pins)> ListAsync(CancellationToken cancellationToken)
    {
        (TopologySnapshot map, TenantPin[] pins) = await ReadAsync(PlacementKind.Hash, cancellationToken);
        return (map.Epoch, pins);
    }

    /// <summary>All keys of lists, by group and key; a list says alone where they are.</summary>
    public Task<(TopologySnapshot Map, TenantPin[] Values)> ValuesAsync(CancellationToken cancellationToken) =>
        ReadAsync(PlacementKind.List, cancellationToken);

    private async Task<(TopologySnapshot Map, TenantPin[] Pins)> ReadAsync(
        PlacementKind placement,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(cancellationToken);
        await CatalogSchema.CheckAsync(catalog, servers.Database.Name, cancellationToken);
        TopologySnapshot map = await TopologyReader.ReadAsync(catalog, cancellationToken);
        int[] groups =
        [
            .. map.Groups.Values.Where(group => group.Placement == placement).Select(static group => group.Number),
        ];
        List<TenantPin> pins = await catalog.ListAsync(
            """
            SELECT colocation_group, key, hash, shard FROM drover.pins
            WHERE colocation_group = ANY ($1) ORDER BY colocation_group, key
            """,
            [groups],
            row =>
            {
                ColocationGroup group = map.Groups[row.GetInt32(0)];
                int bySlot = group.Slots[Slot.Of((ulong)row.GetInt64(2))];
                return new TenantPin(
                    group.Name,
                    row.GetString(1),
                    MapNames.Shard(map, row.GetInt32(3)),
                    MapNames.Shard(map, bySlot)
                );
            },
            cancellationToken
        );
        return (map, [.. pins]);
    }

    /// <summary>Gives a key a shard of its own.</summary>
    /// <param name="key">In text format.</param>
    /// <param name="shardName">The shard's name or number.</param>
    /// <param name="choice">The colocation group.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The pin, and the epoch that has it.</returns>
    /// <exception cref="OperationException">It has rows elsewhere, or one of the names is none.</exception>
    public async Task<(TenantPin Pin, long Epoch)> PinAsync(
        string key,
        string shardName,
        GroupChoice choice,
        CancellationToken cancellationToken
    )
    {
        await using TopologyChange change = await BeginAsync(cancellationToken);
        ColocationGroup group = Group(change.Map, choice);
        Shard target = MapNames.Shard(change.Map, shardName);
        ulong hash = HashOf(group, key);
        if (group.KeyType == KeyType.Numeric && !key.Any(char.IsAsciiDigit))
        {
            // PostgreSQL hashes NaN and the infinities alike.
            throw new OperationException(
                $"'{key}' is not a number that can be pinned: NaN and the infinities stay where their slot is",
                OperationOutcome.Refused
            );
        }
        TenantPin pin = new(group.Name, key, target, MapNames.Shard(change.Map, group.Slots[Slot.Of(hash)]));
        long epoch = await PlaceAsync(
            change,
            group,
            key,
            target,
            () => change.PinAsync(group, key, hash, target.Number, cancellationToken),
            cancellationToken
        );
        return (pin, epoch);
    }

    /// <summary>Takes a key's shard of its own away: it is where its slot is again.</summary>
    /// <param name="key">In text format.</param>
    /// <param name="choice">The colocation group.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The pin that was, and the epoch that has it no more.</returns>
    /// <exception cref="OperationException">It has rows elsewhere, or is not pinned.</exception>
    public async Task<(TenantPin Pin, long Epoch)> UnpinAsync(
        string key,
        GroupChoice choice,
        CancellationToken cancellationToken
    )
    {
        await using TopologyChange change = await BeginAsync(cancellationToken);
        ColocationGroup group = Group(change.Map, choice);
        ulong hash = HashOf(group, key);
        if (!group.Pins.TryGetValue(hash, out int pinned))
        {
            throw new OperationException(
                $"the key is not pinned in colocation group {group.Name}: see drover tenant list",
                OperationOutcome.Usage
            );
        }
        Shard bySlot = MapNames.Shard(change.Map, group.Slots[Slot.Of(hash)]);
        TenantPin pin = new(group.Name, key, MapNames.Shard(change.Map, pinned), bySlot);
        long epoch = await PlaceAsync(
            change,
            group,
            key,
            bySlot,
            () => change.UnpinAsync(group, hash, cancellationToken),
            cancellationToken
        );
        return (pin, epoch);
    }

    private async Task<long> PlaceAsync(
        TopologyChange change,
        ColocationGroup group,
        string key,
        Shard target,
        Func<Task> write,
        CancellationToken cancellationToken
    )
    {
        PlacementChange placement = new(servers)
        {
            Keys = KeyCondition.Equal(group.KeyType, key),
            Home = target,
            Advice = "Pin a tenant before its first row, or move its rows first",
        };
        return await placement.RunAsync(change, group, write, cancellationToken);
    }

    private static bool IsByHash(ColocationGroup group) => group.Placement == PlacementKind.Hash;

    private static ColocationGroup Group(TopologySnapshot map, GroupChoice choice)
    {
        ColocationGroup group = MapNames.Group(map, choice);
        return IsByHash(group)
            ? group
            : throw new OperationException(
                $"colocation group {group.Name} is not placed by hash: drover placement add says where its keys are",
                OperationOutcome.Usage
            );
    }

    private static ulong HashOf(ColocationGroup group, string key) =>
        KeyHash.TryOfText(group.KeyType, Encoding.UTF8.GetBytes(key), out ulong hash)
            ? hash
            : throw new OperationException(
                $"this key is no {group.KeyType} that can be proved to be what the servers would read",
                OperationOutcome.Usage
            );

    private Task<TopologyChange> BeginAsync(CancellationToken cancellationToken) =>
        TopologyChange.BeginAsync(servers.Catalog, servers.Database.Name, cancellationToken);
}
