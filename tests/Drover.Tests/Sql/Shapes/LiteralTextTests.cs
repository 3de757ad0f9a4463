// What literals say, in every spelling.
using System.Text;
using Drover.Sql.Shapes;

namespace Drover.Tests.Sql.Shapes;

public sealed class LiteralTextTests
{
    [Theory]
    [InlineData("'it''s'", "it's")]
    [InlineData("'a\\n'", "a\\n")]
    [InlineData("E'a\\n\\t\\\\\\'\\x41\\101\\u00e9\\U0001F600'", "a\n\t\\'AAé😀")]
    [InlineData("E'\\ud83d\\ude00'", "😀")]
    [InlineData("E'\\xc3\\xa9'", "é")]
    [InlineData("E'\\q'", "q")]
    [InlineData("U&'d\\0061t\\+000061'", "data")]
    [InlineData("U&'\\\\'", "\\")]
    [InlineData("$$it's$$", "it's")]
    [InlineData("$q$ $$ $q$", " $$ ")]
    [InlineData("'a'\n-- c\n  'b'", "ab")]
    [InlineData("''", "")]
    public void A_string_reads_as(string token, string expected) =>
        Assert.Equal(expected, Read(token, conforming: true));

    [Theory]
    [InlineData("E'\\u12'")]
    [InlineData("E'\\ud83d'")]
    [InlineData("E'\\ud83dx'")]
    [InlineData("E'\\ud83dx\\ude00'")]
    [InlineData("E'\\udc00'")]
    [InlineData("E'\\000'")]
    [InlineData("E'\\xff'")]
    [InlineData("U&'\\00'")]
    [InlineData("42")]
    public void What_PostgreSQL_refuses_reads_as_nothing(string token) => Assert.Null(Read(token, conforming: true));

    [Fact]
    public void Without_conforming_strings_a_backslash_escapes() =>
        Assert.Equal("a\nb'", Read("'a\\nb\\''", conforming: false));

    [Theory]
    [InlineData("42", 42L)]
    [InlineData("-42", -42L)]
    [InlineData("- /* c */ 42", -42L)]
    [InlineData("0x1F", 31L)]
    [InlineData("-0b1_01", -5L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("007", 7L)]
    public void A_whole_number_reads_as(string token, long expected)
    {
        Assert.True(LiteralText.TryReadInteger(Encoding.UTF8.GetBytes(token), out long value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("9223372036854775808")]
    [InlineData("-9223372036854775809")]
    [InlineData("99999999999999999999")]
    [InlineData("1.5")]
    [InlineData("'1'")]
    public void What_is_no_int8_is_not_read_as_one(string token) =>
        Assert.False(LiteralText.TryReadInteger(Encoding.UTF8.GetBytes(token), out _));

    private static string? Read(string token, bool conforming)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(token);
        byte[] value = new byte[bytes.Length];
        return LiteralText.TryReadString(bytes, conforming, value, out int length)
            ? Encoding.UTF8.GetString(value, 0, length)
            : null;
    }
}
