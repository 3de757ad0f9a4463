// A connection whose settings do not depend on the server's or the role's own: what is read there can be parsed.
using Npgsql;

namespace Drover.Partitioning.Maintenance;

/// <summary>One connection of the maintenance, with small ways to ask it.</summary>
internal sealed class MaintenanceSession : IAsyncDisposable
{
    // row_security off: an error where a policy would hide rows, and never a copy with rows missing.
    private const string Settings = """
        SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'iso_8601'; SET TimeZone = 'UTC'; SET row_security = off;
        SET extra_float_digits = 1; SET bytea_output = 'hex'; SET statement_timeout = 0; SET lock_timeout = '500ms';
        SET idle_in_transaction_session_timeout = 0; SET client_min_messages = 'warning'; SET xmloption = 'content'
        """;

    private MaintenanceSession(NpgsqlConnection connection) => Connection = connection;

    /// <summary>The connection.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>Connects; the source must not share connections with others.</summary>
    public static async Task<MaintenanceSession> OpenAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        MaintenanceSession session = new(await source.OpenConnectionAsync(cancellationToken));
        await session.ExecuteAsync(Settings, cancellationToken);
        return session;
    }

    /// <summary>Over a connection that is somebody else's, with its settings; not to be disposed.</summary>
    public static MaintenanceSession Within(NpgsqlConnection connection) => new(connection);

    /// <summary>Runs SQL, in one simple query where there are no parameters.</summary>
    public async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The first column of the first row; default where there is none, or it is NULL.</summary>
    public async Task<T?> ScalarAsync<T>(string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        return await command.ExecuteScalarAsync(cancellationToken) is T value ? value : default;
    }

    /// <summary>All rows, each made by <paramref name="read"/>.</summary>
    public async Task<List<T>> RowsAsync<T>(
        string sql,
        Func<NpgsqlDataReader, T> read,
        CancellationToken cancellationToken,
        params object?[] parameters
    )
    {
        await using NpgsqlCommand command = Command(sql, parameters);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<T> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }
        return rows;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private NpgsqlCommand Command(string sql, object?[] parameters)
    {
        NpgsqlCommand command = new(sql, Connection) { CommandTimeout = 0 };
        foreach (object? value in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }
        return command;
    }
}
