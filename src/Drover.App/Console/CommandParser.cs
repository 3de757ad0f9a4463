// Cuts what was typed on the console into statements, and statements into words.
using System.Text;

namespace Drover.App.Console;

/// <summary>
/// The console's grammar: a verb and at most one argument, or SET name = value (or TO); identifiers may be in double
/// quotes, values in single quotes, a doubled quote stands for itself; comments as in SQL. Statements end at a
/// semicolon.
/// </summary>
internal static class CommandParser
{
    /// <summary>Statements of one string that are taken; more than any tool sends.</summary>
    public const int StatementsMax = 64;

    /// <summary>
    /// Reads all statements. Empty ones are left out. A statement that makes no sense has the verb "" and is refused
    /// when its turn comes, as PostgreSQL does with a statement that fails.
    /// </summary>
    public static List<ConsoleCommand> Parse(string text)
    {
        List<ConsoleCommand> commands = [];
        foreach (string statement in Split(text))
        {
            commands.Add(ParseOne(statement));
        }
        return commands;
    }

    private static IEnumerable<string> Split(string text)
    {
        StringBuilder statement = new();
        int count = 0;
        for (int at = 0; at < text.Length; )
        {
            int length = ElementLength(text, at, out bool isComment);
            if (length == 1 && text[at] == ';')
            {
                if (!string.IsNullOrWhiteSpace(statement.ToString()) && ++count <= StatementsMax)
                {
                    yield return statement.ToString().Trim();
                }
                statement.Clear();
            }
            else if (isComment)
            {
                statement.Append(' ');
            }
            else
            {
                statement.Append(text, at, length);
            }
            at += length;
        }
        if (!string.IsNullOrWhiteSpace(statement.ToString()) && count < StatementsMax)
        {
            yield return statement.ToString().Trim();
        }
    }

    // A quoted piece or a comment is one element, and so is any other character.
    private static int ElementLength(string text, int at, out bool isComment)
    {
        ReadOnlySpan<char> rest = text.AsSpan(at);
        isComment = false;
        if (rest[0] is '\'' or '"')
        {
            int close = rest[1..].IndexOf(rest[0]);
            return close < 0 ? rest.Length : close + 2;
        }
        if (rest.StartsWith("--"))
        {
            isComment = true;
            int end = rest.IndexOf('\n');
            return end < 0 ? rest.Length : end;
        }
        if (rest.StartsWith("/*"))
        {
            isComment = true;
            int end = rest[2..].IndexOf("*/");
            return end < 0 ? rest.Length : end + 4;
        }
        return 1;
    }

    private static ConsoleCommand ParseOne(string statement)
    {
        ConsoleCommand invalid = new(statement, "", []);
        List<string>? words = Words(statement);
        if (words is null || words.Count == 0)
        {
            return invalid;
        }
        string verb = words[0].ToLowerInvariant();
        if (verb != "set")
        {
            return words.Count <= 2 ? new(statement, verb, words[1..]) : invalid;
        }
        int name = words.Count > 1 && words[1].Equals("session", StringComparison.OrdinalIgnoreCase) ? 2 : 1;
        bool complete =
            words.Count == name + 3
            && (words[name + 1] == "=" || words[name + 1].Equals("to", StringComparison.OrdinalIgnoreCase));
        return complete ? new(statement, verb, [words[name], words[name + 2]]) : invalid;
    }

    private static List<string>? Words(string statement)
    {
        List<string> words = [];
        for (int at = 0; at < statement.Length; )
        {
            char first = statement[at];
            if (char.IsWhiteSpace(first))
            {
                at++;
            }
            else if (first == '=')
            {
                words.Add("=");
                at++;
            }
            else if (first is '"' or '\'')
            {
                if (!TryReadQuoted(statement, ref at, out string word))
                {
                    return null;
                }
                words.Add(word);
            }
            else
            {
                int start = at;
                while (at < statement.Length && !char.IsWhiteSpace(statement[at]) && statement[at] is not ('=' or '\''))
                {
                    at++;
                }
                words.Add(statement[start..at]);
            }
        }
        return words;
    }

    private static bool TryReadQuoted(string text, ref int at, out string word)
    {
        char quote = text[at++];
        StringBuilder value = new();
        while (at < text.Length)
        {
            char character = text[at++];
            if (character != quote)
            {
                value.Append(character);
            }
            else if (at < text.Length && text[at] == quote)
            {
                value.Append(quote);
                at++;
            }
            else
            {
                word = value.ToString();
                return true;
            }
        }
        word = "";
        return false;
    }
}
