// The command-line switches in the start-up parameter "options".
using System.Text;

namespace Drover.Sessions.Login;

/// <summary>
/// <c>-c name=value</c>, <c>-cname=value</c> and <c>--name=value</c>, separated by blanks; a backslash takes the next
/// character as it is (https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNECT-OPTIONS).
/// </summary>
internal static class StartupOptions
{
    /// <summary>Adds what the switches set. False with a reason that names the switch.</summary>
    public static bool TryRead(string text, List<KeyValuePair<string, string>> settings, out string problem)
    {
        problem = "";
        List<string> words = Split(text);
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i];
            string assignment;
            if (word == "-c")
            {
                if (++i == words.Count)
                {
                    problem = "option -c in the start-up options requires a value";
                    return false;
                }
                assignment = words[i];
            }
            else if (word.StartsWith("--", StringComparison.Ordinal))
            {
                assignment = word[2..];
            }
            else if (word.StartsWith("-c", StringComparison.Ordinal))
            {
                assignment = word[2..];
            }
            else
            {
                problem =
                    $"unsupported switch \"{word}\" in the start-up options: only -c name=value and --name=value are";
                return false;
            }
            int equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                problem = $"\"{word}\" in the start-up options requires a value";
                return false;
            }
            settings.Add(new(assignment[..equals].Replace('-', '_'), assignment[(equals + 1)..]));
        }
        return true;
    }

    private static List<string> Split(string text)
    {
        List<string> words = [];
        StringBuilder word = new();
        bool inWord = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is ' ' or (>= '\t' and <= '\r'))
            {
                if (inWord)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    inWord = false;
                }
                continue;
            }
            inWord = true;
            if (c != '\\')
            {
                word.Append(c);
            }
            else if (++i < text.Length)
            {
                word.Append(text[i]);
            }
        }
        if (inWord)
        {
            words.Add(word.ToString());
        }
        return words;
    }
}
