// Sessions that hold others up, or that hold back vacuum: blocking trees, long and prepared transactions.
using System.Globalization;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>What pg_stat_activity, pg_locks and pg_prepared_xacts show at this moment.</summary>
internal static class LockAdvice
{
    // Each tree from its root down, indented; a session that waits for two stands under one of them.
    private const string TreeSql = """
        WITH RECURSIVE waits AS MATERIALIZED (
            SELECT a.pid, b.blocker, extract(epoch FROM clock_timestamp() - a.query_start)::float8 AS seconds
            FROM pg_catalog.pg_stat_activity a CROSS JOIN LATERAL unnest(pg_catalog.pg_blocking_pids(a.pid)) b (blocker)
            WHERE a.wait_event_type = 'Lock'
        ), tree AS (
            SELECT DISTINCT w.blocker AS root, w.blocker AS pid, 0 AS level, 0::float8 AS seconds,
                   ARRAY[w.blocker] AS path
            FROM waits w WHERE w.blocker NOT IN (SELECT pid FROM waits)
            UNION ALL
            SELECT t.root, w.pid, t.level + 1, w.seconds, t.path || w.pid
            FROM tree t JOIN waits w ON w.blocker = t.pid AND w.pid <> ALL (t.path) WHERE t.level < 20
        )
        SELECT t.root, count(DISTINCT t.pid) FILTER (WHERE t.level > 0)::int, max(t.seconds),
               string_agg(format('%spid %s (%s)', repeat('> ', t.level), t.pid, coalesce(a.state, 'unknown')), ', '
                          ORDER BY t.path)
        FROM tree t LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = t.pid
        GROUP BY t.root ORDER BY 2 DESC LIMIT 5
        """;

    private const string LongSql = """
        SELECT pid, coalesce(state, 'unknown'), extract(epoch FROM clock_timestamp() - xact_start)::float8,
               greatest(age(backend_xmin), age(backend_xid))
        FROM pg_catalog.pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
          AND state NOT LIKE 'idle in transaction%'
          AND clock_timestamp() - xact_start >= make_interval(secs => $1)
        ORDER BY xact_start LIMIT 5
        """;

    private const string PreparedSql = """
        SELECT gid, extract(epoch FROM clock_timestamp() - prepared)::float8, quote_literal(gid)
        FROM pg_catalog.pg_prepared_xacts WHERE clock_timestamp() - prepared >= make_interval(secs => $1)
        ORDER BY prepared LIMIT 5
        """;

    /// <summary>All of them.</summary>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        AdviceLimits limits,
        CancellationToken cancellation
    ) =>
        [
            .. (
                await connection.ListAsync(TreeSql, [], row => Tree(row, limits), cancellation)
            ).OfType<Recommendation>(),
            .. await connection.ListAsync(LongSql, [limits.LongTransaction.TotalSeconds], Long, cancellation),
            .. await connection.ListAsync(
                PreparedSql,
                [limits.PreparedTransaction.TotalSeconds],
                Prepared,
                cancellation
            ),
        ];

    private static Recommendation? Tree(NpgsqlDataReader row, AdviceLimits limits)
    {
        (int root, int waiting, double seconds, string tree) = (
            row.GetInt32(0),
            row.GetInt32(1),
            row.GetDouble(2),
            row.GetString(3)
        );
        return seconds < limits.LockWait.TotalSeconds
            ? null
            : new Recommendation(
                "lock-pile-up",
                $"pid {root}",
                Gain.Safety,
                waiting * seconds,
                Text($"{waiting} session(s) wait for pid {root}, up to {seconds:N0} s: {tree}"),
                "they go on; the pool has its connections back",
                "what that session has not committed is rolled back",
                "look first at what it does: SELECT query, state, xact_start FROM pg_stat_activity",
                Text($"SELECT pg_terminate_backend({root})"),
                ""
            );
    }

    private static Recommendation Long(NpgsqlDataReader row)
    {
        int pid = row.GetInt32(0);
        string age = row.IsDBNull(3) ? "" : Text($", and holds back vacuum by {row.GetInt32(3):N0} transactions");
        return new Recommendation(
            "long-transaction",
            $"pid {pid}",
            Gain.Safety,
            row.GetDouble(2),
            Text($"pid {pid} ({row.GetString(1)}) has been in one transaction for {row.GetDouble(2):N0} s{age}"),
            "vacuum takes dead rows away again; indexes can be built concurrently",
            "what that session has not committed is rolled back",
            "a report or a dump may rightly take so long: run it on a standby",
            Text($"SELECT pg_cancel_backend({pid})"),
            ""
        );
    }

    private static Recommendation Prepared(NpgsqlDataReader row) =>
        new(
            "prepared-transaction",
            row.GetString(0),
            Gain.Safety,
            row.GetDouble(1),
            Text(
                $"transaction {row.GetString(0)} was prepared {row.GetDouble(1):N0} s ago, and nobody has finished it"
            ),
            "its locks are let go, and vacuum may take dead rows away again",
            "none",
            "whoever prepared it decides: if its other parts were committed, COMMIT PREPARED it. Drover's own "
                + "are finished by drover serve",
            $"ROLLBACK PREPARED {row.GetString(2)}",
            ""
        );

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
