// drover inspect: where a database stands, and what to do next.
using System.CommandLine;
using Drover.Advice;
using Drover.Operations;
using Spectre.Console;

namespace Drover.App.Commands;

/// <summary>
/// Reads a server and writes nothing to it. Exit codes: 0 inspected; 1 not reached; 2 usage; 130 Ctrl-C.
/// </summary>
internal static class InspectCommand
{
    private static readonly Argument<string?> s_target = new("CONNECTION")
    {
        Description = "The database: a postgres:// URI or key=value words; PG* variables stand in for what it lacks.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<int> s_seconds = Number("--seconds", "How long rates are measured.", 10, 1);

    private static readonly Option<int> s_unusedDays = Number(
        "--unused-days",
        "Days that counters must have run before an index is called unused.",
        7,
        0
    );

    private static readonly Option<int> s_largeGigabytes = Number(
        "--large-gb",
        "Gigabytes from which a table is looked at for partitioning.",
        10,
        0
    );

    private static readonly Option<bool> s_json = new("--json") { Description = "Writes the result as JSON." };

    private static readonly Option<string?> s_html = new("--html")
    {
        Description = "Writes a report with charts to a file that needs no other.",
        HelpName = "FILE",
    };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Command command = new("inspect", "Measures a database and says what to do next. Changes nothing.")
        {
            s_target,
            s_seconds,
            s_unusedDays,
            s_largeGigabytes,
            s_json,
            s_html,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation) =>
        DatabaseInvocation.RunAsync(
            parsed,
            parsed.GetValue(s_target),
            async (session, token) =>
            {
                AdviceLimits limits = new()
                {
                    UnusedAfter = TimeSpan.FromDays(parsed.GetValue(s_unusedDays)),
                    LargeTableBytes = (long)parsed.GetValue(s_largeGigabytes) << 30,
                };
                Inspection inspection = await Inspector.InspectAsync(
                    session.Connection,
                    TimeSpan.FromSeconds(parsed.GetValue(s_seconds)),
                    limits,
                    TimeProvider.System,
                    token
                );
                return await WriteAsync(parsed, inspection, session.Description, token);
            },
            cancellation
        );

    private static async Task<int> WriteAsync(
        ParseResult parsed,
        Inspection inspection,
        string server,
        CancellationToken cancellation
    )
    {
        if (parsed.GetValue(s_html) is { } file)
        {
            string page = InspectionHtml.Write(inspection, server, TimeProvider.System.GetUtcNow());
            try
            {
                await File.WriteAllTextAsync(file, page, cancellation);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync($"drover: --html: {failure.Message}");
                return (int)OperationOutcome.Failed;
            }
        }
        TextWriter output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(s_json))
        {
            await InspectionJson.WriteAsync(inspection, output);
        }
        else
        {
            InspectionText.Write(inspection, server, AnsiConsole.Console, output);
        }
        return 0;
    }

    private static Option<int> Number(string name, string meaning, int value, int least)
    {
        Option<int> option = new(name) { Description = meaning, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && (!int.TryParse(result.Tokens[0].Value, out int given) || given < least))
            {
                result.AddError($"{name} takes a number from {least}");
            }
        });
        return option;
    }
}
