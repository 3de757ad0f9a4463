// What a statement is: its tables, what it may do, and the keys that it names.
using System.Text;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;

namespace Drover.Tests.Sql.Statements;

public sealed class StatementFactsTests : IDisposable
{
    private static readonly ShapeContext Public = new("public"u8, 1);

    private readonly ParserThreads _threads = new(1);

    public void Dispose() => _threads.Dispose();

    [Theory]
    [InlineData("SELECT id FROM orders WHERE customer_id = 42", "Select Read | orders | orders.customer_id=#0")]
    [InlineData(
        "SELECT id FROM orders o WHERE 42 = o.customer_id AND status = 'x'",
        "Select Read | orders | o.customer_id=#0, o.status=#1"
    )]
    [InlineData(
        "SELECT id FROM orders WHERE customer_id = $1::bigint",
        "Select Read | orders | orders.customer_id=$1::pg_catalog.int8"
    )]
    [InlineData("SELECT id FROM orders WHERE customer_id = '42'::numeric(5)", "Select Read | orders")]
    [InlineData(
        "SELECT id FROM orders WHERE customer_id IN (1, -2, $3)",
        "Select Read | orders | orders.customer_id=#0"
    )]
    [InlineData("SELECT id FROM orders WHERE customer_id IN (1, lower('x'))", "Select Read | orders | lower/1")]
    [InlineData("SELECT id FROM orders WHERE customer_id NOT IN (1, 2)", "Select Read | orders")]
    [InlineData(
        "SELECT id FROM orders WHERE customer_id = ANY (ARRAY[1, 2])",
        "Select Read | orders | orders.customer_id=#0"
    )]
    [InlineData(
        "SELECT id FROM orders WHERE customer_id = ANY ('{1,2}'::bigint[])",
        "Select Read | orders | orders.customer_id=[#0]::pg_catalog.int8"
    )]
    [InlineData(
        "SELECT id FROM orders WHERE customer_id = ANY (ARRAY[1, $2]::bigint[])",
        "Select Read | orders | orders.customer_id=#0::pg_catalog.int8"
    )]
    [InlineData("SELECT id FROM orders WHERE customer_id = ANY ($1)", "Select Read | orders | orders.customer_id=[$1]")]
    [InlineData(
        "SELECT id FROM orders WHERE customer_id = 1 OR customer_id = 2",
        "Select Read | orders | orders.customer_id=#0/#1"
    )]
    [InlineData("SELECT id FROM orders WHERE customer_id = 1 OR status = 'x'", "Select Read | orders")]
    [InlineData("SELECT id FROM orders WHERE NOT customer_id = 1", "Select Read | orders")]
    [InlineData("SELECT id FROM orders WHERE customer_id = NULL", "Select Read | orders | orders.customer_id=Null")]
    [InlineData(
        "SELECT id FROM orders WHERE (customer_id, id) = (1, 2)",
        "Select Read | orders | orders.customer_id=#0, orders.id=#1"
    )]
    [InlineData(
        "SELECT id FROM orders WHERE (customer_id, id) IN ((1, 2), (3, 4))",
        "Select Read | orders | orders.customer_id=#0/#2, orders.id=#1/#3"
    )]
    [InlineData("SELECT id FROM orders WHERE customer_id = 1 + 2", "Select Read | orders")]
    [InlineData("SELECT id FROM orders AS o (a, customer_id) WHERE customer_id = 1", "Select Read | orders")]
    public void A_key_is_found(string sql, string expected) => Assert.Equal(expected, Describe(sql));

