// A statement's text as libpg_query needs it to read what PostgreSQL would read.
using Drover.Sql.Shapes;

namespace Drover.Sql.Parsing;

/// <summary>
/// libpg_query hands comments out as tokens, and so does not see that a string goes on behind one:
/// <c>'a' -- c</c>, line end, <c>'b'</c> is one string to PostgreSQL. Such comments become spaces; no byte moves.
/// </summary>
internal static class ParserText
{
    /// <summary>A copy with a zero behind it.</summary>
    public static byte[] Of(ReadOnlySpan<byte> sql)
    {
        byte[] text = new byte[sql.Length + 1];
        sql.CopyTo(text);
        SqlLexer lexer = new(sql);
        while (lexer.Next())
        {
            int quote = lexer.Kind switch
            {
                LexemeKind.String => lexer.Start,
                LexemeKind.EscapeString or LexemeKind.BitString or LexemeKind.HexString => lexer.Start + 1,
                LexemeKind.UnicodeString => lexer.Start + 2,
                _ => lexer.End,
            };
            while (quote < lexer.End)
            {
                int end = QuotedText.EndOfString(sql, quote, lexer.Kind, conforming: true);
                quote = end < lexer.End ? QuotedText.Continuation(sql, end) : lexer.End;
                Blank(text.AsSpan()[end..quote]);
            }
        }
        return text;
    }

    private static void Blank(Span<byte> between)
    {
        foreach (ref byte c in between)
        {
            c = c is (byte)'\n' or (byte)'\r' ? c : (byte)' ';
        }
    }
}
