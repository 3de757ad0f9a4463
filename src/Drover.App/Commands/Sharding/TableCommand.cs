// drover table shard, reference, list: what the tables are.
using System.CommandLine;
using System.Text.Json;
using Drover.Sharding;
using Drover.Topology;

namespace Drover.App.Commands.Sharding;

/// <summary>The verbs of tables.</summary>
internal static class TableCommand
{
    private static readonly Argument<string> s_table = new("TABLE") { Description = "The table, on every shard." };
    private static readonly Option<string> s_key = new("--key")
    {
        Description = "The column whose value says which shard a row is on.",
        Required = true,
    };
    private static readonly Option<string?> s_group = new("--group", "--colocation")
    {
        Description = "The colocation group; without it, the one called after the key's type.",
    };
    private static readonly Option<PlacementKind?> s_by = new("--by")
    {
        Description =
            "What says where a key is: hash, range or list; without it what the group has, at first hash. "
            + "Ranges and lists are given by drover placement add.",
    };

    /// <summary>The commands of tables.</summary>
    public static Command Create() =>
        new("table", "What the tables of a sharded database are.")
        {
            new Command("shard", "Declares a table sharded by a key.") { s_table, s_key, s_group, s_by }.With(
                ShardAsync
            ),
            new Command("reference", "Declares a table whole on every shard.") { s_table }.With(ReferenceAsync),
            new Command("list", "Shows the tables that are declared.").With(ListAsync),
        };

    private static async Task ShardAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        ShardedTable table = await service.ShardTableAsync(
            parsed.GetRequiredValue(s_table),
            parsed.GetRequiredValue(s_key),
            parsed.GetValue(s_group),
            parsed.GetValue(s_by),
            cancellation
        );
        await SchemaCommand.FollowAsync(parsed, service, cancellation);
        await SayAsync(parsed, table.Name, $"sharded by {table.KeyColumn}", table.KeyColumn);
    }

    private static async Task ReferenceAsync(
        ParseResult parsed,
        ShardingService service,
        CancellationToken cancellation
    )
    {
        TableName table = await service.ReferenceTableAsync(parsed.GetRequiredValue(s_table), cancellation);
        await SchemaCommand.FollowAsync(parsed, service, cancellation);
        await SayAsync(parsed, table, "a reference table", null);
    }

    private static async Task ListAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        TopologySnapshot map = await service.ReadAsync(cancellation);
        IEnumerable<ShardedTable> sharded = map.Tables.Values.OrderBy(table => $"{table.Name}", StringComparer.Ordinal);
        IEnumerable<TableName> reference = map.ReferenceTables.OrderBy(table => $"{table}", StringComparer.Ordinal);
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(
                parsed,
                json =>
                {
                    json.WriteNumber("epoch", map.Epoch);
                    json.WriteStartArray("tables");
                    foreach (ShardedTable table in sharded)
                    {
                        Write(json, table.Name, "sharded", table.KeyColumn, map.GroupOf(table).Name);
                    }
                    foreach (TableName table in reference)
                    {
                        Write(json, table, "reference", null, null);
                    }
                    json.WriteEndArray();
                }
            );
            return;
        }
        ShardingInvocation.WriteTable(
            parsed,
            ["table", "kind", "key", "group"],
            sharded
                .Select(table => (string[])[$"{table.Name}", "sharded", table.KeyColumn, map.GroupOf(table).Name])
                .Concat(reference.Select(table => (string[])[$"{table}", "reference", "", ""]))
        );
        await parsed.InvocationConfiguration.Output.WriteLineAsync($"All others are on shard {map.Home.Name}.");
    }

    private static async Task SayAsync(ParseResult parsed, TableName table, string what, string? key)
    {
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(
                parsed,
                json =>
                {
                    json.WriteString("table", $"{table}");
                    json.WriteString("kind", key is null ? "reference" : "sharded");
                    if (key is not null)
                    {
                        json.WriteString("key", key);
                    }
                }
            );
            return;
        }
        await parsed.InvocationConfiguration.Output.WriteLineAsync($"{table} is {what}");
    }

    private static void Write(Utf8JsonWriter json, TableName table, string kind, string? key, string? group)
    {
        json.WriteStartObject();
        json.WriteString("table", $"{table}");
        json.WriteString("kind", kind);
        if (key is not null)
        {
            json.WriteString("key", key);
            json.WriteString("group", group);
        }
        json.WriteEndObject();
    }
}
