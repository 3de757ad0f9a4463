// Classes of bytes in PostgreSQL's lexical rules, as one table.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Drover.Sql.Shapes;

/// <summary>What a token that begins with a byte can be.</summary>
internal enum SqlByteClass : byte
{
    Other,
    Space,
    WordStart,
    Digit,
    OperatorByte,
    Single,
    Dot,
    Colon,
    Quote,
    DoubleQuote,
    Dollar,
    Zero,
}

internal static class SqlBytes
{
    private const byte ContinuesWord = 0x10;

    private const byte QualifiesOperator = 0x20;

    private const string OperatorBytes = "~!@#^&|`?+-*/%<>=";

    private static readonly byte[] Table = Build();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SqlByteClass ClassOf(byte c) => (SqlByteClass)(Table[c] & 0x0f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsWordStart(byte c) => ClassOf(c) == SqlByteClass.WordStart;

    /// <summary>Letters, digits, underscore, dollar, and every byte beyond ASCII.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsInWord(byte c) => (Table[c] & ContinuesWord) != 0;

    public static bool IsOperatorByte(byte c) => ClassOf(c) == SqlByteClass.OperatorByte;

    /// <summary>
    /// With one of these in it, an operator may end in + or -
    /// (https://www.postgresql.org/docs/18/sql-syntax-lexical.html#SQL-SYNTAX-OPERATORS).
    /// </summary>
    public static bool LetsOperatorEndInSign(byte c) => (Table[c] & QualifiesOperator) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsDigit(byte c) => (uint)(c - '0') <= 9;

    /// <summary>Neither more of a number nor what makes it none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool EndsNumber(byte c) => ClassOf(c) is not (SqlByteClass.Dot or SqlByteClass.WordStart);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSpace(byte c) => ClassOf(c) == SqlByteClass.Space;

    /// <summary>
    /// The end of a word that begins at a position; sixteen bytes in one step where there are as many.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WordEnd(ReadOnlySpan<byte> sql, int i)
    {
        if (i <= sql.Length - Vector128<byte>.Count)
        {
            ref byte start = ref MemoryMarshal.GetReference(sql);
            uint outside = ~InWord(Vector128.LoadUnsafe(ref start, (nuint)i)) & 0xffff;
            if (outside != 0)
            {
                return i + BitOperations.TrailingZeroCount(outside);
            }
            i += Vector128<byte>.Count;
        }
        byte[] table = Table;
        while ((uint)i < (uint)sql.Length && (table[sql[i]] & ContinuesWord) != 0)
        {
            i++;
        }
        return i;
    }

    /// <summary>A bit for each of sixteen bytes that may stand in a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint InWord(Vector128<byte> bytes)
    {
        Vector128<byte> letters = (bytes | Vector128.Create((byte)0x20)) - Vector128.Create((byte)'a');
        Vector128<byte> isLetter = Vector128.LessThanOrEqual(letters, Vector128.Create((byte)('z' - 'a')));
        Vector128<byte> digits = bytes - Vector128.Create((byte)'0');
        Vector128<byte> isDigit = Vector128.LessThanOrEqual(digits, Vector128.Create((byte)9));
        Vector128<byte> isOther =
            Vector128.Equals(bytes, Vector128.Create((byte)'_')) | Vector128.Equals(bytes, Vector128.Create((byte)'$'));
        // Bytes beyond ASCII have their highest bit set as they are.
        return (isLetter | isDigit | isOther | bytes).ExtractMostSignificantBits();
    }

    private static byte[] Build()
    {
        byte[] table = new byte[256];
        for (int c = 0; c < table.Length; c++)
        {
            bool isLetter = c >= 0x80 || c == '_' || char.IsAsciiLetter((char)c);
            SqlByteClass of =
                isLetter ? SqlByteClass.WordStart
                : char.IsAsciiDigit((char)c) ? SqlByteClass.Digit
                : OperatorBytes.Contains((char)c, StringComparison.Ordinal) ? SqlByteClass.OperatorByte
                : (char)c switch
                {
                    ' ' or '\t' or '\n' or '\r' or '\f' or '\v' => SqlByteClass.Space,
                    ',' or '(' or ')' or '[' or ']' or ';' => SqlByteClass.Single,
                    '.' => SqlByteClass.Dot,
                    ':' => SqlByteClass.Colon,
                    '\'' => SqlByteClass.Quote,
                    '"' => SqlByteClass.DoubleQuote,
                    '$' => SqlByteClass.Dollar,
                    '\0' => SqlByteClass.Zero,
                    _ => SqlByteClass.Other,
                };
            bool continues = of is SqlByteClass.WordStart or SqlByteClass.Digit or SqlByteClass.Dollar;
            bool qualifies = "~!@#^&|`?%".Contains((char)c, StringComparison.Ordinal);
            table[c] = (byte)((byte)of | (continues ? ContinuesWord : 0) | (qualifies ? QualifiesOperator : 0));
        }
        return table;
    }
}
