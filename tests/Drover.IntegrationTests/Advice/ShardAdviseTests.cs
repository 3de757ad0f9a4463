// By which key a database would be sharded: from the statements that were really run on it.
using System.CommandLine;
using System.Text.Json;
using Drover.App.Commands.Sharding;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

public sealed class ShardAdviseTests(MeasuredPostgresFixture fixture)
{
    // The largest customer has a third of the orders.
    private const string Shop = """
        CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
        CREATE TABLE sellers (id bigint PRIMARY KEY, name text);
        CREATE TABLE products (id bigint PRIMARY KEY, seller_id bigint NOT NULL REFERENCES sellers, name text);
        CREATE TABLE customers (id bigint PRIMARY KEY, name text);
        CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers,
            product_id bigint NOT NULL REFERENCES products, total numeric NOT NULL);
        CREATE TABLE events (id bigint PRIMARY KEY, customer_id bigint NOT NULL, kind text) PARTITION BY RANGE (id);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (1000000);
        CREATE TABLE audit (id bigint PRIMARY KEY, what text);
        INSERT INTO sellers SELECT n, 's' || n FROM generate_series(1, 10) n;
        INSERT INTO products SELECT n, 1 + n % 10, 'p' || n FROM generate_series(1, 100) n;
        INSERT INTO customers SELECT n, 'c' || n FROM generate_series(1, 1000) n;
        INSERT INTO orders SELECT n, CASE WHEN n % 3 = 0 THEN 7 ELSE 1 + n % 1000 END, 1 + n % 100, n
            FROM generate_series(1, 30000) n;
        INSERT INTO events SELECT n, 1 + n % 1000, repeat('e', 50) FROM generate_series(1, 30000) n;
        INSERT INTO audit SELECT n, repeat('a', 200) FROM generate_series(1, 30000) n;
        """;

    private static readonly (string Sql, int Calls)[] s_traffic =
    [
        ("SELECT * FROM orders WHERE customer_id = 7 AND id = 3", 40),
        (
            "SELECT o.id, c.name, p.name FROM orders o JOIN customers c ON c.id = o.customer_id "
                + "JOIN products p ON p.id = o.product_id WHERE c.id = 9 LIMIT 20",
            20
        ),
        ("SELECT count(*) FROM events WHERE customer_id IN (12)", 20),
        ("UPDATE customers SET name = 'x' WHERE id = 12", 10),
        ("SELECT product_id, count(*) FROM orders GROUP BY product_id ORDER BY 2 DESC LIMIT 3", 5),
        ("SELECT count(*), sum(total) FROM orders", 3),
        ("UPDATE orders SET customer_id = 8 WHERE customer_id = 7 AND id = -1", 2),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Best_key_is_the_one_that_most_statements_name_and_what_is_in_the_way_is_told(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Shop, Token, database);
        await cluster.ExecuteAsync("ANALYZE", Token, database);
        await cluster.ExecuteAsync(
            "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()",
            Token,
            database
        );
        foreach ((string sql, int calls) in s_traffic)
        {
            for (int i = 0; i < calls; i++)
            {
                await cluster.ExecuteAsync(sql, Token, database);
            }
        }
        using JsonDocument all = JsonDocument.Parse((await RunAsync(cluster, database, "--json")).Output);
        JsonElement[] keys = [.. all.RootElement.GetProperty("keys").EnumerateArray()];
        JsonElement best = keys[0];
        Assert.Equal("customer_id", best.GetProperty("key").GetString());
        Assert.Equal(
            ["public.customers.id", "public.events.customer_id", "public.orders.customer_id"],
            Texts(best, "sharded").Order(StringComparer.Ordinal)
        );
        Assert.Equal(["public.products", "public.sellers"], Texts(best, "reference"));
        Assert.Equal(["public.audit"], Texts(best, "left"));
        Assert.Equal(
            [
                "primary key events_pkey of public.events has to contain customer_id",
                "primary key orders_pkey of public.orders has to contain customer_id",
            ],
            Texts(best, "obstacles").Where(static one => one.StartsWith("primary", StringComparison.Ordinal)).Order()
        );
        Assert.Contains(
            Texts(best, "obstacles"),
            static one => one.StartsWith("public.audit", StringComparison.Ordinal)
        );
        Assert.Contains("drover table shard public.orders --key customer_id", Texts(best, "commands"));
        Assert.Equal(0.9, Calls(best, "one shard"), 0.01);
        Assert.Equal(0.03, Calls(best, "several shards"), 0.005);
        Assert.Equal(0.05, Calls(best, "coordinator"), 0.005);
        Assert.Equal(0.02, Calls(best, "refused"), 0.005);
        Assert.InRange(best.GetProperty("largest_share").GetDouble(), 0.3, 0.37);
        // By the product most statements would concern all shards.
        JsonElement other = keys.Single(static key => key.GetProperty("key").GetString() == "product_id");
        Assert.True(Calls(other, "one shard") < 0.2);
    }

    [Fact]
    public async Task Text_names_the_statements_that_would_be_slow_and_a_database_without_a_key_is_told_so()
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        Assert.Contains("there is nothing to shard by", (await RunAsync(cluster, database)).Output);
        await cluster.ExecuteAsync(Shop, Token, database);
        await cluster.ExecuteAsync("SELECT count(*), sum(total) FROM orders", Token, database);
        string text = (await RunAsync(cluster, database, "--key", "customer_id")).Output;
        Assert.Contains("select count(*), sum(total) from orders", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("first: primary key orders_pkey of public.orders has to contain customer_id", text);
        (int exitCode, _, string error) = await RunAsync(cluster, database, "--key", "nothing");
        Assert.Equal(2, exitCode);
        Assert.Contains("'nothing' is no key that several tables have: there are", error, StringComparison.Ordinal);
    }

    private static string[] Texts(JsonElement key, string list) =>
        [.. key.GetProperty(list).EnumerateArray().Select(static one => one.GetString()!)];

    private static double Calls(JsonElement key, string tier) =>
        key.GetProperty("tiers").GetProperty(tier).GetProperty("calls").GetDouble();

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        LocalPostgresCluster cluster,
        string database,
        params string[] options
    )
    {
        string url =
            $"postgres://{LocalPostgresCluster.Superuser}@{LocalPostgresCluster.Host}:{cluster.Port}/{database}";
        StringWriter output = new();
        StringWriter error = new();
        InvocationConfiguration to = new() { Output = output, Error = error };
        int exitCode = await ShardAdviseCommand.Create().Parse([url, .. options]).InvokeAsync(to, Token);
        return (exitCode, output.ToString(), error.ToString());
    }
}
