// What the catalogs say about the target and the mirror while a conversion runs.
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion;

/// <summary>Reads on a connection, within its transaction if it has one.</summary>
internal static class TargetCatalog
{
    /// <summary>The partitions of a table, lowest first, the default one last.</summary>
    public static async Task<IReadOnlyList<QualifiedName>> ListPartitionsAsync(
        NpgsqlConnection connection,
        QualifiedName parent,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(
            """
            SELECT n.nspname, c.relname FROM pg_inherits AS i
            JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE i.inhparent = to_regclass($1)
            ORDER BY pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT', c.oid
            """,
            connection
        )
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = parent.ToString() } },
        };
        List<QualifiedName> names = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            names.Add(new QualifiedName(reader.GetString(0), reader.GetString(1)));
        }
        return names;
    }

    /// <summary>
    /// Versions of the mirror's triggers and functions, empty if any is missing, not always enabled, or not as Drover
    /// writes it. They change with every change, also with one that was undone: whoever switched a trigger off and on
    /// again is found out.
    /// </summary>
    public static async Task<string> ReadMirrorAsync(
        NpgsqlConnection connection,
        ConversionLayout layout,
        QualifiedName follower,
        CancellationToken cancellationToken
    )
    {
        string[] bodies = new Mirror(layout).Bodies(follower);
        await using NpgsqlCommand command = new(
            """
            SELECT CASE WHEN count(*) = 2 AND bool_and(t.tgenabled = 'A' AND p.prosrc IN ($4, $5))
              THEN string_agg(t.oid || ':' || t.xmin::text || ':' || p.xmin::text, ' ' ORDER BY t.tgname) ELSE '' END
            FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
            WHERE t.tgrelid = to_regclass($1) AND t.tgname IN ($2, $3)
            """,
            connection
        )
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = layout.Table.ToString() },
                new NpgsqlParameter<string> { TypedValue = Mirror.RowTrigger },
                new NpgsqlParameter<string> { TypedValue = Mirror.TruncateTrigger },
                new NpgsqlParameter<string> { TypedValue = bodies[0] },
                new NpgsqlParameter<string> { TypedValue = bodies[1] },
            },
        };
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
