// drover placement add, drop, list: where keys are that are not placed by hash.
using System.CommandLine;
using System.Text.Json;
using Drover.Sharding;
using Drover.Sharding.Placing;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.App.Commands.Sharding;

/// <summary>The verbs of ranges and lists.</summary>
internal static class PlacementCommand
{
    private static readonly Argument<string> s_group = new("GROUP")
    {
        Description = "The colocation group, declared by drover table shard … --by range or list.",
    };
    private static readonly Option<string> s_shard = new("--shard")
    {
        Description = "The shard's number or name.",
        Required = true,
    };
    private static readonly Option<string?> s_from = new("--from")
    {
        Description = "The first key of a range; without it there is no smallest one.",
    };
    private static readonly Option<string?> s_to = new("--to")
    {
        Description = "The first key behind a range; without it there is no largest one.",
    };
    private static readonly Option<string?> s_values = new("--values")
    {
        Description = "Keys of a list, with commas between.",
    };

    /// <summary>The command with its verbs.</summary>
    public static Command Create() =>
        new("placement", "Where keys are that are placed by range or list.")
        {
            new Command("add", "Gives keys a shard.") { s_group, s_from, s_to, s_values, s_shard }.With(AddAsync),
            new Command("drop", "Takes keys without rows away from their shard.")
            {
                s_group,
                s_from,
                s_to,
                s_values,
            }.With(DropAsync),
            new Command("list", "Shows ranges and lists.").With(ListAsync),
        };

    private static KeySelection Keys(ParseResult parsed) =>
        new(
            parsed.GetValue(s_from),
            parsed.GetValue(s_to),
            parsed.GetValue(s_values) is { } values ? [.. values.Split(',').Distinct()] : []
        );

    private static async Task AddAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        (ColocationGroup group, Shard shard, long epoch) = await service.Placements.AddAsync(
            parsed.GetRequiredValue(s_group),
            Keys(parsed),
            parsed.GetRequiredValue(s_shard),
            cancellation
        );
        await SayAsync(parsed, group, epoch, $"placed in {group.Name}: on shard {shard.Name} from epoch {epoch} on");
    }

    private static async Task DropAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        (ColocationGroup group, long epoch) = await service.Placements.DropAsync(
            parsed.GetRequiredValue(s_group),
            Keys(parsed),
            cancellation
        );
        await SayAsync(parsed, group, epoch, $"on no shard in {group.Name} from epoch {epoch} on");
    }

    private static async Task SayAsync(ParseResult parsed, ColocationGroup group, long epoch, string text)
    {
        if (!ShardingInvocation.WantsJson(parsed))
        {
            await parsed.InvocationConfiguration.Output.WriteLineAsync(text);
            return;
        }
        await ShardingInvocation.WriteJsonAsync(
            parsed,
            json =>
            {
                json.WriteNumber("epoch", epoch);
                json.WriteString("group", group.Name);
            }
        );
    }

    private static async Task ListAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        (TopologySnapshot map, TenantPin[] values) = await service.Tenants.ValuesAsync(cancellation);
        (string Group, KeyRange? Range, string? Value, string Shard)[] rows =
        [
            .. map
                .Groups.Values.OrderBy(group => group.Number)
                .SelectMany(group => (group.Ranges?.Ranges ?? []).Select(range => (group, range)))
                .Select(one =>
                    (one.group.Name, (KeyRange?)one.range, (string?)null, MapNames.Shard(map, one.range.Shard).Name)
                ),
            .. values.Select(one => (one.Group, (KeyRange?)null, (string?)one.Key, one.Shard.Name)),
        ];
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(parsed, json => Write(json, map.Epoch, rows));
            return;
        }
        ShardingInvocation.WriteTable(
            parsed,
            ["group", "from", "to", "key", "shard"],
            rows.Select(row =>
                (string[])[row.Group, row.Range?.From ?? "", row.Range?.To ?? "", row.Value ?? "", row.Shard]
            )
        );
    }

    private static void Write(
        Utf8JsonWriter json,
        long epoch,
        IEnumerable<(string Group, KeyRange? Range, string? Value, string Shard)> rows
    )
    {
        json.WriteNumber("epoch", epoch);
        json.WriteStartArray("placements");
        foreach ((string group, KeyRange? range, string? value, string shard) in rows)
        {
            json.WriteStartObject();
            json.WriteString("group", group);
            if (range is not null)
            {
                json.WriteString("from", range.From);
                json.WriteString("to", range.To);
            }
            else
            {
                json.WriteString("key", value);
            }
            json.WriteString("shard", shard);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
