// A first look at a statement never rules out what the lexer finds.
using System.Text;
using Drover.Sql.Shapes;

namespace Drover.Tests.Sql.Shapes;

public sealed class StatementStartTests
{
    [Theory]
    [InlineData("CALL f()", true)]
    [InlineData(" \n\t\f\v\rcAlL f()", true)]
    [InlineData("/* drover: shard=2 */ CALL f()", true)]
    [InlineData("-- a\nCALL f()", true)]
    [InlineData("callers", true)]
    [InlineData("(select 1)", true)]
    [InlineData("", true)]
    [InlineData("SELECT 1", false)]
    [InlineData("cal", false)]
    [InlineData("insert into t values ('call')", false)]
    public void Word_that_may_begin_a_statement_is_not_ruled_out(string sql, bool may) =>
        Assert.Equal(may, StatementStart.MayBe(Encoding.UTF8.GetBytes(sql), "call"u8));
}
