// The verbs of the map: make it, list it, declare tables, pin tenants.
using System.Text;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Sharding.Catalog;
using Drover.Sharding.Coordination;
using Drover.Sharding.Declaring;
using Drover.Sharding.Drift;
using Drover.Topology;
using Drover.Topology.Keys;
using Npgsql;

namespace Drover.Sharding;

/// <summary>What a shard is and has, for a list.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Server">Where it is.</param>
/// <param name="Slots">Slots that it has, by colocation group's name, as runs.</param>
internal sealed record ShardListing(Shard Shard, string Server, IReadOnlyDictionary<string, string> Slots);

/// <summary>
/// Every verb checks first and says all that is in the way; a verb that was broken off can be said again.
/// </summary>
internal sealed class ShardingService(ShardServers servers)
{
    /// <summary>The catalog database's map.</summary>
    /// <exception cref="OperationException">There is none.</exception>
    public async Task<TopologySnapshot> ReadAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(cancellationToken);
        await CatalogSchema.CheckAsync(catalog, servers.Database.Name, cancellationToken);
        return await TopologyReader.ReadAsync(catalog, cancellationToken);
    }

    /// <summary>
    /// Makes the map, and adds the shards that the configuration names and the map does not. A later shard has no slots
    /// until they are moved to it.
    /// </summary>
    /// <returns>The map, and the shards that were added.</returns>
    public async Task<(TopologySnapshot Map, Shard[] Added)> InitializeAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(cancellationToken);
        await CatalogSchema.EnsureAsync(catalog, servers.Database.Name, cancellationToken);
        Guid id = (Guid)(await catalog.ScalarAsync("SELECT id FROM drover.topology", [], cancellationToken))!;
        await using TopologyChange change = await BeginAsync(cancellationToken);
        TopologySnapshot map = change.Map;
        int next = map.Shards.Select(shard => shard.Number).DefaultIfEmpty().Max() + 1;
        Shard[] added =
        [
            .. servers
                .Database.Shards.Where(name => map.Shards.All(shard => shard.Name != name))
                .Select((name, place) => new Shard(next + place, name)),
        ];
        string encoding = await ShardServer.EncodingAsync(catalog, cancellationToken);
        foreach (Shard shard in map.Shards.Concat(added))
        {
            await using NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
            await ShardServer.CheckAsync(server, shard, encoding, cancellationToken);
            await CatalogSchema.MarkShardAsync(server, id, shard.Number, shard.Name, cancellationToken);
        }
        foreach (Shard shard in added)
        {
            await change.AddShardAsync(shard, cancellationToken);
        }
        if (added.Length > 0)
        {
            await change.CommitAsync(cancellationToken);
        }
        else
        {
            return (map, added);
        }
        return (await TopologyReader.ReadAsync(catalog, cancellationToken), added);
    }

    /// <summary>Makes the coordinator's schema what the shards' is. Null where there is no coordinator.</summary>
    public async Task<CoordinatorReport?> SyncCoordinatorAsync(CancellationToken cancellationToken) =>
        servers.HasCoordinator
            ? await new CoordinatorSchema(servers).SyncAsync(isForced: true, cancellationToken)
            : null;

    /// <summary>What the shards' schemas do not have in common. Changes nothing.</summary>
    public async Task<IReadOnlyList<SchemaDifference>> CheckSchemaAsync(CancellationToken cancellationToken)
    {
        TopologySnapshot map = await ReadAsync(cancellationToken);
        List<ShardSchema> schemas = [];
        foreach (Shard shard in map.Shards)
        {
            await using NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
            schemas.Add(await SchemaReader.ReadAsync(shard.Name, server, map, cancellationToken));
        }
        return SchemaComparison.Compare(schemas);
    }

    /// <summary>The shards, where they are, and what they have.</summary>
    public async Task<ShardListing[]> ListAsync(CancellationToken cancellationToken)
    {
        TopologySnapshot map = await ReadAsync(cancellationToken);
        return
        [
            .. map.Shards.Select(shard => new ShardListing(
                shard,
                servers.Describe(shard),
                map.Groups.Values.OrderBy(group => group.Number)
                    .ToDictionary(group => group.Name, group => group.Slots.RunsOf(shard.Number))
            )),
        ];
    }

    /// <summary>Declares a table sharded.</summary>
    /// <param name="table">Its name, with or without schema.</param>
    /// <param name="key">The column of the sharding key.</param>
    /// <param name="groupName">The colocation group; null: the one called after the key's type.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationException">It cannot be; the message has every reason.</exception>
    public async Task<ShardedTable> ShardTableAsync(
        string table,
        string key,
        string? groupName,
        CancellationToken cancellationToken
    )
    {
        await using TopologyChange change = await BeginAsync(cancellationToken);
        TopologySnapshot map = change.Map;
        await using ShardTables shards = await ShardTables.OpenAsync(servers, map, table, key, cancellationToken);
        TableFacts facts = shards.Home;
        KeyType? type = facts.Key is { } column ? KeyTypes.Of(column.TypeOid) : null;
        string name = groupName ?? $"{type}".ToLowerInvariant();
        ColocationGroup? group = map.Groups.Values.FirstOrDefault(other => other.Name == name);
        Refuse(
            facts,
            [
                .. DeclarationRules.Any(facts, map),
                .. DeclarationRules.Sharded(facts, key, group, map),
                .. shards.Differences(mayHaveRows: false),
            ]
        );
        await shards.SpreadSequencesAsync(cancellationToken);
        int number =
            group?.Number
            ?? await change.AddGroupAsync(
                name,
                type!.Value,
                SlotMap.Even([.. map.Shards.Select(shard => shard.Number)]),
                cancellationToken
            );
        ShardedTable sharded = new(facts.Name, key, facts.Key!.TypeOid, facts.Key.TypeModifier, number);
        await change.AddTableAsync(sharded, cancellationToken);
        await change.CommitAsync(cancellationToken);
        return sharded;
    }

    /// <summary>Declares a table whole on every shard.</summary>
    /// <exception cref="OperationException">It cannot be; the message has every reason.</exception>
    public async Task<TableName> ReferenceTableAsync(string table, CancellationToken cancellationToken)
    {
        await using TopologyChange change = await BeginAsync(cancellationToken);
        TopologySnapshot map = change.Map;
        await using ShardTables shards = await ShardTables.OpenAsync(servers, map, table, null, cancellationToken);
        TableFacts facts = shards.Home;
        Refuse(
            facts,
            [
                .. DeclarationRules.Any(facts, map),
                .. DeclarationRules.Reference(facts, map),
                .. shards.Differences(mayHaveRows: false),
            ]
        );
        await change.AddReferenceTableAsync(facts.Name, cancellationToken);
        await change.CommitAsync(cancellationToken);
        return facts.Name;
    }

    /// <summary>
    /// Gives a tenant a shard of its own. Its rows are not moved: where it has any elsewhere, it is refused.
    /// </summary>
    /// <param name="key">The key in text format.</param>
    /// <param name="shardName">The shard.</param>
    /// <param name="groupName">The colocation group; null: the only one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ColocationGroup> PinAsync(
        string key,
        string shardName,
        string? groupName,
        CancellationToken cancellationToken
    )
    {
        await using TopologyChange change = await BeginAsync(cancellationToken);
        TopologySnapshot map = change.Map;
        ColocationGroup group = FindGroup(map, groupName);
        Shard target = FindShard(map, shardName);
        if (!KeyHash.TryOfText(group.KeyType, Encoding.UTF8.GetBytes(key), out ulong hash))
        {
            throw new OperationException(
                $"this key is no {group.KeyType} that can be proved to be what the servers would read",
                OperationOutcome.Usage
            );
        }
        int holder = group.ShardOf(hash);
        if (holder != target.Number)
        {
            Shard from = map.Shards.First(shard => shard.Number == holder);
            await using NpgsqlConnection server = await servers.OpenAsync(from, cancellationToken);
            foreach (ShardedTable table in map.Tables.Values.Where(table => table.Group == group.Number))
            {
                await ShardServer.RefuseRowsOfAsync(server, from, table, key, cancellationToken);
            }
        }
        await change.PinAsync(group, key, hash, target.Number, cancellationToken);
        await change.CommitAsync(cancellationToken);
        return group;
    }

    private Task<TopologyChange> BeginAsync(CancellationToken cancellationToken) =>
        TopologyChange.BeginAsync(servers.Catalog, servers.Database.Name, cancellationToken);

    private static ColocationGroup FindGroup(TopologySnapshot map, string? name)
    {
        string names = string.Join(", ", map.Groups.Values.Select(group => group.Name).Order());
        return name is null
            ? map.Groups.Count == 1
                ? map.Groups.Values[0]
                : throw new OperationException(
                    map.Groups.Count == 0
                        ? "no table is sharded yet: drover table shard TABLE --key COLUMN"
                        : $"there are several colocation groups ({names}): say which by --group",
                    OperationOutcome.Usage
                )
            : map.Groups.Values.FirstOrDefault(group => group.Name == name)
                ?? throw new OperationException(
                    $"there is no colocation group '{name}': there are {names}",
                    OperationOutcome.Usage
                );
    }

    private static Shard FindShard(TopologySnapshot map, string name) =>
        map.Shards.FirstOrDefault(shard => shard.Name == name || $"{shard.Number}" == name)
        ?? throw new OperationException(
            $"there is no shard '{name}': there are "
                + string.Join(", ", map.Shards.Select(shard => $"{shard.Number} ({shard.Name})")),
            OperationOutcome.Usage
        );

    private static void Refuse(TableFacts facts, string[] reasons)
    {
        if (reasons.Length > 0)
        {
            throw new OperationException(
                $"{facts.Quoted} stays as it is:\n" + string.Join('\n', reasons.Select(reason => $"  - {reason}")),
                OperationOutcome.Refused
            );
        }
    }
}
