// drover growth: how a database grows, how latency goes with size, and the day on which a limit is reached.
using System.CommandLine;
using Drover.History;
using Drover.History.Growth;
using Drover.History.Store;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.App.Commands;

/// <summary>
/// Reads the history that drover serve keeps, or a CSV file; writes nothing. Exit codes: 0 told; 1 not reached, or
/// nothing kept; 2 usage; 130 Ctrl-C.
/// </summary>
internal static class GrowthCommand
{
    private static readonly Argument<string?> s_target = new("CONNECTION")
    {
        Description = "The database that keeps the history: a postgres:// URI or key=value words.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> s_csv = new("--csv")
    {
        Description =
            "A CSV file in place of a history. Columns: time, and size_bytes, size_gb or size_tb, rows, query_ms, "
            + "p95_ms, connections.",
    };

    private static readonly Option<string?> s_server = new("--server")
    {
        Description = "The server, by its name in [monitor.servers]; needed where there are several.",
    };

    private static readonly Option<string?> s_table = new("--table")
    {
        Description = "One table, as the history names it; without it the server as a whole.",
    };

    private static readonly Option<string?> s_size = new("--limit-size")
    {
        Description = "Asks when this size is reached, such as 500GB or 64TB.",
    };

    private static readonly Option<double?> s_query = new("--limit-query-ms")
    {
        Description = "Asks when the mean time of a query reaches this.",
    };

    private static readonly Option<double?> s_p95 = new("--limit-p95-ms")
    {
        Description = "Asks when the time that 95 % of queries stay below reaches this.",
    };

    private static readonly Option<double?> s_connections = new("--limit-connections")
    {
        Description = "Asks when so many client connections are reached.",
    };

    private static readonly Option<bool> s_json = new("--json") { Description = "Writes the result as JSON." };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Command command = new("growth", "How a database grows, and when it reaches a limit. Changes nothing.")
        {
            s_target,
            s_csv,
            s_server,
            s_table,
            s_size,
            s_query,
            s_p95,
            s_connections,
            s_json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        TextWriter error = parsed.InvocationConfiguration.Error;
        double? size = null;
        if (parsed.GetValue(s_size) is { } words)
        {
            size = GrowthText.SizeOf(words);
            if (size is null)
            {
                await error.WriteLineAsync($"drover: --limit-size '{words}' is no size: write 500GB or 64TB");
                return (int)OperationOutcome.Usage;
            }
        }
        try
        {
            IReadOnlyList<GrowthPoint> points = parsed.GetValue(s_csv) is { } file
                ? GrowthCsv.Read(await File.ReadAllTextAsync(file, cancellation))
                : await ReadAsync(parsed, cancellation);
            GrowthReport report = GrowthReport.Of(
                points,
                new GrowthLimits(size, parsed.GetValue(s_query), parsed.GetValue(s_p95), parsed.GetValue(s_connections))
            );
            TextWriter output = parsed.InvocationConfiguration.Output;
            await output.WriteAsync(parsed.GetValue(s_json) ? GrowthText.Json(report) : GrowthText.Write(report));
            return 0;
        }
        catch (OperationCanceledException)
        {
            return (int)OperationOutcome.Interrupted;
        }
        catch (OperationException refused)
        {
            await error.WriteLineAsync($"drover: {refused.Message}");
            return (int)refused.Outcome;
        }
        catch (FormatException wrong)
        {
            await error.WriteLineAsync($"drover: {parsed.GetValue(s_csv)}: {wrong.Message}");
            return (int)OperationOutcome.Usage;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"drover: {failure.Message}");
            return (int)OperationOutcome.Failed;
        }
    }

    private static async Task<IReadOnlyList<GrowthPoint>> ReadAsync(ParseResult parsed, CancellationToken cancellation)
    {
        HistoryLimits limits = new();
        NpgsqlConnectionStringBuilder target =
            MonitorConnections.Parse(parsed.GetValue(s_target) ?? "", limits, out string problem)
            ?? throw new OperationException(problem, OperationOutcome.Usage);
        await using ServerAccess access = new(target);
        string server = await HistoryReader.ServerOfAsync(access, parsed.GetValue(s_server), cancellation);
        await using HistoryReader reader = new(access, server, limits);
        IReadOnlyList<GrowthPoint> points = await reader.ReadGrowthAsync(parsed.GetValue(s_table) ?? "", cancellation);
        return points.Count > 0
            ? points
            : throw new OperationException($"nothing is kept of {parsed.GetValue(s_table) ?? server} yet");
    }
}
