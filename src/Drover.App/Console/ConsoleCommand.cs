// A console command, taken apart but not yet understood.
namespace Drover.App.Console;

/// <summary>One statement of the console.</summary>
/// <param name="Text">As it was typed, for error messages.</param>
/// <param name="Verb">The first word, in lower case.</param>
/// <param name="Arguments">The words after it, unquoted; for SET a name and a value.</param>
internal sealed record ConsoleCommand(string Text, string Verb, IReadOnlyList<string> Arguments)
{
    /// <summary>The only argument, or an empty string.</summary>
    public string Argument => Arguments.Count == 1 ? Arguments[0] : "";
}
