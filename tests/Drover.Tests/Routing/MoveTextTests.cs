// An UPDATE of the sharding key as a DELETE and an INSERT: of what means the same in both, and of nothing else.
using System.Text;
using Drover.Routing;
using Drover.Routing.Moving;
using Drover.Sql.Parsing;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Tests.Routing;

public sealed class MoveTextTests : IDisposable
{
    private readonly RoutingStage _stage = new();

    public MoveTextTests() => Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);

    public void Dispose() => _stage.Dispose();

    [Theory]
    [InlineData(
        "UPDATE orders SET customer_id = 43 WHERE customer_id = 42",
        "DELETE FROM orders WHERE customer_id = 42 RETURNING (orders.*)::text",
        "INSERT INTO \"public\".\"orders\" AS orders (\"id\", \"customer_id\", \"total\") OVERRIDING SYSTEM VALUE "
            + "SELECT orders.\"id\", (43), orders.\"total\" FROM pg_catalog.unnest(ARRAY[E'(1,\\\\\"a''\\\\\")']::"
            + "\"public\".\"orders\"[]) AS orders "
    )]
    [InlineData(
        "update public . orders AS \"O\" set total = \"O\".total + 1, customer_id = (4 + 0, 43)::bigint -- x\n"
            + "where \"O\".customer_id = 42 and (status = ';' or id > 5) returning *, upper(status) AS \"where\" ;",
        "DELETE FROM public . orders AS \"O\" where \"O\".customer_id = 42 and (status = ';' or id > 5) "
            + "RETURNING (\"O\".*)::text",
        "INSERT INTO \"public\".\"orders\" AS \"O\" (\"id\", \"customer_id\", \"total\") OVERRIDING SYSTEM VALUE "
            + "SELECT \"O\".\"id\", ((4 + 0, 43)::bigint), (\"O\".total + 1) "
            + "FROM pg_catalog.unnest(ARRAY[E'(1,\\\\\"a''\\\\\")']::\"public\".\"orders\"[]) AS \"O\" "
            + "returning *, upper(status) AS \"where\""
    )]
    [InlineData(
        "UPDATE orders o SET customer_id = CASE WHEN true THEN 43 END WHERE o.customer_id = 42 "
            + "AND id IS DISTINCT FROM 5",
        "DELETE FROM orders o WHERE o.customer_id = 42 AND id IS DISTINCT FROM 5 RETURNING (o.*)::text",
        "INSERT INTO \"public\".\"orders\" AS o (\"id\", \"customer_id\", \"total\") OVERRIDING SYSTEM VALUE SELECT "
            + "o.\"id\", (CASE WHEN true THEN 43 END), o.\"total\" "
            + "FROM pg_catalog.unnest(ARRAY[E'(1,\\\\\"a''\\\\\")']::\"public\".\"orders\"[]) AS o "
    )]
    public async Task Update_is_a_delete_and_an_insert_with_its_own_words(string sql, string delete, string insert)
    {
        MoveText move = (await ReadAsync(sql))!;
        Assert.Equal(delete, Encoding.UTF8.GetString(move.Delete));
        byte[] row = Encoding.UTF8.GetBytes("(1,\\\"a'\\\")");
        Assert.Equal(insert, Encoding.UTF8.GetString(move.Insert(["id", "customer_id", "total"], [row])));
    }

    [Theory]
    [InlineData("UPDATE ONLY orders SET customer_id = 43 WHERE customer_id = 42")]
    [InlineData("UPDATE orders SET customer_id = 43 FROM products WHERE customer_id = 42")]
    [InlineData("UPDATE orders SET customer_id = 43 FROM generate_series(1, 2) g WHERE customer_id = 42")]
    [InlineData("UPDATE orders SET customer_id = 43, total = (SELECT 1) WHERE customer_id = 42")]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE customer_id = 42 AND id IN (SELECT 1)")]
    [InlineData("WITH x AS (SELECT 1) UPDATE orders SET customer_id = 43 WHERE customer_id = 42")]
    [InlineData("UPDATE orders SET customer_id = 43, total = DEFAULT WHERE customer_id = 42")]
    [InlineData("UPDATE orders SET (customer_id, total) = (43, 1) WHERE customer_id = 42")]
    [InlineData("UPDATE orders SET customer_id = 43, tags[1] = 'x' WHERE customer_id = 42")]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE customer_id = 42 AND ctid = '(0,1)'")]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE customer_id = 42 RETURNING xmin")]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE customer_id = 42 RETURNING old.total")]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE public.orders.customer_id = 42")]
    [InlineData("UPDATE orders SET customer_id = 43")]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE CURRENT OF c")]
    public async Task What_means_something_else_in_one_of_them_is_not_read(string sql) =>
        Assert.Null(await ReadAsync(sql));

    [Fact]
    public async Task Parameters_of_both_are_told()
    {
        MoveText one = (await ReadAsync("UPDATE orders SET customer_id = $1 WHERE customer_id = $2"))!;
        Assert.Empty(one.SharedParameters());
        MoveText other = (
            await ReadAsync("UPDATE orders SET customer_id = $1 WHERE customer_id = $2 RETURNING $2::text")
        )!;
        Assert.Equal([2], other.SharedParameters());
    }

    [Theory]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE customer_id = 42", true)]
    [InlineData("UPDATE orders SET customer_id = 43, total = total + 1 WHERE customer_id = 42 AND id = 5", true)]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE customer_id IN (42)", true)]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE id = 5", false)]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE customer_id IN (42, 43)", false)]
    [InlineData("UPDATE orders SET customer_id = customer_id + 1 WHERE customer_id = 42", false)]
    [InlineData("UPDATE orders SET customer_id = NULL WHERE customer_id = 42", false)]
    [InlineData("UPDATE orders SET customer_id = 43 WHERE customer_id = 42 AND nextval('s') > 1", false)]
    [InlineData("INSERT INTO orders (customer_id) VALUES (42) ON CONFLICT (id) DO UPDATE SET customer_id = 43", false)]
    public async Task Route_says_where_the_rows_are_and_where_they_would_belong(string sql, bool moves)
    {
        byte[] text = Encoding.UTF8.GetBytes(sql);
        Route route = (await _stage.Router.LearnAsync(text, "public")).Resolve(text, default);
        Assert.Equal(RouteKind.Refused, route.Kind);
        Assert.Equal(moves, route.Move is not null);
        if (moves)
        {
            Assert.Equal(_stage.ShardOf(KeyType.Bigint, "42"), route.Move!.From);
            Assert.Equal(_stage.ShardOf(KeyType.Bigint, "43"), route.Move.To);
        }
    }

    private async Task<MoveText?> ReadAsync(string sql)
    {
        byte[] text = Encoding.UTF8.GetBytes(sql);
        StatementPlan plan = (await _stage.Router.LearnAsync(text, "public")).Plan;
        ShardedTable orders = _stage.Map.Tables[new TableName("public", "orders")];
        return MoveText.Read(text, plan.Statements[0], orders, conforming: true);
    }
}
