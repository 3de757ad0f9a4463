// The tables of the journal: schema drover, in the database that the operation works on.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Operations.Journal;

/// <summary>
/// Makes the journal's tables where they are missing. Other rooms add their own tables to the schema.
/// </summary>
internal static class JournalSchema
{
    /// <summary>The version of the tables below.</summary>
    public const int Version = 1;

    private const string Tables = """
        CREATE TABLE drover.schema_version (version int NOT NULL);
        INSERT INTO drover.schema_version VALUES (1);

        CREATE TABLE drover.runs (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind text NOT NULL,
            target text NOT NULL,
            strategy text NOT NULL,
            plan jsonb NOT NULL,
            state text NOT NULL DEFAULT 'planned',
            step text,
            detour text,
            epoch bigint NOT NULL DEFAULT 0,
            request text,
            open_gate text,
            open_at timestamptz,
            throttle_reason text,
            error text,
            outcome int,
            runner text,
            created_by text NOT NULL DEFAULT session_user,
            created_at timestamptz NOT NULL DEFAULT now(),
            started_at timestamptz,
            heartbeat_at timestamptz,
            finished_at timestamptz
        );
        CREATE UNIQUE INDEX runs_one_open_per_target ON drover.runs (target)
            WHERE state NOT IN ('finished', 'aborted');

        CREATE TABLE drover.steps (
            run_id bigint NOT NULL REFERENCES drover.runs,
            name text NOT NULL,
            ordinal int NOT NULL,
            state text NOT NULL DEFAULT 'pending',
            attempts bigint NOT NULL DEFAULT 0,
            batches bigint NOT NULL DEFAULT 0,
            rows bigint NOT NULL DEFAULT 0,
            bytes bigint NOT NULL DEFAULT 0,
            progress double precision NOT NULL DEFAULT 0,
            rate double precision NOT NULL DEFAULT 0,
            busy_ms double precision NOT NULL DEFAULT 0,
            cursor text,
            note text,
            started_at timestamptz,
            finished_at timestamptz,
            PRIMARY KEY (run_id, name)
        ) WITH (fillfactor = 50);

        CREATE TABLE drover.chunks (
            run_id bigint NOT NULL REFERENCES drover.runs,
            step text NOT NULL,
            batch bigint NOT NULL,
            detail jsonb NOT NULL,
            written_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (run_id, step, batch)
        );

        CREATE TABLE drover.events (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            run_id bigint NOT NULL REFERENCES drover.runs,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            step text,
            kind text NOT NULL,
            message text NOT NULL
        );
        CREATE INDEX events_run ON drover.events (run_id, id);
        """;

    /// <summary>True when this database has a journal.</summary>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.ScalarAsync("SELECT to_regclass('drover.runs') IS NOT NULL", [], cancellationToken) is true;

    /// <summary>Makes the schema and the tables, if they are not there; two at once do it once.</summary>
    /// <exception cref="OperationException">The tables are of a later version.</exception>
    public static async Task EnsureAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await ExistsAsync(connection, cancellationToken))
        {
            await CreateAsync(connection, cancellationToken);
        }
        await CheckVersionAsync(connection, cancellationToken);
    }

    private static async Task CreateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(
            "SELECT pg_advisory_xact_lock(hashtextextended('drover:journal', 0))",
            [],
            cancellationToken
        );
        if (!await ExistsAsync(connection, cancellationToken))
        {
            // CREATE SCHEMA IF NOT EXISTS asks for CREATE on the database even when the schema is there.
            if (await connection.ScalarAsync("SELECT to_regnamespace('drover') IS NULL", [], cancellationToken) is true)
            {
                await connection.ExecuteAsync("CREATE SCHEMA drover", [], cancellationToken);
            }
            await connection.ExecuteAsync(Tables, [], cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task CheckVersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        object? version = await connection.ScalarAsync(
            "SELECT max(version) FROM drover.schema_version",
            [],
            cancellationToken
        );
        if (version is not Version)
        {
            throw new OperationException(
                $"the journal in schema drover has version {version}, this Drover knows {Version}: use the newer one"
            );
        }
    }
}
