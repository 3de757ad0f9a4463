// User name maps: which database users a name from the system or from a certificate may be.
using System.Collections.Immutable;

namespace Drover.Configuration.Authentication;

/// <summary>The lines of a file in the form of pg_ident.conf.</summary>
internal sealed class IdentMap
{
    private readonly ImmutableArray<Line> _lines;

    private IdentMap(ImmutableArray<Line> lines)
    {
        _lines = lines;
    }

    /// <summary>No maps.</summary>
    public static IdentMap Empty { get; } = new([]);

    /// <summary>True when some line belongs to this map.</summary>
    public bool Contains(string map) => _lines.Any(line => line.Map == map);

    /// <summary>True when the map lets this outside name be that database user.</summary>
    public bool Allows(string map, string systemUser, string databaseUser) =>
        _lines.Any(line =>
            line.Map == map && line.SystemUser == systemUser && (line.AnyUser || line.DatabaseUser == databaseUser)
        );

    /// <summary>Reads a file: <c>map system-user database-user</c>, the last may be <c>all</c>.</summary>
    /// <param name="text">The file's contents.</param>
    /// <param name="broken">Called with line and problem for each line that cannot be read.</param>
    public static IdentMap Parse(string text, Action<int, string> broken)
    {
        List<Line> lines = [];
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            List<HbaToken>? tokens = HbaTokenizer.Cut(line, out string problem)?.Select(field => field[0]).ToList();
            if (tokens is null)
            {
                broken(number, problem);
            }
            else if (tokens.Count is not (0 or 3))
            {
                broken(number, "expected three words: map, system user, database user");
            }
            else if (tokens.Count == 3 && tokens.Skip(1).Any(token => !token.IsQuoted && token.Text[0] is '/' or '+'))
            {
                broken(number, "patterns (/…) and groups (+…) are not supported: write one line for each user");
            }
            else if (tokens.Count == 3)
            {
                lines.Add(new Line(tokens[0].Text, tokens[1].Text, tokens[2].Text, tokens[2].Is("all")));
            }
        }
        return new IdentMap([.. lines]);
    }

    private sealed record Line(string Map, string SystemUser, string DatabaseUser, bool AnyUser);
}
