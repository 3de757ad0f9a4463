// How deeply a statement's tree may nest, told from its tokens before the parser recurses over it.
using Drover.Sql.Shapes;

namespace Drover.Sql.Parsing;

/// <summary>
/// libpg_query overflows the stack, which ends the process, where PostgreSQL itself says "stack depth limit
/// exceeded": not on brackets, which its grammar counts, but on chains such as 1+1+1, that are as deep as they are
/// long. The bound is an over-estimate by tokens. In each bracket, an expression is as deep as its operators and
/// its brackets together; a comma, AND or OR begins the next one beside it; joins and set operations come on top of
/// the deepest.
/// </summary>
internal ref struct DepthBound
{
    /// <summary>
    /// Levels of a tree. PostgreSQL's own limit, max_stack_depth of 2 MB, ends at a few thousand levels of an
    /// expression.
    /// </summary>
    public const int LevelsMax = 2_000;

    /// <summary>Tokens of a text that is parsed; libpg_query's memory is a multiple of it.</summary>
    public const int TokensMax = 2_000_000;

    /// <summary>What a bracket, and an AND within an OR within it, add.</summary>
    private const int LevelsPerBracket = 3;

    private readonly Span<Bracket> _brackets;
    private int _open;
    private bool _isPastDot;

    private DepthBound(Span<Bracket> brackets) => _brackets = brackets;

    /// <summary>Whether a text is safe to parse.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="error">Why it is not even a row of tokens.</param>
    public static bool Allows(ReadOnlySpan<byte> sql, out LexicalError error)
    {
        error = LexicalError.None;
        DepthBound bound = new(new Bracket[LevelsMax + 1]);
        SqlLexer lexer = new(sql);
        int tokens = 0;
        while (lexer.Next())
        {
            bound.Take(lexer);
            if (bound._open == LevelsMax || bound._brackets[bound._open].Depth > LevelsMax || ++tokens > TokensMax)
            {
                return false;
            }
        }
        error = lexer.Error;
        return error == LexicalError.None;
    }

    private void Take(in SqlLexer lexer)
    {
        bool isPastDot = _isPastDot;
        _isPastDot = lexer.IsSymbol('.');
        switch (lexer.Kind)
        {
            case LexemeKind.Symbol:
                TakeSymbol(lexer.Text[0]);
                break;
            case LexemeKind.Word when !isPastDot:
                TakeWord(lexer.Text);
                break;
            case LexemeKind.Operator or LexemeKind.Comparison or LexemeKind.Typecast:
                _brackets[_open].Current++;
                break;
        }
    }

    private void TakeSymbol(byte symbol)
    {
        switch (symbol)
        {
            case (byte)'(' or (byte)'[':
                Open(isCase: false);
                break;
            case (byte)')' or (byte)']':
                while (_open > 0 && _brackets[_open].IsCase)
                {
                    Close();
                }
                Close();
                break;
            case (byte)',' or (byte)';':
                _brackets[_open].BeginNext();
                break;
            case (byte)'.' or (byte)':':
                break;
            default:
                _brackets[_open].Current++;
                break;
        }
    }

    private void TakeWord(ReadOnlySpan<byte> word)
    {
        ref Bracket bracket = ref _brackets[_open];
        switch (RoleOf(word))
        {
            case WordRole.Case:
                Open(isCase: true);
                break;
            case WordRole.End when bracket.IsCase:
                Close();
                break;
            case WordRole.And when bracket.Betweens > 0:
                bracket.Betweens--;
                bracket.Current++;
                break;
            case WordRole.And or WordRole.Or:
                bracket.BeginNext();
                break;
            case WordRole.Between:
                bracket.Betweens++;
                bracket.Current++;
                break;
            case WordRole.Operator:
                bracket.Current++;
                break;
            case WordRole.Chain:
                bracket.Chain++;
                break;
        }
    }

    private enum WordRole
    {
        None,
        Case,
        End,
        And,
        Or,
        Between,
        Operator,
        Chain,
    }

    private static WordRole RoleOf(ReadOnlySpan<byte> word) =>
        word.Length switch
        {
            2 when Is(word, "or"u8) => WordRole.Or,
            2 when Is(word, "is"u8) || Is(word, "at"u8) || Is(word, "in"u8) => WordRole.Operator,
            3 when Is(word, "and"u8) => WordRole.And,
            3 when Is(word, "end"u8) => WordRole.End,
            3 when Is(word, "not"u8) || Is(word, "any"u8) || Is(word, "all"u8) => WordRole.Operator,
            4 when Is(word, "case"u8) => WordRole.Case,
            4 when Is(word, "join"u8) => WordRole.Chain,
            4 when Is(word, "like"u8) => WordRole.Operator,
            5 when Is(word, "union"u8) => WordRole.Chain,
            5 when Is(word, "ilike"u8) => WordRole.Operator,
            6 when Is(word, "except"u8) => WordRole.Chain,
            6 when Is(word, "isnull"u8) || Is(word, "escape"u8) => WordRole.Operator,
            7 when Is(word, "notnull"u8) || Is(word, "collate"u8) || Is(word, "similar"u8) => WordRole.Operator,
            7 when Is(word, "between"u8) => WordRole.Between,
            8 when Is(word, "overlaps"u8) || Is(word, "operator"u8) => WordRole.Operator,
            9 when Is(word, "intersect"u8) => WordRole.Chain,
            _ => WordRole.None,
        };

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> lower) => StatementScanner.Is(word, lower);

    private void Open(bool isCase)
    {
        _open++;
        _brackets[_open] = new Bracket { IsCase = isCase };
    }

    private void Close()
    {
        // One too many is the parser's to refuse.
        if (_open > 0)
        {
            int depth = _brackets[_open].Depth;
            _open--;
            // What was in brackets is an operand now, under all operators around it.
            _brackets[_open].Current += depth + LevelsPerBracket;
        }
    }

    private struct Bracket
    {
        /// <summary>Levels of the expression that is being read.</summary>
        public int Current;

        /// <summary>Of the deepest one before it.</summary>
        private int _deepest;

        /// <summary>Joins and set operations.</summary>
        public int Chain;

        /// <summary>BETWEEN whose AND is still to come.</summary>
        public int Betweens;

        public bool IsCase;

        public readonly int Depth => Math.Max(_deepest, Current) + Chain;

        public void BeginNext()
        {
            _deepest = Math.Max(_deepest, Current);
            Current = 0;
        }
    }
}
