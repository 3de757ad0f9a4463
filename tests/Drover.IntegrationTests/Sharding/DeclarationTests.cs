// Tables are declared in SQL through the proxy, by those who may, and are what they were declared at once.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding;

public sealed class DeclarationTests(PostgresFixture postgres)
{
    private const string Shop = """
        CREATE TABLE products (id bigint PRIMARY KEY, name text);
        CREATE TABLE customers (id bigint PRIMARY KEY, name text);
        CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
        CREATE TABLE notes (tenant text PRIMARY KEY);
        """;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Table_is_declared_in_SQL_with_the_refusals_of_the_command(int major)
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, 2);
        await stage.AddCoordinatorAsync(postgres, major);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Shop);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient client = await ConnectAsync(proxy, "postgres");
        Assert.Equal("C(CALL) Z(I)", await client.Query("CALL drover.reference_table('products')").RunAsync());
        Assert.Equal(
            "1 2 n C(CALL) Z(I)",
            await client
                .Parse("", "CALL drover.shard_table($1, key => $2)")
                .Bind("", "customers", "id")
                .DescribePortal()
                .Execute()
                .Sync()
                .RunAsync()
        );

        // This proxy, and the coordinator behind it, know them at once.
        await client.Query("INSERT INTO products VALUES (1, 'p')").RunAsync();
        Assert.Equal("p", await stage.FromShardAsync(2, "SELECT name FROM products"));
        await client.Query("INSERT INTO customers SELECT 0, 'c' WHERE false").RunAsync();
        string rows = string.Join(", ", Enumerable.Range(1, 20).Select(static id => $"({id}, 'c')"));
        Assert.Equal("C(INSERT 0 20) Z(I)", await client.Query($"INSERT INTO customers VALUES {rows}").RunAsync());
        Assert.NotEqual("20", await stage.FromShardAsync(1, "SELECT count(*) FROM customers"));
        Assert.Equal(
            "T D(20) C(SELECT 1) Z(I)",
            await client.Query("SELECT count(*) FROM customers a JOIN customers b USING (id, name)").RunAsync()
        );

        await RefusedAsync(client);
        await PermittedAsync(stage, proxy);
        string[] tables = await proxy.ShowAsync("TABLES", TestContext.Current.CancellationToken);
        Assert.Equal(
            [
                "shop public.customers sharded id bigint ",
                "shop public.notes sharded tenant tenants ",
                "shop public.products reference   ",
            ],
            tables
        );
    }

    private static async Task RefusedAsync(ScriptedClient client)
    {
        string call = "CALL drover.shard_table('orders', 'customer_id')";
        Assert.Equal("E(55000) Z(I)", await client.Query(call).RunAsync());
        Assert.Contains("orders stays as it is", client.LastError);
        Assert.Equal("E(55000) Z(I)", await client.Query("CALL drover.shard_table('customers', 'id')").RunAsync());
        Assert.Equal("E(22023) Z(I)", await client.Query("CALL drover.reference_table('nothing')").RunAsync());
        Assert.Equal("E(42883) Z(I)", await client.Query("CALL drover.shard_table('orders')").RunAsync());

        // Neither in a transaction, deferred or begun, nor prepared, nor with something else.
        Assert.Equal("C(BEGIN) Z(T)", await client.Query("BEGIN").RunAsync());
        Assert.Equal("E(25001) Z(E)", await client.Query(call).RunAsync());
        Assert.Equal("C(ROLLBACK) Z(I)", await client.Query("ROLLBACK").RunAsync());
        await client.Query("BEGIN").RunAsync();
        await client.Query("SELECT 1").RunAsync();
        Assert.Equal("E(25001) Z(E)", await client.Query(call).RunAsync());
        await client.Query("ROLLBACK").RunAsync();
        Assert.Equal("E(0A000) Z(I)", await client.Parse("p", call).Sync().RunAsync());
        Assert.Equal(
            "E(0A000) Z(I)",
            await client.Parse("", call).Bind("").Execute().Parse("", "SELECT 1").Bind("").Execute().Sync().RunAsync()
        );
        Assert.Equal("T D(1) C(SELECT 1) Z(I)", await client.Query("SELECT 1").RunAsync());
    }

    private static async Task PermittedAsync(ShardingStage stage, ShardedProxy proxy)
    {
        string call = "CALL drover.shard_table('notes', 'tenant', colocation => 'tenants')";
        await stage.OnShardAsync(1, $"CREATE ROLE {stage.OtherUser} LOGIN");
        await using ScriptedClient other = await ConnectAsync(proxy, stage.OtherUser);
        Assert.Equal("E(42501) Z(I)", await other.Query(call).RunAsync());
        await using ScriptedClient owner = await ConnectAsync(proxy, stage.CatalogUser);
        Assert.Equal("C(CALL) Z(I)", await owner.Query(call).RunAsync());
    }

    private static Task<ScriptedClient> ConnectAsync(ShardedProxy proxy, string user) =>
        ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, user, "shop");
}
