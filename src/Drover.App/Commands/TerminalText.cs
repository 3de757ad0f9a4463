// Texts of others on a terminal: a statement's comment or a table's name must not give it orders.
using System.Globalization;
using System.Text;

namespace Drover.App.Commands;

/// <summary>What a server says, made harmless for a terminal.</summary>
internal static class TerminalText
{
    /// <summary>The same on one line, with a blank for each character that is not shown.</summary>
    public static string Of(string text)
    {
        StringBuilder plain = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isHidden =
                Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control
                    or UnicodeCategory.Format
                    or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator;
            plain.Append(isHidden ? new Rune(' ') : rune);
        }
        return plain.ToString();
    }
}
