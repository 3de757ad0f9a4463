// What the console and the metrics tell of statements that took several servers.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding;

public sealed class CrossShardTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Statements_that_take_several_servers_are_shown_without_their_values()
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, 18, 2);
        await stage.AddCoordinatorAsync(postgres, 18);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync("CREATE TABLE customers (id bigint PRIMARY KEY, name text)");
        await stage.SetUpAsync("table shard customers --key id");
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection client = await proxy.OpenAsync(Token);
        await RunAsync(
            client,
            "INSERT INTO customers VALUES (1, 'secret'), (2, 'secret'), (3, 'secret'), (4, 'secret')"
        );
        await RunAsync(client, "SELECT name FROM customers WHERE name = 'secret'");
        await RunAsync(client, "SELECT name FROM customers WHERE name = $1", "secret");
        await RunAsync(client, "SELECT name FROM customers WHERE name = 'secret' -- again");
        await RunAsync(client, "SELECT a.id FROM customers a JOIN customers b USING (name) WHERE a.name = 'secret'");
        await RunAsync(
            client,
            "SELECT a.id FROM customers a JOIN customers b USING (name) WHERE a.name = $1",
            "secret"
        );
        await RunAsync(client, "UPDATE customers SET name = 'secret' WHERE name <> 'secret'");
        await RunAsync(client, "SELECT name FROM customers WHERE id = 1 AND name = 'secret'");
        await RunAsync(client, "EXPLAIN SELECT name FROM customers WHERE name LIKE 'secret'");

        string[] rows = await proxy.ShowAsync("CROSS_SHARD", Token);
        Assert.Equal(
            [
                "shop coordinator 2 2 SELECT a.id FROM customers a JOIN customers b USING (name) WHERE a.name = ?",
                "shop divided 2 1 INSERT INTO customers VALUES (?)",
                "shop divided 2 1 UPDATE customers SET name = ? WHERE name <> ?",
                "shop scatter 2 3 SELECT name FROM customers WHERE name = ?",
            ],
            rows.Select(WithoutTimes).Order(StringComparer.Ordinal)
        );
        Assert.All(rows, static row => Assert.True(long.Parse(row.Split(' ')[4]) > 0, row));
        string[] fields = rows[0].Split(' ');
        Assert.Equal(long.Parse(fields[4]) / long.Parse(fields[3]), long.Parse(fields[5]));
        Assert.Equal(rows.OrderByDescending(static row => long.Parse(row.Split(' ')[4])), rows);
    }

    private static string WithoutTimes(string row)
    {
        string[] fields = row.Split(' ');
        return string.Join(' ', fields[..4].Concat(fields[6..]));
    }

    private static async Task RunAsync(NpgsqlConnection client, string sql, params object[] values)
    {
        await using NpgsqlCommand command = new(sql, client) { AllResultTypesAreUnknown = true };
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token)) { }
    }
}
