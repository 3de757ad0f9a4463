// Options that take a whole number between two bounds.
using System.CommandLine;

namespace Drover.App.Commands;

internal static class NumberOption
{
    /// <summary>Makes one; what is no such number is refused as wrong usage.</summary>
    public static Option<int> Create(string name, string meaning, int value, int least, int most)
    {
        Option<int> option = new(name) { Description = meaning, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            bool isGiven = result.Tokens.Count > 0;
            if (isGiven && (!int.TryParse(result.Tokens[0].Value, out int given) || given < least || given > most))
            {
                result.AddError($"{name} takes a whole number from {least} to {most}");
            }
        });
        return option;
    }
}
