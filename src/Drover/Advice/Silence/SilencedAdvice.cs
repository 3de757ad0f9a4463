// Which advice was looked at and is not wanted: a table in the schema drover of the database that it is about.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Silence;

/// <summary>
/// The table is made when something is silenced for the first time. It holds codes and names, no values; every role
/// may read it, so that what one silences is silent for all.
/// </summary>
internal static class SilencedAdvice
{
    // Two that create the schema at once would meet in pg_namespace's unique index: the lock sends them in order.
    private const string Schema = """
        SELECT pg_advisory_xact_lock(hashtextextended('drover schema', 0));
        CREATE SCHEMA IF NOT EXISTS drover;
        CREATE TABLE IF NOT EXISTS drover.silenced_advice (
            id text PRIMARY KEY, code text NOT NULL, subject text NOT NULL,
            silenced_by text NOT NULL DEFAULT session_user, silenced_at timestamptz NOT NULL DEFAULT now()
        );
        GRANT USAGE ON SCHEMA drover TO PUBLIC;
        GRANT SELECT ON drover.silenced_advice TO PUBLIC
        """;

    /// <summary>The IDs; none where nothing was ever silenced, or where the role may not look.</summary>
    public static async Task<HashSet<string>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        // to_regclass fails in a schema that may not be used; the catalogs may be read by all.
        const string IsReadable = """
            SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'drover' AND c.relname = 'silenced_advice' AND c.relkind = 'r'
            """;
        return await connection.ScalarAsync(IsReadable, [], cancellation) is true
            ?
            [
                .. await connection.ListAsync(
                    "SELECT id FROM drover.silenced_advice",
                    [],
                    static row => row.GetString(0),
                    cancellation
                ),
            ]
            : [];
    }

    /// <summary>Silences advice from now on.</summary>
    public static async Task AddAsync(
        NpgsqlConnection connection,
        IReadOnlyList<Recommendation> advice,
        CancellationToken cancellation
    )
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        if (
            await connection.ScalarAsync("SELECT to_regclass('drover.silenced_advice')::text", [], cancellation) is null
        )
        {
            await connection.ExecuteAsync(Schema, [], cancellation);
        }
        foreach (Recommendation one in advice)
        {
            await connection.ExecuteAsync(
                "INSERT INTO drover.silenced_advice (id, code, subject) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                [one.Id, one.Code, one.Subject],
                cancellation
            );
        }
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Has advice shown again; what it was about, or null if it was not silenced.</summary>
    public static async Task<string?> RemoveAsync(
        NpgsqlConnection connection,
        string id,
        CancellationToken cancellation
    ) =>
        (await ReadAsync(connection, cancellation)).Contains(id)
            ? await connection.ScalarAsync(
                "DELETE FROM drover.silenced_advice WHERE id = $1 RETURNING code || ': ' || subject",
                [id],
                cancellation
            ) as string
            : null;
}
