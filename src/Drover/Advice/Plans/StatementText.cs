// A statement's text as it may be kept: pg_stat_statements writes $1 for a value, but not always.
using System.Text;
using Drover.Sql.Shapes;

namespace Drover.Advice.Plans;

/// <summary>
/// A statement whose entry is pushed out while it runs comes back with its values in the text
/// (https://www.postgresql.org/docs/18/pgstatstatements.html), and comments are kept as they are.
/// </summary>
internal static class StatementText
{
    /// <summary>
    /// The text with ? for every constant, one blank between words and no comment. The numbers of ORDER BY 1 stay. What
    /// cannot be read, such as a string that is cut off, is left away with all behind it.
    /// </summary>
    public static string WithoutValues(string text)
    {
        byte[] sql = Encoding.UTF8.GetBytes(text);
        StringBuilder plain = new(text.Length);
        SqlLexer lexer = new(sql);
        int end = 0;
        bool isList = false;
        bool isPlace = false;
        while (lexer.Next())
        {
            string word = Encoding.UTF8.GetString(lexer.Text);
            bool isBy = lexer.Kind == LexemeKind.Word && word.Equals("by", StringComparison.OrdinalIgnoreCase);
            bool isComma = isList && word == ",";
            bool isConstant =
                IsString(lexer.Kind)
                || lexer.Kind == LexemeKind.Numeric
                || (lexer.Kind == LexemeKind.Integer && !isPlace);
            plain.Append(lexer.Start > end && plain.Length > 0 ? " " : "").Append(isConstant ? "?" : word);
            isList = isBy || isComma || (isList && lexer.Kind is LexemeKind.Word or LexemeKind.Integer);
            isPlace = isBy || isComma;
            end = lexer.End;
        }
        return plain.ToString();
    }

    private static bool IsString(LexemeKind kind) =>
        kind
            is LexemeKind.String
                or LexemeKind.EscapeString
                or LexemeKind.UnicodeString
                or LexemeKind.DollarString
                or LexemeKind.BitString
                or LexemeKind.HexString;
}
