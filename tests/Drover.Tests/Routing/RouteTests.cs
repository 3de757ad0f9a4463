// Where each statement of a corpus runs, or why it does not.
using Drover.Sql.Parsing;
using Drover.Topology.Keys;

namespace Drover.Tests.Routing;

public sealed class RouteTests : IDisposable
{
    private readonly RoutingStage _stage = new();

    public RouteTests() => Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);

    public void Dispose() => _stage.Dispose();

    [Theory]
    [InlineData("SELECT * FROM orders WHERE customer_id = 42", "42")]
    [InlineData("SELECT * FROM orders WHERE 42 = customer_id AND status = 'x'", "42")]
    [InlineData("SELECT * FROM public.orders o WHERE o.customer_id = -7", "-7")]
    [InlineData("SELECT * FROM orders WHERE customer_id = '42'", "42")]
    [InlineData("SELECT * FROM orders WHERE customer_id IN (42, 42, NULL)", "42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ('{42,NULL,\"42\"}')", "42")]
    [InlineData("SELECT * FROM orders o JOIN items i USING (customer_id) WHERE o.customer_id = 42", "42")]
    [InlineData("SELECT * FROM orders o JOIN items i ON o.customer_id = i.customer_id WHERE i.customer_id = 42", "42")]
    [InlineData("SELECT * FROM orders, items WHERE orders.customer_id = 42 AND items.customer_id = 42", "42")]
    [InlineData("SELECT * FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.id = 42", "42")]
    [InlineData("INSERT INTO orders (id, customer_id) VALUES (1, 42), (2, 42)", "42")]
    [InlineData("UPDATE orders SET total = 1 WHERE customer_id = 42", "42")]
    [InlineData("UPDATE orders SET customer_id = 42, total = 1 WHERE customer_id = '42'", "42")]
    [InlineData("DELETE FROM orders WHERE customer_id = 42", "42")]
    [InlineData("EXPLAIN SELECT * FROM orders WHERE customer_id = 42", "42")]
    [InlineData("/* drover: key=42 */ SELECT total_of(1)", "refused")]
    [InlineData("/* drover: key=42 */ SELECT sum(total) FROM orders", "42")]
    public async Task A_key_decides(string sql, string key) =>
        Assert.StartsWith(
            key == "refused" ? key : $"one {_stage.ShardOf(KeyType.Bigint, key)}",
            await _stage.RouteOfAsync(sql),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("SELECT 1", "any")]
    [InlineData("SELECT now()", "home")]
    [InlineData("SELECT * FROM products", "any")]
    [InlineData("SELECT * FROM settings", "home")]
    [InlineData("SELECT * FROM orders", "all")]
    [InlineData("DELETE FROM orders WHERE id = 5", "all")]
    [InlineData("SELECT * FROM orders WHERE customer_id = NULL", "any")]
    [InlineData("SELECT * FROM orders o JOIN items i USING (customer_id)", "all")]
    [InlineData("UPDATE products SET title = 'x' WHERE id = 5", "all")]
    [InlineData("BEGIN", "any")]
    [InlineData("SET work_mem = 5", "home")]
    [InlineData("CREATE INDEX i ON orders (id)", "all")]
    [InlineData("CREATE TABLE fresh (a int)", "home")]
    [InlineData("/* drover: shard=2 */ SELECT total_of(1)", "one 2")]
    [InlineData("/* drover: shard=shop3 */ SELECT total_of(1)", "one 3")]
    public async Task A_statement_has_a_route(string sql, string route) =>
        Assert.Equal(route, await _stage.RouteOfAsync(sql));

    [Theory]
    [InlineData("SELECT * FROM orders, items", "rows of public.orders and public.items may be on different shards")]
    [InlineData("INSERT INTO orders (id) VALUES (5)", "does not say the sharding key customer_id")]
    [InlineData("UPDATE orders SET customer_id = 5 WHERE customer_id = 6", "cannot be changed")]
    [InlineData("SELECT total_of(1)", "function total_of() may read sharded tables")]
    [InlineData("/* drover: shard=9 */ SELECT 1", "there is no shard '9'")]
    public async Task What_is_not_proved_is_refused(string sql, string reason)
    {
        string route = await _stage.RouteOfAsync(sql);
        Assert.StartsWith("refused", route, StringComparison.Ordinal);
        Assert.Contains(reason, route, StringComparison.Ordinal);
    }
}
