// Which views are kept, and how their refreshes went: a table in the schema drover of their own database.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Views;

/// <summary>Reads and writes it.</summary>
internal static class ViewStore
{
    // Two that create the schema at once would meet in pg_namespace's unique index: the lock sends them in order.
    private const string Schema = """
        SELECT pg_advisory_xact_lock(hashtextextended('drover schema', 0));
        CREATE SCHEMA IF NOT EXISTS drover;
        CREATE TABLE IF NOT EXISTS drover.views (
            schema_name text NOT NULL, view_name text NOT NULL, query text NOT NULL, search_path text NOT NULL,
            unique_columns text[] NOT NULL, interval_seconds bigint NOT NULL, is_enabled boolean NOT NULL,
            signature text NOT NULL, refreshed_at timestamptz, duration_seconds double precision NOT NULL DEFAULT 0,
            failed_at timestamptz, failures integer NOT NULL DEFAULT 0, problem text,
            changed_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (schema_name, view_name)
        )
        """;

    private const string Columns =
        "schema_name, view_name, query, search_path, unique_columns, interval_seconds, is_enabled, signature, "
        + "refreshed_at, duration_seconds, failed_at, failures, problem";

    /// <summary>Whether any view was ever kept here.</summary>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.ScalarAsync("SELECT to_regclass('drover.views') IS NOT NULL", [], cancellationToken) is true;

    /// <summary>Makes the table, if it is not there; in the caller's transaction.</summary>
    public static async Task EnsureAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await ExistsAsync(connection, cancellationToken))
        {
            await connection.ExecuteAsync(Schema, [], cancellationToken);
        }
    }

    /// <summary>Who owns the table, if neither this session's role nor a superuser: they may have written it.</summary>
    public static async Task<string?> OtherOwnerAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    ) =>
        await connection.ScalarAsync(
            """
            SELECT c.relowner::regrole::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
            WHERE c.oid = pg_catalog.to_regclass('drover.views') AND r.rolname <> current_user
                AND NOT r.rolsuper
            """,
            [],
            cancellationToken
        ) as string;

    /// <summary>All views, by name.</summary>
    public static async Task<IReadOnlyList<ManagedView>> ListAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    ) =>
        await ExistsAsync(connection, cancellationToken)
            ? await connection.ListAsync(
                $"SELECT {Columns} FROM drover.views ORDER BY schema_name, view_name",
                [],
                Read,
                cancellationToken
            )
            : [];

    /// <summary>Writes a view, with a first refresh that has just been.</summary>
    public static Task AddAsync(NpgsqlConnection connection, ManagedView view, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            $"""
            INSERT INTO drover.views ({Columns})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, 0, NULL)
            """,
            [
                view.Name.Schema,
                view.Name.Name,
                view.Sql,
                view.SearchPath,
                view.Unique.ToArray(),
                (long)view.Interval.TotalSeconds,
                view.IsEnabled,
                view.Signature,
                view.State.RefreshedAt?.ToUniversalTime(),
                view.State.Duration.TotalSeconds,
            ],
            cancellationToken
        );

    /// <summary>Changes when a view is refreshed.</summary>
    public static Task SetAsync(NpgsqlConnection connection, ManagedView view, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            """
            UPDATE drover.views SET interval_seconds = $3, is_enabled = $4, changed_at = now()
            WHERE schema_name = $1 AND view_name = $2
            """,
            [view.Name.Schema, view.Name.Name, (long)view.Interval.TotalSeconds, view.IsEnabled],
            cancellationToken
        );

    /// <summary>Forgets a view.</summary>
    public static Task RemoveAsync(NpgsqlConnection connection, ViewName name, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            "DELETE FROM drover.views WHERE schema_name = $1 AND view_name = $2",
            [name.Schema, name.Name],
            cancellationToken
        );

    /// <summary>Notes a refresh that succeeded.</summary>
    public static Task NoteAsync(
        NpgsqlConnection connection,
        ViewName name,
        string signature,
        DateTimeOffset began,
        TimeSpan duration,
        CancellationToken cancellationToken
    ) =>
        connection.ExecuteAsync(
            """
            UPDATE drover.views SET signature = $3, refreshed_at = $4, duration_seconds = $5, failed_at = NULL,
                failures = 0, problem = NULL
            WHERE schema_name = $1 AND view_name = $2
            """,
            [name.Schema, name.Name, signature, began.ToUniversalTime(), duration.TotalSeconds],
            cancellationToken
        );

    /// <summary>Notes a refresh that failed.</summary>
    public static Task NoteFailureAsync(
        NpgsqlConnection connection,
        ViewName name,
        string problem,
        CancellationToken cancellationToken
    ) =>
        connection.ExecuteAsync(
            """
            UPDATE drover.views SET failed_at = clock_timestamp(), failures = failures + 1, problem = $3
            WHERE schema_name = $1 AND view_name = $2
            """,
            [name.Schema, name.Name, problem],
            cancellationToken
        );

    private static ManagedView Read(NpgsqlDataReader row) =>
        new()
        {
            Name = new ViewName(row.GetString(0), row.GetString(1)),
            Sql = row.GetString(2),
            SearchPath = row.GetString(3),
            Unique = row.GetFieldValue<string[]>(4),
            Interval = TimeSpan.FromSeconds(row.GetInt64(5)),
            IsEnabled = row.GetBoolean(6),
            Signature = row.GetString(7),
            State = new RefreshState(
                row.Instant(8),
                TimeSpan.FromSeconds(row.GetDouble(9)),
                row.Instant(10),
                row.GetInt32(11),
                row.Text(12)
            ),
        };
}
