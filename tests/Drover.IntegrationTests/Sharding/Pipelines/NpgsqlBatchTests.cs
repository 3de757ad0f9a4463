// Batches of Npgsql over shards, with and without prepared statements and transactions: as on one server.
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Pipelines;

public sealed class NpgsqlBatchTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15, "")]
    [InlineData(18, "")]
    [InlineData(18, "Max Auto Prepare=20;Auto Prepare Min Usages=2")]
    public async Task Batches_are_done_as_on_one_server(int major, string options)
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, major);
        await using NpgsqlConnection single = new($"{stage.SingleString};Pooling=false;{options}");
        await single.OpenAsync(Token);
        await using NpgsqlConnection sharded = await stage.Proxy.OpenAsync(Token, options);
        for (int round = 0; round < 4; round++)
        {
            string expected = await RunAsync(single, round);
            Assert.Equal(expected, await RunAsync(sharded, round));
            await stage.ExpectSameRowsAsync($"round {round}");
        }
    }

    [Fact]
    public async Task Explicitly_prepared_batch_is_done_as_on_one_server()
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, 18);
        await using NpgsqlConnection single = new($"{stage.SingleString};Pooling=false");
        await single.OpenAsync(Token);
        await using NpgsqlConnection sharded = await stage.Proxy.OpenAsync(Token);
        List<string> answers = [];
        foreach (NpgsqlConnection client in (NpgsqlConnection[])[single, sharded])
        {
            await using NpgsqlBatch batch = Batch(client, 3, fails: false);
            await batch.PrepareAsync(Token);
            List<string> seen = [];
            for (int i = 0; i < 3; i++)
            {
                seen.Add(await ReadAsync(batch));
            }
            answers.Add(string.Join('\n', seen));
        }
        Assert.Equal(answers[0], answers[1]);
        await stage.ExpectSameRowsAsync("prepared");
    }

    private static async Task<string> RunAsync(NpgsqlConnection client, int round)
    {
        List<string> seen = [];
        foreach (bool fails in (bool[])[false, true])
        {
            await using (NpgsqlBatch batch = Batch(client, round, fails))
            {
                seen.Add(await ReadAsync(batch));
            }
            foreach (bool commits in (bool[])[true, false])
            {
                await using NpgsqlTransaction transaction = await client.BeginTransactionAsync(Token);
                await using (NpgsqlBatch batch = Batch(client, round + 10, fails))
                {
                    seen.Add(await ReadAsync(batch));
                }
                if (commits && !fails)
                {
                    await transaction.CommitAsync(Token);
                }
                else
                {
                    await transaction.RollbackAsync(Token);
                }
            }
        }
        return string.Join('\n', seen);
    }

    private static NpgsqlBatch Batch(NpgsqlConnection client, int round, bool fails)
    {
        NpgsqlBatch batch = new(client);
        for (long id = 1; id <= 6; id++)
        {
            Add(batch, "UPDATE t SET n = $1, note = $2 WHERE id = $3", (int)id + round, $"round {round}", id);
            Add(batch, "SELECT n, note FROM t WHERE id = $1", id);
        }
        Add(batch, "INSERT INTO t VALUES ($1, $2, $3) RETURNING id, n", 1000L + round, round, "new");
        Add(batch, "UPDATE t SET note = $1 WHERE id BETWEEN 7 AND 12", $"some {round}");
        Add(batch, "INSERT INTO kinds VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = $2", 9L, $"k{round}");
        if (fails)
        {
            Add(batch, "UPDATE t SET n = $1 WHERE id = $2", 100_000, 13L);
        }
        Add(batch, "SELECT id, n FROM t WHERE n < $1 ORDER BY id", 1000);
        Add(batch, "DELETE FROM t WHERE id = $1", 1000L + round);
        return batch;
    }

    private static void Add(NpgsqlBatch batch, string sql, params object[] values)
    {
        NpgsqlBatchCommand command = new(sql);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        batch.BatchCommands.Add(command);
    }

    /// <summary>Every row, how many each statement changed, and the error.</summary>
    private static async Task<string> ReadAsync(NpgsqlBatch batch)
    {
        List<string> seen = [];
        try
        {
            await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(Token);
            do
            {
                while (await reader.ReadAsync(Token))
                {
                    object[] values = new object[reader.FieldCount];
                    reader.GetValues(values);
                    seen.Add(string.Join('|', values));
                }
            } while (await reader.NextResultAsync(Token));
        }
        catch (PostgresException failure)
        {
            seen.Add($"{failure.SqlState} of {failure.BatchCommand?.CommandText}");
        }
        seen.AddRange(batch.BatchCommands.Cast<NpgsqlBatchCommand>().Select(static one => $"{one.RecordsAffected}"));
        return string.Join(';', seen);
    }
}
