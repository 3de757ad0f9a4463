// A simple query of several statements, statement by statement.
using Drover.Sql.Shapes;

namespace Drover.Sql;

internal static class ScriptText
{
    /// <summary>
    /// Finds the statements, each with the comments before it; what is empty is none. Semicolons in parentheses do not
    /// divide. Those of a function's body without quotes do, so the number found has to be compared with the parser's.
    /// </summary>
    /// <param name="sql">The text.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    /// <param name="statements">Where they stand.</param>
    /// <returns>False if the text cannot be read.</returns>
    public static bool TryDivide(ReadOnlySpan<byte> sql, bool conforming, List<Range> statements)
    {
        statements.Clear();
        SqlLexer lexer = new(sql, conforming);
        int start = 0;
        int depth = 0;
        bool isEmpty = true;
        while (lexer.Next())
        {
            byte symbol = lexer is { Kind: LexemeKind.Symbol, Length: 1 } ? lexer.Text[0] : (byte)0;
            depth += symbol switch
            {
                (byte)'(' or (byte)'[' => 1,
                (byte)')' or (byte)']' => -1,
                _ => 0,
            };
            if (symbol != (byte)';' || depth != 0)
            {
                isEmpty = false;
                continue;
            }
            if (!isEmpty)
            {
                statements.Add(new Range(start, lexer.Start));
            }
            start = lexer.End;
            isEmpty = true;
        }
        if (!isEmpty)
        {
            statements.Add(new Range(start, sql.Length));
        }
        return lexer.Error == LexicalError.None && depth == 0;
    }
}
