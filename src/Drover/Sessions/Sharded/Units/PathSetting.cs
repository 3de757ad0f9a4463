// SET search_path in a transaction: where names without a schema are looked for from then on.
using System.Text;
using Drover.Sql.Shapes;

namespace Drover.Sessions.Sharded.Units;

internal static class PathSetting
{
    /// <summary>
    /// The search_path that a text sets by names and string constants, as the server would show it; null if the text
    /// does anything else, or it cannot be told.
    /// </summary>
    /// <param name="sql">SET, with LOCAL, SESSION or neither; SET SCHEMA is another word for it.</param>
    public static string? Read(ReadOnlySpan<byte> sql)
    {
        SqlLexer lexer = new(sql);
        if (!lexer.Next() || !lexer.IsWord("set"u8) || !lexer.Next())
        {
            return null;
        }
        if ((lexer.IsWord("local"u8) || lexer.IsWord("session"u8)) && !lexer.Next())
        {
            return null;
        }
        bool isSchema = lexer.IsWord("schema"u8);
        if (!isSchema && !(lexer.IsWord("search_path"u8) && lexer.Next() && IsEquals(lexer)))
        {
            return null;
        }
        StringBuilder path = new();
        do
        {
            if (!lexer.Next() || NameOf(lexer) is not { } name)
            {
                return null;
            }
            path.Append(path.Length > 0 ? ", " : "")
                .Append('"')
                .Append(name.Replace("\"", "\"\"", StringComparison.Ordinal))
                .Append('"');
        } while (lexer.Next() && lexer.IsSymbol(',') && !isSchema);
        bool isOver = lexer.Kind == LexemeKind.End || (lexer.IsSymbol(';') && !lexer.Next());
        return isOver && lexer.Error == LexicalError.None ? path.ToString() : null;
    }

    /// <summary>Whether a text only shows a setting.</summary>
    public static bool IsShow(ReadOnlySpan<byte> sql)
    {
        SqlLexer lexer = new(sql);
        return lexer.Next() && lexer.IsWord("show"u8);
    }

    private static bool IsEquals(SqlLexer lexer) => lexer.IsWord("to"u8) || lexer.Text.SequenceEqual("="u8);

    private static string? NameOf(SqlLexer lexer)
    {
        string text = Encoding.UTF8.GetString(lexer.Text);
        return lexer.Kind switch
        {
            LexemeKind.Word when !lexer.IsWord("default"u8) => text.ToLowerInvariant(),
            LexemeKind.QuotedName => text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal),
            LexemeKind.String when text is ['\'', .., '\''] && !text.Contains('\\', StringComparison.Ordinal) => text[
                1..^1
            ]
                .Replace("''", "'", StringComparison.Ordinal),
            _ => null,
        };
    }
}
