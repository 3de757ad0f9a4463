// The tables of the history: schema drover, in the measured database or in one that keeps the history of all servers.
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.History.Store;

/// <summary>
/// Makes the tables where they are missing, and brings older ones to this version (<see cref="HistoryUpgrades"/>).
/// Samples are partitioned by day; what is kept per day is not, since a table has one row for it. Times are those of
/// the machine that measures.
/// </summary>
internal static class HistorySchema
{
    // Version 1. What came later is in the upgrades.
    private const string Tables = """
        CREATE TABLE drover.history_version (version int NOT NULL);
        INSERT INTO drover.history_version VALUES (1);

        CREATE TABLE drover.history_servers (
            id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text NOT NULL UNIQUE,
            created_at timestamptz NOT NULL DEFAULT now()
        );

        CREATE TABLE drover.server_samples (
            at timestamptz NOT NULL,
            server_id int NOT NULL,
            {columns},
            PRIMARY KEY (server_id, at)
        ) PARTITION BY RANGE (at);

        CREATE TABLE drover.database_samples (
            at timestamptz NOT NULL,
            server_id int NOT NULL,
            database_name text NOT NULL,
            bytes bigint,
            transactions bigint NOT NULL,
            blocks_hit bigint NOT NULL,
            blocks_read bigint NOT NULL,
            deadlocks bigint NOT NULL,
            temp_bytes bigint NOT NULL,
            PRIMARY KEY (server_id, at, database_name)
        ) PARTITION BY RANGE (at);

        CREATE TABLE drover.table_samples (
            at timestamptz NOT NULL,
            server_id int NOT NULL,
            table_name text NOT NULL,
            bytes bigint NOT NULL,
            total_bytes bigint NOT NULL,
            row_estimate double precision NOT NULL,
            dead_rows bigint NOT NULL,
            bloat_bytes bigint,
            sequential_scans bigint NOT NULL,
            index_scans bigint NOT NULL,
            PRIMARY KEY (server_id, at, table_name)
        ) PARTITION BY RANGE (at);

        CREATE TABLE drover.statement_samples (
            at timestamptz NOT NULL,
            server_id int NOT NULL,
            statement bigint NOT NULL,
            calls bigint NOT NULL,
            total_ms double precision NOT NULL,
            row_count bigint NOT NULL,
            blocks_hit bigint NOT NULL,
            blocks_read bigint NOT NULL,
            PRIMARY KEY (server_id, at, statement)
        ) PARTITION BY RANGE (at);

        CREATE TABLE drover.history_statements (
            server_id int NOT NULL REFERENCES drover.history_servers ON DELETE CASCADE,
            statement bigint NOT NULL,
            database_name text NOT NULL,
            query text NOT NULL,
            seen_at timestamptz NOT NULL,
            PRIMARY KEY (server_id, statement)
        );

        CREATE TABLE drover.growth_days (
            server_id int NOT NULL REFERENCES drover.history_servers ON DELETE CASCADE,
            table_name text NOT NULL,
            day date NOT NULL,
            bytes bigint NOT NULL,
            row_estimate double precision,
            calls double precision NOT NULL DEFAULT 0,
            total_ms double precision NOT NULL DEFAULT 0,
            connections_max int NOT NULL DEFAULT 0,
            PRIMARY KEY (server_id, table_name, day)
        );
        COMMENT ON TABLE drover.growth_days IS 'one row per table and day; the empty name is the server as a whole';
        """;

    /// <summary>The tables that are partitioned by day, over the column at.</summary>
    public static IReadOnlyList<string> Partitioned { get; } =
    ["server_samples", "database_samples", "table_samples", "statement_samples"];

    /// <summary>The version that this Drover writes.</summary>
    public static int Version => 1 + HistoryUpgrades.Steps.Count;

    /// <summary>True when this database has a history.</summary>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.ScalarAsync("SELECT to_regclass('drover.history_version') IS NOT NULL", [], cancellationToken)
            is true;

    /// <summary>Makes them, or brings them to this version with their rows; two at once do it once.</summary>
    /// <exception cref="OperationException">
    /// They are of a later version; or of an earlier one, and this role may not change them.
    /// </exception>
    public static async Task EnsureAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        int found = await VersionAsync(connection, cancellationToken);
        if (found < Version)
        {
            try
            {
                await UpgradeAsync(connection, cancellationToken);
            }
            catch (PostgresException denied)
                when (found > 0 && denied.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                throw new OperationException(
                    $"the history in schema drover has version {found} and is not brought to {Version}: "
                        + $"{denied.MessageText}; let its tables' owner do it once, or GRANT that role to this one",
                    OperationOutcome.Refused
                );
            }
            found = await VersionAsync(connection, cancellationToken);
        }
        if (found != Version)
        {
            throw new OperationException(
                $"the history in schema drover has version {found}, made by a newer Drover; this one knows {Version} "
                    + "at the most: update it, or set history in [monitor] to another database",
                OperationOutcome.Refused
            );
        }
    }

    /// <summary>The server's number; it is given one at the first time.</summary>
    public static async Task<int> NumberOfAsync(
        NpgsqlConnection connection,
        string server,
        CancellationToken cancellationToken
    ) =>
        await connection.ScalarAsync(
            """
            WITH made AS (
                INSERT INTO drover.history_servers (name) VALUES ($1) ON CONFLICT (name) DO NOTHING RETURNING id
            )
            SELECT id FROM made UNION ALL SELECT id FROM drover.history_servers WHERE name = $1
            """,
            [server],
            cancellationToken
        )
            is int number
            ? number
            : throw new OperationException($"the history gave no number to server {server}: it is tried again");

    // 0 where there is none.
    private static async Task<int> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await ExistsAsync(connection, cancellationToken)
            ? await connection.ScalarAsync("SELECT max(version) FROM drover.history_version", [], cancellationToken)
                as int?
                ?? throw new OperationException(
                    "drover.history_version is empty: which version the history has is not known"
                )
            : 0;

    private static async Task UpgradeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        // The lock of the partitions' own tables, so that two rooms do not make the schema at once.
        await connection.ExecuteAsync(
            "SELECT pg_advisory_xact_lock(hashtextextended('drover schema', 0))",
            [],
            cancellationToken
        );
        int found = await VersionAsync(connection, cancellationToken);
        if (found == 0)
        {
            await CreateAsync(connection, cancellationToken);
            found = 1;
        }
        foreach (string step in HistoryUpgrades.Steps.Skip(found - 1))
        {
            await connection.ExecuteAsync(step, [], cancellationToken);
            found++;
        }
        await connection.ExecuteAsync(
            "UPDATE drover.history_version SET version = $1 WHERE version < $1",
            [found],
            cancellationToken
        );
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task CreateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // CREATE SCHEMA IF NOT EXISTS asks for CREATE on the database even when the schema is there.
        if (await connection.ScalarAsync("SELECT to_regnamespace('drover') IS NULL", [], cancellationToken) is true)
        {
            await connection.ExecuteAsync("CREATE SCHEMA drover", [], cancellationToken);
        }
        string columns = string.Join(", ", ServerMetric.All.Select(static metric => $"{metric.Name} double precision"));
        await connection.ExecuteAsync(
            Tables.Replace("{columns}", columns, StringComparison.Ordinal),
            [],
            cancellationToken
        );
    }
}
