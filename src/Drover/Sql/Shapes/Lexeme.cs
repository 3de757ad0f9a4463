// What PostgreSQL's lexical rules can see in a text.
namespace Drover.Sql.Shapes;

/// <summary>Kinds of tokens, after src/backend/parser/scan.l.</summary>
internal enum LexemeKind : byte
{
    /// <summary>Nothing follows, or what follows is no token: see <see cref="SqlLexer.Error"/>.</summary>
    End,

    /// <summary>A keyword or a name without quotes; also the N of <c>N'…'</c>, which is the keyword nchar.</summary>
    Word,

    /// <summary><c>"…"</c></summary>
    QuotedName,

    /// <summary><c>U&amp;"…"</c>; an UESCAPE may follow.</summary>
    UnicodeName,

    /// <summary><c>'…'</c> with all its continuations.</summary>
    String,

    /// <summary><c>E'…'</c></summary>
    EscapeString,

    /// <summary><c>U&amp;'…'</c>; an UESCAPE may follow.</summary>
    UnicodeString,

    /// <summary><c>$tag$…$tag$</c></summary>
    DollarString,

    /// <summary><c>B'…'</c></summary>
    BitString,

    /// <summary><c>X'…'</c></summary>
    HexString,

    /// <summary>Digits, in any base.</summary>
    Integer,

    /// <summary>Digits with a point or an exponent.</summary>
    Numeric,

    /// <summary><c>$1</c></summary>
    Parameter,

    /// <summary>Any operator that is not one of the following.</summary>
    Operator,

    /// <summary><c>::</c></summary>
    Typecast,

    /// <summary><c>..</c></summary>
    DotDot,

    /// <summary><c>:=</c></summary>
    ColonEquals,

    /// <summary><c>=&gt;</c></summary>
    EqualsGreater,

    /// <summary><c>&lt;=</c>, <c>&gt;=</c>, <c>&lt;&gt;</c> or <c>!=</c></summary>
    Comparison,

    /// <summary>One of <c>, ( ) [ ] . ; : + - * / % ^ &lt; &gt; =</c></summary>
    Symbol,

    /// <summary>A byte that begins no token; the grammar has no place for it.</summary>
    Other,
}

/// <summary>Why a text has no next token.</summary>
internal enum LexicalError : byte
{
    None,
    UnterminatedString,
    UnterminatedName,
    UnterminatedComment,
    EmptyName,

    /// <summary>A number with letters behind it, or one that is broken off.</summary>
    MalformedNumber,
    MalformedParameter,
    OperatorTooLong,

    /// <summary><c>U&amp;'…'</c> while standard_conforming_strings is off.</summary>
    UnsafeUnicodeString,

    /// <summary>The byte zero between tokens. No message has one in a text: the text ends there.</summary>
    ZeroByte,
}
