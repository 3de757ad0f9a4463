// Npgsql's steps about single queries: types, transactions, errors, COPY, prepared statements, batches, large data.
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;

namespace Drover.IntegrationTests.Clients;

/// <summary>What a query sends and what comes back.</summary>
internal static class NpgsqlQuerySteps
{
    private const int LargeBytes = 20 * 1024 * 1024;

    /// <summary>Runs the steps.</summary>
    public static async Task RunAsync(NpgsqlScript script)
    {
        await script.StepAsync("types_in_binary", c => TypesAsync(script, c));
        await script.StepAsync("transactions_and_savepoints", c => TransactionsAsync(script, c));
        await script.StepAsync("errors", c => ErrorsAsync(script, c));
        await script.StepAsync("copy", c => CopyAsync(script, c));
        await script.StepAsync("prepared_statements", c => PreparedAsync(script, c));
        await script.StepAsync("automatically_prepared", c => AutoPreparedAsync(script, c), "Max Auto Prepare=20");
        await script.StepAsync("prepared_statements_after_deallocate", c => AfterDeallocateAsync(script, c));
        await script.StepAsync("prepared_statements_after_ddl", c => AfterDdlAsync(script, c));
        await script.StepAsync("batches", c => BatchesAsync(script, c));
        await script.StepAsync("several_statements_at_once", c => SeveralAsync(script, c));
        await script.StepAsync("large_values", c => LargeValuesAsync(script, c));
        await script.StepAsync("large_result_set", c => LargeResultAsync(script, c));
        await script.StepAsync("abandoned_result", c => AbandonedAsync(script, c));
    }

