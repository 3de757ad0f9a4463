// What is explained, and how, by the tokens of the text alone.
using System.Text;
using Drover.Routing;

namespace Drover.Tests.Routing;

public sealed class ExplainTextTests
{
    [Theory]
    [InlineData("EXPLAIN SELECT 1", "SELECT 1", "Text")]
    [InlineData("explain analyze verbose select 1;", "select 1;", "Text analyze")]
    [InlineData("EXPLAIN VERBOSE TABLE a", "TABLE a", "Text")]
    [InlineData("EXPLAIN (SELECT 1)", "(SELECT 1)", "Text")]
    [InlineData("EXPLAIN (VALUES (1))", "(VALUES (1))", "Text")]
    [InlineData("EXPLAIN ((SELECT 1) UNION SELECT 2)", "((SELECT 1) UNION SELECT 2)", "Text")]
    [InlineData("EXPLAIN ANALYZE (SELECT 1)", "(SELECT 1)", "Text analyze")]
    [InlineData("EXPLAIN (ANALYZE) (SELECT 1)", "(SELECT 1)", "Text analyze")]
    [InlineData("EXPLAIN (ANALYZE off, FORMAT json) INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (1)", "Json")]
    [InlineData("EXPLAIN (ANALYZE 0) SELECT 1", "SELECT 1", "Text")]
    [InlineData("EXPLAIN (ANALYZE 'false', ANALYZE) SELECT 1", "SELECT 1", "Text analyze")]
    [InlineData("EXPLAIN (ANALYZE perhaps) SELECT 1", "SELECT 1", "Text analyze")]
    [InlineData("EXPLAIN (FORMAT 'XML', GENERIC_PLAN) SELECT $1", "SELECT $1", "Other generic")]
    [InlineData("EXPLAIN (COSTS OFF, SETTINGS) WITH x AS (SELECT 1) TABLE x", "WITH x AS (SELECT 1) TABLE x", "Text")]
    public void Text_is_read_with_its_options(string sql, string query, string expected)
    {
        ExplainText read = ExplainText.Read(Encoding.UTF8.GetBytes(sql), conforming: true)!;
        Assert.Equal(query, sql[read.Start..]);
        Assert.Equal(
            expected,
            $"{read.Format}{(read.IsAnalyze ? " analyze" : "")}{(read.IsGeneric ? " generic" : "")}"
        );
        Assert.Equal(query.PadLeft(sql.Length), Encoding.UTF8.GetString(read.Query));
    }

    [Theory]
    [InlineData("SELECT 1")]
    [InlineData("EXPLAIN")]
    [InlineData("EXPLAIN (ANALYZE")]
    [InlineData("EXPLAIN (\"analyze\") SELECT 1")]
    [InlineData("EXPLAIN EXECUTE p(1)")]
    [InlineData("EXPLAIN DECLARE c CURSOR FOR SELECT 1")]
    [InlineData("EXPLAIN CREATE TABLE a AS SELECT 1")]
    [InlineData("EXPLAIN SELECT 1; SELECT 2")]
    [InlineData("EXPLAIN SELECT 'a")]
    public void What_is_more_or_something_else_is_left_alone(string sql) =>
        Assert.Null(ExplainText.Read(Encoding.UTF8.GetBytes(sql), conforming: true));

    [Fact]
    public void Comment_in_front_stays_where_it_is()
    {
        byte[] sql = [.. "/* drover: shard=2 */ EXPLAIN /* why */ SELECT 1"u8];
        ExplainText read = ExplainText.Read(sql, conforming: true)!;
        Assert.Equal("/* drover: shard=2 */         /* why */ SELECT 1", Encoding.UTF8.GetString(read.Query));
        Assert.Equal(
            "/* drover: shard=2 */ EXPLAIN /* why */ SELECT 23",
            Encoding.UTF8.GetString(read.Of(sql, [.. read.Query[..^1], .. "23"u8]))
        );
    }
}
