// Schemas that are whole on one shard: one for each tenant, say.
using Drover.Operations;
using Drover.Sharding.Catalog;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Placing;

/// <summary>A sharded schema.</summary>
/// <param name="Schema">Its name.</param>
/// <param name="Shard">The shard that has it whole.</param>
internal sealed record PlacedSchema(string Schema, Shard Shard);

/// <summary>
/// The schema is on every shard, and what is in it on one. Declaring it moves nothing: it is refused while another
/// shard has something in it. A second later it is looked at again, for a proxy that had not heard of it.
/// </summary>
internal sealed class SchemaPlacements(ShardServers servers, TimeProvider time)
{
    /// <summary>Proxies that hear notifications have heard by then.</summary>
    private static readonly TimeSpan s_hearing = TimeSpan.FromSeconds(1);

    private static readonly string[] s_everybodys = ["public", "pg_catalog", "information_schema", "drover"];

    /// <summary>All of them, by name.</summary>
    public async Task<(long Epoch, PlacedSchema[] Schemas)> ListAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(cancellationToken);
        await CatalogSchema.CheckAsync(catalog, servers.Database.Name, cancellationToken);
        TopologySnapshot map = await TopologyReader.ReadAsync(catalog, cancellationToken);
        return (
            map.Epoch,
            [
                .. map
                    .Schemas.OrderBy(static one => one.Key, StringComparer.Ordinal)
                    .Select(one => new PlacedSchema(one.Key, MapNames.Shard(map, one.Value))),
            ]
        );
    }

    /// <summary>Has a schema be whole on one shard.</summary>
    /// <param name="schema">Its name, as the catalogs have it.</param>
    /// <param name="shardName">
    /// The shard's name or number; null: the one that has something in it already, else the one with the fewest such
    /// schemas, of these the first by name.
    /// </param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The schema, and the epoch that has it.</returns>
    /// <exception cref="OperationException">It cannot be; the message has every reason.</exception>
    public async Task<(PlacedSchema Schema, long Epoch)> ShardAsync(
        string schema,
        string? shardName,
        CancellationToken cancellationToken
    )
    {
        PlacedSchema placed;
        long epoch;
        await using (TopologyChange change = await BeginAsync(cancellationToken))
        {
            TopologySnapshot map = change.Map;
            Shard? wanted = shardName is null ? null : MapNames.Shard(map, shardName);
            SchemaContents[] contents = await ReadAsync(map, schema, cancellationToken);
            placed = new PlacedSchema(schema, wanted ?? Choose(map, contents));
            Refuse(
                schema,
                [.. Reasons(map, placed, contents), .. await TiesAsync(map, placed, contents, cancellationToken)]
            );
            await change.AddSchemaAsync(schema, placed.Shard, cancellationToken);
            epoch = await change.CommitAsync(cancellationToken);
        }
        await LookAgainAsync(placed, epoch, isHere: false, cancellationToken);
        return (placed, epoch);
    }

    /// <summary>Has a schema be as any other again: what is made in it is on the first shard.</summary>
    /// <param name="schema">Its name.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The schema as it was, and the epoch that has it no more.</returns>
    /// <exception cref="OperationException">Something in it is on another shard than the first.</exception>
    public async Task<(PlacedSchema Schema, long Epoch)> UnshardAsync(
        string schema,
        CancellationToken cancellationToken
    )
    {
        PlacedSchema placed;
        long epoch;
        bool isHome;
        await using (TopologyChange change = await BeginAsync(cancellationToken))
        {
            TopologySnapshot map = change.Map;
            if (map.ShardOf(schema) is not (var number and > 0))
            {
                throw new OperationException(
                    $"schema '{schema}' is not sharded: see drover schema list",
                    OperationOutcome.Usage
                );
            }
            placed = new PlacedSchema(schema, MapNames.Shard(map, number));
            isHome = placed.Shard == map.Home;
            await using NpgsqlConnection server = await servers.OpenAsync(placed.Shard, cancellationToken);
            SchemaContents contents = await SchemaContents.ReadAsync(server, placed.Shard, schema, cancellationToken);
            if (!isHome && contents.Objects.Count > 0)
            {
                Refuse(
                    schema,
                    [
                        $"shard {placed.Shard.Name} has {contents.Summary} in it, and without the map it would be "
                            + $"looked for on {map.Home.Name}: drop what is in it, or leave the schema as it is",
                    ]
                );
            }
            await change.RemoveSchemaAsync(schema, cancellationToken);
            epoch = await change.CommitAsync(cancellationToken);
        }
        if (!isHome)
        {
            await LookAgainAsync(placed, epoch, isHere: true, cancellationToken);
        }
        return (placed, epoch);
    }

    private static Shard Choose(TopologySnapshot map, SchemaContents[] contents) =>
        contents.Where(static one => one.Objects.Count > 0).ToArray() is [var only]
            ? only.Shard
            : map
                .Shards.OrderBy(shard => map.Schemas.Values.Count(number => number == shard.Number))
                .ThenBy(static shard => shard.Name, StringComparer.Ordinal)
                .First();

    private static IEnumerable<string> Reasons(TopologySnapshot map, PlacedSchema placed, SchemaContents[] contents)
    {
        (string schema, Shard target) = placed;
        if (s_everybodys.Contains(schema) || schema.StartsWith("pg_", StringComparison.Ordinal))
        {
            yield return "it is no tenant's: every shard needs it";
            yield break;
        }
        if (map.ShardOf(schema) is var number and > 0)
        {
            yield return $"it is sharded already, and on shard {MapNames.Shard(map, number).Name}";
            yield break;
        }
        foreach (TableName table in map.Tables.Keys.Concat(map.ReferenceTables).Where(one => one.Schema == schema))
        {
            yield return $"{table} is declared, and its rows are on every shard: drop it, or make it in another schema";
        }
        foreach (SchemaContents one in contents.Where(one => !one.IsThere))
        {
            yield return $"shard {one.Shard.Name} has no such schema: CREATE SCHEMA there, or through a proxy";
        }
        foreach (SchemaContents one in contents.Where(one => one.Shard != target && one.Objects.Count > 0))
        {
            yield return $"shard {one.Shard.Name} has {one.Summary} in it, and all has to be on {target.Name}: "
                + $"drop it there, or say --shard {one.Shard.Name}";
        }
    }

    private async Task<string[]> TiesAsync(
        TopologySnapshot map,
        PlacedSchema placed,
        SchemaContents[] contents,
        CancellationToken cancellationToken
    )
    {
        if (contents.First(one => one.Shard == placed.Shard).Objects.Count == 0)
        {
            return [];
        }
        await using NpgsqlConnection server = await servers.OpenAsync(placed.Shard, cancellationToken);
        return await SchemaContents.TiesAsync(server, map, placed.Schema, cancellationToken);
    }

    private async Task<SchemaContents[]> ReadAsync(
        TopologySnapshot map,
        string schema,
        CancellationToken cancellationToken
    )
    {
        List<SchemaContents> all = [];
        foreach (Shard shard in map.Shards)
        {
            await using NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
            all.Add(await SchemaContents.ReadAsync(server, shard, schema, cancellationToken));
        }
        return all.Exists(static one => one.IsThere)
            ? [.. all]
            : throw new OperationException(
                $"there is no schema '{schema}': CREATE SCHEMA through a proxy, or on every shard, first",
                OperationOutcome.Usage
            );
    }

    /// <summary>What somebody made by the map before, where it will not be found.</summary>
    /// <param name="placed">The schema.</param>
    /// <param name="epoch">The epoch that has changed it.</param>
    /// <param name="isHere">What is on its shard is wrong, and not what is on others.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async Task LookAgainAsync(PlacedSchema placed, long epoch, bool isHere, CancellationToken cancellationToken)
    {
        await Task.Delay(s_hearing, time, cancellationToken);
        await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(cancellationToken);
        TopologySnapshot map = await TopologyReader.ReadAsync(catalog, cancellationToken);
        foreach (Shard shard in map.Shards.Where(shard => shard == placed.Shard == isHere))
        {
            await using NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
            SchemaContents late = await SchemaContents.ReadAsync(server, shard, placed.Schema, cancellationToken);
            if (late.Objects.Count > 0)
            {
                throw new OperationException(
                    $"the map has changed, in epoch {epoch}, and shard {shard.Name} got {late.Summary} from somebody "
                        + "who had not heard of it: drop it there, and make it again through a proxy"
                );
            }
        }
    }

    private static void Refuse(string schema, string[] reasons)
    {
        if (reasons.Length > 0)
        {
            throw new OperationException(
                $"schema {schema} stays as it is:\n" + string.Join('\n', reasons.Select(reason => $"  - {reason}")),
                OperationOutcome.Refused
            );
        }
    }

    private Task<TopologyChange> BeginAsync(CancellationToken cancellationToken) =>
        TopologyChange.BeginAsync(servers.Catalog, servers.Database.Name, cancellationToken);
}
