// A statement's text as it can be shown to anybody: without values and comments, lists and rows as one.
using System.Text;

namespace Drover.Sql.Shapes;

/// <summary>For people, not for comparing: what routes alike need not look alike, and the other way around.</summary>
internal static class NormalizedText
{
    /// <summary>Longest text that is made, in characters; the rest is left out.</summary>
    public const int LengthMax = 2_048;

    /// <summary>Tokens that are looked at.</summary>
    private const int TokensMax = 20_000;

    /// <summary>What stands for what was left out.</summary>
    private const char Rest = '…';

    /// <summary>Makes it. What is no token ends the text, for it may be a part of a value.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    public static string Of(ReadOnlySpan<byte> sql, bool conforming)
    {
        StringBuilder text = new();
        Stack<int> open = new();
        SqlLexer lexer = new(sql, conforming);
        bool isTight = true;
        int end = -1;
        for (int count = 0; lexer.Next(); count++)
        {
            if (text.Length > LengthMax || count == TokensMax || lexer.Kind == LexemeKind.Other)
            {
                return text.Append(Rest).ToString();
            }
            bool closes = lexer.Kind == LexemeKind.Symbol && lexer.Text[0] is (byte)',' or (byte)')' or (byte)']';
            bool touches = lexer.Start == end && (lexer.IsSymbol('(') || lexer.IsSymbol('[') || lexer.IsSymbol('.'));
            if (!isTight && !closes && !touches && !lexer.IsSymbol(';') && lexer.Kind != LexemeKind.Typecast)
            {
                text.Append(' ');
            }
            if (lexer.IsSymbol('('))
            {
                open.Push(text.Length);
            }
            AppendToken(text, lexer);
            if (text.Length > 2 * LengthMax)
            {
                // One token alone, as the name of a column may be.
                text.Length = LengthMax;
                return text.Append(Rest).ToString();
            }
            if (lexer.IsSymbol(')') && open.TryPop(out int start))
            {
                Collapse(text, start);
            }
            isTight =
                lexer.Kind == LexemeKind.Typecast || lexer.IsSymbol('(') || lexer.IsSymbol('[') || lexer.IsSymbol('.');
            end = lexer.End;
        }
        return lexer.Error == LexicalError.None ? text.ToString() : text.Append(Rest).ToString();
    }

    private static void AppendToken(StringBuilder text, SqlLexer lexer)
    {
        bool isText =
            lexer.Kind
            is LexemeKind.Word
                or LexemeKind.QuotedName
                or LexemeKind.UnicodeName
                or LexemeKind.Operator
                or LexemeKind.Typecast
                or LexemeKind.DotDot
                or LexemeKind.ColonEquals
                or LexemeKind.EqualsGreater
                or LexemeKind.Comparison
                or LexemeKind.Symbol;
        if (isText)
        {
            text.Append(Encoding.UTF8.GetString(lexer.Text));
            return;
        }
        text.Append('?');
        if (EndsWith(text, "?, ?"))
        {
            text.Length -= ", ?".Length;
        }
    }

    /// <summary>What is in these parentheses stands in those before too: rows, lists of calls.</summary>
    private static void Collapse(StringBuilder text, int start)
    {
        string group = text.ToString(start, text.Length - start);
        int before = start - group.Length - ", ".Length;
        if (before >= 0 && text.ToString(before, start - before) == group + ", ")
        {
            text.Length = start - ", ".Length;
        }
    }

    private static bool EndsWith(StringBuilder text, string end) =>
        text.Length >= end.Length && text.ToString(text.Length - end.Length, end.Length) == end;
}
