// Where a number ends: decimal, hexadecimal, octal, binary, with a point, with an exponent, with underscores.
namespace Drover.Sql.Shapes;

internal static class NumberText
{
    /// <summary>
    /// The position behind the number that begins here with a digit, or with a point and a digit; -1 if letters follow
    /// at once or it is broken off
    /// (https://www.postgresql.org/docs/18/sql-syntax-lexical.html#SQL-SYNTAX-CONSTANTS-NUMERIC).
    /// </summary>
    public static int End(ReadOnlySpan<byte> sql, int start, out LexemeKind kind)
    {
        kind = LexemeKind.Integer;
        if (sql[start] == '0' && start + 1 < sql.Length && BaseOf(sql[start + 1]) is int radix and > 0)
        {
            int last = Digits(sql, start + 2, radix, leadingUnderscore: true);
            // Anything of a word behind it, digits of another base too, makes the whole no number.
            return last > start + 2 && !(last < sql.Length && SqlBytes.IsInWord(sql[last])) ? last : -1;
        }
        int i = sql[start] == '.' ? start : Digits(sql, start, 10, leadingUnderscore: false);
        if (i < sql.Length && sql[i] == '.' && !(i + 1 < sql.Length && sql[i + 1] == '.' && i > start))
        {
            kind = LexemeKind.Numeric;
            i = Digits(sql, i + 1, 10, leadingUnderscore: false);
        }
        if (i < sql.Length && (sql[i] | 0x20) == 'e')
        {
            kind = LexemeKind.Numeric;
            int exponent = i + 1 < sql.Length && sql[i + 1] is (byte)'+' or (byte)'-' ? i + 2 : i + 1;
            i = Digits(sql, exponent, 10, leadingUnderscore: false);
            if (i == exponent)
            {
                return -1;
            }
        }
        return i < sql.Length && SqlBytes.IsWordStart(sql[i]) ? -1 : i;
    }

    /// <summary>16, 8 or 2 by the letter behind a leading zero; else 0.</summary>
    public static int BaseOf(byte letter) =>
        (letter | 0x20) switch
        {
            'x' => 16,
            'o' => 8,
            'b' => 2,
            _ => 0,
        };

    /// <summary>The end of a run of digits; one underscore may stand in front of each but the first.</summary>
    private static int Digits(ReadOnlySpan<byte> sql, int start, int radix, bool leadingUnderscore)
    {
        int i = start;
        while (i < sql.Length)
        {
            bool skips = sql[i] == '_' && (i > start || leadingUnderscore);
            int at = skips ? i + 1 : i;
            if (at >= sql.Length || !IsDigit(sql[at], radix))
            {
                return i;
            }
            i = at + 1;
        }
        return i;
    }

    private static bool IsDigit(byte c, int radix) =>
        radix switch
        {
            16 => char.IsAsciiHexDigit((char)c),
            8 => c is >= (byte)'0' and <= (byte)'7',
            2 => c is (byte)'0' or (byte)'1',
            _ => SqlBytes.IsDigit(c),
        };
}
