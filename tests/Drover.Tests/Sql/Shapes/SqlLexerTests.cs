// What PostgreSQL 16 to 18 read otherwise than 15, with which the lexer is compared, and what is no token at all.
using System.Text;
using Drover.Sql.Shapes;

namespace Drover.Tests.Sql.Shapes;

public sealed class SqlLexerTests
{
    [Theory]
    [InlineData("0x1F", "Integer 0x1F")]
    [InlineData("0o17 0b_101", "Integer 0o17|Integer 0b_101")]
    [InlineData("1_000.000_1e1_0", "Numeric 1_000.000_1e1_0")]
    [InlineData("1_000", "Integer 1_000")]
    [InlineData("a\vb", "Word a|Word b")]
    [InlineData("1..10", "Integer 1|DotDot ..|Integer 10")]
    [InlineData("$1::int[]", "Parameter $1|Typecast ::|Word int|Symbol [|Symbol ]")]
    [InlineData("a->>'b'", "Word a|Operator ->>|String 'b'")]
    [InlineData("a=-1", "Word a|Symbol =|Symbol -|Integer 1")]
    [InlineData("a@-1", "Word a|Operator @-|Integer 1")]
    [InlineData("n'x'", "Word n|String 'x'")]
    public void Tokens_are_these(string sql, string expected) => Assert.Equal(expected, Describe(sql));

    [Theory]
    [InlineData("'a")]
    [InlineData("E'\\'")]
    [InlineData("\"a")]
    [InlineData("\"\"")]
    [InlineData("$$a$")]
    [InlineData("/* /* */")]
    [InlineData("1a")]
    [InlineData("1_")]
    [InlineData("1__0")]
    [InlineData("0x")]
    [InlineData("0b12")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("$1a")]
    [InlineData("U&\"\"")]
    [InlineData("'a'\n'b")]
    [InlineData("****************************************************************")]
    [InlineData("a \0 b")]
    public void No_token_is_an_error(string sql)
    {
        SqlLexer lexer = new(Encoding.UTF8.GetBytes(sql));
        while (lexer.Next()) { }
        Assert.NotEqual(LexicalError.None, lexer.Error);
    }

    [Fact]
    public void Unicode_strings_are_unsafe_when_strings_do_not_conform()
    {
        SqlLexer lexer = new("U&'a'"u8, conforming: false);
        Assert.False(lexer.Next());
        Assert.Equal(LexicalError.UnsafeUnicodeString, lexer.Error);
    }

    [Theory]
    [InlineData("SELECT /* drover: shard=2 */ 1", 1)]
    [InlineData("--drover: key=42\nSELECT 1", 1)]
    [InlineData("/*drover: a*/ /* drover: b */", 2)]
    [InlineData("SELECT '/* drover: shard=2 */' /* of drover: */", 0)]
    public void Hints_are_comments_that_begin_with_the_name(string sql, int count)
    {
        SqlLexer lexer = new(Encoding.UTF8.GetBytes(sql));
        while (lexer.Next()) { }
        Assert.Equal(count, lexer.HintCount);
    }

    private static string Describe(string sql)
    {
        List<string> tokens = [];
        SqlLexer lexer = new(Encoding.UTF8.GetBytes(sql));
        while (lexer.Next())
        {
            tokens.Add($"{lexer.Kind} {Encoding.UTF8.GetString(lexer.Text)}");
        }
        Assert.Equal(LexicalError.None, lexer.Error);
        return string.Join('|', tokens);
    }
}
