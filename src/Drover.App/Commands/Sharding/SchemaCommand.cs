// drover schema sync: the coordinator's tables, made anew after a change of the shards'.
using System.CommandLine;
using Drover.Operations;
using Drover.Sharding;
using Drover.Sharding.Coordination;

namespace Drover.App.Commands.Sharding;

/// <summary>The verbs of schemas.</summary>
internal static class SchemaCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() =>
        new("schema", "What the servers of a sharded database have in common.")
        {
            new Command(
                "sync",
                "Makes the coordinator's tables, views and functions what the first shard's are. Run it after DDL."
            ).With(SyncAsync),
        };

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
