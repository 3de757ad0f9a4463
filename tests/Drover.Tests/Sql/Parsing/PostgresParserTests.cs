// PostgreSQL's parser in this process: trees that are whole, and every way known to bring it down, which do not.
using System.Text;
using Drover.Sql.Parsing;
using Drover.Tests.Sql.Shapes;

namespace Drover.Tests.Sql.Parsing;

public sealed class PostgresParserTests : IDisposable
{
    private readonly ParserThreads _threads = new(1);

    private PostgresParser Parser { get; }

    public PostgresParserTests() => Parser = new PostgresParser(PgQueryLibrary.Instance, _threads);

    public void Dispose() => _threads.Dispose();

    [Fact]
    public async Task Every_statement_of_the_corpus_has_a_tree()
    {
        RequireParser();
        foreach (string sql in SqlCorpus.Statements)
        {
            ParseOutcome outcome = await ParseAsync(sql);
            Assert.True(outcome.Tree is not null, $"{outcome.Reason}: {sql}");
        }
    }

    [Fact]
    public async Task A_tree_has_the_names_that_the_text_has()
    {
        RequireParser();
        SqlNode select = await StatementAsync(
            "SELECT o.id FROM s.orders AS o JOIN items i USING (id) WHERE o.k = 5 LIMIT 3"
        );
        Assert.Equal("SelectStmt", select.Kind);
        SqlNode join = Assert.Single(select.List("fromClause"));
        Assert.Equal("JoinExpr", join.Kind);
        Assert.Equal("s", join.Child("larg")!.Text("schemaname"));
        Assert.Equal("orders", join.Child("larg")!.Text("relname"));
        Assert.Equal("o", join.Child("larg")!.Child("alias")!.Text("aliasname"));
        Assert.Equal(["id"], join.Names("usingClause"));
        Assert.Equal(["o", "k"], select.Child("whereClause")!.Child("lexpr")!.Names("fields"));
        Assert.Equal("A_Const", select.Child("limitCount")!.Kind);
    }

    [Fact]
    public async Task Nodes_without_a_name_of_their_own_have_the_kind_of_their_place()
    {
        RequireParser();
        foreach (string sql in SqlCorpus.Statements)
        {
            SqlTree tree = (await ParseAsync(sql)).Tree!;
            foreach (SqlNode node in tree.Statements.SelectMany(Below))
            {
                bool isValue = node.Kind is "ival" or "fval" or "sval" or "bsval" or "boolval";
                Assert.True(isValue || char.IsUpper(node.Kind[0]), $"{node.Kind} in {sql}");
            }
        }
    }

    [Theory]
    [InlineData("SELECT 1", "+1", "")]
    [InlineData("SELECT ", "(", "1", ")")]
    [InlineData("SELECT ", "NOT ", "true")]
    [InlineData("SELECT ", "- ", "x")]
    [InlineData("SELECT 1", "::int", "")]
    [InlineData("SELECT a", " IS NULL", "")]
    [InlineData("SELECT a", " COLLATE \"C\"", "")]
    [InlineData("SELECT 1", " UNION ALL SELECT 1", "")]
    [InlineData("SELECT FROM a", " JOIN b ON true", "")]
    [InlineData("SELECT FROM a", " CROSS JOIN b", "")]
    [InlineData("SELECT ", "(SELECT ", "1", ")")]
    [InlineData("SELECT ", "CASE WHEN true THEN ", "1", " END")]
    [InlineData("SELECT ", "CASE WHEN x.end THEN ", "1", " END")]
    [InlineData("SELECT ", "(x+", "1", ")+1")]
    [InlineData("SELECT ", "ARRAY[", "1", "]")]
    [InlineData("SELECT a", " BETWEEN 0 AND 1 IS NULL", "")]
    public async Task However_deep_a_statement_nests_the_process_lives(
        string before,
        string repeated,
        string middle,
        string after = ""
    )
    {
        RequireParser();
        foreach (int count in (int[])[100, 1_000, 10_000, 200_000])
        {
            StringBuilder sql = new(before);
            sql.Insert(sql.Length, repeated, count).Append(middle).Insert(sql.Length, after, count);
            ParseOutcome outcome = await ParseAsync(sql.ToString());
            if (count == 100)
            {
                Assert.NotNull(outcome.Tree);
            }
            if (count > 1_000)
            {
                Assert.Equal(ParseFailure.TooDeep, outcome.Failure);
            }
        }
    }

