// What somebody reads who mistyped a word of the command line.
using System.CommandLine;
using Drover.App.Commands;
using Drover.App.Commands.Top;

namespace Drover.Tests.Hosting;

public sealed class WrongUsageTests
{
    [Theory]
    [InlineData("inspect --secnds 1 postgres://h/d", "there is no option --secnds: did you mean --seconds?")]
    [InlineData("inspect --zzzzzzzzz", "there is no option --zzzzzzzzz\n")]
    [InlineData("inspect --seconds abc", "--seconds takes a whole number from 1 to 60")]
    [InlineData("inspect --sort foo", "'foo' is no value of --sort\n")]
    [InlineData("inspect a b", "Unrecognized command or argument 'b'.")]
    public void Mistake_is_named_in_a_line_and_help_is_pointed_to(string words, string expected)
    {
        using StringWriter error = new() { NewLine = "\n" };
        Assert.True(WrongUsage.IsTold(Parse(words), error));
        Assert.StartsWith($"drover: {expected}", error.ToString(), StringComparison.Ordinal);
        Assert.EndsWith(" inspect --help tells what there is.\n", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Drover.App", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inspect postgres://h/d --seconds 5")]
    [InlineData("inspect -- --name")]
    [InlineData("inspect a b --help")]
    [InlineData("insect")]
    public void Nothing_is_told_of_good_words_of_help_and_where_no_verb_was_named(string words)
    {
        using StringWriter error = new();
        Assert.False(WrongUsage.IsTold(Parse(words), error));
        Assert.Empty(error.ToString());
    }

    private static ParseResult Parse(string words)
    {
        Command inspect = new("inspect")
        {
            new Argument<string?>("CONNECTION") { Arity = ArgumentArity.ZeroOrOne },
            NumberOption.Create("--seconds", "", 1, 1, 60),
            new Option<TopOrder>("--sort"),
        };
        return new RootCommand { inspect }.Parse(words.Split(' '));
    }
}
