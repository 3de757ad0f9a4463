// What the verbs of sharding share: the configuration, the database that is meant, exit codes.
using System.CommandLine;
using System.Text;
using System.Text.Json;
using Drover.Configuration;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Sharding;
using Npgsql;
using Spectre.Console;

namespace Drover.App.Commands.Sharding;

/// <summary>
/// Exit codes: 0 done; 1 a server failed; 2 usage; 3 refused, and nothing has changed; 130 Ctrl-C.
/// </summary>
internal static class ShardingInvocation
{
    private static readonly Option<string> s_config = new("--config", "-c")
    {
        Description = "The configuration with [sharded.NAME].",
        DefaultValueFactory = _ => "drover.toml",
    };

    private static readonly Option<string?> s_database = new("--database", "-d")
    {
        Description = "The sharded database; not needed where there is one.",
    };

    private static readonly Option<bool> s_json = new("--json") { Description = "Writes the result as JSON." };

    /// <summary>Whether JSON is asked for.</summary>
    public static bool WantsJson(ParseResult parsed) => parsed.GetValue(s_json);

    /// <summary>Gives a command its options and its action.</summary>
    public static Command With(this Command command, Func<ParseResult, ShardingService, CancellationToken, Task> run)
    {
        command.Options.Add(s_config);
        command.Options.Add(s_database);
        command.Options.Add(s_json);
        command.SetAction((parsed, cancellation) => RunAsync(parsed, run, cancellation));
        return command;
    }

    /// <summary>Writes one JSON object and a line feed.</summary>
    public static async Task WriteJsonAsync(ParseResult parsed, Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        await using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        await parsed.InvocationConfiguration.Output.WriteLineAsync(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    /// <summary>A table of plain look, as wide as it needs.</summary>
    public static void WriteTable(ParseResult parsed, string[] columns, IEnumerable<string[]> rows)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns([.. columns.Select(Markup.Escape)]);
        // A name of the usual length is on one line of 80 columns.
        foreach (TableColumn column in table.Columns)
        {
            column.PadRight(0);
        }
        foreach (string[] row in rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(parsed.InvocationConfiguration.Output) }
        );
        console.Write(table);
    }

    private static async Task<int> RunAsync(
        ParseResult parsed,
        Func<ParseResult, ShardingService, CancellationToken, Task> run,
        CancellationToken cancellation
    )
    {
        TextWriter error = parsed.InvocationConfiguration.Error;
        string path = parsed.GetRequiredValue(s_config);
        ConfigurationResult result = await ConfigurationLoader.LoadAsync(
            path,
            ConfigurationLoader.KindOf(path),
            cancellation
        );
        if (!result.IsValid)
        {
            foreach (ConfigurationError problem in result.Errors)
            {
                await error.WriteLineAsync($"drover: {problem}");
            }
            return (int)OperationOutcome.Usage;
        }
        try
        {
            await using ShardServers servers = ShardServers.Open(result.Options, parsed.GetValue(s_database));
            try
            {
                await run(parsed, new ShardingService(servers), cancellation);
                return (int)OperationOutcome.Done;
            }
            catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
            {
                string place = $"sharded database {servers.Database.Name}";
                await error.WriteLineAsync($"drover: {ServerFailure.Describe(failure, place)}");
                return (int)OperationOutcome.Failed;
            }
        }
        catch (OperationException failure)
        {
            await error.WriteLineAsync($"drover: {failure.Message}");
            return (int)failure.Outcome;
        }
        catch (OperationCanceledException)
        {
            return (int)OperationOutcome.Interrupted;
        }
    }
}
