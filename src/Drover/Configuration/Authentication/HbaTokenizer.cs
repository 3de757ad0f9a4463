// Cuts lines of pg_hba.conf and pg_ident.conf into fields.
using System.Text;

namespace Drover.Configuration.Authentication;

/// <summary>A word; in quotes it is never a keyword.</summary>
/// <param name="Text">The word without quotes.</param>
/// <param name="IsQuoted">True when it began with a quote.</param>
internal readonly record struct HbaToken(string Text, bool IsQuoted)
{
    /// <summary>True when it is this keyword.</summary>
    public bool Is(string keyword) => !IsQuoted && Text == keyword;
}

/// <summary>Cuts a line into fields of one word or of several with commas between them.</summary>
internal static class HbaTokenizer
{
    /// <summary>The fields of a line, none for a blank one; null and what is wrong if it cannot be cut.</summary>
    public static List<List<HbaToken>>? Cut(string line, out string problem)
    {
        List<List<HbaToken>> fields = [];
        bool continues = false;
        int at = 0;
        problem = "";
        while (true)
        {
            while (at < line.Length && char.IsWhiteSpace(line[at]))
            {
                at++;
            }
            if (at == line.Length || line[at] == '#')
            {
                return fields;
            }
            if (line[at] == ',')
            {
                continues = fields.Count > 0;
                at++;
                continue;
            }
            if (ReadWord(line, ref at) is not { } word)
            {
                problem = "a quoted word does not end: close it with \"";
                return null;
            }
            if (continues)
            {
                fields[^1].Add(word);
            }
            else
            {
                fields.Add([word]);
            }
            continues = at < line.Length && line[at] == ',';
        }
    }

    private static HbaToken? ReadWord(string line, ref int at)
    {
        StringBuilder word = new();
        bool startsQuoted = line[at] == '"';
        bool inside = false;
        for (; at < line.Length; at++)
        {
            char c = line[at];
            if (c == '"')
            {
                if (inside && at + 1 < line.Length && line[at + 1] == '"')
                {
                    word.Append('"');
                    at++;
                    continue;
                }
                inside = !inside;
            }
            else if (!inside && (char.IsWhiteSpace(c) || c is ',' or '#'))
            {
                break;
            }
            else
            {
                word.Append(c);
            }
        }
        return inside ? null : new HbaToken(word.ToString(), startsQuoted);
    }
}
