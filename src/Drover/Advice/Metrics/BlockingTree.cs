// Who waits for whom.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>A session of a blocking tree.</summary>
/// <param name="Pid">Its process.</param>
/// <param name="Depth">0: it holds a lock and waits for none; else how far it is below such a one.</param>
/// <param name="State">As pg_stat_activity has it; unknown where the role may not see it.</param>
/// <param name="Seconds">How long its statement runs, or has been over.</param>
/// <param name="Waits">What it waits for, such as Lock: transactionid; empty for nothing.</param>
/// <param name="Query">Its statement, shortened; as pg_stat_activity has it, with its values.</param>
internal sealed record BlockedSession(int Pid, int Depth, string State, double Seconds, string Waits, string Query);

/// <summary>
/// The sessions that wait for a lock, each below one that it waits for (pg_blocking_pids), and those at the roots.
/// </summary>
internal static class BlockingTree
{
    private const int SessionsMax = 100;

    // Each comes below the first of those that block it; a cycle is a deadlock that is not broken yet: it has no root.
    private const string Sql = """
        SELECT a.pid, coalesce((pg_catalog.pg_blocking_pids(a.pid))[1], 0), coalesce(a.state, 'unknown'),
               coalesce(extract(epoch FROM clock_timestamp() - coalesce(CASE WHEN a.state = 'active'
                   THEN a.query_start ELSE a.state_change END, a.backend_start)), 0)::float8,
               CASE WHEN a.wait_event_type = 'Lock' THEN 'Lock: ' || a.wait_event ELSE '' END,
               left(a.query, 200)
        FROM pg_catalog.pg_stat_activity a
        WHERE a.wait_event_type = 'Lock' OR a.pid IN (
            SELECT unnest(pg_catalog.pg_blocking_pids(w.pid)) FROM pg_catalog.pg_stat_activity w
            WHERE w.wait_event_type = 'Lock')
        ORDER BY 4 DESC, 1 LIMIT $1
        """;

    /// <summary>Reads it: roots first, each with those below it; empty when nobody waits.</summary>
    public static async Task<IReadOnlyList<BlockedSession>> ReadAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    ) =>
        Arrange(
            await connection.ListAsync(
                Sql,
                [SessionsMax],
                static row =>
                    (
                        row.GetInt32(1),
                        new BlockedSession(
                            row.GetInt32(0),
                            0,
                            row.GetString(2),
                            row.GetDouble(3),
                            row.GetString(4),
                            row.Text(5) ?? ""
                        )
                    ),
                cancellation
            )
        );

    /// <summary>Puts each session below its blocker.</summary>
    public static IReadOnlyList<BlockedSession> Arrange(IReadOnlyList<(int Blocker, BlockedSession Session)> sessions)
    {
        HashSet<int> known = [.. sessions.Select(static one => one.Session.Pid)];
        ILookup<int, BlockedSession> below = sessions.ToLookup(
            one => known.Contains(one.Blocker) && one.Blocker != one.Session.Pid ? one.Blocker : 0,
            static one => one.Session
        );
        List<BlockedSession> tree = [];
        HashSet<int> seen = [];
        Add(0, 0);
        // Those of a cycle are below each other.
        foreach ((int _, BlockedSession session) in sessions)
        {
            Place(session, 0);
        }
        return tree;

        void Add(int blocker, int depth)
        {
            foreach (BlockedSession session in below[blocker])
            {
                Place(session, depth);
            }
        }

        void Place(BlockedSession session, int depth)
        {
            if (seen.Add(session.Pid))
            {
                tree.Add(session with { Depth = depth });
                Add(session.Pid, depth + 1);
            }
        }
    }
}
