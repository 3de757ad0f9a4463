// drover schema sync, check: what the servers of a sharded database have in common, and what they have not.
using System.CommandLine;
using System.Text.Json;
using Drover.Operations;
using Drover.Sharding;
using Drover.Sharding.Coordination;
using Drover.Sharding.Drift;

namespace Drover.App.Commands.Sharding;

/// <summary>The verbs of schemas.</summary>
internal static class SchemaCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create()
    {
        Command schema = new("schema", "What the servers of a sharded database have in common, and what one has alone.")
        {
            new Command(
                "sync",
                "Makes the coordinator's tables, views and functions what the first shard's are. Run it after DDL."
            ).With(SyncAsync),
            new Command(
                "check",
                "Compares the shards' schemas, and says what to run where. Changes nothing; exit code 3 if they differ."
            ).With(CheckAsync),
        };
        foreach (Command placed in SchemaPlaceCommands.All())
        {
            schema.Subcommands.Add(placed);
        }
        return schema;
    }

    /// <summary>Brings the coordinator, where there is one, up to a change that was just made.</summary>
    public static async Task FollowAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation) =>
        await TellAsync(parsed, await service.SyncCoordinatorAsync(cancellation));

    private static async Task SyncAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        CoordinatorReport report =
            await service.SyncCoordinatorAsync(cancellation)
            ?? throw new OperationException(
                "the sharded database has no coordinator: set coordinator to the name of a database entry",
                OperationOutcome.Usage
            );
        await TellAsync(parsed, report);
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(
                parsed,
                json =>
                {
                    json.WriteNumber("statements", report.Statements);
                    json.WriteNumber("problems", report.Problems.Count);
                }
            );
            return;
        }
        await parsed.InvocationConfiguration.Output.WriteLineAsync(
            $"coordinator made anew: {report.Statements} statements, {report.Problems.Count} could not be run"
        );
    }

    private static async Task CheckAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        IReadOnlyList<SchemaDifference> differences = await service.CheckSchemaAsync(cancellation);
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(parsed, json => Write(json, differences));
        }
        else
        {
            await WriteAsync(parsed.InvocationConfiguration.Output, differences);
        }
        if (differences.Count > 0)
        {
            throw new OperationException(
                $"the shards differ in {differences.Count} places; nothing has been changed",
                OperationOutcome.Refused
            );
        }
    }

    private static async Task WriteAsync(TextWriter output, IReadOnlyList<SchemaDifference> differences)
    {
        if (differences.Count == 0)
        {
            await output.WriteLineAsync("the shards have the same schema");
        }
        foreach (IGrouping<string, SchemaDifference> shard in differences.GroupBy(static one => one.Shard))
        {
            await output.WriteLineAsync($"On {shard.Key}:");
            foreach (SchemaDifference difference in shard)
            {
                await output.WriteLineAsync($"  {difference.Summary}");
                foreach (string statement in difference.Mend)
                {
                    await output.WriteLineAsync($"    {statement.TrimEnd(';', '\n')};");
                }
                if (difference.Advice is { } advice)
                {
                    await output.WriteLineAsync($"    {advice}");
                }
            }
        }
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<SchemaDifference> differences)
    {
        json.WriteStartArray("differences");
        foreach (SchemaDifference difference in differences)
        {
            json.WriteStartObject();
            json.WriteString("shard", difference.Shard);
            json.WriteString("difference", $"{difference.Kind}".ToLowerInvariant());
            json.WriteString("kind", difference.Thing);
            json.WriteString("name", difference.Name);
            json.WriteString("here", difference.Here);
            json.WriteString("elsewhere", difference.Elsewhere);
            json.WriteStartArray("mend");
            foreach (string statement in difference.Mend)
            {
                json.WriteStringValue(statement);
            }
            json.WriteEndArray();
            json.WriteString("advice", difference.Advice);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static async Task TellAsync(ParseResult parsed, CoordinatorReport? report)
    {
        foreach (string problem in report?.Problems ?? [])
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync(
                $"drover: not on the coordinator, queries there that need it will fail: {problem}"
            );
        }
    }
}
