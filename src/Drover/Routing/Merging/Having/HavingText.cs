// The tests of HAVING in a statement's text.
using Drover.Sql.Shapes;

namespace Drover.Routing.Merging.Having;

/// <summary>A test's text.</summary>
/// <param name="All">All of it.</param>
/// <param name="Left">Before its operator.</param>
/// <param name="Right">Behind it.</param>
internal readonly record struct TestText(Range All, Range Left, Range Right);

/// <summary>
/// Finds them by tokens. That they are comparisons was read from the tree before; what looks otherwise here, such as a
/// side in parentheses, is not found.
/// </summary>
internal static class HavingText
{
    /// <summary>Finds the tests; null if there is anything else.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="clause">What stands behind HAVING.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    public static List<TestText>? Tests(ReadOnlySpan<byte> sql, Range clause, bool conforming)
    {
        (int offset, int length) = clause.GetOffsetAndLength(sql.Length);
        SqlLexer lexer = new(sql.Slice(offset, length), conforming);
        List<TestText> tests = [];
        int start = -1;
        int operation = -1;
        int behind = -1;
        int end = -1;
        int depth = 0;
        while (true)
        {
            bool isThere = lexer.Next();
            bool isJoin = isThere && depth == 0 && (lexer.IsWord("and"u8) || lexer.IsWord("or"u8));
            bool closes = isThere && depth == 0 && lexer.IsSymbol(')');
            if (!isThere || isJoin || closes)
            {
                if (start >= 0 && operation < 0)
                {
                    return null;
                }
                if (start >= 0)
                {
                    tests.Add(
                        new TestText(
                            (offset + start)..(offset + end),
                            (offset + start)..(offset + operation),
                            (offset + behind)..(offset + end)
                        )
                    );
                }
                if (!isThere)
                {
                    return lexer.Error == LexicalError.None ? tests : null;
                }
                start = -1;
                operation = -1;
                continue;
            }
            if (start < 0 && (lexer.IsSymbol('(') || lexer.IsWord("not"u8)))
            {
                continue;
            }
            if (start < 0)
            {
                start = lexer.Start;
            }
            else if (depth == 0 && operation < 0 && IsComparison(lexer))
            {
                operation = lexer.Start;
                behind = lexer.End;
            }
            depth +=
                lexer.IsSymbol('(') ? 1
                : lexer.IsSymbol(')') ? -1
                : 0;
            end = lexer.End;
        }
    }

    private static bool IsComparison(in SqlLexer lexer) =>
        lexer.Kind == LexemeKind.Comparison || lexer.IsSymbol('<') || lexer.IsSymbol('>') || lexer.IsSymbol('=');
}
