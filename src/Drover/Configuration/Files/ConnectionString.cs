// The key=value pairs of entries in pgbouncer.ini: [databases], [users] and [peers].
using System.Text;

namespace Drover.Configuration.Files;

/// <summary>Reads and writes pairs such as <c>host=h1 password='it''s'</c>.</summary>
internal static class ConnectionString
{
    /// <summary>
    /// Reads all pairs. A value with blanks stands between single quotes; a quote inside is written twice.
    /// </summary>
    /// <returns>The pairs, or null and what is wrong. What is wrong never holds a value.</returns>
    public static List<(string Key, string Value)>? Parse(string text, out string problem)
    {
        List<(string, string)> pairs = [];
        int at = SkipBlanks(text, 0);
        while (at < text.Length)
        {
            int start = at;
            while (at < text.Length && text[at] != '=' && !char.IsWhiteSpace(text[at]))
            {
                at++;
            }
            string key = text[start..at];
            at = SkipBlanks(text, at);
            if (key.Length == 0 || at == text.Length || text[at] != '=')
            {
                problem = $"expected name=value at character {start + 1}";
                return null;
            }
            at = SkipBlanks(text, at + 1);
            string? value = ReadValue(text, ref at);
            if (string.IsNullOrEmpty(value))
            {
                problem = value is null
                    ? $"the quoted value of {key} does not end: close it with '"
                    : $"{key} has no value: give it one, or leave {key} out";
                return null;
            }
            pairs.Add((key, value));
            at = SkipBlanks(text, at);
        }
        problem = "";
        return pairs;
    }

    /// <summary>Writes one pair, with quotes where they are needed.</summary>
    public static string Format(string key, string value)
    {
        bool quoted = value.StartsWith('\'') || value.Any(char.IsWhiteSpace);
        return quoted ? $"{key}='{value.Replace("'", "''", StringComparison.Ordinal)}'" : $"{key}={value}";
    }

    private static string? ReadValue(string text, ref int at)
    {
        if (at == text.Length || text[at] != '\'')
        {
            int start = at;
            while (at < text.Length && !char.IsWhiteSpace(text[at]))
            {
                at++;
            }
            return text[start..at];
        }
        StringBuilder value = new();
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '\'')
            {
                if (at + 1 == text.Length || text[at + 1] != '\'')
                {
                    at++;
                    return value.ToString();
                }
                at++;
            }
            value.Append(text[at]);
        }
        return null;
    }

    private static int SkipBlanks(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }
        return at;
    }
}
