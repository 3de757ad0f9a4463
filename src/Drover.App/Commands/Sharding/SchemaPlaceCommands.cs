// drover schema shard, unshard, list: schemas that are whole on one shard.
using System.CommandLine;
using System.Text.Json;
using Drover.Sharding;
using Drover.Sharding.Placing;

namespace Drover.App.Commands.Sharding;

/// <summary>The verbs of sharded schemas.</summary>
internal static class SchemaPlaceCommands
{
    private static readonly Argument<string> s_schema = new("SCHEMA")
    {
        Description = "The schema's name, as the catalogs have it.",
    };
    private static readonly Option<string?> s_shard = new("--shard")
    {
        Description =
            "The shard's number or name; without it the one that has something in it, else the one with the fewest.",
    };

    /// <summary>The commands.</summary>
    public static IEnumerable<Command> All() =>
        [
            new Command("shard", "Has a schema be whole on one shard: all that is made in it is made there.")
            {
                s_schema,
                s_shard,
            }.With(ShardAsync),
            new Command("unshard", "Has an empty schema, or one of the first shard, be as any other again.")
            {
                s_schema,
            }.With(UnshardAsync),
            new Command("list", "Shows the schemas that are whole on one shard.").With(ListAsync),
        ];

    private static async Task ShardAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        (PlacedSchema schema, long epoch) = await service.Schemas.ShardAsync(
            parsed.GetRequiredValue(s_schema),
            parsed.GetValue(s_shard),
            cancellation
        );
        await SchemaCommand.FollowAsync(parsed, service, cancellation);
        await SayAsync(parsed, schema, epoch, $"is whole on shard {schema.Shard.Name} from epoch {epoch} on");
    }

    private static async Task UnshardAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        (PlacedSchema schema, long epoch) = await service.Schemas.UnshardAsync(
            parsed.GetRequiredValue(s_schema),
            cancellation
        );
        await SchemaCommand.FollowAsync(parsed, service, cancellation);
        await SayAsync(parsed, schema, epoch, $"is not sharded any more from epoch {epoch} on");
    }

    private static async Task ListAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        (long epoch, PlacedSchema[] schemas) = await service.Schemas.ListAsync(cancellation);
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(
                parsed,
                json =>
                {
                    json.WriteNumber("epoch", epoch);
                    json.WriteStartArray("schemas");
                    foreach (PlacedSchema schema in schemas)
                    {
                        json.WriteStartObject();
                        Write(json, schema);
                        json.WriteEndObject();
                    }
                    json.WriteEndArray();
                }
            );
            return;
        }
        ShardingInvocation.WriteTable(
            parsed,
            ["schema", "shard"],
            schemas.Select(schema => (string[])[schema.Schema, schema.Shard.Name])
        );
    }

    private static async Task SayAsync(ParseResult parsed, PlacedSchema schema, long epoch, string what)
    {
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(
                parsed,
                json =>
                {
                    json.WriteNumber("epoch", epoch);
                    Write(json, schema);
                }
            );
            return;
        }
        await parsed.InvocationConfiguration.Output.WriteLineAsync($"schema {schema.Schema} {what}");
    }

    private static void Write(Utf8JsonWriter json, PlacedSchema schema)
    {
        json.WriteString("schema", schema.Schema);
        json.WriteString("shard", schema.Shard.Name);
    }
}