    [Theory]
    [InlineData(
        "SELECT 1 FROM orders o JOIN items i ON i.customer_id = o.customer_id WHERE o.customer_id = 7",
        "Select Read | orders, items | o.customer_id=#1 | i.customer_id=o.customer_id"
    )]
    [InlineData("SELECT 1 FROM orders, items WHERE customer_id = 5", "Select Read | orders, items")]
    [InlineData("SELECT 1 FROM orders, items WHERE status = 'x'", "Select Read | orders, items | orders.status=#1")]
    [InlineData(
        "SELECT 1 FROM customers WHERE EXISTS (SELECT 1 FROM orders WHERE customer_id = name)",
        "Select Read | customers, orders | orders.customer_id=customers.name"
    )]
    [InlineData(
        "WITH w AS (SELECT 1 AS customer_id) SELECT 1 FROM (orders CROSS JOIN w) JOIN items USING (customer_id)",
        "Select Read | orders, items"
    )]
    [InlineData("SELECT 1 FROM orders o (customer_id) JOIN items USING (customer_id)", "Select Read | orders, items")]
    [InlineData(
        "SELECT 1 FROM orders JOIN items USING (customer_id) WHERE status = 'x'",
        "Select Read | orders, items | orders.status=#1 | orders.customer_id=items.customer_id"
    )]
    [InlineData(
        "SELECT 1 FROM orders o LEFT JOIN items i ON i.customer_id = o.customer_id AND o.id = 5 AND i.id = 6",
        "Select Read | orders, items | i.id=#2 | o.customer_id>i.customer_id"
    )]
    [InlineData(
        "SELECT 1 FROM orders o RIGHT JOIN items i ON o.customer_id = i.customer_id",
        "Select Read | orders, items | i.customer_id>o.customer_id"
    )]
    [InlineData(
        "SELECT 1 FROM orders o FULL JOIN items i ON o.customer_id = i.customer_id AND o.id = 5",
        "Select Read | orders, items"
    )]
    [InlineData(
        "SELECT 1 FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND c.id = 5)",
        "Select Read | customers, orders | c.id=#2 | o.customer_id=c.id"
    )]
    [InlineData(
        "SELECT 1 FROM customers c WHERE id = 1 AND EXISTS (SELECT 1 FROM orders WHERE customer_id = 5 AND name = '')",
        "Select Read | customers, orders | c.id=#1, orders.customer_id=#3, c.name=#4"
    )]
    [InlineData(
        "SELECT 1 FROM (SELECT * FROM orders WHERE customer_id = 5) s WHERE s.customer_id = 6",
        "Select Read | orders | orders.customer_id=#1"
    )]
    [InlineData(
        "WITH orders AS (SELECT * FROM orders WHERE customer_id = 5) SELECT 1 FROM orders WHERE customer_id = 6",
        "Select Read | orders | orders.customer_id=#0"
    )]
    [InlineData(
        "SELECT 1 FROM orders WHERE customer_id = 1 UNION ALL SELECT 1 FROM items WHERE customer_id = 2",
        "Select Read | orders, items | orders.customer_id=#1, items.customer_id=#3"
    )]
    public void Joins_and_queries_keep_their_keys_apart(string sql, string expected) =>
        Assert.Equal(expected, Describe(sql));

    [Theory]
    [InlineData(
        "INSERT INTO orders (id, customer_id) VALUES (1, 2), (3, DEFAULT)",
        "Insert Write | orders! | (id,customer_id)#0,#1"
    )]
    [InlineData(
        "INSERT INTO orders (id, customer_id) VALUES (1, $1), (nextval('s'), 5)",
        "Insert Write | orders! | nextval/1 | (id,customer_id)#0/Expression,#1/#3"
    )]
    [InlineData("INSERT INTO orders DEFAULT VALUES", "Insert Write | orders! | ()")]
    [InlineData(
        "INSERT INTO orders (id) SELECT id FROM items WHERE customer_id = 5",
        "Insert Write | orders!, items | items.customer_id=#0"
    )]
    [InlineData(
        "INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET customer_id = EXCLUDED.id, total = 5",
        "Insert Write | orders! | customer_id:=Expression, total:=#1 | (id)#0"
    )]
    [InlineData(
        "UPDATE orders SET customer_id = 5, total = total + 1 WHERE customer_id = $1",
        "Update Write | orders! | orders.customer_id=$1 | customer_id:=#0, total:=Expression"
    )]
    [InlineData(
        "DELETE FROM orders USING items i WHERE i.customer_id = orders.customer_id AND orders.customer_id = 3",
        "Delete Write | orders!, items | orders.customer_id=#0 | i.customer_id=orders.customer_id"
    )]
    [InlineData(
        "WITH d AS (DELETE FROM orders WHERE customer_id = 1 RETURNING *) SELECT count(*) FROM d",
        "Select Write | orders! | count/0 | orders.customer_id=#0"
    )]
    [InlineData(
        "SELECT id FROM orders WHERE customer_id = 1 FOR UPDATE",
        "Select Write | orders | LCS_FORUPDATE | orders.customer_id=#0"
    )]
    [InlineData("SELECT nextval('s')", "Select Write | nextval/1")]
    public void A_write_is_a_write(string sql, string expected) => Assert.Equal(expected, Describe(sql));

    [Theory]
    [InlineData("SELECT mystery(1)", "Select Unknown | mystery/1 | function mystery")]
    [InlineData("SELECT 1 FROM recent_orders", "Select Unknown | recent_orders | view recent_orders")]
    [InlineData("SELECT 1 FROM nowhere", "Select Unknown | nowhere | relation nowhere")]
    [InlineData("DO $$ BEGIN END $$", "Utility Unknown | DoStmt")]
    [InlineData("CALL p(1)", "Utility Unknown | CallStmt")]
    [InlineData("SELECT 1 FROM orders TABLESAMPLE system (1)", "Select Unknown | orders | TABLESAMPLE")]
    [InlineData("SELECT 1 FROM xmltable('/a' PASSING x COLUMNS b int)", "Select Unknown | RangeTableFunc")]
    public void What_cannot_be_judged_is_named(string sql, string expected) => Assert.Equal(expected, Describe(sql));

