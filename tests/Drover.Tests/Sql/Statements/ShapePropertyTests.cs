// What the cache rests on: texts of one shape are one statement to PostgreSQL's parser, and are described alike.
using System.Text;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;
using Drover.Tests.Sql.Shapes;
using FsCheck;
using FsCheck.Fluent;

namespace Drover.Tests.Sql.Statements;

public sealed class ShapePropertyTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(4_000);

    private static readonly ShapeContext Public = new("public"u8, 1);

    [Fact]
    public void Equal_shapes_have_trees_that_are_equal_but_for_literals()
    {
        int equal = 0;
        Check(
            (one, other) =>
            {
                if (!one.Shape.SequenceEqual(other.Shape))
                {
                    return true;
                }
                equal++;
                return TreeText.Of(one.Tree) == TreeText.Of(other.Tree);
            }
        );
        Assert.True(equal > 200, $"{equal} pairs had one shape");
    }

    [Fact]
    public void Equal_keys_have_equal_descriptions()
    {
        int equal = 0;
        Check(
            (one, other) =>
            {
                if (!one.Key.SequenceEqual(other.Key))
                {
                    return true;
                }
                equal++;
                return one.Deciding.SequenceEqual(other.Deciding) && one.Facts == other.Facts;
            }
        );
        Assert.True(equal > 200, $"{equal} pairs had one key");
    }

    [Fact]
    public void Equal_shapes_are_decided_by_the_same_places() =>
        Check((one, other) => !one.Shape.SequenceEqual(other.Shape) || one.Deciding.SequenceEqual(other.Deciding));

    [Theory]
    [InlineData("SELECT a FROM t LIMIT {0}", true)]
    [InlineData("SELECT a FROM t ORDER BY a OFFSET {0}", true)]
    [InlineData("SELECT a FROM t ORDER BY a FETCH FIRST {0} ROWS ONLY", true)]
    [InlineData("SELECT a, b FROM t ORDER BY {0}", true)]
    [InlineData("SELECT a, b FROM t GROUP BY {0}", true)]
    [InlineData("SELECT DISTINCT ON ({0}) a, b FROM t", true)]
    [InlineData("SELECT a % {0} FROM t ORDER BY a % 2", true)]
    [InlineData("SELECT sum(a + {0}) FROM t HAVING sum(a + 1) > 2", true)]
    [InlineData("SELECT a FROM t WHERE b = 'x'::varchar({0})", true)]
    [InlineData("SELECT a FROM t WHERE b = 'x'::float({0})", true)]
    [InlineData("SELECT a FROM t WHERE b = numeric(1{0}, 2) '1'", true)]
    [InlineData("SELECT a FROM t WHERE b > now() - interval '{0} days'", true)]
    [InlineData("SELECT a FROM t WHERE b > interval({0}) '1'", true)]
    [InlineData("SELECT nextval('s{0}')", true)]
    [InlineData("SELECT a FROM t WHERE b = 't{0}'::regclass", true)]
    [InlineData("SELECT a FROM t TABLESAMPLE system ({0})", true)]
    [InlineData("SELECT a FROM f() AS t (a varchar({0}))", true)]
    [InlineData("CREATE TABLE t (a int DEFAULT {0})", true)]
    [InlineData("SET work_mem = {0}", true)]
    [InlineData("SELECT sum(a) OVER (ORDER BY b ROWS {0} PRECEDING) FROM t", true)]
    [InlineData("SELECT a FROM t WHERE k = {0} ORDER BY a LIMIT 5", false)]
    [InlineData("SELECT a FROM t WHERE k = {0}::bigint", false)]
    [InlineData("SELECT a FROM t WHERE k = -{0}", false)]
    [InlineData("SELECT a FROM t WHERE k = - ({0})", false)]
    [InlineData("SELECT a FROM t WHERE k IN ({0}, 5)", false)]
    [InlineData("SELECT a FROM t WHERE a < date '2024-01-0{0}'", false)]
    [InlineData("SELECT f({0})", false)]
    [InlineData("INSERT INTO t (k) VALUES ({0}), (2)", false)]
    [InlineData("INSERT INTO t (k) VALUES ({0}, now()), (2, now())", false)]
    [InlineData("UPDATE t SET a = {0} WHERE k = {0}", false)]
    [InlineData("WITH w AS (SELECT a FROM t WHERE k = {0}) SELECT a FROM w ORDER BY a", false)]
    [InlineData("EXPLAIN SELECT a FROM t WHERE k = {0}", false)]
    public void A_literal_decides_or_it_does_not(string template, bool decides)
    {
        RequireParser();
        Read one = ReadText(template.Replace("{0}", "1", StringComparison.Ordinal));
        Read other = ReadText(template.Replace("{0}", "2", StringComparison.Ordinal));
        Assert.Equal(one.Shape, other.Shape);
        Assert.Equal(decides, !one.Key.SequenceEqual(other.Key));
    }

    [Fact]
    public void Every_statement_of_the_corpus_is_described()
    {
        RequireParser();
        foreach (string sql in SqlCorpus.Statements)
        {
            Assert.NotEmpty(ReadText(sql).Facts);
        }
    }

    private static void Check(Func<Read, Read, bool> property)
    {
        RequireParser();
        Prop.ForAll(
                ArbMap.Default.ArbFor<(int, int, int)>(),
                seeds =>
                {
                    string one = new RandomSql(seeds.Item1, seeds.Item2).Statement();
                    string other = new RandomSql(seeds.Item1, seeds.Item3).Statement();
                    return property(ReadText(one), ReadText(other)).Label($"\n{one}\n{other}");
                }
            )
            .Check(Many);
    }

    private static void RequireParser() =>
        Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);

    private static Read ReadText(string text)
    {
        byte[] sql = Encoding.UTF8.GetBytes(text);
        ShapeBuffer buffer = new();
        Assert.True(StatementShape.TryBuild(sql, Public, buffer), text);
        byte[] shape = buffer.Key.ToArray();
        SqlTree? tree = PgQueryLibrary.Instance!.Parse(ParserText.Of(sql), NodeReader.Read, out string? error);
        Assert.True(tree is not null, $"{error}: {text}");
        StatementDescription description = StatementReader.Describe(tree, sql, buffer, ShopCatalog.Instance);
        Assert.True(StatementShape.AppendValues(sql, buffer, description.DecidingSlots));
        string facts = string.Join(";", description.Statements.Select(FactsText.Of));
        return new Read(shape, buffer.Key.ToArray(), description.DecidingSlots.ToArray(), facts, tree);
    }

    private sealed record Read(byte[] Shape, byte[] Key, int[] Deciding, string Facts, SqlTree Tree);
}
