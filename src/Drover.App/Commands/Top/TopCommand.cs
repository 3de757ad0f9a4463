// drover top: the live core of the web page in a terminal.
using System.CommandLine;
using Drover.History;
using Drover.Operations;
using Npgsql;
using Spectre.Console;

namespace Drover.App.Commands.Top;

/// <summary>
/// Reads a server again and again, and writes nothing to it. Exit codes: 0 left with q, or one picture was shown; 1
/// not reached at first; 2 usage; 130 Ctrl-C.
/// </summary>
internal static class TopCommand
{
    private static readonly TimeSpan s_farewell = TimeSpan.FromMilliseconds(300);

    private const int HeightWithoutTerminal = int.MaxValue;

    private static readonly Argument<string?> s_target = new("CONNECTION")
    {
        Description = "The database: a postgres:// URI or key=value words; PG* variables stand in for what it lacks.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> s_console = new("--console")
    {
        Description = "The console of a PgBouncer or a Drover, for its pools: postgres://user@host:6432/pgbouncer.",
        HelpName = "CONNECTION",
    };

    private static readonly Option<int> s_interval = Number("--interval", "Seconds between two pictures.", 2, 60);

    private static readonly Option<int> s_statements = Number("--statements", "Statements at the most.", 15, 500);

    private static readonly Option<TopOrder> s_sort = new("--sort")
    {
        Description = "The order of the statements.",
        HelpName = "time|calls|mean|rows",
        DefaultValueFactory = static _ => TopOrder.Time,
        Validators =
        {
            // A number is one of an enumeration's values to the parser, whatever it is.
            static result =>
            {
                if (result.Tokens is [var token] && !char.IsAsciiLetter(token.Value.FirstOrDefault()))
                {
                    result.AddError($"--sort {token.Value}: time, calls, mean or rows");
                }
            },
        },
    };

    private static readonly Option<bool> s_once = new("--once")
    {
        Description = "Shows one picture, of one interval, and ends; so it does where there is no terminal.",
    };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Command command = new("top", "Metrics, statements, locks and pools of a server, live. Changes nothing.")
        {
            s_target,
            s_console,
            s_interval,
            s_statements,
            s_sort,
            s_once,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        TextWriter error = parsed.InvocationConfiguration.Error;
        HistoryLimits limits = new();
        NpgsqlConnectionStringBuilder? target = Parse(parsed.GetValue(s_target) ?? "", out string problem);
        NpgsqlConnectionStringBuilder? console = null;
        if (target is not null && parsed.GetValue(s_console) is { } words)
        {
            console = Parse(words, out problem);
        }
        if (problem.Length > 0)
        {
            await error.WriteLineAsync($"drover: {problem}");
            return (int)OperationOutcome.Usage;
        }
        TimeSpan interval = TimeSpan.FromSeconds(parsed.GetValue(s_interval));
        TopSettings settings = new(parsed.GetValue(s_sort), parsed.GetValue(s_statements), false, false);
        TopSource source = new(target!, console, TimeProvider.System);
        try
        {
            TopPicture first = await source.TakeAsync(cancellation);
            if (first.Problem.Length > 0)
            {
                await error.WriteLineAsync($"drover: {first.Problem}");
                return (int)OperationOutcome.Failed;
            }
            bool isTerminal =
                !System.Console.IsOutputRedirected
                && !System.Console.IsInputRedirected
                && AnsiConsole.Profile.Capabilities.Interactive;
            if (isTerminal && !parsed.GetValue(s_once))
            {
                await new TopScreen(source, interval, AnsiConsole.Console).RunAsync(first, settings, cancellation);
                return 0;
            }
            await Task.Delay(interval, cancellation);
            TopPicture picture = await source.TakeAsync(cancellation);
            int width = System.Console.IsOutputRedirected ? WidthOf() : AnsiConsole.Profile.Width;
            foreach (TopLine line in TopView.Draw(picture, settings, width, HeightWithoutTerminal))
            {
                await parsed.InvocationConfiguration.Output.WriteLineAsync(line.Text);
            }
            return picture.Problem.Length > 0 ? (int)OperationOutcome.Failed : 0;
        }
        catch (OperationCanceledException)
        {
            return (int)OperationOutcome.Interrupted;
        }
        finally
        {
            // The process ends; a server that does not answer is not waited for.
            await Task.WhenAny(source.DisposeAsync().AsTask(), Task.Delay(s_farewell, CancellationToken.None));
        }

        NpgsqlConnectionStringBuilder? Parse(string text, out string why) =>
            MonitorConnections.Parse(text, limits, out why);
    }

    // Into a file or a pipe: as wide as COLUMNS says, else wide enough for most statements.
    private static int WidthOf()
    {
        const int Wide = 160;
        return int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out int columns) && columns > 0
            ? columns
            : Wide;
    }

    private static Option<int> Number(string name, string meaning, int value, int most)
    {
        Option<int> option = new(name) { Description = meaning, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            bool isGiven = result.Tokens.Count > 0;
            if (isGiven && (!int.TryParse(result.Tokens[0].Value, out int given) || given < 1 || given > most))
            {
                result.AddError($"{name} takes a number from 1 to {most}");
            }
        });
        return option;
    }
}
