// One line of an ini file, as PgBouncer cuts it.
using System.Text;

namespace Drover.Configuration.Files;

/// <summary>What a line of an ini file is.</summary>
internal enum IniLineKind
{
    /// <summary>Nothing, or a comment.</summary>
    Blank,

    /// <summary><c>[name]</c>.</summary>
    Section,

    /// <summary><c>%include file</c>.</summary>
    Include,

    /// <summary><c>key = value</c>.</summary>
    Pair,

    /// <summary>None of these; the value says what is wrong.</summary>
    Wrong,
}

/// <summary>A line of an ini file.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Section or key.</param>
/// <param name="Value">Value, file to include, or what is wrong.</param>
internal readonly record struct IniLine(IniLineKind Kind, string Name, string Value)
{
    /// <summary>Cuts a line. A comment begins with ; or #, at the start of a line or after a section.</summary>
    public static IniLine Parse(string line)
    {
        string text = line.Trim();
        if (text.Length == 0 || text[0] is ';' or '#')
        {
            return new IniLine(IniLineKind.Blank, "", "");
        }
        if (text[0] == '[')
        {
            int end = text.IndexOf(']', StringComparison.Ordinal);
            bool alone = end > 0 && text[(end + 1)..].TrimStart() is "" or [';' or '#', ..];
            return alone
                ? new IniLine(IniLineKind.Section, text[1..end].Trim(), "")
                : Wrong("write the section's [name] alone on its line");
        }
        if (text[0] == '%')
        {
            string[] words = text.Split((char[]?)null, 2, StringSplitOptions.TrimEntries);
            return words is ["%include", { Length: > 0 } file]
                ? new IniLine(IniLineKind.Include, "", file)
                : Wrong("the only directive is %include FILE");
        }
        return ParsePair(text);
    }

    /// <summary>The key as it must be written, in quotes if need be.</summary>
    public static string FormatKey(string key) =>
        key.Length > 0 && key.All(IsBare) ? key : $"\"{key.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static IniLine ParsePair(string text)
    {
        int at = 0;
        string key;
        if (text[0] == '"')
        {
            string? quoted = Unquote(text, ref at);
            if (quoted is null)
            {
                return Wrong("the quoted name does not end: close it with \"");
            }
            key = quoted;
        }
        else
        {
            while (at < text.Length && IsBare(text[at]))
            {
                at++;
            }
            key = text[..at];
        }
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }
        return at < text.Length && text[at] == '=' && key.Length > 0
            ? new IniLine(IniLineKind.Pair, key, text[(at + 1)..].TrimStart())
            : Wrong("expected name = value; put names with other characters than letters, digits and _.-*: in \"…\"");
    }

    private static string? Unquote(string text, ref int at)
    {
        StringBuilder name = new();
        for (at = 1; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                if (at + 1 == text.Length || text[at + 1] != '"')
                {
                    at++;
                    return name.ToString();
                }
                at++;
            }
            name.Append(text[at]);
        }
        return null;
    }

    private static bool IsBare(char c) =>
        char.IsAsciiLetterOrDigit(c) || c > 127 || c is '_' or '.' or '-' or '*' or ':';

    private static IniLine Wrong(string problem) => new(IniLineKind.Wrong, "", problem);
}
