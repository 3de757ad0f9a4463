// TPC-H's 22 queries on one PostgreSQL and on shards, loaded through the proxy with COPY.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding;

/// <summary>
/// Orders and lineitem are sharded by the order, customer by the customer; the rest is whole on each shard.
/// </summary>
public sealed class TpchTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(18, 4)]
    [InlineData(15, 2)]
    public async Task Queries_of_TPC_H_have_the_answers_of_one_server(int major, int shards)
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards);
        await stage.AddCoordinatorAsync(postgres, major);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(TpchCorpus.Schema);
        await stage.SetUpAsync(
            TpchCorpus
                .Tables.Take(5)
                .Select(static table => $"table reference {table}")
                .Append("table shard customer --key c_custkey")
                .Append("table shard orders --key o_orderkey")
                .Append("table shard lineitem --key l_orderkey")
        );
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(TpchCorpus.Schema, Token, database);
        await cluster.ExecuteAsync(TpchCorpus.Fill, Token, database);
        await using NpgsqlConnection single = await cluster.OpenAsync(database, Token);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using NpgsqlConnection sharded = await proxy.OpenAsync(Token);
        foreach (string table in TpchCorpus.Tables)
        {
            await CopyAsync(single, sharded, table);
        }
        List<string> different = [];
        foreach ((int number, string sql) in TpchCorpus.Queries.Index())
        {
            string expected = await AnswerAsync(single, sql);
            string answer = await AnswerAsync(sharded, sql);
            if (answer != expected || expected.Length == 0)
            {
                different.Add($"query {number + 1}\n    one server: {expected}\n    sharded: {answer}");
            }
        }
        Assert.True(different.Count == 0, string.Join('\n', different) + "\nthe proxy said:\n" + proxy.Log);
    }

    private static async Task CopyAsync(NpgsqlConnection from, NpgsqlConnection to, string table)
    {
        using TextReader rows = await from.BeginTextExportAsync($"COPY {table} TO STDOUT", Token);
        await using TextWriter copy = await to.BeginTextImportAsync($"COPY {table} FROM STDIN", Token);
        await copy.WriteAsync(await rows.ReadToEndAsync(Token));
    }

    /// <summary>Rows in their order.</summary>
    private static async Task<string> AnswerAsync(NpgsqlConnection client, string sql)
    {
        try
        {
            await using NpgsqlCommand command = new(sql, client) { AllResultTypesAreUnknown = true };
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
            List<string> rows = [];
            while (await reader.ReadAsync(Token))
            {
                object[] values = new object[reader.FieldCount];
                reader.GetValues(values);
                rows.Add(string.Join('|', values));
            }
            return string.Join('\n', rows);
        }
        catch (PostgresException error)
        {
            return $"error {error.SqlState} {error.MessageText}";
        }
    }
}