    private static async Task<JsonNode?> TypesAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        (string Type, object Value)[] values =
        [
            ("int2", short.MinValue),
            ("int4", int.MaxValue),
            ("int8", long.MinValue),
            ("bool", true),
            ("float4", 1.5f),
            ("float8", 0.1),
            ("numeric", 1234567890123456789.000123m),
            ("text", "naïve 雪 '\"\\"),
            ("date", new DateOnly(2024, 2, 29)),
            ("time", new TimeOnly(23, 59, 59)),
            ("timestamptz", new DateTime(2024, 2, 29, 1, 2, 3, DateTimeKind.Utc)),
            ("interval", TimeSpan.FromSeconds(90061)),
            ("uuid", Guid.Parse("12345678-1234-5678-1234-567812345678")),
            ("bytea", new byte[] { 0, 1, 255 }),
            ("int4[]", new int?[] { 1, null, 3 }),
            ("text[]", new[] { "a,b", "", "\"" }),
        ];
        JsonObject result = [];
        foreach ((string type, object value) in values)
        {
            result[type] = await script.TryAsync(c, $"select $1::{type}, null::{type}, $1::{type}::text", value);
        }
        await script.RowsAsync(c, "create type mood as enum ('sad', 'ok')");
        await c.ReloadTypesAsync(script.Token);
        result["enum"] = await script.TryAsync(
            c,
            "select 'ok'::mood, array['ok', 'sad']::mood[], $1::jsonb::text",
            "[1]"
        );
        return result;
    }

    private static async Task<JsonNode?> TransactionsAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await script.RowsAsync(c, "create table tx (id int primary key)");
        JsonArray result = [];
        await using (NpgsqlTransaction transaction = await c.BeginTransactionAsync(script.Token))
        {
            await script.RowsAsync(c, "insert into tx values ($1)", 1);
            await transaction.SaveAsync("a", script.Token);
            result.Add(await script.TryAsync(c, "insert into tx values ($1)", 1));
            result.Add(await script.TryAsync(c, "select 1"));
            await transaction.RollbackAsync("a", script.Token);
            await script.RowsAsync(c, "insert into tx values ($1)", 2);
            await transaction.CommitAsync(script.Token);
        }
        await using (
            NpgsqlTransaction serial = await c.BeginTransactionAsync(
                System.Data.IsolationLevel.Serializable,
                script.Token
            )
        )
        {
            await script.RowsAsync(c, "insert into tx values ($1)", 3);
            result.Add(await script.ShowAsync(c, "transaction_isolation"));
        }
        result.Add(await script.RowsAsync(c, "select id from tx order by 1"));
        return result;
    }

    private static async Task<JsonNode?> ErrorsAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await script.RowsAsync(
            c,
            "create table parent (id int primary key, n int not null constraint up check (n > 0))"
        );
        await script.RowsAsync(c, "insert into parent values (1, 1)");
        string[] statements =
        [
            "selec 1",
            "select * from nowhere",
            "select 1/0",
            "insert into parent values (1, 1)",
            "insert into parent values (2, null)",
            "insert into parent values (2, -1)",
            "do $$ begin raise sqlstate 'ZX003' using message = 'm', detail = 'd', hint = 'h'; end $$",
        ];
        JsonArray result = [];
        foreach (string statement in statements)
        {
            result.Add(await script.TryAsync(c, statement));
        }
        result.Add(await script.TryAsync(c, "select 1 / $1", 0));
        return result;
    }

    private static async Task<JsonNode?> CopyAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await script.RowsAsync(c, "create table copied (id int, v text)");
        JsonArray result = [];
        await using (
            NpgsqlBinaryImporter writer = await c.BeginBinaryImportAsync("copy copied from stdin binary", script.Token)
        )
        {
            for (int i = 0; i < 20000; i++)
            {
                await writer.StartRowAsync(script.Token);
                await writer.WriteAsync(i, NpgsqlDbType.Integer, script.Token);
                await writer.WriteAsync($"value {i}", script.Token);
            }
            result.Add($"{await writer.CompleteAsync(script.Token)}");
        }
        await using (
            NpgsqlBinaryImporter abandoned = await c.BeginBinaryImportAsync(
                "copy copied from stdin binary",
                script.Token
            )
        )
        {
            await abandoned.StartRowAsync(script.Token);
        }
        using (
            TextReader text = await c.BeginTextExportAsync(
                "copy (select * from copied order by id) to stdout",
                script.Token
            )
        )
        {
            byte[] all = System.Text.Encoding.UTF8.GetBytes(await text.ReadToEndAsync(script.Token));
            result.Add(Convert.ToHexStringLower(SHA256.HashData(all)));
        }
        result.Add(
            await NpgsqlScript.OutcomeAsync(async () =>
            {
                await using TextWriter bad = await c.BeginTextImportAsync("copy copied from stdin", script.Token);
                await bad.WriteAsync("x\ty\n");
                return "accepted";
            })
        );
        result.Add(await script.OneAsync(c, "select count(*) from copied"));
        return result;
    }

    private static async Task<JsonNode?> PreparedAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        int sum = 0;
        List<NpgsqlCommand> commands = [];
        for (int i = 0; i < 200; i++)
        {
            NpgsqlCommand command = new($"select $1::int + {i}", c);
            command.Parameters.Add(new NpgsqlParameter<int>());
            await command.PrepareAsync(script.Token);
            commands.Add(command);
        }
        for (int round = 0; round < 3; round++)
        {
            foreach (NpgsqlCommand command in commands)
            {
                ((NpgsqlParameter<int>)command.Parameters[0]).TypedValue = round;
                sum += (int)(await command.ExecuteScalarAsync(script.Token))!;
            }
        }
        foreach (NpgsqlCommand command in commands)
        {
            await command.UnprepareAsync(script.Token);
            await command.DisposeAsync();
        }
        return new JsonArray(sum, await script.OneAsync(c, "select $1::int", 7));
    }

    private static async Task<JsonNode?> AutoPreparedAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        long sum = 0;
        for (int i = 0; i < 400; i++)
        {
            await using NpgsqlCommand command = new($"select $1::int + {i % 40}", c)
            {
                Parameters = { new() { Value = i } },
            };
            sum += (int)(await command.ExecuteScalarAsync(script.Token))!;
        }
        return sum;
    }

    private static async Task<JsonNode?> AfterDeallocateAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        JsonArray result = [];
        foreach (string clear in (string[])["deallocate all", "discard all"])
        {
            await using NpgsqlCommand command = new("select 1 /* " + clear + " */", c);
            await command.PrepareAsync(script.Token);
            result.Add((await command.ExecuteScalarAsync(script.Token))!.ToString());
            await script.RowsAsync(c, clear);
            result.Add(
                await NpgsqlScript.OutcomeAsync(async () => $"{await command.ExecuteScalarAsync(script.Token)}")
            );
            result.Add(await script.TryAsync(c, "select 'next'"));
        }
        return result;
    }

    // A proxy may answer right away what PostgreSQL refuses once with 0A000: the first try does not count.
    private static async Task<JsonNode?> AfterDdlAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await script.RowsAsync(c, "create table changing (a int); insert into changing values (1)");
        JsonArray result = [];
        for (int round = 0; round < 2; round++)
        {
            await using NpgsqlCommand command = new("select * from changing", c);
            await command.PrepareAsync(script.Token);
            for (int i = 0; i < 2; i++)
            {
                await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(script.Token);
                result.Add(await script.ReadAsync(reader));
            }
            await script.RowsAsync(c, $"alter table changing add b{round} text default 'new'");
            await NpgsqlScript.OutcomeAsync(async () =>
            {
                await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(script.Token);
                return await script.ReadAsync(reader);
            });
            await command.UnprepareAsync(script.Token);
        }
        result.Add(await script.RowsAsync(c, "select * from changing"));
        return result;
    }

    private static async Task<JsonNode?> BatchesAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await script.RowsAsync(c, "create table batched (id int primary key)");
        JsonArray result = [];
        foreach (bool barrier in (bool[])[false, true])
        {
            await using NpgsqlBatch batch = new(c) { EnableErrorBarriers = barrier };
            foreach (int id in (int[])[1, 2, 1, 3])
            {
                NpgsqlBatchCommand command = new("insert into batched values ($1)");
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = id });
                batch.BatchCommands.Add(command);
            }
            result.Add(await NpgsqlScript.OutcomeAsync(async () => await batch.ExecuteNonQueryAsync(script.Token)));
            result.Add(await script.RowsAsync(c, "select id from batched order by 1"));
        }
        return result;
    }

    private static async Task<JsonNode?> SeveralAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        JsonArray sets = [];
        await using (NpgsqlCommand command = new("select 1; create table multi (i int primary key); select 'two'", c))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(script.Token))
        {
            do
            {
                sets.Add(await script.ReadAsync(reader));
            } while (await reader.NextResultAsync(script.Token));
        }
        sets.Add(await script.TryAsync(c, "insert into multi values (1); insert into multi values (1)"));
        sets.Add(await script.OneAsync(c, "select count(*) from multi"));
        return sets;
    }

    private static async Task<JsonNode?> LargeValuesAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        byte[] data = new byte[LargeBytes];
        new Random(1).NextBytes(data);
        await using NpgsqlCommand command = new("select $1, length($1)", c);
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = data });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(script.Token);
        await reader.ReadAsync(script.Token);
        return new JsonArray(data.AsSpan().SequenceEqual(reader.GetFieldValue<byte[]>(0)), reader.GetInt32(1));
    }

    private static async Task<JsonNode?> LargeResultAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        const string Text = "select n, repeat('x', 50) from generate_series(1, 300000) n";
        await using NpgsqlCommand command = new(Text, c);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(script.Token);
        long sum = 0;
        while (await reader.ReadAsync(script.Token))
        {
            sum += reader.GetInt32(0) + reader.GetString(1).Length;
        }
        return sum;
    }

    private static async Task<JsonNode?> AbandonedAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await using (NpgsqlCommand command = new("select generate_series(1, 100000000)", c))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(script.Token))
        {
            await reader.ReadAsync(script.Token);
            command.Cancel();
        }
        return await script.OneAsync(c, "select 'still here'");
    }
}
