// What all verbs of a run share: the server to reach, the table, how to answer, and how failures become exit codes.
using System.CommandLine;
using System.Text.Json;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Npgsql;
using Spectre.Console;

namespace Drover.App.Commands.Runs;

/// <summary>One call of a verb.</summary>
internal sealed class RunInvocation
{
    private RunInvocation(ParseResult parsed, ServerAccess server, bool wantsJson, string? table)
    {
        Parsed = parsed;
        Server = server;
        WantsJson = wantsJson;
        Table = table;
    }

    /// <summary>The command line.</summary>
    public ParseResult Parsed { get; }

    /// <summary>The server.</summary>
    public ServerAccess Server { get; }

    /// <summary>The answer is JSON.</summary>
    public bool WantsJson { get; }

    /// <summary>The table as it was given.</summary>
    public string? Table { get; }

    /// <summary>Where the answer goes.</summary>
    public TextWriter Output => Parsed.InvocationConfiguration.Output;

    /// <summary>Where progress and problems go when the answer is JSON; else the same as the answer.</summary>
    public TextWriter Progress => WantsJson ? Parsed.InvocationConfiguration.Error : Output;

    /// <summary>A person looks at the output.</summary>
    public bool IsTerminal =>
        !WantsJson && !System.Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;

    /// <summary>Gives a verb its options and its action.</summary>
    public static Command Make(
        string verb,
        string description,
        Argument<string?> table,
        Func<RunInvocation, CancellationToken, Task<int>> run
    )
    {
        Option<string?> database = new("--database", "-d")
        {
            Description =
                "The database: a postgres:// URI or key=value words; PG* variables stand in for what it lacks.",
            HelpName = "CONNECTION",
        };
        Option<bool> json = new("--json") { Description = "Writes the result as JSON." };
        Command command = new(verb, description) { table, database, json };
        command.SetAction(
            async (parsed, cancellation) =>
            {
                NpgsqlConnectionStringBuilder? target = ConnectionText.Parse(
                    parsed.GetValue(database),
                    Environment.GetEnvironmentVariable,
                    out string problem
                );
                bool wantsJson = parsed.GetValue(json);
                if (target is null)
                {
                    return await FailAsync(parsed, wantsJson, OperationOutcome.Usage, problem);
                }
                await using ServerAccess server = new(target);
                RunInvocation invocation = new(parsed, server, wantsJson, parsed.GetValue(table));
                return await invocation.GuardAsync(run, cancellation);
            }
        );
        return command;
    }

    /// <summary>A session whose search_path is empty.</summary>
    public Task<NpgsqlConnection> OpenAsync(CancellationToken cancellation) => Server.OpenAsync(cancellation);

    /// <summary>The run of the table that was given: the open one, else the latest.</summary>
    /// <exception cref="OperationException">There is none.</exception>
    public async Task<RunRow> FindRunAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        string table = Table ?? throw new OperationException("give the table", OperationOutcome.Usage);
        if (!await JournalSchema.ExistsAsync(connection, cancellation))
        {
            throw new OperationException(
                $"{Server.Description}: no operation was ever started in this database. plan shows what start would do."
            );
        }
        return await FindByNameAsync(connection, table, cancellation)
            ?? throw new OperationException($"there is no run on {table}. plan shows what start would do.");
    }

    /// <summary>Writes one line, or the same as JSON.</summary>
    public Task WriteResultAsync(OperationOutcome outcome, string state, string message) =>
        WantsJson ? Output.WriteLineAsync(ResultJson(outcome, state, message))
        : outcome == OperationOutcome.Done ? Output.WriteLineAsync(message)
        : Parsed.InvocationConfiguration.Error.WriteLineAsync($"drover: {message}");

    // A table that was swapped, renamed or dropped is still found by the name that the run has.
    private static async Task<RunRow?> FindByNameAsync(
        NpgsqlConnection connection,
        string table,
        CancellationToken cancellation
    )
    {
        string? resolved = await RelationNames.ResolveAsync(connection, table, cancellation);
        foreach (string? name in (string?[])[resolved, table, $"public.{table}"])
        {
            if (name is not null && await RunJournal.FindLatestAsync(connection, name, cancellation) is { } run)
            {
                return run;
            }
        }
        return null;
    }

    private async Task<int> GuardAsync(
        Func<RunInvocation, CancellationToken, Task<int>> run,
        CancellationToken cancellation
    )
    {
        try
        {
            return await run(this, cancellation);
        }
        catch (OperationException failure)
        {
            return await FailAsync(Parsed, WantsJson, failure.Outcome, failure.Message);
        }
        catch (OperationCanceledException)
        {
            return await FailAsync(Parsed, WantsJson, OperationOutcome.Interrupted, "interrupted");
        }
        catch (Exception failure)
            when (failure is NpgsqlException || ServerFailure.KindOf(failure) == FailureKind.Connection)
        {
            string message = ServerFailure.Describe(failure, Server.Description);
            return await FailAsync(Parsed, WantsJson, OperationOutcome.Failed, message);
        }
    }

    private static async Task<int> FailAsync(
        ParseResult parsed,
        bool wantsJson,
        OperationOutcome outcome,
        string message
    )
    {
        await parsed.InvocationConfiguration.Error.WriteLineAsync($"drover: {message}");
        if (wantsJson)
        {
            await parsed.InvocationConfiguration.Output.WriteLineAsync(ResultJson(outcome, null, message));
        }
        return (int)outcome;
    }

    private static string ResultJson(OperationOutcome outcome, string? state, string message)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("exit_code", (int)outcome);
            json.WriteString("outcome", Word(outcome));
            json.WriteString("state", state);
            json.WriteString("message", message);
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static string Word(OperationOutcome outcome) =>
        outcome switch
        {
            OperationOutcome.TakenOver => "taken-over",
            _ => outcome.ToString().ToLowerInvariant(),
        };
}
