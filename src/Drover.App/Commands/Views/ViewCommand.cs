// drover view create, list, set, refresh, drop: materialized views that refresh themselves.
using System.CommandLine;
using Drover.Operations;
using Drover.Views;

namespace Drover.App.Commands.Views;

/// <summary>
/// Exit codes: 0 done; 1 a refresh or a server failed; 2 usage; 3 refused, and nothing has changed; 130 Ctrl-C.
/// </summary>
internal static class ViewCommand
{
    private static readonly Argument<string> s_name = new("NAME") { Description = "The view, with or without schema." };

    private static readonly Option<string?> s_database = new("--database", "-d")
    {
        Description = "The database: a postgres:// URI or key=value words; PG* variables stand in for what it lacks.",
        HelpName = "CONNECTION",
    };

    private static readonly Option<bool> s_json = new("--json") { Description = "Writes the result as JSON." };

    private static readonly Option<TimeSpan?> s_refresh = new("--refresh")
    {
        Description = "How old its rows may become: 90s, 5m, 2h, 1d.",
        HelpName = "INTERVAL",
        CustomParser = static result =>
        {
            if (RefreshSchedule.TryParse(result.Tokens[0].Value, out TimeSpan interval))
            {
                return interval;
            }
            result.AddError($"--refresh takes a number and s, m, h or d, from 10s on, not '{result.Tokens[0].Value}'");
            return null;
        },
    };

    /// <summary>The command with its verbs.</summary>
    public static Command Create() =>
        new("view", "Materialized views that are refreshed on schedule, by every drover serve of their database.")
        {
            CreateCreate(),
            CreateList(),
            CreateSet(),
            CreateRefresh(),
            CreateDrop(),
        };

    /// <summary>Whether JSON is asked for.</summary>
    public static bool WantsJson(ParseResult parsed) => parsed.GetValue(s_json);

    private static Command CreateCreate()
    {
        Option<string> file = new("--sql")
        {
            Description = "A file with its query; - is standard input.",
            Required = true,
        };
        Option<string> unique = new("--unique")
        {
            Description = "The columns that tell its rows apart, with commas: a refresh without locking needs them.",
            Required = true,
        };
        Command command = new("create", "Makes a materialized view with its rows and unique index, and keeps it fresh.")
        {
            s_name,
            file,
            unique,
            s_refresh,
        };
        return With(
            command,
            async (parsed, service, cancellation) =>
            {
                string[] columns = parsed
                    .GetRequiredValue(unique)
                    .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
                if (columns.Length == 0)
                {
                    throw new OperationException("--unique names no column", OperationOutcome.Usage);
                }
                ManagedView view = await service.CreateAsync(
                    parsed.GetRequiredValue(s_name),
                    await ReadAsync(parsed.GetRequiredValue(file), cancellation),
                    columns,
                    parsed.GetValue(s_refresh) ?? TimeSpan.FromMinutes(5),
                    cancellation
                );
                await ViewTexts.WriteAsync(
                    parsed,
                    view,
                    $"{view.Name} is made, in {ViewTexts.Span(view.State.Duration)}. {ViewTexts.When(view)}"
                );
                return 0;
            }
        );
    }

    private static Command CreateList() =>
        With(
            new Command("list", "Lists the views that are kept, with their age and how their refreshes went."),
            async (parsed, service, cancellation) =>
            {
                IReadOnlyList<ManagedView> views = await service.ListAsync(cancellation);
                await ViewTexts.WriteListAsync(parsed, views, await service.NowAsync(cancellation));
                return 0;
            }
        );

    private static Command CreateSet()
    {
        Option<bool?> enabled = new("--enabled") { Description = "false: it is refreshed by hand only." };
        Command command = new("set", "Changes when a view is refreshed.") { s_name, s_refresh, enabled };
        return With(
            command,
            async (parsed, service, cancellation) =>
            {
                TimeSpan? interval = parsed.GetValue(s_refresh);
                bool? isEnabled = parsed.GetValue(enabled);
                if (interval is null && isEnabled is null)
                {
                    throw new OperationException("say what to change: --refresh, --enabled", OperationOutcome.Usage);
                }
                string name = parsed.GetRequiredValue(s_name);
                ManagedView view = await service.SetAsync(name, interval, isEnabled, cancellation);
                await ViewTexts.WriteAsync(parsed, view, $"{view.Name}: {ViewTexts.When(view)}");
                return 0;
            }
        );
    }

    private static Command CreateRefresh()
    {
        Option<bool> remake = new("--remake")
        {
            Description = "Makes it anew as this role, should what it reads have changed and be another role's.",
        };
        return With(
            new Command("refresh", "Refreshes a view now; readers go on meanwhile.") { s_name, remake },
            async (parsed, service, cancellation) =>
            {
                RefreshOutcome outcome = await service.RefreshAsync(
                    parsed.GetRequiredValue(s_name),
                    TimeSpan.FromSeconds(30),
                    parsed.GetValue(remake),
                    cancellation
                );
                if (outcome.Problem is { } problem)
                {
                    throw new OperationException($"{outcome.Name} was not refreshed: {problem}");
                }
                string what = outcome.IsRemade ? "made anew, since what it reads has changed," : "refreshed";
                string text = $"{outcome.Name} is {what} in {ViewTexts.Span(outcome.Duration)}";
                await parsed.InvocationConfiguration.Output.WriteLineAsync(text);
                return 0;
            }
        );
    }

    private static Command CreateDrop() =>
        With(
            new Command("drop", "Drops a view, and keeps it no more.") { s_name },
            async (parsed, service, cancellation) =>
            {
                ManagedView view = await service.DropAsync(parsed.GetRequiredValue(s_name), cancellation);
                await ViewTexts.WriteAsync(parsed, view, $"{view.Name} is dropped");
                return 0;
            }
        );

    private static async Task<string> ReadAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return path == "-"
                ? await System.Console.In.ReadToEndAsync(cancellation)
                : await File.ReadAllTextAsync(path, cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new OperationException(failure.Message, failure, OperationOutcome.Usage);
        }
    }

    private static Command With(Command command, Func<ParseResult, ViewService, CancellationToken, Task<int>> run)
    {
        command.Options.Add(s_database);
        command.Options.Add(s_json);
        command.SetAction(
            (parsed, cancellation) =>
                DatabaseInvocation.RunAsync(
                    parsed,
                    parsed.GetValue(s_database),
                    (session, token) => run(parsed, new ViewService(session.Connection, TimeProvider.System), token),
                    cancellation,
                    ViewService.ApplicationName
                )
        );
        return command;
    }
}
