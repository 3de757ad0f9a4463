// The maintenance's tables in schema drover: policies, what was retired, and a log of every action.
using System.Globalization;
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Maintenance;

/// <summary>Reads and writes policies; notes what is done.</summary>
/// <param name="session">The connection.</param>
/// <param name="isInTransaction">The caller's transaction is open and is to hold all that is written.</param>
internal sealed class PolicyStore(MaintenanceSession session, bool isInTransaction = false)
{
    // Two that create the schema at once would meet in pg_namespace's unique index: the lock sends them in order.
    private const string Schema = """
        SELECT pg_advisory_xact_lock(hashtextextended('drover schema', 0));
        CREATE SCHEMA IF NOT EXISTS drover;
        CREATE TABLE IF NOT EXISTS drover.partition_policies (
            schema_name text NOT NULL, table_name text NOT NULL, key_column text NOT NULL, span text NOT NULL,
            zone text NOT NULL, premake integer NOT NULL, retention text, retention_action text NOT NULL,
            archive_folder text, watches_default boolean NOT NULL, is_enabled boolean NOT NULL,
            seen_at timestamptz, adopted_from text, changed_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (schema_name, table_name)
        );
        CREATE TABLE IF NOT EXISTS drover.partition_retirements (
            partition_oid oid PRIMARY KEY, schema_name text NOT NULL, table_name text NOT NULL,
            partition_schema text NOT NULL, partition_name text NOT NULL, bounds text NOT NULL, action text NOT NULL,
            state text NOT NULL, archive text, changed_at timestamptz NOT NULL DEFAULT now()
        );
        CREATE TABLE IF NOT EXISTS drover.partition_log (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
            schema_name text NOT NULL, table_name text NOT NULL, action text NOT NULL, subject text NOT NULL,
            outcome text NOT NULL, message text NOT NULL
        )
        """;

    private const string Columns =
        "schema_name, table_name, key_column, span, zone, premake, retention, retention_action, archive_folder, "
        + "watches_default, is_enabled, seen_at, adopted_from";

    /// <summary>Whether the tables are there; a reader of a dry run creates nothing.</summary>
    public async Task<bool> ExistsAsync(CancellationToken cancellationToken) =>
        await session.ScalarAsync<bool>(
            "SELECT to_regclass('drover.partition_policies') IS NOT NULL",
            cancellationToken
        );

    /// <summary>Makes the tables where they are missing.</summary>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        bool isThere = await session.ScalarAsync<bool>(
            "SELECT to_regclass('drover.partition_log') IS NOT NULL",
            cancellationToken
        );
        if (!isThere)
        {
            await session.ExecuteAsync(isInTransaction ? Schema : $"BEGIN; {Schema}; COMMIT", cancellationToken);
        }
    }

    /// <summary>All policies, by table.</summary>
    public async Task<IReadOnlyList<PartitionPolicy>> ListAsync(CancellationToken cancellationToken) =>
        await ExistsAsync(cancellationToken)
            ? await session.RowsAsync(
                $"SELECT {Columns} FROM drover.partition_policies ORDER BY schema_name, table_name",
                Read,
                cancellationToken
            )
            : [];

    /// <summary>The policy of a table; null: it has none.</summary>
    public async Task<PartitionPolicy?> FindAsync(QualifiedName table, CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).FirstOrDefault(policy => policy.Table == table);

    /// <summary>Writes a policy, whether it was there or not.</summary>
    public async Task SaveAsync(PartitionPolicy policy, CancellationToken cancellationToken)
    {
        await CreateAsync(cancellationToken);
        await session.ExecuteAsync(
            $"""
            INSERT INTO drover.partition_policies AS p ({Columns}, changed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now())
            ON CONFLICT (schema_name, table_name) DO UPDATE SET (key_column, span, zone, premake, retention,
                retention_action, archive_folder, watches_default, is_enabled, seen_at, adopted_from, changed_at)
                = ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now())
            """,
            cancellationToken,
            policy.Table.Schema,
            policy.Table.Name,
            policy.KeyColumn,
            policy.Interval.ToString(),
            policy.Zone,
            policy.Premake,
            policy.Retention?.ToString(),
            policy.RetentionAction.ToString().ToLowerInvariant(),
            policy.ArchiveFolder,
            policy.WatchesDefault,
            policy.IsEnabled,
            policy.SeenAt?.ToUniversalTime(),
            policy.AdoptedFrom
        );
    }

    /// <summary>Forgets a policy.</summary>
    public Task DeleteAsync(QualifiedName table, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM drover.partition_policies WHERE schema_name = $1 AND table_name = $2",
            cancellationToken,
            table.Schema,
            table.Name
        );

    /// <summary>Notes that the server's clock was believed.</summary>
    public Task SeeAsync(QualifiedName table, DateTimeOffset at, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE drover.partition_policies SET seen_at = $3 WHERE schema_name = $1 AND table_name = $2",
            cancellationToken,
            table.Schema,
            table.Name,
            at.ToUniversalTime()
        );

    /// <summary>Writes one line of the log.</summary>
    public Task LogAsync(
        QualifiedName table,
        string action,
        string subject,
        string outcome,
        string message,
        CancellationToken cancellationToken
    ) =>
        session.ExecuteAsync(
            "INSERT INTO drover.partition_log (schema_name, table_name, action, subject, outcome, message) "
                + "VALUES ($1, $2, $3, $4, $5, $6)",
            cancellationToken,
            table.Schema,
            table.Name,
            action,
            subject,
            outcome,
            message
        );

    private static PartitionPolicy Read(NpgsqlDataReader row)
    {
        QualifiedName table = new(row.GetString(0), row.GetString(1));
        string? problem = null;
        Retention kept = default;
        bool isRead =
            PartitionInterval.TryParse(row.GetString(3), out PartitionInterval interval, out problem)
            && (row.IsDBNull(6) || Retention.TryParse(row.GetString(6), out kept, out problem));
        if (!isRead || !Enum.TryParse(row.GetString(7), ignoreCase: true, out RetentionAction action))
        {
            string what = problem ?? $"'{row.GetString(7)}' is none of detach, drop, archive";
            throw new OperationException(
                string.Create(CultureInfo.InvariantCulture, $"drover.partition_policies, table {table}: {what}")
            );
        }
        return new PartitionPolicy
        {
            Table = table,
            KeyColumn = row.GetString(2),
            Interval = interval,
            Zone = row.GetString(4),
            Premake = row.GetInt32(5),
            Retention = row.IsDBNull(6) ? null : kept,
            RetentionAction = action,
            ArchiveFolder = row.IsDBNull(8) ? null : row.GetString(8),
            WatchesDefault = row.GetBoolean(9),
            IsEnabled = row.GetBoolean(10),
            SeenAt = row.IsDBNull(11) ? null : row.GetFieldValue<DateTimeOffset>(11),
            AdoptedFrom = row.IsDBNull(12) ? null : row.GetString(12),
        };
    }
}
