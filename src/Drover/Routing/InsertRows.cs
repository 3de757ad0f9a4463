// The rows of an INSERT … VALUES as they stand in its text, so that each can go to its own shard.
using Drover.Sql.Shapes;

namespace Drover.Routing;

/// <summary>Finds them by tokens alone; what else the statement is was read from its tree before.</summary>
internal static class InsertRows
{
    /// <summary>Finds the rows of VALUES.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="rows">Each row with its parentheses.</param>
    /// <returns>
    /// False if it is not an INSERT with rows and nothing behind them but ON CONFLICT and RETURNING: ORDER BY or LIMIT
    /// would be about all rows together.
    /// </returns>
    public static bool TryFind(ReadOnlySpan<byte> sql, List<Range> rows)
    {
        rows.Clear();
        SqlLexer lexer = new(sql);
        if (!lexer.Next() || !IsWord(lexer, "insert"u8) || !SkipToValues(ref lexer))
        {
            return false;
        }
        do
        {
            if (!TryRow(ref lexer, out Range row))
            {
                return false;
            }
            rows.Add(row);
        } while (lexer.Next() && Is(lexer, (byte)','));
        return lexer.Kind == LexemeKind.End
            ? lexer.Error == LexicalError.None
            : Is(lexer, (byte)';') || IsWord(lexer, "on"u8) || IsWord(lexer, "returning"u8);
    }

    /// <summary>The numbers of the parameters in a text.</summary>
    public static HashSet<int> Parameters(ReadOnlySpan<byte> sql)
    {
        HashSet<int> numbers = [];
        SqlLexer lexer = new(sql);
        while (lexer.Next())
        {
            if (
                lexer.Kind == LexemeKind.Parameter
                && System.Buffers.Text.Utf8Parser.TryParse(lexer.Text[1..], out int number, out _)
            )
            {
                numbers.Add(number);
            }
        }
        return numbers;
    }

    private static bool SkipToValues(ref SqlLexer lexer)
    {
        int depth = 0;
        while (lexer.Next())
        {
            depth += Depth(lexer);
            if (depth == 0 && IsWord(lexer, "values"u8))
            {
                return true;
            }
            if (depth == 0 && (IsWord(lexer, "select"u8) || IsWord(lexer, "with"u8)))
            {
                return false;
            }
        }
        return false;
    }

    private static bool TryRow(ref SqlLexer lexer, out Range row)
    {
        row = default;
        if (!lexer.Next() || !Is(lexer, (byte)'('))
        {
            return false;
        }
        int start = lexer.Start;
        int depth = 1;
        while (depth > 0 && lexer.Next())
        {
            depth += Depth(lexer);
        }
        row = new Range(start, lexer.End);
        return depth == 0;
    }

    private static int Depth(SqlLexer lexer) =>
        Is(lexer, (byte)'(') || Is(lexer, (byte)'[') ? 1
        : Is(lexer, (byte)')') || Is(lexer, (byte)']') ? -1
        : 0;

    private static bool Is(SqlLexer lexer, byte symbol) =>
        lexer is { Kind: LexemeKind.Symbol, Length: 1 } && lexer.Text[0] == symbol;

    private static bool IsWord(SqlLexer lexer, ReadOnlySpan<byte> word) =>
        lexer.Kind == LexemeKind.Word && System.Text.Ascii.EqualsIgnoreCase(lexer.Text, word);
}
