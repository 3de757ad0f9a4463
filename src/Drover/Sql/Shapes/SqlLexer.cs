// PostgreSQL's lexical rules over UTF-8, exactly: what the parser's own scanner would see, without the parser.
using System.Runtime.CompilerServices;

namespace Drover.Sql.Shapes;

/// <summary>
/// Walks over a text token by token, as src/backend/parser/scan.l of PostgreSQL 16 to 18 does
/// (https://www.postgresql.org/docs/18/sql-syntax-lexical.html). Allocates nothing; time is linear. What an older
/// server reads otherwise (0x1F, 1_000, a vertical tab) it refuses, so nothing is read as two things.
/// </summary>
/// <param name="sql">
/// The text without its terminating zero. UTF-8 or another encoding whose bytes beyond ASCII are never part of an ASCII
/// character: not SJIS, BIG5, GBK, UHC or GB18030 as a client may send them.
/// </param>
/// <param name="conforming">The session's standard_conforming_strings.</param>
internal ref struct SqlLexer(ReadOnlySpan<byte> sql, bool conforming = true)
{
    /// <summary>NAMEDATALEN: an operator has fewer bytes.</summary>
    private const int OperatorBytesEnd = 64;

    private readonly ReadOnlySpan<byte> _sql = sql;
    private readonly bool _conforming = conforming;

    /// <summary>What stands here; <see cref="LexemeKind.End"/> before the first token and behind the last.</summary>
    public LexemeKind Kind { get; private set; }

    /// <summary>Where it begins.</summary>
    public int Start { get; private set; }

    /// <summary>Where it ends; here the next is looked for.</summary>
    public int End { get; private set; }

    public readonly int Length => End - Start;

    /// <summary>The token as it stands, quotes and all.</summary>
    public readonly ReadOnlySpan<byte> Text => _sql[Start..End];

    /// <summary>Why <see cref="Next"/> was false, when the text was not at its end.</summary>
    public LexicalError Error { get; private set; }

    /// <summary>
    /// Where a comment that begins with <c>drover:</c> stands; its length is 0 when there was none yet.
    /// </summary>
    public Range Hint { get; private set; }

    /// <summary>Such comments seen so far.</summary>
    public int HintCount { get; private set; }

    /// <summary>Goes to the next token; false at the end and at an error.</summary>
    public bool Next()
    {
        int i = End;
        ReadOnlySpan<byte> sql = _sql;
        while ((uint)i < (uint)sql.Length)
        {
            byte c = sql[i];
            if (c == ' ')
            {
                // Before every other token, as a rule.
                i++;
                continue;
            }
            switch (SqlBytes.ClassOf(c))
            {
                case SqlByteClass.Space:
                    i++;
                    continue;
                case SqlByteClass.WordStart:
                    int end = SqlBytes.WordEnd(sql, i + 1);
                    return end - i == 1 && (uint)end < (uint)sql.Length && sql[end] is (byte)'\'' or (byte)'&'
                        ? TakePrefixed(i)
                        : Take(LexemeKind.Word, i, end);
                case SqlByteClass.Digit:
                    return TakeDigits(i);
                case SqlByteClass.Single:
                    return Take(LexemeKind.Symbol, i, i + 1);
                case SqlByteClass.Dot:
                    return TakeDot(i);
                case SqlByteClass.Colon:
                    return TakeColon(i);
                case SqlByteClass.Quote:
                    return TakeString(LexemeKind.String, i, i);
                case SqlByteClass.DoubleQuote:
                    return TakeName(LexemeKind.QuotedName, i, i);
                case SqlByteClass.Dollar:
                    return TakeDollar(i);
                case SqlByteClass.OperatorByte:
                    int behind = c is (byte)'-' or (byte)'/' ? EndOfComment(i) : i;
                    if (behind < 0)
                    {
                        return Fail(LexicalError.UnterminatedComment, i);
                    }
                    if (behind == i)
                    {
                        return TakeOperator(i);
                    }
                    i = behind;
                    continue;
                case SqlByteClass.Zero:
                    return Fail(LexicalError.ZeroByte, i);
                default:
                    return Take(LexemeKind.Other, i, i + 1);
            }
        }
        Kind = LexemeKind.End;
        Start = End = sql.Length;
        return false;
    }

    /// <summary>Whether a word stands here, in any case.</summary>
    /// <param name="lower">The word in lower case.</param>
    public readonly bool IsWord(ReadOnlySpan<byte> lower) =>
        Kind == LexemeKind.Word && Length == lower.Length && StatementScanner.Is(Text, lower);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsSymbol(char symbol) => Kind == LexemeKind.Symbol && _sql[Start] == symbol;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Take(LexemeKind kind, int start, int end)
    {
        Kind = kind;
        Start = start;
        End = end;
        return true;
    }

    private bool Fail(LexicalError error, int at)
    {
        Kind = LexemeKind.End;
        Start = End = at;
        Error = error;
        return false;
    }

    /// <summary>A word of one letter with a quote or an ampersand behind it.</summary>
    private bool TakePrefixed(int start)
    {
        bool isQuote = _sql[start + 1] == '\'';
        switch (_sql[start] | 0x20)
        {
            case 'e' when isQuote:
                return TakeString(LexemeKind.EscapeString, start, start + 1);
            case 'b' when isQuote:
                return TakeString(LexemeKind.BitString, start, start + 1);
            case 'x' when isQuote:
                return TakeString(LexemeKind.HexString, start, start + 1);
            case 'u' when !isQuote && start + 2 < _sql.Length && _sql[start + 2] == '"':
                return TakeName(LexemeKind.UnicodeName, start, start + 2);
            case 'u' when !isQuote && start + 2 < _sql.Length && _sql[start + 2] == '\'':
                return _conforming
                    ? TakeString(LexemeKind.UnicodeString, start, start + 2)
                    : Fail(LexicalError.UnsafeUnicodeString, start);
            default:
                return Take(LexemeKind.Word, start, start + 1);
        }
    }

    private bool TakeString(LexemeKind kind, int start, int quote)
    {
        int end = QuotedText.EndOfString(_sql, quote, kind, _conforming);
        // Pieces with a line end between them are one literal.
        while (end > 0 && QuotedText.Continuation(_sql, end) is int next and > 0)
        {
            end = QuotedText.EndOfString(_sql, next, kind, _conforming);
        }
        return end < 0 ? Fail(LexicalError.UnterminatedString, start) : Take(kind, start, end);
    }

    private bool TakeName(LexemeKind kind, int start, int quote)
    {
        int end = QuotedText.EndOfName(_sql, quote);
        return end < 0 ? Fail(LexicalError.UnterminatedName, start)
            : end == quote + 2 ? Fail(LexicalError.EmptyName, start)
            : Take(kind, start, end);
    }

    private bool TakeDollar(int start)
    {
        int digits = start + 1;
        while (digits < _sql.Length && SqlBytes.IsDigit(_sql[digits]))
        {
            digits++;
        }
        if (digits > start + 1)
        {
            return digits < _sql.Length && SqlBytes.IsWordStart(_sql[digits])
                ? Fail(LexicalError.MalformedParameter, start)
                : Take(LexemeKind.Parameter, start, digits);
        }
        int tag = QuotedText.DollarTag(_sql, start);
        if (tag == 0)
        {
            return Take(LexemeKind.Other, start, start + 1);
        }
        int close = _sql[(start + tag)..].IndexOf(_sql.Slice(start, tag));
        return close < 0
            ? Fail(LexicalError.UnterminatedString, start)
            : Take(LexemeKind.DollarString, start, start + tag + close + tag);
    }

    private bool TakeDot(int start)
    {
        byte next = start + 1 < _sql.Length ? _sql[start + 1] : (byte)0;
        return next == '.' ? Take(LexemeKind.DotDot, start, start + 2)
            : SqlBytes.IsDigit(next) ? TakeNumber(start)
            : Take(LexemeKind.Symbol, start, start + 1);
    }

    private bool TakeColon(int start)
    {
        byte next = start + 1 < _sql.Length ? _sql[start + 1] : (byte)0;
        return next == ':' ? Take(LexemeKind.Typecast, start, start + 2)
            : next == '=' ? Take(LexemeKind.ColonEquals, start, start + 2)
            : Take(LexemeKind.Symbol, start, start + 1);
    }

    /// <summary>Nearly every number is digits and nothing else.</summary>
    private bool TakeDigits(int start)
    {
        int end = start + 1;
        while ((uint)end < (uint)_sql.Length && SqlBytes.IsDigit(_sql[end]))
        {
            end++;
        }
        bool isPlain = (uint)end >= (uint)_sql.Length || SqlBytes.EndsNumber(_sql[end]);
        return isPlain ? Take(LexemeKind.Integer, start, end) : TakeNumber(start);
    }

    private bool TakeNumber(int start)
    {
        int end = NumberText.End(_sql, start, out LexemeKind kind);
        return end < 0 ? Fail(LexicalError.MalformedNumber, start) : Take(kind, start, end);
    }

    private bool TakeOperator(int start)
    {
        int length = OperatorText.Length(_sql, start, out LexemeKind kind);
        return length >= OperatorBytesEnd
            ? Fail(LexicalError.OperatorTooLong, start)
            : Take(kind, start, start + length);
    }

    /// <summary>The end of the comment that begins here; the place itself if none does, -1 if it has no end.</summary>
    private int EndOfComment(int start)
    {
        ReadOnlySpan<byte> sql = _sql[start..];
        int end;
        if (sql.StartsWith("--"u8))
        {
            end = sql.IndexOfAny((byte)'\n', (byte)'\r');
            end = end < 0 ? sql.Length : end;
        }
        else if (sql.StartsWith("/*"u8))
        {
            end = QuotedText.EndOfBlockComment(sql);
            if (end < 0)
            {
                return -1;
            }
        }
        else
        {
            return start;
        }
        if (sql[2..end].TrimStart(" \t\r\n"u8).StartsWith("drover:"u8))
        {
            Hint = new Range(start, start + end);
            HintCount++;
        }
        return start + end;
    }
}
