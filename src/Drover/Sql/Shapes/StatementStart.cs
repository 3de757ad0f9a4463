// A statement's first word, by its first bytes: what it cannot be costs a comparison and no lexer.
using System.Text;

namespace Drover.Sql.Shapes;

/// <summary>May say yes where the lexer says no, and never the other way around.</summary>
internal static class StatementStart
{
    /// <summary>
    /// Whether the text may begin with this word: it does, or something stands first that only the lexer reads, as a
    /// comment.
    /// </summary>
    /// <param name="sql">The text.</param>
    /// <param name="word">In lower case.</param>
    public static bool MayBe(ReadOnlySpan<byte> sql, ReadOnlySpan<byte> word)
    {
        ReadOnlySpan<byte> start = sql.TrimStart(" \t\r\n\f\v"u8);
        bool isWord = start.Length > 0 && char.IsAsciiLetter((char)start[0]);
        return !isWord || (start.Length >= word.Length && Ascii.EqualsIgnoreCase(start[..word.Length], word));
    }
}
