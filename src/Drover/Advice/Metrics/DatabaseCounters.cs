// The counters of one database at one moment; two of them make rates.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>
/// A row of pg_stat_database (https://www.postgresql.org/docs/18/monitoring-stats.html). Counters run since
/// <see cref="Since"/>: the last reset, or the server's start where none is known.
/// </summary>
internal sealed record DatabaseCounters(
    DateTimeOffset At,
    DateTimeOffset Since,
    long Transactions,
    long BlocksHit,
    long BlocksRead,
    long Deadlocks
)
{
    private const string Sql = """
        SELECT clock_timestamp(), coalesce(stats_reset, pg_postmaster_start_time()), xact_commit + xact_rollback,
               blks_hit, blks_read, deadlocks
        FROM pg_catalog.pg_stat_database WHERE datname = current_database()
        """;

    /// <summary>Reads them now.</summary>
    public static async Task<DatabaseCounters> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        (
            await connection.ListAsync(
                Sql,
                [],
                static row => new DatabaseCounters(
                    row.GetFieldValue<DateTimeOffset>(0),
                    row.GetFieldValue<DateTimeOffset>(1),
                    row.GetInt64(2),
                    row.GetInt64(3),
                    row.GetInt64(4),
                    row.GetInt64(5)
                ),
                cancellation
            )
        )[0];

    /// <summary>What happened between an earlier moment and this one; all of it when the counters began anew.</summary>
    public DatabaseCounters Minus(DatabaseCounters earlier) =>
        Transactions < earlier.Transactions || Since > earlier.At
            ? this
            : this with
            {
                Transactions = Transactions - earlier.Transactions,
                BlocksHit = BlocksHit - earlier.BlocksHit,
                BlocksRead = BlocksRead - earlier.BlocksRead,
                Deadlocks = Deadlocks - earlier.Deadlocks,
            };
}
