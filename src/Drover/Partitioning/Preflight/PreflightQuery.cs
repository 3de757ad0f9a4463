// Asks a server for facts that are texts to the preflight; what the role may not see is an answer too.
using Npgsql;

namespace Drover.Partitioning.Preflight;

/// <summary>Queries on the operator's connection.</summary>
internal sealed class PreflightQuery(NpgsqlConnection connection, CancellationToken cancellationToken)
{
    /// <summary>All rows, every column as text.</summary>
    public async Task<IReadOnlyList<string?[]>> ListAsync(string sql, params string[] parameters)
    {
        await using NpgsqlCommand command = new(sql, connection) { AllResultTypesAreUnknown = true };
        foreach (string parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = parameter });
        }
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<string?[]> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            string?[] row = new string?[reader.FieldCount];
            for (int column = 0; column < row.Length; column++)
            {
                row[column] = await reader.IsDBNullAsync(column, cancellationToken) ? null : reader.GetString(column);
            }
            rows.Add(row);
        }
        return rows;
    }

    /// <summary>All rows; null if the role may not ask.</summary>
    public async Task<IReadOnlyList<string?[]>?> TryListAsync(string sql, params string[] parameters)
    {
        try
        {
            return await ListAsync(sql, parameters);
        }
        // insufficient_privilege; and object_not_in_prerequisite_state, as of an extension that is not preloaded.
        catch (PostgresException refused) when (refused.SqlState is "42501" or "55000")
        {
            return null;
        }
    }

    /// <summary>
    /// All rows, in a transaction that reads only and is ended by the server when the time is over; null then.
    /// </summary>
    public async Task<IReadOnlyList<string?[]>?> ListWithinAsync(TimeSpan timeMax, string sql)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            string limit = ((long)timeMax.TotalMilliseconds).ToString(
                System.Globalization.CultureInfo.InvariantCulture
            );
            await ListAsync(
                "SELECT set_config('statement_timeout', $1, true), set_config('TimeZone', 'UTC', true), "
                    + "set_config('DateStyle', 'ISO', true), set_config('transaction_read_only', 'on', true)",
                limit
            );
            return await ListAsync(sql);
        }
        catch (PostgresException late) when (late.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }
}
