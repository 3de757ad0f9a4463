// How far standbys are behind, and what slots hold back.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>A replication slot and the WAL that is kept for it.</summary>
internal sealed record SlotFacts(string Name, bool IsActive, long KeptBytes, string Status);

/// <summary>
/// On a primary the standby that is furthest behind (pg_stat_replication); on a standby its own delay.
/// </summary>
internal sealed record ReplicationFacts(
    bool IsStandby,
    int Standbys,
    double? LagSeconds,
    long? LagBytes,
    IReadOnlyList<SlotFacts> Slots
)
{
    /// <summary>Standbys that were looked at themselves; none but where somebody named them.</summary>
    public IReadOnlyList<StandbyUse> Looked { get; init; } = [];

    private const string Primary = """
        SELECT count(*)::int, max(extract(epoch FROM replay_lag))::float8,
               max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::bigint
        FROM pg_catalog.pg_stat_replication
        """;

    private const string Standby = """
        SELECT 0, CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
                        AND EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver) THEN 0
               ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8,
               pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint
        """;

    private const string SlotsSql = """
        SELECT slot_name::text, active, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint,
               coalesce(wal_status, 'lost')
        FROM pg_catalog.pg_replication_slots ORDER BY 3 DESC
        """;

    /// <summary>Reads it now.</summary>
    public static async Task<ReplicationFacts> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        bool isStandby = await connection.ScalarAsync("SELECT pg_is_in_recovery()", [], cancellation) is true;
        (int Standbys, double? Seconds, long? Bytes) lag = (
            await connection.ListAsync(
                isStandby ? Standby : Primary,
                [],
                static row =>
                    (
                        row.GetInt32(0),
                        row.IsDBNull(1) ? (double?)null : row.GetDouble(1),
                        row.IsDBNull(2) ? (long?)null : row.GetInt64(2)
                    ),
                cancellation
            )
        )[0];
        List<SlotFacts> slots = isStandby
            ? []
            : await connection.ListAsync(
                SlotsSql,
                [],
                static row => new SlotFacts(row.GetString(0), row.GetBoolean(1), row.GetInt64(2), row.GetString(3)),
                cancellation
            );
        return new ReplicationFacts(isStandby, lag.Standbys, lag.Seconds, lag.Bytes, slots);
    }
}
