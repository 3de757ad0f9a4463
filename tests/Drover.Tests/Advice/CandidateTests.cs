// Which indexes a statement asks for, and how it is made ready to be planned.
using System.Text;
using Drover.Advice.Indexes;
using Drover.Sql.Parsing;

namespace Drover.Tests.Advice;

public sealed class CandidateTests
{
    private static readonly WorkloadTable s_orders = Table("orders");
    private static readonly WorkloadTable s_lines = Table("lines");

    [Theory]
    // Equality, then one range or the order.
    [InlineData("SELECT * FROM orders WHERE a = $1", "(a)")]
    [InlineData("SELECT * FROM orders WHERE b > $1 AND a = $2", "(a), (a, b)")]
    [InlineData("SELECT * FROM orders WHERE a = $1 ORDER BY c DESC, b DESC LIMIT $2", "(a), (a, c, b)")]
    [InlineData("SELECT * FROM orders ORDER BY a, c DESC", "(a, c DESC)")]
    [InlineData("SELECT * FROM orders WHERE a IN ($1, $2) AND b BETWEEN $3 AND $4", "(a), (a, b)")]
    // What is not joined by AND, or is computed, asks for nothing.
    [InlineData("SELECT * FROM orders WHERE a = $1 OR b = $2", "")]
    [InlineData("SELECT * FROM orders WHERE a + 1 = $1", "")]
    [InlineData("SELECT * FROM orders WHERE a NOT IN ($1)", "")]
    // Behind a join, in a subquery, in what is changed.
    [InlineData("SELECT 1 FROM lines l JOIN orders o ON o.a = l.b WHERE l.c = $1", "(a)")]
    [InlineData(
        "SELECT 1 FROM lines l WHERE EXISTS (SELECT FROM orders o WHERE o.a = l.a AND o.b = $1)",
        "(b), (b) INCLUDE (a), (a, b), (a)"
    )]
    [InlineData("UPDATE orders SET c = $1 WHERE a = $2", "(a)")]
    [InlineData("WITH x AS (SELECT * FROM orders WHERE b = $1) SELECT * FROM x WHERE a = $2", "(b)")]
    // Without the heap, where many rows are read; partial, where few rows are asked for.
    [InlineData("SELECT sum(c) FROM orders WHERE b = $1", "(b), (b) INCLUDE (c)")]
    [InlineData("SELECT * FROM orders WHERE rare IS NULL AND a = $1", "(a), (a) WHERE rare IS NULL")]
    [InlineData("SELECT * FROM orders WHERE rare IS NOT NULL AND a = $1", "(a)")]
    public async Task Statement_asks_for(string sql, string expected)
    {
        StudiedStatement statement = Assert.IsType<StudiedStatement>(await ReadAsync(sql));
        IEnumerable<string> bodies = CandidateMaker.Make(s_orders, [statement], 100).Select(static one => one.Body);
        string[] wanted =
            expected.Length == 0 ? [] : expected.Split(", (").Select((one, i) => i == 0 ? one : $"({one}").ToArray();
        Assert.Equal(wanted.Order(StringComparer.Ordinal), bodies.Order(StringComparer.Ordinal));
    }

    [Theory]
    // Planning folds what is immutable: nothing of a user's is let through.
    [InlineData("SELECT shop.f(1) FROM orders")]
    [InlineData("SELECT * FROM orders WHERE a = length(table_to_xml(b, $1, $1, $2)::text)")]
    [InlineData("SELECT * FROM orders WHERE a = length(pg_catalog.table_to_xml(b, $1, $1, $2)::text)")]
    [InlineData("SELECT * FROM orders WHERE a OPERATOR(shop.=) $1")]
    [InlineData("SELECT * FROM orders WHERE a = $1::shop.kind")]
    [InlineData("SELECT * FROM a_view WHERE a = $1")]
    [InlineData("SELECT * FROM orders WHERE a = 1; DROP TABLE orders")]
    [InlineData("DROP TABLE orders")]
    public async Task Statement_is_left_out(string sql) => Assert.Null(await ReadAsync(sql));

    [Theory]
    [InlineData("SELECT * FROM orders, \"lines\" l", "SELECT * FROM shop.orders, shop.\"lines\" l", 0)]
    [InlineData("SELECT * FROM shop.orders WHERE a = $2", "SELECT * FROM shop.orders WHERE a = $1", 1)]
    [InlineData(
        "WITH orders AS (SELECT 1) SELECT * FROM lines",
        "WITH orders AS (SELECT 1) SELECT * FROM shop.lines",
        0
    )]
    // The rows that it gave, in place of a tenth of the table, which the planner would take.
    [InlineData("SELECT a FROM orders LIMIT $1 OFFSET $2", "SELECT a FROM shop.orders LIMIT 7 OFFSET $1", 1)]
    public async Task Names_are_put_in_full_and_a_limit_is_what_it_was(string sql, string expected, int parameters)
    {
        StudiedStatement statement = Assert.IsType<StudiedStatement>(await ReadAsync(sql));
        Assert.Equal(expected, statement.Sql);
        Assert.Equal(parameters, statement.Parameters);
    }

    [Fact]
    public async Task Columns_that_are_set_are_known()
    {
        StudiedStatement statement = Assert.IsType<StudiedStatement>(
            await ReadAsync("UPDATE orders SET c = $1, b = $2")
        );
        Assert.Equal(["c", "b"], statement.Written.Select(static one => one.Column));
    }

    [Theory]
    [InlineData("orders_customer_id", "_idx", "orders_customer_id_idx")]
    [InlineData("ääääääääääääääääääääääääääääääääääääääää", "_idx", "äääääääääääääääääääääääääääää_idx")]
    public void Name_has_63_bytes_at_most(string stem, string ending, string expected) =>
        Assert.Equal(expected, IndexNames.Shorten(stem, ending));

    private static async Task<StudiedStatement?> ReadAsync(string sql)
    {
        PgQueryLibrary library = PgQueryLibrary.Instance ?? throw new InvalidOperationException(PgQueryLibrary.Remedy);
        using ParserThreads threads = new(1);
        ParseOutcome outcome = await new PostgresParser(library, threads).ParseAsync(Encoding.UTF8.GetBytes(sql));
        WorkloadStatement load = new(sql, sql, 10, 1000, 7);
        return StudiedStatement.Of(load, outcome.Tree!, Find, new HashSet<string> { "table_to_xml" });
    }

    private static WorkloadTable? Find(string schema, string name) =>
        schema is not ("" or "shop") ? null
        : name == "orders" ? s_orders
        : name == "lines" ? s_lines
        : null;

    // a has most values, then b, then c; rare is mostly not NULL.
    private static WorkloadTable Table(string name) =>
        new("shop", name, $"shop.{name}", IsPartitioned: false)
        {
            QuotedSchema = "shop",
            Columns = new Dictionary<string, WorkloadColumn>
            {
                ["a"] = new("a", "a", true, 8, 100_000, 0, null, 0),
                ["b"] = new("b", "b", true, 8, 100, 0, null, 0),
                ["c"] = new("c", "c", true, 8, 10, 0, null, 0),
                ["rare"] = new("rare", "rare", true, 8, 1000, 0.01, null, 0),
            },
            Bytes = 100 << 20,
            Rows = 1_000_000,
            Heaps = [$"shop.{name}"],
            InsertsPerDay = 0,
            HotUpdatesPerDay = 0,
            OtherUpdatesPerDay = 0,
            ChangesPerDay = 0,
            HasRowSecurity = false,
            Indexes = 1,
        };
}
