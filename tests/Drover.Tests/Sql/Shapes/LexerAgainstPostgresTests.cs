// The lexer and PostgreSQL's own scanner see the same tokens in the same places, over texts that are made and texts
// that exist.
using System.Buffers;
using System.Text;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;

namespace Drover.Tests.Sql.Shapes;

public sealed class LexerAgainstPostgresTests
{
    private const int Seed = 20_260_711;

    private static readonly SearchValues<byte> OfNewerNumbers = SearchValues.Create("_xXoObB"u8);

    private static readonly string[] Pieces =
    [
        "select",
        "SELECT",
        "from",
        "a",
        "tab_le$1",
        "é",
        "_x",
        "e",
        "E",
        "b",
        "x",
        "n",
        "N",
        "u",
        "U",
        "U&",
        "u&",
        "'it'",
        "''",
        "'a''b'",
        "'\\'",
        "E'a\\'b'",
        "e'\\\\'",
        "E'\\x41\\101\\u0041\\n'",
        "B'01'",
        "x'1F'",
        "N'n'",
        "n'n'",
        "U&'\\0041'",
        "u&\"d\\0061t\"",
        "\"Name\"",
        "\"a\"\"b\"",
        "\"é\"",
        "$$a$$",
        "$q$ $$ ' $q$",
        "$q$ $r$ $q$",
        "$a$b$c$a$",
        "$é$x$é$",
        "$",
        "$1",
        "$23",
        "$a",
        "1",
        "12",
        "0",
        "1.5",
        ".5",
        "1.",
        "1e5",
        "1E-3",
        "1.5e+10",
        "1..2",
        "..",
        ".",
        "007",
        "123456789012345678901",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "<",
        ">",
        "=",
        "~",
        "!",
        "@",
        "#",
        "&",
        "|",
        "`",
        "?",
        "->>",
        "<=>",
        "=-",
        "@-",
        "||",
        "<=",
        ">=",
        "<>",
        "!=",
        "=>",
        "::",
        ":=",
        ":",
        "?|",
        "?&",
        "*-",
        "+-+",
        "~~*",
        "--",
        "/*",
        "*/",
        "@--",
        "+/*c*/",
        ",",
        "(",
        ")",
        "[",
        "]",
        ";",
        "\\",
        "{",
        "}",
        " ",
        "  ",
        "\n",
        "\t",
        "\r",
        "\f",
        "-- c\n",
        "--\r",
        "/* c */",
        "/* /* n */ */",
        "/**/",
        "/***/",
        "/*/**/*/",
        "'a'\n'b'",
        "'a' -- c\n 'b'",
        "'a' 'b'",
        "E'a'\n'\\''",
        "B'0'\n'1'",
    ];

    [Fact]
    public void Generated_texts_have_the_same_tokens()
    {
        RequireParser();
        Random random = new(Seed);
        for (int i = 0; i < 40_000; i++)
        {
            StringBuilder text = new();
            for (int count = random.Next(1, 9); count > 0; count--)
            {
                text.Append(Pieces[random.Next(Pieces.Length)]).Append(random.Next(3) == 0 ? " " : "");
            }
            AssertSame(text.ToString());
        }
    }

    [Fact]
    public void Random_bytes_of_the_alphabet_have_the_same_tokens()
    {
        RequireParser();
        const string Alphabet = "aeExXbBnNuU&_$01.9'\"\\/*-+<>=!@?~|:;,()[] \n\té";
        Random random = new(Seed);
        for (int i = 0; i < 60_000; i++)
        {
            string text = string.Concat(
                Enumerable.Range(0, random.Next(1, 14)).Select(_ => Alphabet[random.Next(Alphabet.Length)])
            );
            AssertSame(text);
        }
    }

    [Fact]
    public void Real_scripts_have_the_same_tokens()
    {
        RequireParser();
        string[] scripts = Directory.Exists("/usr/share/postgresql")
            ? Directory.GetFiles("/usr/share/postgresql", "*.sql", SearchOption.AllDirectories)
            : [];
        foreach (string script in scripts.Concat(SqlCorpus.Files()))
        {
            AssertSame(File.ReadAllText(script));
        }
    }

