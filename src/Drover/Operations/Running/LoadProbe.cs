// Asks the server how busy it is: lag of its standbys, its WAL, its active sessions.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>
/// The server's load at one moment; what the role may not see, or the server does not say, is null.
/// </summary>
internal readonly record struct LoadSample
{
    /// <summary>How long the pulse's own commit took.</summary>
    public TimeSpan Commit { get; init; }

    /// <summary>The standby or subscriber that is furthest behind.</summary>
    public string? Standby { get; init; }

    /// <summary>What it has still to replay.</summary>
    public long? LagBytes { get; init; }

    /// <summary>The same in time.</summary>
    public TimeSpan? Lag { get; init; }

    /// <summary>The position in the WAL.</summary>
    public long? WalPosition { get; init; }

    /// <summary>Sessions at work.</summary>
    public long? ActiveSessions { get; init; }
}

/// <summary>Reads <see cref="LoadSample"/>.</summary>
internal static class LoadProbe
{
    private const string Sql = """
        SELECT s.name, s.bytes::bigint, extract(epoch FROM s.lag)::float8, (w.lsn - '0/0')::bigint, a.active
        FROM (SELECT pg_current_wal_lsn()) w (lsn)
        LEFT JOIN LATERAL (
            SELECT coalesce(nullif(r.application_name, ''), host(r.client_addr), 'a standby') AS name,
                pg_wal_lsn_diff(w.lsn, r.replay_lsn) AS bytes, r.replay_lag AS lag
            FROM pg_stat_replication r
            WHERE r.state IN ('streaming', 'catchup') AND r.replay_lsn IS NOT NULL
            ORDER BY bytes DESC LIMIT 1) s ON true
        CROSS JOIN (
            SELECT count(*) FILTER (WHERE state = 'active') AS active FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND application_name <> $1) a
        """;

    /// <summary>The load now.</summary>
    public static async Task<LoadSample> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        List<LoadSample> samples = await connection.ListAsync(
            Sql,
            [ConnectionText.ApplicationName],
            static row => new LoadSample
            {
                Standby = row.Text(0),
                LagBytes = row.IsDBNull(1) ? null : row.GetInt64(1),
                Lag = row.IsDBNull(2) ? null : TimeSpan.FromSeconds(row.GetDouble(2)),
                WalPosition = row.IsDBNull(3) ? null : row.GetInt64(3),
                ActiveSessions = row.GetInt64(4),
            },
            cancellationToken
        );
        return samples[0];
    }
}
