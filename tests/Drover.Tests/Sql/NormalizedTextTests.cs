// What statistics show of a statement: its words, and no value of anybody's.
using System.Text;
using Drover.Sql.Shapes;

namespace Drover.Tests.Sql;

public sealed class NormalizedTextTests
{
    [Theory]
    [InlineData("SELECT  a,b FROM t\nWHERE a=1 AND b = 'secret'", "SELECT a, b FROM t WHERE a = ? AND b = ?")]
    [InlineData("SELECT count(*) FROM public.t WHERE x > $1::int", "SELECT count(*) FROM public.t WHERE x > ?::int")]
    [InlineData("SELECT 1 /* secret */ -- secret", "SELECT ?")]
    [InlineData("SELECT * FROM t WHERE a IN (1, 2, 3) OR b IN ($1,$2)", "SELECT * FROM t WHERE a IN (?) OR b IN (?)")]
    [InlineData("INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y'), ($1, $2)", "INSERT INTO t (a, b) VALUES (?)")]
    [InlineData("INSERT INTO t VALUES (1, DEFAULT), (2, DEFAULT);", "INSERT INTO t VALUES (?, DEFAULT);")]
    [InlineData("SELECT E'secret', U&'secret', $$secret$$, B'101', X'ff', N'secret', -1.5e3", "SELECT ?, N ?, - ?")]
    [InlineData("SELECT f(g(1), 2) FROM \"T\" t", "SELECT f(g(?), ?) FROM \"T\" t")]
    [InlineData("SELECT a[1] FROM t LIMIT 10", "SELECT a[?] FROM t LIMIT ?")]
    [InlineData("SELECT 'not ended", "SELECT…")]
    public void Text_has_no_values(string sql, string expected) =>
        Assert.Equal(expected, NormalizedText.Of(Encoding.UTF8.GetBytes(sql), conforming: true));

    [Fact]
    public void Long_text_ends_at_a_bound()
    {
        string many = string.Join(" OR ", Enumerable.Range(0, 5_000).Select(static i => $"c{i} = {i}"));
        string text = NormalizedText.Of(Encoding.UTF8.GetBytes($"SELECT {many}"), conforming: true);
        Assert.EndsWith("…", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 1_000, NormalizedText.LengthMax + 100);
        string rows = string.Join(", ", Enumerable.Range(0, 4_000).Select(static i => $"({i})"));
        Assert.Equal(
            "INSERT INTO t VALUES (?)",
            NormalizedText.Of(Encoding.UTF8.GetBytes($"INSERT INTO t VALUES {rows}"), conforming: true)
        );
    }
}
