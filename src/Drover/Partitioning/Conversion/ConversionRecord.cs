// One row per conversion, beside the engine's journal: what steps hand to later steps.
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using NpgsqlTypes;

namespace Drover.Partitioning.Conversion;

/// <summary>The row of <c>drover.conversions</c>; written in the same transactions as the work it speaks of.</summary>
/// <param name="runId">The run.</param>
internal sealed class ConversionRecord(long runId)
{
    /// <summary>In the way back, what comes before it takes locks.</summary>
    public const string EndOfLocks = "";

    /// <summary>Makes the table.</summary>
    public const string Create = """
        CREATE TABLE IF NOT EXISTS drover.conversions (
          run_id bigint PRIMARY KEY,
          verified_mirror text,
          way_back jsonb,
          last_statements jsonb,
          rollback_problem text,
          facts jsonb,
          swapped_facts jsonb,
          layout jsonb,
          is_behind boolean NOT NULL DEFAULT false)
        """;

    /// <summary>Notes that all rows were found equal under the mirror of these versions.</summary>
    public Task SetVerifiedAsync(NpgsqlConnection connection, string mirror, CancellationToken cancellationToken) =>
        SetAsync(connection, "verified_mirror", mirror, "", cancellationToken);

    /// <summary>A new comparison has begun: until it ends well, nothing is known.</summary>
    public Task ForgetVerifiedAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        SetAsync(connection, "verified_mirror", null, "", cancellationToken);

    /// <summary>The versions of the mirror under which all rows were found equal, or null.</summary>
    public Task<string?> ReadVerifiedAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        ReadAsync(connection, "verified_mirror", cancellationToken);

    /// <summary>Keeps the statements that swap back, as they were right at the swap.</summary>
    public Task SetWayBackAsync(
        NpgsqlConnection connection,
        IEnumerable<string> statements,
        CancellationToken cancellationToken
    ) =>
        SetJsonAsync(
            connection,
            "way_back",
            statements.ToArray(),
            ConversionJson.Default.StringArray,
            cancellationToken
        );

    /// <summary>The statements that swap back.</summary>
    public async Task<string[]> ReadWayBackAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await ReadJsonAsync(connection, "way_back", ConversionJson.Default.StringArray, cancellationToken) ?? [];

    /// <summary>Keeps the statements that come before the old table is dropped.</summary>
    public Task SetLastAsync(
        NpgsqlConnection connection,
        IEnumerable<string> statements,
        CancellationToken cancellationToken
    ) =>
        SetJsonAsync(
            connection,
            "last_statements",
            statements.ToArray(),
            ConversionJson.Default.StringArray,
            cancellationToken
        );

    /// <summary>The statements that come before the old table is dropped.</summary>
    public async Task<string[]> ReadLastAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await ReadJsonAsync(connection, "last_statements", ConversionJson.Default.StringArray, cancellationToken) ?? [];

    /// <summary>Keeps what the catalogs say about the source, to be compared with later.</summary>
    public Task SetFactsAsync(
        NpgsqlConnection connection,
        Dictionary<string, string> facts,
        CancellationToken cancellationToken
    ) => SetJsonAsync(connection, "facts", facts, ConversionJson.Default.DictionaryStringString, cancellationToken);

    /// <summary>What the catalogs said about the source when it was last taken as it is; null: never.</summary>
    public Task<Dictionary<string, string>?> ReadFactsAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    ) => ReadJsonAsync(connection, "facts", ConversionJson.Default.DictionaryStringString, cancellationToken);

    /// <summary>Keeps what the catalogs say about the table that has taken the name.</summary>
    public Task SetSwappedFactsAsync(
        NpgsqlConnection connection,
        Dictionary<string, string> facts,
        CancellationToken cancellationToken
    ) =>
        SetJsonAsync(
            connection,
            "swapped_facts",
            facts,
            ConversionJson.Default.DictionaryStringString,
            cancellationToken
        );

    /// <summary>What the catalogs said about it at the cut-over; null: there was none.</summary>
    public Task<Dictionary<string, string>?> ReadSwappedFactsAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    ) => ReadJsonAsync(connection, "swapped_facts", ConversionJson.Default.DictionaryStringString, cancellationToken);

    /// <summary>From now on the tables are these.</summary>
    public Task SetLayoutAsync(
        NpgsqlConnection connection,
        ConversionLayout layout,
        CancellationToken cancellationToken
    ) => SetJsonAsync(connection, "layout", layout, ConversionJson.Default.ConversionLayout, cancellationToken);

    /// <summary>The tables as they are now: as planned, unless a column was taken over since.</summary>
    public async Task<ConversionLayout> ReadLayoutAsync(
        NpgsqlConnection connection,
        ConversionLayout planned,
        CancellationToken cancellationToken
    ) =>
        await ReadJsonAsync(connection, "layout", ConversionJson.Default.ConversionLayout, cancellationToken)
        ?? planned;

    /// <summary>Notes whether rows may differ that are not in the key log.</summary>
    public Task SetBehindAsync(NpgsqlConnection connection, bool isBehind, CancellationToken cancellationToken) =>
        SetAsync(connection, "is_behind", isBehind ? "true" : "false", "::boolean", cancellationToken);

    /// <summary>Rows may differ that are not in the key log.</summary>
    public async Task<bool> ReadBehindAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await ReadAsync(connection, "is_behind::text", cancellationToken) == "true";

    private Task SetJsonAsync<T>(
        NpgsqlConnection connection,
        string column,
        T value,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken
    ) => SetAsync(connection, column, JsonSerializer.Serialize(value, type), "::jsonb", cancellationToken);

    private async Task<T?> ReadJsonAsync<T>(
        NpgsqlConnection connection,
        string column,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken
    )
        where T : class =>
        await ReadAsync(connection, $"{column}::text", cancellationToken) is { } json
            ? JsonSerializer.Deserialize(json, type)
            : null;

    private async Task SetAsync(
        NpgsqlConnection connection,
        string column,
        string? value,
        string cast,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(
            $"""
            INSERT INTO drover.conversions (run_id, {column}) VALUES ($1, $2{cast})
            ON CONFLICT (run_id) DO UPDATE SET {column} = EXCLUDED.{column}
            """,
            connection
        )
        {
            Parameters =
            {
                new NpgsqlParameter<long> { TypedValue = runId },
                new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = value ?? (object)DBNull.Value },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<string?> ReadAsync(
        NpgsqlConnection connection,
        string column,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(
            $"SELECT {column} FROM drover.conversions WHERE run_id = $1",
            connection
        )
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = runId } },
        };
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }
}