    [Fact]
    public async Task What_is_long_and_not_deep_is_parsed()
    {
        RequireParser();
        string or = string.Join(" OR ", Enumerable.Range(0, 20_000).Select(static i => $"id = {i}"));
        string rows = string.Join(", ", Enumerable.Range(0, 20_000).Select(static i => $"({i}, 'x'::text, -1)"));
        Assert.NotNull((await ParseAsync($"SELECT 1 FROM t WHERE {or}")).Tree);
        Assert.NotNull((await ParseAsync($"INSERT INTO t VALUES {rows}")).Tree);
    }

    [Fact]
    public async Task Statements_right_at_the_bound_fit_on_the_stack()
    {
        RequireParser();
        int count = DepthBound.LevelsMax - 1;
        Assert.NotNull((await ParseAsync("SELECT 1" + string.Concat(Enumerable.Repeat("+1", count)))).Tree);
        Assert.Equal(
            ParseFailure.TooDeep,
            (await ParseAsync("SELECT 1" + string.Concat(Enumerable.Repeat("+1", count + 2)))).Failure
        );
    }

    [Fact]
    public async Task Zero_bytes_and_broken_UTF8_never_reach_the_parser()
    {
        RequireParser();
        ParseOutcome zero = await Parser.ParseAsync("SELECT 1\0; DROP TABLE t"u8.ToArray());
        byte[] half = [.. "SELECT '"u8, 0xc3, (byte)'\''];
        byte[] lone = [.. "SELECT '"u8, 0xed, 0xa0, 0x80, (byte)'\''];
        ParseOutcome broken = await Parser.ParseAsync(half);
        ParseOutcome surrogate = await Parser.ParseAsync(lone);
        Assert.All([zero, broken, surrogate], static outcome => Assert.Equal(ParseFailure.NotText, outcome.Failure));
    }

    [Fact]
    public async Task A_string_goes_on_behind_a_comment()
    {
        RequireParser();
        SqlNode select = await StatementAsync("SELECT 'a' -- 'x'\n'b', E'\\'' -- c\r '', B'0' --\n'1'");
        Assert.Equal(
            ["ab", "'", "b01"],
            select
                .List("targetList")
                .Select(static target => target.Child("val")!)
                .Select(static value => value.Child("sval")?.Text("sval") ?? value.Child("bsval")!.Text("bsval"))
        );
    }

    [Fact]
    public async Task What_the_grammar_does_not_have_is_refused_with_its_own_words()
    {
        RequireParser();
        ParseOutcome outcome = await ParseAsync("SELEC 1");
        Assert.Equal((ParseFailure.Refused, "syntax error at or near \"SELEC\""), (outcome.Failure, outcome.Reason));
    }

    [Fact]
    public async Task Without_the_library_the_answer_names_the_package()
    {
        PostgresParser parser = new(null, _threads);
        ParseOutcome outcome = await parser.ParseAsync("SELECT 1"u8.ToArray());
        Assert.Equal(ParseFailure.NoParser, outcome.Failure);
        Assert.Contains("apt-get install libpg-query", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_newest_library_is_tried_first()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("drover");
        foreach (string name in (string[])["1504.0", "1706.1", "1504.0.0", "1605.1"])
        {
            File.WriteAllText(Path.Combine(folder.FullName, $"libpg_query.so.{name}"), "");
        }
        IEnumerable<string> names = PgQueryLibrary.Candidates([folder.FullName, "/nowhere"]).Select(Path.GetFileName)!;
        Assert.Equal(
            ["libpg_query.so.1706.1", "libpg_query.so.1605.1", "libpg_query.so.1504.0.0", "libpg_query.so.1504.0"],
            names
        );
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Many_threads_parse_at_once()
    {
        RequireParser();
        using ParserThreads threads = new(4);
        PostgresParser parser = new(PgQueryLibrary.Instance, threads);
        ParseOutcome[] outcomes = await Task.WhenAll(
            Enumerable
                .Range(0, 500)
                .Select(i =>
                    parser.ParseAsync(Encoding.UTF8.GetBytes(SqlCorpus.Statements[i % SqlCorpus.Statements.Count]))
                )
        );
        Assert.All(outcomes, static outcome => Assert.NotNull(outcome.Tree));
    }

    private static void RequireParser() =>
        Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);

    private Task<ParseOutcome> ParseAsync(string sql) => Parser.ParseAsync(Encoding.UTF8.GetBytes(sql));

    private async Task<SqlNode> StatementAsync(string sql) =>
        Assert.Single((await ParseAsync(sql)).Tree!.Statements).Child("stmt")!;

    private static IEnumerable<SqlNode> Below(SqlNode node) => node.Children().SelectMany(Below).Prepend(node);
}
