// When drover index apply built which index: PostgreSQL keeps no such time.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Building;

/// <summary>
/// A table in the schema <c>drover</c> of the database. It is made where that schema is, which a build alone does not
/// make, and where the role may. An index is known by its oid and its name: a restored copy has other oids.
/// </summary>
internal static class BuiltIndexes
{
    private const string State = """
        SELECT c.oid IS NOT NULL, has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
                   AND has_table_privilege(c.oid, 'DELETE'),
               has_table_privilege(c.oid, 'SELECT'), has_schema_privilege(n.oid, 'CREATE')
        FROM pg_catalog.pg_namespace n
        LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'built_indexes' AND c.relkind = 'r'
        WHERE n.nspname = 'drover' AND has_schema_privilege(n.oid, 'USAGE')
        """;

    private const string Schema = """
        SELECT pg_advisory_xact_lock(hashtextextended('drover schema', 0));
        CREATE TABLE IF NOT EXISTS drover.built_indexes (
            index_oid oid PRIMARY KEY, name text NOT NULL, built_at timestamptz NOT NULL DEFAULT now()
        );
        GRANT SELECT ON drover.built_indexes TO PUBLIC
        """;

    // Those that are gone go from here too.
    private const string Prune = """
        DELETE FROM drover.built_indexes b
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = b.index_oid AND c.relkind = 'i')
        """;

    private const string Note = """
        INSERT INTO drover.built_indexes (index_oid, name)
            SELECT i.indexrelid, i.indexrelid::regclass::text FROM pg_catalog.pg_index i
            WHERE i.indexrelid = pg_catalog.to_regclass($1)
            ON CONFLICT (index_oid) DO UPDATE SET name = excluded.name, built_at = excluded.built_at
        """;

    /// <summary>Notes that an index was built just now; false where that cannot be.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="index">Quoted, with its schema.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<bool> AddAsync(NpgsqlConnection connection, string index, CancellationToken cancellation)
    {
        if (
            await StateAsync(connection, cancellation) is not { } found
            || !(found.IsThere ? found.Writes : found.Makes)
        )
        {
            return false;
        }
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        if (!found.IsThere)
        {
            await connection.ExecuteAsync(Schema, [], cancellation);
        }
        await connection.ExecuteAsync(Prune, [], cancellation);
        await connection.ExecuteAsync(Note, [index], cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <summary>For how long each has been there, by its oid; none where nothing was noted, or may be read.</summary>
    public static async Task<Dictionary<uint, TimeSpan>> ReadAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    ) =>
        await StateAsync(connection, cancellation) is { IsThere: true, Reads: true }
            ? (
                await connection.ListAsync(
                    """
                    SELECT index_oid, greatest(0, extract(epoch FROM clock_timestamp() - built_at))::float8
                    FROM drover.built_indexes WHERE index_oid::regclass::text = name
                    """,
                    [],
                    static row => (row.GetFieldValue<uint>(0), TimeSpan.FromSeconds(row.GetDouble(1))),
                    cancellation
                )
            ).ToDictionary(static one => one.Item1, static one => one.Item2)
            : [];

    private static async Task<TableState?> StateAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        List<TableState> found = await connection.ListAsync(
            State,
            [],
            static row => new TableState(
                row.GetBoolean(0),
                !row.IsDBNull(1) && row.GetBoolean(1),
                !row.IsDBNull(2) && row.GetBoolean(2),
                row.GetBoolean(3)
            ),
            cancellation
        );
        return found.Count == 0 ? null : found[0];
    }

    private sealed record TableState(bool IsThere, bool Writes, bool Reads, bool Makes);
}
