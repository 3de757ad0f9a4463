// The rules of a pg_hba-style file: the first that covers a connection decides.
using System.Collections.Immutable;

namespace Drover.Configuration.Authentication;

/// <summary>Rules in the order of the file.</summary>
internal sealed class HbaRules
{
    private HbaRules(ImmutableArray<HbaRule> all)
    {
        All = all;
    }

    /// <summary>The rules.</summary>
    public ImmutableArray<HbaRule> All { get; }

    /// <summary>The first rule that covers a connection; null means that it is refused.</summary>
    public HbaRule? Match(HbaConnection connection) => All.FirstOrDefault(rule => rule.Covers(connection));

    /// <summary>Reads a file of rules.</summary>
    /// <param name="text">The file's contents; a backslash at the end of a line continues it.</param>
    /// <param name="readNames">Gives the contents of an <c>@file</c>; null when it cannot be read.</param>
    /// <param name="broken">Called with line and problem for each rule that cannot be read.</param>
    public static async Task<HbaRules> ParseAsync(
        string text,
        Func<string, Task<string?>> readNames,
        Action<int, string> broken
    )
    {
        ImmutableArray<HbaRule>.Builder rules = ImmutableArray.CreateBuilder<HbaRule>();
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            int number = i + 1;
            string line = lines[i].TrimEnd();
            while (line.EndsWith('\\') && i + 1 < lines.Length)
            {
                line = line[..^1] + lines[++i].TrimEnd();
            }
            HbaLineParser parser = new(number, readNames);
            if (await parser.ParseAsync(line) is { } rule)
            {
                rules.Add(rule);
            }
            else if (parser.Problem.Length > 0)
            {
                broken(number, parser.Problem);
            }
        }
        return new HbaRules(rules.ToImmutable());
    }
}
