// Transactions that began before a moment and may still read with a snapshot from before it.
using Npgsql;

namespace Drover.Partitioning.Conversion;

/// <summary>
/// A reader whose snapshot is older than rows that were copied or swept would miss them once the target has the table's
/// name. Such readers are waited for, by their virtual transaction, which everybody may see; nobody is ended.
/// </summary>
internal static class OldSnapshots
{
    /// <summary>
    /// Transactions of this database that hold a snapshot now, of whatever process: a background worker (such as those
    /// of pg_cron) and a walsender that copies a table at a snapshot read by the table's name like everybody else.
    /// Everybody may see <c>backend_xmin</c>. Autovacuum, which has no user, reads no table by its name, and a
    /// streaming walsender holds no snapshot.
    /// </summary>
    public static async Task<string[]> ListAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(
            """
            SELECT l.virtualtransaction || ':' || l.pid
            FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'virtualxid' AND l.granted AND l.pid <> pg_backend_pid()
              AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND a.usesysid IS NOT NULL AND a.backend_xmin IS NOT NULL
            """,
            connection
        );
        List<string> found = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetString(0));
        }
        return [.. found];
    }
}