    [Theory]
    [InlineData("BEGIN", "Utility Read")]
    [InlineData("SET search_path = a", "Utility Read")]
    [InlineData("TRUNCATE orders", "Utility Write | orders!")]
    [InlineData("CREATE TABLE fresh (a int)", "Utility Write | fresh!")]
    [InlineData("COPY orders FROM STDIN", "Utility Write | orders!")]
    [InlineData("COPY orders TO STDOUT", "Utility Read | orders")]
    [InlineData("EXPLAIN SELECT 1 FROM orders WHERE customer_id = 5", "Utility Read | orders | orders.customer_id=#1")]
    public void Utility_statements_have_their_tables(string sql, string expected) =>
        Assert.Equal(expected, Describe(sql));

    [Fact]
    public async Task A_statement_is_parsed_twice_and_then_known()
    {
        RequireParser();
        CountingParser parser = new(new PostgresParser(PgQueryLibrary.Instance, _threads));
        KnownStatements<StatementDescription> statements = new(parser, new StatementCache<StatementDescription>());
        ShapeBuffer buffer = new();
        for (int i = 0; i < 10; i++)
        {
            byte[] sql = Encoding.UTF8.GetBytes($"SELECT id FROM orders WHERE customer_id = {i}");
            if (!statements.TryFind(sql, Public, buffer, out _))
            {
                await statements.LearnAsync(sql, Public, ShopCatalog.Instance, static read => read);
            }
        }
        Assert.Equal(2, parser.Count);
    }

    [Theory]
    [InlineData("SELECT f(1, ", "f(1, ", "1", ")", 600)]
    [InlineData("SELECT 1", "+ 1", "", "", 1_900)]
    [InlineData(
        "SELECT 1 FROM orders WHERE customer_id = 1",
        " UNION SELECT 1 FROM orders WHERE customer_id = 1",
        "",
        "",
        900
    )]
    public async Task The_deepest_statement_that_is_parsed_is_described(
        string before,
        string repeated,
        string middle,
        string after,
        int count
    )
    {
        RequireParser();
        KnownStatements<StatementDescription> statements = new(
            new PostgresParser(PgQueryLibrary.Instance, _threads),
            new StatementCache<StatementDescription>()
        );
        StringBuilder sql = new(before);
        sql.Insert(sql.Length, repeated, count)
            .Append(middle)
            .Insert(sql.Length, after, after.Length > 0 ? count + 1 : 0);
        (StatementDescription description, _) = await statements.LearnAsync(
            Encoding.UTF8.GetBytes(sql.ToString()),
            Public,
            ShopCatalog.Instance,
            static read => read
        );
        Assert.Equal(StatementKind.Select, Assert.Single(description.Statements).Kind);
    }

    [Fact]
    public async Task A_statement_that_is_refused_is_unknown_with_the_reason()
    {
        RequireParser();
        KnownStatements<StatementDescription> statements = new(
            new PostgresParser(PgQueryLibrary.Instance, _threads),
            new StatementCache<StatementDescription>()
        );
        ShapeContext loose = new("public"u8, 1, conformingStrings: false);
        (string, ShapeContext, string)[] cases =
        [
            ("SELEC 1", Public, "syntax error at or near \"SELEC\""),
            ("SELECT 'a", Public, "the statement is too large, or its tokens are not SQL's"),
            ("SELECT 'a\\'b'", loose, "a backslash while standard_conforming_strings is off"),
        ];
        foreach ((string sql, ShapeContext context, string reason) in cases)
        {
            (StatementDescription description, _) = await statements.LearnAsync(
                Encoding.UTF8.GetBytes(sql),
                context,
                ShopCatalog.Instance,
                static read => read
            );
            StatementFacts facts = Assert.Single(description.Statements);
            Assert.Equal((StatementKind.Unknown, StatementAccess.Unknown), (facts.Kind, facts.Access));
            Assert.Equal([reason], facts.Unknowns);
        }
    }

    private static void RequireParser() =>
        Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);

    private static string Describe(string text)
    {
        RequireParser();
        byte[] sql = Encoding.UTF8.GetBytes(text);
        ShapeBuffer buffer = new();
        Assert.True(StatementShape.TryBuild(sql, Public, buffer));
        SqlTree? tree = PgQueryLibrary.Instance!.Parse(ParserText.Of(sql), NodeReader.Read, out string? error);
        Assert.True(tree is not null, error);
        StatementDescription description = StatementReader.Describe(tree, sql, buffer, ShopCatalog.Instance);
        return FactsText.Of(Assert.Single(description.Statements));
    }

    private sealed class CountingParser(ISqlParser parser) : ISqlParser
    {
        public int Count { get; private set; }

        public Task<ParseOutcome> ParseAsync(ReadOnlyMemory<byte> sql, Action<SqlTree>? onTree)
        {
            Count++;
            return parser.ParseAsync(sql, onTree);
        }
    }
}
