// Short forms of what the control plane does most with a connection: run SQL with positional parameters.
using Npgsql;

namespace Drover.Operations.Connections;

/// <summary>Commands with parameters <c>$1</c>, <c>$2</c> …; a null is sent untyped, so cast it in the SQL.</summary>
internal static class SqlCommands
{
    /// <summary>A command with its parameters.</summary>
    public static NpgsqlCommand Command(this NpgsqlConnection connection, string sql, params object?[] values)
    {
        NpgsqlCommand command = new(sql, connection);
        foreach (object? value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }
        return command;
    }

    /// <summary>Runs a statement and says how many rows it touched.</summary>
    public static async Task<int> ExecuteAsync(
        this NpgsqlConnection connection,
        string sql,
        object?[] values,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = connection.Command(sql, values);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The first value of the first row; null for NULL or no row.</summary>
    public static async Task<object?> ScalarAsync(
        this NpgsqlConnection connection,
        string sql,
        object?[] values,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = connection.Command(sql, values);
        return await command.ExecuteScalarAsync(cancellationToken) is { } value and not DBNull ? value : null;
    }

    /// <summary>Reads every row.</summary>
    public static async Task<List<T>> ListAsync<T>(
        this NpgsqlConnection connection,
        string sql,
        object?[] values,
        Func<NpgsqlDataReader, T> read,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = connection.Command(sql, values);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<T> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }
        return rows;
    }

    /// <summary>A column's text, or null.</summary>
    public static string? Text(this NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);

    /// <summary>A column's instant, or null.</summary>
    public static DateTimeOffset? Instant(this NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
