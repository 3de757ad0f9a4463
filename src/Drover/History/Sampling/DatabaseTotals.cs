// The counters of every database of a server, and what happened in each between two samples.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.History.Sampling;

/// <summary>
/// A row of pg_stat_database (https://www.postgresql.org/docs/18/monitoring-stats.html). The counters run since
/// <paramref name="Reset"/>, or since the database was made where that is null.
/// </summary>
internal sealed record DatabaseTotals(
    uint Oid,
    string Name,
    DateTimeOffset? Reset,
    long Transactions,
    long BlocksHit,
    long BlocksRead,
    long Deadlocks,
    long TempBytes
)
{
    private const string Sql = """
        SELECT s.datid, s.datname::text, s.stats_reset, s.xact_commit + s.xact_rollback, s.blks_hit, s.blks_read,
               s.deadlocks, s.temp_bytes, clock_timestamp()
        FROM pg_catalog.pg_stat_database s JOIN pg_catalog.pg_database d ON d.oid = s.datid AND NOT d.datistemplate
        """;

    /// <summary>Reads all, with the server's clock.</summary>
    public static async Task<(IReadOnlyList<DatabaseTotals> Databases, DateTimeOffset At)> ReadAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    )
    {
        DateTimeOffset at = default;
        List<DatabaseTotals> all = await connection.ListAsync(
            Sql,
            [],
            row =>
            {
                at = row.GetFieldValue<DateTimeOffset>(8);
                return new DatabaseTotals(
                    row.GetFieldValue<uint>(0),
                    row.GetString(1),
                    row.Instant(2),
                    row.GetInt64(3),
                    row.GetInt64(4),
                    row.GetInt64(5),
                    row.GetInt64(6),
                    row.GetInt64(7)
                );
            },
            cancellation
        );
        return (all, at);
    }

    /// <summary>
    /// What happened since an earlier sample of the same run of the server; null when it cannot be told. After a reset
    /// all that was counted since is taken: it happened in between, and what came before the reset is not known.
    /// </summary>
    public DatabaseTotals? Since(DatabaseTotals earlier)
    {
        if (Oid != earlier.Oid)
        {
            return null;
        }
        if (Reset != earlier.Reset)
        {
            return this;
        }
        bool isBackward =
            Transactions < earlier.Transactions
            || BlocksHit < earlier.BlocksHit
            || BlocksRead < earlier.BlocksRead
            || Deadlocks < earlier.Deadlocks
            || TempBytes < earlier.TempBytes;
        return isBackward
            ? null
            : this with
            {
                Transactions = Transactions - earlier.Transactions,
                BlocksHit = BlocksHit - earlier.BlocksHit,
                BlocksRead = BlocksRead - earlier.BlocksRead,
                Deadlocks = Deadlocks - earlier.Deadlocks,
                TempBytes = TempBytes - earlier.TempBytes,
            };
    }

    /// <summary>The two spans of time as one.</summary>
    public DatabaseTotals Plus(DatabaseTotals other) =>
        this with
        {
            Transactions = Transactions + other.Transactions,
            BlocksHit = BlocksHit + other.BlocksHit,
            BlocksRead = BlocksRead + other.BlocksRead,
            Deadlocks = Deadlocks + other.Deadlocks,
            TempBytes = TempBytes + other.TempBytes,
        };
}