    /// <summary>What is plain with the setting off is what has an E in front with it on.</summary>
    [Fact]
    public void Strings_that_do_not_conform_are_read_as_escape_strings()
    {
        RequireParser();
        string[] strings = ["'a'", "'\\''", "'\\\\'", "''", "'a'\n'\\''", "'it''s'"];
        string[] others = ["select", "E'\\''", "B'01'", "$$\\$$", "\"n\"", "||", "1.5", "(", "-- '\n", "/* ' */"];
        Random random = new(Seed);
        for (int i = 0; i < 5_000; i++)
        {
            List<string> plain = [];
            List<string> escaped = [];
            for (int count = random.Next(1, 6); count > 0; count--)
            {
                bool isString = random.Next(2) == 0;
                string piece = isString ? strings[random.Next(strings.Length)] : others[random.Next(others.Length)];
                plain.Add(piece);
                escaped.Add(isString ? "E" + piece : piece);
                // So that two strings are not one.
                plain.Add(",");
                escaped.Add(",");
            }
            string text = string.Join(' ', plain);
            (IReadOnlyList<PostgresScanner.Token> expected, string? error) = PostgresScanner.Scan(
                ParserText.Of(Encoding.UTF8.GetBytes(string.Join(' ', escaped)))
            );
            Assert.Null(error);
            (List<PostgresScanner.Token> seen, LexicalError failure) = Lex(text, conforming: false);
            Assert.Equal(LexicalError.None, failure);
            Assert.Equal(
                expected.Select(static token => Loose(token.Kind)),
                seen.Select(static token => Loose(token.Kind))
            );
        }
    }

    private static LexemeKind Loose(LexemeKind kind) =>
        kind switch
        {
            LexemeKind.EscapeString => LexemeKind.String,
            LexemeKind.QuotedName => LexemeKind.Word,
            _ => kind,
        };

    private static void RequireParser() =>
        Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);

    private static void AssertSame(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        (IReadOnlyList<PostgresScanner.Token> expected, string? error) = PostgresScanner.Scan(ParserText.Of(bytes));
        (List<PostgresScanner.Token> seen, LexicalError failure) = Lex(text, conforming: true);
        bool isNewer = error is not null && seen.Exists(token => IsNewer(bytes, token));
        // libpg_query does not go on with a string behind a comment; ParserText mends that where the string has an end.
        bool goesOnWithoutEnd =
            failure == LexicalError.UnterminatedString && text.Contains("--", StringComparison.Ordinal);
        if (isNewer || goesOnWithoutEnd)
        {
            return;
        }
        Assert.True(
            error is null == (failure == LexicalError.None),
            $"PostgreSQL: {error ?? "no error"}; lexer: {failure}; text: {text}"
        );
        for (int i = 0; error is null && i < Math.Max(expected.Count, seen.Count); i++)
        {
            PostgresScanner.Token? wanted = i < expected.Count ? Named(expected[i], bytes) : null;
            PostgresScanner.Token? got = i < seen.Count ? seen[i] : null;
            if (wanted is { Kind: LexemeKind.UnicodeString or LexemeKind.UnicodeName } unended && got is not null)
            {
                // libpg_query gives no end for these.
                wanted = unended with
                {
                    End = got.Value.End,
                };
            }
            Assert.True(
                wanted == got,
                $"token {i}: PostgreSQL {wanted}, lexer {got}, in {text[..Math.Min(text.Length, 300)]}"
            );
        }
    }

    /// <summary>PostgreSQL's scanner calls every name IDENT, and a whole number beyond int4 FCONST.</summary>
    private static PostgresScanner.Token Named(PostgresScanner.Token token, byte[] text)
    {
        ReadOnlySpan<byte> slice = text.AsSpan()[token.Start..token.End];
        return token.Kind == LexemeKind.Word && slice[0] == '"' ? token with { Kind = LexemeKind.QuotedName }
            : token.Kind == LexemeKind.Numeric && !slice.ContainsAnyExceptInRange((byte)'0', (byte)'9')
                ? token with
                {
                    Kind = LexemeKind.Integer,
                }
            : token;
    }

    /// <summary>Numbers that PostgreSQL 16 reads and 15, whose scanner this is, refuses.</summary>
    private static bool IsNewer(byte[] text, PostgresScanner.Token token)
    {
        ReadOnlySpan<byte> slice = text.AsSpan()[token.Start..token.End];
        return token.Kind is LexemeKind.Integer or LexemeKind.Numeric && slice.ContainsAny(OfNewerNumbers);
    }

    private static (List<PostgresScanner.Token> Tokens, LexicalError Error) Lex(string text, bool conforming)
    {
        List<PostgresScanner.Token> tokens = [];
        SqlLexer lexer = new(Encoding.UTF8.GetBytes(text), conforming);
        while (lexer.Next())
        {
            tokens.Add(new PostgresScanner.Token(lexer.Kind, lexer.Start, lexer.End));
        }
        return (tokens, lexer.Error);
    }
}
