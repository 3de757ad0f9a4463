// Who is connected, who works, who waits for a lock.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>The server's client sessions at one moment, of all databases: they share max_connections.</summary>
internal sealed record SessionCounts(
    int Connections,
    int Active,
    int Idle,
    int IdleInTransaction,
    double OldestIdleInTransactionSeconds,
    int WaitingForLock,
    double LongestLockWaitSeconds,
    int ConnectionsMax
)
{
    private const string Sql = """
        SELECT count(*)::int,
               count(*) FILTER (WHERE state = 'active')::int,
               count(*) FILTER (WHERE state = 'idle')::int,
               count(*) FILTER (WHERE state LIKE 'idle in transaction%')::int,
               coalesce(max(extract(epoch FROM clock_timestamp() - state_change))
                   FILTER (WHERE state LIKE 'idle in transaction%'), 0)::float8,
               count(*) FILTER (WHERE wait_event_type = 'Lock')::int,
               coalesce(max(extract(epoch FROM clock_timestamp() - query_start))
                   FILTER (WHERE wait_event_type = 'Lock'), 0)::float8,
               current_setting('max_connections')::int
        FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'
        """;

    private const string Blocking = """
        SELECT a.pid, coalesce(a.state, 'unknown'), count(*)::int,
               coalesce(max(extract(epoch FROM clock_timestamp() - w.query_start)), 0)::float8
        FROM pg_catalog.pg_stat_activity w
        CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(w.pid)) blocker
        JOIN pg_catalog.pg_stat_activity a ON a.pid = blocker
        WHERE w.wait_event_type = 'Lock' AND cardinality(pg_catalog.pg_blocking_pids(a.pid)) = 0
        GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 3
        """;

    /// <summary>Counts them now.</summary>
    public static async Task<SessionCounts> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        (
            await connection.ListAsync(
                Sql,
                [],
                static row => new SessionCounts(
                    row.GetInt32(0),
                    row.GetInt32(1),
                    row.GetInt32(2),
                    row.GetInt32(3),
                    row.GetDouble(4),
                    row.GetInt32(5),
                    row.GetDouble(6),
                    row.GetInt32(7)
                ),
                cancellation
            )
        )[0];

    /// <summary>The sessions at the roots of the blocking trees, in words; empty when nobody waits.</summary>
    public static async Task<IReadOnlyList<string>> BlockersAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    ) =>
        await connection.ListAsync(
            Blocking,
            [],
            static row =>
                FormattableString.Invariant(
                    $"pid {row.GetInt32(0)} ({row.GetString(1)}) blocks {row.GetInt32(2)}, up to {row.GetDouble(3):0} s"
                ),
            cancellation
        );
}
