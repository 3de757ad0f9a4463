// Words that make no sense: what is wrong with them, in a line, and where it is told what there is.
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Drover.Configuration.Settings;

namespace Drover.App.Commands;

/// <summary>
/// Tells errors of the command line. A verb's whole help would push them out of sight, and an option that is not known
/// is a value to the parser, which then complains about the words behind it.
/// </summary>
internal static partial class WrongUsage
{
    /// <summary>Nothing was done; a program that calls this one can tell that from a failure.</summary>
    public const int ExitCode = 2;

    /// <summary>Writes what is wrong with a verb's words; false: nothing, no verb, or help was asked for.</summary>
    public static bool IsTold(ParseResult parsed, TextWriter error)
    {
        Command command = parsed.CommandResult.Command;
        if (command.Subcommands.Count > 0 || parsed.Action is HelpAction)
        {
            return false;
        }
        string? unknown = parsed
            .Tokens.TakeWhile(static token => token.Type != TokenType.DoubleDash)
            .FirstOrDefault(static token =>
                token.Type == TokenType.Argument && token.Value.StartsWith("--", StringComparison.Ordinal)
            )
            ?.Value;
        if (unknown is null && parsed.Errors.Count == 0)
        {
            return false;
        }
        IEnumerable<string> problems = unknown is null
            ? parsed.Errors.Select(static one => Words(one.Message))
            : [$"there is no option {unknown}{Hint(unknown, command)}"];
        foreach (string problem in problems.Distinct())
        {
            error.WriteLine($"drover: {problem}");
        }
        error.WriteLine($"{Path(parsed.CommandResult)} --help tells what there is.");
        return true;
    }

    private static string Hint(string unknown, Command command)
    {
        IEnumerable<string> names = command
            .Options.Where(static option => !option.Hidden && option.Name.StartsWith("--", StringComparison.Ordinal))
            .Select(static option => option.Name);
        return Spelling.Nearest(unknown, names) is { } nearest ? $": did you mean {nearest}?" : "";
    }

    // The parser names the type that it wanted, which is ours and nobody else's.
    private static string Words(string message) =>
        OfType().Match(message) is { Success: true } match
            ? $"'{match.Groups[1].Value}' is no value of {match.Groups[2].Value}"
            : string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static string Path(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{Path(parent)} {command.Command.Name}" : command.Command.Name;

    [GeneratedRegex(@"^Cannot parse argument '(.*?)' for (?:option|argument|command) '(.*?)' as expected type")]
    private static partial Regex OfType();
}
