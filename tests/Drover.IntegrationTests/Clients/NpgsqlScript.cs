// Npgsql's script: its frame, which opens a connection for each step and notes what came of it.
using System.Text.Json.Nodes;
using Npgsql;

namespace Drover.IntegrationTests.Clients;

/// <summary>Runs the steps of <see cref="NpgsqlQuerySteps"/> and <see cref="NpgsqlSessionSteps"/>.</summary>
internal sealed class NpgsqlScript(ClientTarget target, CancellationToken cancellationToken)
{
    private static readonly TimeSpan s_stepLimit = TimeSpan.FromSeconds(30);
    private readonly JsonObject _steps = [];

    /// <summary>All steps, once, in order.</summary>
    public static async Task<JsonObject> RunAsync(ClientTarget target, CancellationToken cancellationToken)
    {
        NpgsqlScript script = new(target, cancellationToken);
        await NpgsqlQuerySteps.RunAsync(script);
        await NpgsqlSessionSteps.RunAsync(script);
        return script._steps;
    }

    /// <summary>The token that every step passes on.</summary>
    public CancellationToken Token => cancellationToken;

    /// <summary>The connection string, with more settings if any.</summary>
    public string Connect(string more = "") => $"{target.ConnectionString};{more}";

    /// <summary>Runs a step on a connection of its own.</summary>
    public async Task StepAsync(string name, Func<NpgsqlConnection, Task<JsonNode?>> step, string settings = "")
    {
        if (_steps.ContainsKey(name))
        {
            throw new InvalidOperationException($"step named twice: {name}");
        }
        _steps[name] = await OutcomeAsync(async () =>
        {
            await using NpgsqlConnection connection = await OpenAsync(settings);
            return await step(connection).WaitAsync(s_stepLimit, cancellationToken);
        });
    }

    /// <summary>Another connection to the same place.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string settings = "")
    {
        NpgsqlConnection connection = new(Connect(settings));
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    /// <summary>The value that the work gives, or the parts of its error that a program may depend on.</summary>
    public static async Task<JsonNode?> OutcomeAsync(Func<Task<JsonNode?>> work)
    {
        try
        {
            return await work();
        }
        catch (PostgresException e)
        {
            return new JsonObject
            {
                ["sqlstate"] = e.SqlState,
                ["severity"] = e.InvariantSeverity,
                ["message"] = e.MessageText,
                ["detail"] = e.Detail,
                ["hint"] = e.Hint,
                ["position"] = e.Position,
                ["schema"] = e.SchemaName,
                ["table"] = e.TableName,
                ["column"] = e.ColumnName,
                ["constraint"] = e.ConstraintName,
            };
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            return new JsonObject
            {
                ["exception"] = e.GetType().Name,
                ["inner"] = e.InnerException?.GetType().Name,
                ["sqlstate"] = (e.InnerException as PostgresException)?.SqlState,
            };
        }
    }

    /// <summary>The outcome of one query.</summary>
    public Task<JsonNode?> TryAsync(NpgsqlConnection connection, string text, params object[] values) =>
        OutcomeAsync(async () => await RowsAsync(connection, text, values));

    /// <summary>A query's rows, each an array of texts; of a statement without rows, an empty array.</summary>
    public async Task<JsonArray> RowsAsync(NpgsqlConnection connection, string text, params object[] values)
    {
        await using NpgsqlCommand command = Command(connection, text, values);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(reader);
    }

    /// <summary>The first value.</summary>
    public async Task<string?> OneAsync(NpgsqlConnection connection, string text, params object[] values)
    {
        await using NpgsqlCommand command = Command(connection, text, values);
        return Text(await command.ExecuteScalarAsync(cancellationToken));
    }

    /// <summary>The current values of settings.</summary>
    public async Task<JsonArray> ShowAsync(NpgsqlConnection connection, params string[] names)
    {
        JsonArray shown = [];
        foreach (string name in names)
        {
            shown.Add(await OneAsync(connection, $"select current_setting('{name}', true)"));
        }
        return shown;
    }

    /// <summary>Reads the current result to its end.</summary>
    public async Task<JsonArray> ReadAsync(NpgsqlDataReader reader)
    {
        JsonArray rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            JsonArray row = [];
            for (int i = 0; i < reader.FieldCount; i++)
            {
                row.Add(Text(reader.GetValue(i)));
            }
            rows.Add(row);
        }
        return rows;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string text, object[] values)
    {
        NpgsqlCommand command = new(text, connection);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        return command;
    }

    private static string? Text(object? value) =>
        value switch
        {
            null or DBNull => null,
            byte[] bytes => Convert.ToHexStringLower(bytes),
            Array array => string.Join('|', array.Cast<object?>().Select(item => item ?? "null")),
            IFormattable formattable => formattable.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
            _ => value.ToString(),
        };
}
