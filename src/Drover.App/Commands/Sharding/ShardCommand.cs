// drover shard init, list: the servers of a sharded database.
using System.CommandLine;
using System.Text.Json;
using Drover.Sharding;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.App.Commands.Sharding;

/// <summary>The verbs of shards.</summary>
internal static class ShardCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() =>
        new("shard", "The servers of a sharded database.")
        {
            new Command(
                "init",
                "Makes the map in the catalog database, and adds the shards that the configuration names. Repeatable."
            ).With(InitializeAsync),
            new Command("list", "Shows the shards and the slots that each has.").With(ListAsync),
            ShardAdviseCommand.Create(),
        };

    private static async Task InitializeAsync(
        ParseResult parsed,
        ShardingService service,
        CancellationToken cancellation
    )
    {
        (TopologySnapshot map, Shard[] added) = await service.InitializeAsync(cancellation);
        await SchemaCommand.FollowAsync(parsed, service, cancellation);
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(
                parsed,
                json =>
                {
                    json.WriteNumber("epoch", map.Epoch);
                    WriteShards(json, "shards", map.Shards);
                    WriteShards(json, "added", added);
                }
            );
            return;
        }
        TextWriter output = parsed.InvocationConfiguration.Output;
        await output.WriteLineAsync(
            added.Length == 0
                ? $"nothing to add: {map.Shards.Length} shards, epoch {map.Epoch}"
                : $"added {string.Join(", ", added.Select(shard => $"{shard.Number} ({shard.Name})"))}; "
                    + $"{map.Shards.Length} shards, epoch {map.Epoch}"
        );
        if (added.Length > 0 && map.Groups.Count > 0)
        {
            await output.WriteLineAsync("They have no slots: rows that are there stay where they are.");
        }
    }

    private static async Task ListAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        ShardListing[] shards = await service.ListAsync(cancellation);
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(parsed, json => Write(json, shards));
            return;
        }
        string[] groups = [.. shards.SelectMany(shard => shard.Slots.Keys).Distinct()];
        ShardingInvocation.WriteTable(
            parsed,
            ["#", "shard", "server", .. groups.Select(group => $"slots of {group}, of {Slot.Count}"), "schemas"],
            shards.Select(shard =>
                (string[])
                    [
                        $"{shard.Shard.Number}",
                        shard.Shard.Name,
                        shard.Server,
                        .. groups.Select(group => Describe(shard, group)),
                        $"{shard.Schemas}",
                    ]
            )
        );
    }

    private static string Describe(ShardListing shard, string group)
    {
        string runs = shard.Slots[group] is { Length: > 0 } some ? some : "none";
        return shard.Pins.TryGetValue(group, out int pins) && pins > 0 ? $"{runs}; pinned tenants: {pins}" : runs;
    }

    private static void Write(Utf8JsonWriter json, ShardListing[] shards)
    {
        json.WriteStartArray("shards");
        foreach (ShardListing shard in shards)
        {
            json.WriteStartObject();
            json.WriteNumber("number", shard.Shard.Number);
            json.WriteString("name", shard.Shard.Name);
            json.WriteString("server", shard.Server);
            json.WriteStartObject("slots");
            foreach ((string group, string runs) in shard.Slots)
            {
                json.WriteString(group, runs);
            }
            json.WriteEndObject();
            json.WriteStartObject("pins");
            foreach ((string group, int pins) in shard.Pins)
            {
                json.WriteNumber(group, pins);
            }
            json.WriteEndObject();
            json.WriteNumber("schemas", shard.Schemas);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteShards(Utf8JsonWriter json, string name, IEnumerable<Shard> shards)
    {
        json.WriteStartArray(name);
        foreach (Shard shard in shards)
        {
            json.WriteStartObject();
            json.WriteNumber("number", shard.Number);
            json.WriteString("name", shard.Name);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
