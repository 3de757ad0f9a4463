// Cuts SQL into tokens one by one, for texts that are read at leisure: bodies of functions, and statements of databases
// that have telling names.
namespace Drover.Sql;

internal enum SqlTokenKind
{
    /// <summary>A keyword or a name without quotes, as it stands.</summary>
    Word,

    /// <summary>What is between double quotes.</summary>
    QuotedName,

    /// <summary>What is between quotes or dollar tags, not unescaped.</summary>
    Literal,

    /// <summary><c>$1</c> and its kin.</summary>
    Parameter,

    /// <summary>One byte of anything else; a number is one, too.</summary>
    Symbol,
}

/// <summary>Walks over a text; white space and comments are left out. Allocates nothing.</summary>
internal ref struct SqlTokens(ReadOnlySpan<byte> sql)
{
    private readonly ReadOnlySpan<byte> _sql = sql;
    private int _position;

    public SqlTokenKind Kind { get; private set; }

    public ReadOnlySpan<byte> Text { get; private set; }

    /// <summary>Goes to the next token; false at the end.</summary>
    public bool Next()
    {
        while (_position < _sql.Length)
        {
            int start = _position;
            byte c = _sql[start];
            if (c is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f' or (byte)'\v')
            {
                _position++;
            }
            else if (_sql[start..].StartsWith("--"u8))
            {
                int length = _sql[start..].IndexOfAny((byte)'\n', (byte)'\r');
                _position = length < 0 ? _sql.Length : start + length;
            }
            else if (_sql[start..].StartsWith("/*"u8))
            {
                _position = StatementScanner.SkipComment(_sql, start);
            }
            else
            {
                Take(start, c);
                return true;
            }
        }
        return false;
    }

    public readonly bool IsWord(ReadOnlySpan<byte> lower) =>
        Kind == SqlTokenKind.Word && StatementScanner.Is(Text, lower);

    public readonly bool IsSymbol(char symbol) => Kind == SqlTokenKind.Symbol && Text[0] == symbol;

    private void Take(int start, byte c)
    {
        if (StatementScanner.IsWordStart(c))
        {
            int end = StatementScanner.WordEnd(_sql, start);
            if (end - start == 1 && end < _sql.Length && _sql[end] == '\'')
            {
                Quoted(SqlTokenKind.Literal, end, escapes: (c | 0x20) == 'e');
                return;
            }
            Set(SqlTokenKind.Word, start, end, end);
        }
        else if (c is (byte)'\'' or (byte)'"')
        {
            Quoted(c == '"' ? SqlTokenKind.QuotedName : SqlTokenKind.Literal, start, escapes: false);
        }
        else if (c == '$')
        {
            Dollar(start);
        }
        else
        {
            int end = c is >= (byte)'0' and <= (byte)'9' ? StatementScanner.WordEnd(_sql, start) : start + 1;
            Set(SqlTokenKind.Symbol, start, end, end);
        }
    }

    private void Quoted(SqlTokenKind kind, int open, bool escapes)
    {
        int next = StatementScanner.SkipQuoted(_sql, open, (char)_sql[open], escapes);
        bool isClosed = next - open >= 2 && _sql[next - 1] == _sql[open];
        Set(kind, open + 1, isClosed ? next - 1 : next, next);
    }

    private void Dollar(int start)
    {
        int next = StatementScanner.SkipDollar(_sql, start);
        int tag = _sql[(start + 1)..].IndexOf((byte)'$') + 2;
        if (next > start + 1)
        {
            bool isClosed =
                next - start >= 2 * tag && _sql[(next - tag)..next].SequenceEqual(_sql[start..(start + tag)]);
            Set(SqlTokenKind.Literal, start + tag, isClosed ? next - tag : next, next);
            return;
        }
        int end = StatementScanner.WordEnd(_sql, next);
        Set(SqlTokenKind.Parameter, start, end, end);
    }

    private void Set(SqlTokenKind kind, int start, int end, int next)
    {
        Kind = kind;
        Text = _sql[start..end];
        _position = next;
    }
}
