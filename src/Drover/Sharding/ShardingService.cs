// The verbs of the map: make it, list it, declare tables.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Sharding.Catalog;
using Drover.Sharding.Coordination;
using Drover.Sharding.Declaring;
using Drover.Sharding.Drift;
using Drover.Sharding.Placing;
using Drover.Topology;
using Drover.Topology.Keys;
using Npgsql;

namespace Drover.Sharding;

/// <summary>What a shard is and has, for a list.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Server">Where it is.</param>
/// <param name="Slots">Slots that it has, as runs, or ranges or keys, by colocation group's name.</param>
/// <param name="Pins">How many keys are pinned to it, by colocation group's name.</param>
/// <param name="Schemas">How many schemas it has whole.</param>
internal sealed record ShardListing(
    Shard Shard,
    string Server,
    IReadOnlyDictionary<string, string> Slots,
    IReadOnlyDictionary<string, int> Pins,
    int Schemas
);

/// <summary>
/// Every verb checks first and says all that is in the way; a verb that was broken off can be said again.
/// </summary>
internal sealed class ShardingService(ShardServers servers)
{
    /// <summary>The verbs of tenants.</summary>
    public TenantPins Tenants { get; } = new(servers);

    /// <summary>The verbs of schemas that are whole on one shard.</summary>
    public SchemaPlacements Schemas { get; } = new(servers, TimeProvider.System);

    /// <summary>The verbs of ranges and lists.</summary>
    public KeyPlacements Placements { get; } = new(servers);

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
        await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(cancellationToken);
        await CatalogSchema.CheckAsync(catalog, servers.Database.Name, cancellationToken);
        TopologySnapshot map = await TopologyReader.ReadAsync(catalog, cancellationToken);
        List<ShardSchema> schemas = [];
        foreach (Shard shard in map.Shards)
        {
            await using NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
            ShardSchema schema = await SchemaReader.ReadAsync(shard, server, map, cancellationToken);
            schemas.Add(
                schema with
                {
                    Misplaced =
                    [
                        .. schema.Misplaced,
                        .. await FenceCheck.ReadAsync(catalog, server, map, shard, cancellationToken),
                    ],
                }
            );
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
                    .ToDictionary(group => group.Name, group => group.Describe(shard.Number)),
                map.Groups.Values.Where(static group => group.Placement == PlacementKind.Hash)
                    .ToDictionary(group => group.Name, group => group.PinsOf(shard.Number)),
                map.SchemasOf(shard.Number).Count()
            )),
        ];
    }

    /// <summary>Declares a table sharded.</summary>
    /// <param name="table">Its name, with or without schema.</param>
    /// <param name="key">The column of the sharding key.</param>
    /// <param name="groupName">The colocation group; null: the one called after the key's type.</param>
    /// <param name="placement">What places its keys; null: what the group has, and hash where there is none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationException">It cannot be; the message has every reason.</exception>
    public async Task<ShardedTable> ShardTableAsync(
        string table,
        string key,
        string? groupName,
        PlacementKind? placement,
        CancellationToken cancellationToken
    )
    {
        await using TopologyChange change = await BeginAsync(cancellationToken);
        TopologySnapshot map = change.Map;
        await using ShardTables shards = await ShardTables.OpenAsync(servers, map, table, key, cancellationToken);
        TableFacts facts = shards.Home;
        KeyType? type = facts.Key is { } column ? KeyTypes.Of(column.TypeOid) : null;
        string suffix = placement is null or PlacementKind.Hash ? "" : $"_{placement}";
        string name = groupName ?? $"{type}{suffix}".ToLowerInvariant();
        ColocationGroup? group = map.Groups.Values.FirstOrDefault(other => other.Name == name);
        Refuse(
            facts,
            [
                .. DeclarationRules.Any(facts, map),
                .. DeclarationRules.Sharded(facts, key, group, map, placement),
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
                placement ?? PlacementKind.Hash,
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

    private Task<TopologyChange> BeginAsync(CancellationToken cancellationToken) =>
        TopologyChange.BeginAsync(servers.Catalog, servers.Database.Name, cancellationToken);

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
