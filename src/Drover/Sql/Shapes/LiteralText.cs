// Reads the value of a literal from its token: numbers in any base, strings in any spelling.
using System.Text;

namespace Drover.Sql.Shapes;

/// <summary>
/// Values are read from the statement's own text and from nowhere else: the JSON of libpg_query 15 leaves negative
/// numbers out.
/// </summary>
internal static class LiteralText
{
    /// <summary>Digits of a whole number without sign, in any base; false if it is beyond 64 bits.</summary>
    public static bool TryReadMagnitude(ReadOnlySpan<byte> digits, out ulong value)
    {
        value = 0;
        uint radix = 10;
        if (digits.Length > 2 && digits[0] == '0' && NumberText.BaseOf(digits[1]) is int found and > 0)
        {
            radix = (uint)found;
            digits = digits[2..];
        }
        foreach (byte c in digits)
        {
            if (c == '_')
            {
                continue;
            }
            uint digit = c <= '9' ? (uint)(c - '0') : (uint)((c | 0x20) - 'a' + 10);
            UInt128 next = ((UInt128)value * radix) + digit;
            if (next > ulong.MaxValue)
            {
                return false;
            }
            value = (ulong)next;
        }
        return true;
    }

    /// <summary>A whole number with its sign, as int8.</summary>
    public static bool TryReadInteger(ReadOnlySpan<byte> token, out long value)
    {
        value = 0;
        SqlLexer lexer = new(token);
        bool isNegative = lexer.Next() && lexer.IsSymbol('-') && lexer.Next();
        if (lexer.Kind != LexemeKind.Integer || !TryReadMagnitude(lexer.Text, out ulong magnitude))
        {
            return false;
        }
        ulong most = (ulong)long.MaxValue + (isNegative ? 1UL : 0UL);
        value = isNegative ? unchecked(-(long)magnitude) : unchecked((long)magnitude);
        return magnitude <= most;
    }

    /// <summary>What a string literal says (https://www.postgresql.org/docs/18/sql-syntax-lexical.html).</summary>
    /// <param name="token">The literal with its quotes.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    /// <param name="value">Gets the bytes; as long as the token is enough.</param>
    /// <param name="length">The bytes written.</param>
    /// <param name="unicodeEscape">What UESCAPE said, for <c>U&amp;'…'</c>.</param>
    /// <returns>False for what is no string, and for escapes that PostgreSQL refuses.</returns>
    public static bool TryReadString(
        ReadOnlySpan<byte> token,
        bool conforming,
        Span<byte> value,
        out int length,
        byte unicodeEscape = (byte)'\\'
    )
    {
        length = 0;
        SqlLexer lexer = new(token, conforming);
        lexer.Next();
        switch (lexer.Kind)
        {
            case LexemeKind.DollarString:
                int tag = QuotedText.DollarTag(token, 0);
                token[tag..^tag].CopyTo(value);
                length = token.Length - (2 * tag);
                return true;
            case LexemeKind.String:
                return new EscapedText(token, value).TryRead(0, conforming ? (byte)0 : (byte)'\\', false, out length);
            case LexemeKind.EscapeString:
                return new EscapedText(token, value).TryRead(1, (byte)'\\', false, out length);
            case LexemeKind.UnicodeString:
                return new EscapedText(token, value).TryRead(2, unicodeEscape, true, out length);
            default:
                return false;
        }
    }
}

