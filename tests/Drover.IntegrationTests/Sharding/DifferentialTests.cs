// The same statements on one PostgreSQL and on a sharded database: the same answers, or a refusal that says why.
using System.Globalization;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding;

public sealed class DifferentialTests(PostgresFixture postgres)
{
    private const string Schema = """
        CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL, price numeric(10, 2));
        CREATE TABLE customers (id bigint PRIMARY KEY, name text, city text, since date);
        CREATE TABLE orders (
            id bigint, customer_id bigint NOT NULL, product_id bigint, total numeric(10, 2), at timestamptz,
            PRIMARY KEY (customer_id, id)
        );
        CREATE TABLE notes (tenant text NOT NULL, n int, body text, PRIMARY KEY (tenant, n));
        CREATE TABLE settings (k text PRIMARY KEY, v text)
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(18, 1)]
    [InlineData(18, 2)]
    [InlineData(18, 4)]
    [InlineData(15, 3)]
    public async Task Sharded_database_answers_as_one_server_does(int major, int shards)
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards);
        await stage.AddCoordinatorAsync(postgres, major);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Schema);
        await stage.SetUpAsync("table reference products");
        await stage.SetUpAsync("table shard customers --key id");
        await stage.SetUpAsync("table shard orders --key customer_id");
        await stage.SetUpAsync("table shard notes --key tenant");
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Schema, Token, database);
        await using NpgsqlConnection single = await cluster.OpenAsync(database, Token);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection sharded = await proxy.OpenAsync(Token);
        List<string> refused = [];
        List<string> different = [];
        foreach (string sql in DifferentialCorpus.Statements)
        {
            string expected = await AnswerAsync(single, sql);
            string answer = await AnswerAsync(sharded, sql);
            if (answer == expected)
            {
                continue;
            }
            bool isRefusal = answer == "error 0A000" && !IsWrite(expected);
            (isRefusal ? refused : different).Add($"{sql}\n    one server: {expected}\n    sharded: {answer}");
        }
        Assert.True(different.Count == 0, string.Join('\n', different) + "\nthe proxy said:\n" + proxy.Log);
        Assert.True(
            refused.Count <= DifferentialCorpus.RefusedMax,
            $"{refused.Count} refused, at most {DifferentialCorpus.RefusedMax} may be:\n{string.Join('\n', refused)}"
        );
    }

    /// <summary>A write that one side has made and the other has refused makes all that follows differ.</summary>
    private static bool IsWrite(string answer) => answer.StartsWith("rows ", StringComparison.Ordinal);

    /// <summary>Rows, sorted unless the statement asks for an order; counts; the SQLSTATE of an error.</summary>
    private static async Task<string> AnswerAsync(NpgsqlConnection client, string sql)
    {
        try
        {
            await using NpgsqlCommand command = new(sql, client) { AllResultTypesAreUnknown = true };
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
            if (reader.FieldCount == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"rows {reader.RecordsAffected}");
            }
            List<string> rows = [];
            while (await reader.ReadAsync(Token))
            {
                rows.Add(
                    string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetValue(i)?.ToString()))
                );
            }
            bool isOrdered = sql.Contains("ORDER BY", StringComparison.Ordinal);
            string columns = string.Join(',', Enumerable.Range(0, reader.FieldCount).Select(reader.GetName));
            IEnumerable<string> inOrder = isOrdered ? rows : rows.Order(StringComparer.Ordinal);
            return $"({columns}) {string.Join(' ', inOrder)}";
        }
        catch (PostgresException error)
        {
            return $"error {error.SqlState}";
        }
    }
}
