// Which kind of literal a token is, as the grammar sees it.
namespace Drover.Sql.Shapes;

internal static class LiteralKind
{
    /// <summary>The kind of the token that a lexer stands on; none if it is no literal and no parameter.</summary>
    /// <param name="lexer">Stands on the token.</param>
    /// <param name="hasSign">A minus in front belongs to the number.</param>
    public static ItemKinds Of(in SqlLexer lexer, bool hasSign) =>
        lexer.Kind switch
        {
            LexemeKind.Integer => OfInteger(lexer.Text, hasSign),
            LexemeKind.Numeric => ItemKinds.Numeric,
            LexemeKind.String or LexemeKind.EscapeString or LexemeKind.UnicodeString or LexemeKind.DollarString =>
                ItemKinds.String,
            LexemeKind.BitString => ItemKinds.Bits,
            LexemeKind.HexString => ItemKinds.HexBits,
            LexemeKind.Parameter => ItemKinds.Parameter,
            _ => ItemKinds.None,
        };

    /// <summary>NULL, TRUE, FALSE and DEFAULT may stand among the literals of a list.</summary>
    public static ItemKinds OfWord(ReadOnlySpan<byte> word) =>
        word.Length switch
        {
            4 when StatementScanner.Is(word, "null"u8) => ItemKinds.Null,
            4 when StatementScanner.Is(word, "true"u8) => ItemKinds.Boolean,
            5 when StatementScanner.Is(word, "false"u8) => ItemKinds.Boolean,
            7 when StatementScanner.Is(word, "default"u8) => ItemKinds.Default,
            _ => ItemKinds.None,
        };

    private static ItemKinds OfInteger(ReadOnlySpan<byte> digits, bool hasSign)
    {
        // Nine digits fit in any case.
        if (digits.Length <= 9 && (digits.Length == 1 || digits[0] != '0'))
        {
            return ItemKinds.Int4;
        }
        const ulong Int4Edge = 1UL << 31;
        const ulong Int8Edge = 1UL << 63;
        return !LiteralText.TryReadMagnitude(digits, out ulong value) ? ItemKinds.Numeric
            : value < Int4Edge ? ItemKinds.Int4
            : value == Int4Edge ? (hasSign ? ItemKinds.Int4Least : ItemKinds.Int4Edge)
            : value < Int8Edge ? ItemKinds.Int8
            : value == Int8Edge ? (hasSign ? ItemKinds.Int8 : ItemKinds.Int8Edge)
            : ItemKinds.Numeric;
    }
}