/// <summary>Takes the escapes out of a string between quotes, piece by piece.</summary>
internal ref struct EscapedText(ReadOnlySpan<byte> token, Span<byte> value)
{
    private readonly ReadOnlySpan<byte> _token = token;
    private readonly Span<byte> _value = value;
    private int _position;
    private int _length;
    private char _high;

    /// <summary>Reads all pieces.</summary>
    /// <param name="quote">Where the first opening quote is.</param>
    /// <param name="escape">The byte that begins an escape; 0 if none does.</param>
    /// <param name="isUnicode">Whether escapes are four hexadecimal digits, or six behind a plus.</param>
    /// <param name="length">The bytes written.</param>
    public bool TryRead(int quote, byte escape, bool isUnicode, out int length)
    {
        _position = quote + 1;
        length = 0;
        while (_position < _token.Length)
        {
            byte c = _token[_position++];
            bool isDouble = c == '\'' && _position < _token.Length && _token[_position] == '\'';
            if (c == '\'' && !isDouble)
            {
                int next = QuotedText.Continuation(_token, _position);
                if (next < 0)
                {
                    break;
                }
                _position = next + 1;
                continue;
            }
            bool isRead = c == escape && escape != 0 ? (isUnicode ? TryUnicode(escape) : TryEscape()) : TryPut(c);
            if (!isRead)
            {
                return false;
            }
            _position += isDouble ? 1 : 0;
        }
        length = _length;
        return _high == 0 && Utf8IsValid();
    }

    private readonly bool Utf8IsValid() => System.Text.Unicode.Utf8.IsValid(_value[.._length]);

    private bool TryPut(byte c)
    {
        // Half a surrogate pair must be followed by its other half.
        bool isWhole = _high == 0;
        _value[_length++] = c;
        return isWhole && c != 0;
    }

    private bool TryEscape()
    {
        if (_position >= _token.Length)
        {
            return false;
        }
        byte c = _token[_position++];
        switch (c)
        {
            case (byte)'b':
                return TryPut((byte)'\b');
            case (byte)'f':
                return TryPut((byte)'\f');
            case (byte)'n':
                return TryPut((byte)'\n');
            case (byte)'r':
                return TryPut((byte)'\r');
            case (byte)'t':
                return TryPut((byte)'\t');
            case (byte)'v':
                return TryPut((byte)'\v');
            case (byte)'u':
                return TryCodePoint(4);
            case (byte)'U':
                return TryCodePoint(8);
            case (byte)'x' when Digits(16, 2) is int count and > 0:
                return TryPut((byte)Take(count, 16));
            case >= (byte)'0' and <= (byte)'7':
                _position--;
                return TryPut((byte)Take(Digits(8, 3), 8));
            default:
                return TryPut(c);
        }
    }

    private bool TryUnicode(byte escape)
    {
        if (_position < _token.Length && _token[_position] == escape)
        {
            _position++;
            return TryPut(escape);
        }
        if (_position < _token.Length && _token[_position] == '+')
        {
            _position++;
            return TryCodePoint(6);
        }
        return TryCodePoint(4);
    }

    private bool TryCodePoint(int digits)
    {
        if (Digits(16, digits) != digits)
        {
            return false;
        }
        uint code = Take(digits, 16);
        if (_high != 0)
        {
            bool isPair = code is >= 0xdc00 and <= 0xdfff;
            code = isPair ? 0x10000 + ((uint)(_high - 0xd800) << 10) + (code - 0xdc00) : 0;
            _high = '\0';
        }
        else if (code is >= 0xd800 and <= 0xdbff)
        {
            _high = (char)code;
            return true;
        }
        return code != 0 && Rune.TryCreate(code, out Rune rune) && TryPutRune(rune);
    }

    private bool TryPutRune(Rune rune)
    {
        _length += rune.EncodeToUtf8(_value[_length..]);
        return true;
    }

    private readonly int Digits(int radix, int most)
    {
        int count = 0;
        while (count < most && _position + count < _token.Length)
        {
            byte c = _token[_position + count];
            bool isDigit = radix == 16 ? char.IsAsciiHexDigit((char)c) : c is >= (byte)'0' and <= (byte)'7';
            if (!isDigit)
            {
                break;
            }
            count++;
        }
        return count;
    }

    private uint Take(int count, uint radix)
    {
        uint value = 0;
        for (int i = 0; i < count; i++)
        {
            byte c = _token[_position++];
            value = (value * radix) + (c <= '9' ? (uint)(c - '0') : (uint)((c | 0x20) - 'a' + 10));
        }
        return value;
    }
}
