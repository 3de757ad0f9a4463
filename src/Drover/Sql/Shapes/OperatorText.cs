// How long an operator is, and which of PostgreSQL's tokens it becomes.
namespace Drover.Sql.Shapes;

internal static class OperatorText
{
    /// <summary>
    /// The length of the operator that begins here and is no comment: it stops where a comment begins, and does not
    /// end in + or - unless a byte in it allows that (https://www.postgresql.org/docs/18/sql-createoperator.html).
    /// </summary>
    public static int Length(ReadOnlySpan<byte> sql, int start, out LexemeKind kind)
    {
        int length = 1;
        if (start + 1 >= sql.Length || !SqlBytes.IsOperatorByte(sql[start + 1]))
        {
            kind = KindOf(sql[start]);
            return 1;
        }
        while (start + length < sql.Length && SqlBytes.IsOperatorByte(sql[start + length]))
        {
            if (BeginsComment(sql[(start + length)..]))
            {
                break;
            }
            length++;
        }
        ReadOnlySpan<byte> text = sql.Slice(start, length);
        while (text.Length > 1 && text[^1] is (byte)'+' or (byte)'-' && !MayEndInSign(text))
        {
            text = text[..^1];
        }
        kind = KindOf(text);
        return text.Length;
    }

    private static bool BeginsComment(ReadOnlySpan<byte> text) => text.StartsWith("--"u8) || text.StartsWith("/*"u8);

    private static bool MayEndInSign(ReadOnlySpan<byte> text)
    {
        foreach (byte c in text)
        {
            if (SqlBytes.LetsOperatorEndInSign(c))
            {
                return true;
            }
        }
        return false;
    }

    private static LexemeKind KindOf(byte single) =>
        single is (byte)'+' or (byte)'-' or (byte)'*' or (byte)'/' or (byte)'%' or (byte)'^' or (byte)'<' or (byte)'>'
        || single == '='
            ? LexemeKind.Symbol
            : LexemeKind.Operator;

    private static LexemeKind KindOf(ReadOnlySpan<byte> text)
    {
        if (text.Length == 1)
        {
            return KindOf(text[0]);
        }
        if (text.Length > 2)
        {
            return LexemeKind.Operator;
        }
        return (text[0], text[1]) switch
        {
            ((byte)'=', (byte)'>') => LexemeKind.EqualsGreater,
            ((byte)'<', (byte)'=') or ((byte)'>', (byte)'=') => LexemeKind.Comparison,
            ((byte)'<', (byte)'>') or ((byte)'!', (byte)'=') => LexemeKind.Comparison,
            _ => LexemeKind.Operator,
        };
    }
}
