// Takes constants out of what EXPLAIN prints: a value of somebody's data must not be kept.
using System.Text;

namespace Drover.Advice.Plans;

/// <summary>Expressions as ruleutils prints them, with ? for every string and number.</summary>
internal static class PlanRedaction
{
    /// <summary>
    /// The expression without constants. Names, also quoted ones, and parameters ($1) stay; so do true, false and NULL.
    /// </summary>
    public static string Redact(string expression)
    {
        StringBuilder plain = new(expression.Length);
        for (int at = 0; at < expression.Length; )
        {
            int start = at;
            char first = expression[at];
            if (first == '\'')
            {
                at = EndOfString(expression, at, hasEscapes: false);
                plain.Append('?');
            }
            else if (first is 'E' or 'e' && at + 1 < expression.Length && expression[at + 1] == '\'')
            {
                at = EndOfString(expression, at + 1, hasEscapes: true);
                plain.Append('?');
            }
            else if (char.IsAsciiDigit(first))
            {
                at = EndOfNumber(expression, at);
                plain.Append('?');
            }
            else
            {
                at =
                    first == '"' ? EndOfQuoted(expression, at)
                    : IsName(first) ? EndOfName(expression, at)
                    : at + 1;
                plain.Append(expression, start, at - start);
            }
        }
        return plain.ToString();
    }

    // A name that begins with $ is a parameter.
    private static bool IsName(char one) => one is '_' or '$' || char.IsAsciiLetter(one) || one > '\x7f';

    private static int EndOfName(string text, int at)
    {
        while (at < text.Length && (IsName(text[at]) || char.IsAsciiDigit(text[at])))
        {
            at++;
        }
        return at;
    }

    private static int EndOfNumber(string text, int at)
    {
        while (at < text.Length)
        {
            bool isSign = text[at] is '+' or '-' && text[at - 1] is 'e' or 'E';
            if (!isSign && text[at] != '.' && !char.IsAsciiLetterOrDigit(text[at]))
            {
                break;
            }
            at++;
        }
        return at;
    }

    private static int EndOfQuoted(string text, int at)
    {
        int end = text.IndexOf('"', at + 1);
        return end < 0 ? text.Length : end + 1;
    }

    private static int EndOfString(string text, int quote, bool hasEscapes)
    {
        for (int at = quote + 1; at < text.Length; at++)
        {
            if (hasEscapes && text[at] == '\\')
            {
                at++;
            }
            else if (text[at] == '\'')
            {
                if (at + 1 >= text.Length || text[at + 1] != '\'')
                {
                    return at + 1;
                }
                at++;
            }
        }
        return text.Length;
    }
}
