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
    private static readonly string[] s_behindPlaces =
    [
        "asc",
        "desc",
        "using",
        "nulls",
        "limit",
        "offset",
        "fetch",
        "for",
        "order",
        "having",
        "window",
        "union",
        "intersect",
        "except",
        "rows",
        "range",
        "groups",
    ];

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
        // A number alone in a list of ORDER BY is a column's place; what follows tells.
        string place = "";
        while (lexer.Next())
        {
            string word = Encoding.UTF8.GetString(lexer.Text);
            if (place.Length > 0)
            {
                plain.Append(EndsPlace(lexer.Kind, word) ? place : "?");
                place = "";
            }
            bool isBy = lexer.Kind == LexemeKind.Word && word.Equals("by", StringComparison.OrdinalIgnoreCase);
            bool isComma = isList && word == ",";
            plain.Append(lexer.Start > end && plain.Length > 0 ? " " : "");
            if (lexer.Kind == LexemeKind.Integer && isPlace)
            {
                place = word;
            }
            else
            {
                plain.Append(IsConstant(lexer.Kind) ? "?" : word);
            }
            isList = isBy || isComma || (isList && lexer.Kind is LexemeKind.Word or LexemeKind.Integer);
            isPlace = isBy || isComma;
            end = lexer.End;
        }
        return plain.Append(end < sql.Length && place.Length > 0 && !IsBlank(sql.AsSpan(end)) ? "?" : place).ToString();
    }

    // Words behind a place: ASC, NULLS, LIMIT …; one behind a number of an expression is AND, OR, IS, IN and so on.
    private static bool EndsPlace(LexemeKind kind, string word) =>
        kind == LexemeKind.Word
            ? s_behindPlaces.Contains(word, StringComparer.OrdinalIgnoreCase)
            : word is "," or ")" or ";";

    private static bool IsBlank(ReadOnlySpan<byte> rest) => rest.Trim(" \t\r\n"u8).IsEmpty;

    private static bool IsConstant(LexemeKind kind) =>
        IsString(kind) || kind is LexemeKind.Numeric or LexemeKind.Integer;

    private static bool IsString(LexemeKind kind) =>
        kind
            is LexemeKind.String
                or LexemeKind.EscapeString
                or LexemeKind.UnicodeString
                or LexemeKind.DollarString
                or LexemeKind.BitString
                or LexemeKind.HexString;
}
