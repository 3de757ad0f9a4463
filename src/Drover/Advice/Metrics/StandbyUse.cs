// Which indexes the standbys use: each counts its own scans.
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>What one standby has counted in the database that is looked at.</summary>
/// <param name="StartedAt">When its process began: tells two addresses of one standby from two standbys.</param>
/// <param name="CountedFor">How long its counters have run.</param>
/// <param name="Scans">Scans by the index's oid, which is the primary's.</param>
/// <param name="IsConnected">It receives WAL from a server, so it is one of those that some server counts.</param>
/// <param name="Standbys">Standbys that are connected to this one.</param>
internal sealed record StandbyUse(
    DateTimeOffset StartedAt,
    TimeSpan CountedFor,
    IReadOnlyDictionary<uint, long> Scans,
    bool IsConnected,
    int Standbys
)
{
    // The system identifier tells clusters apart, the oid databases of one cluster.
    private const string WhoSql = """
        SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),
               (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()),
               pg_is_in_recovery(), pg_postmaster_start_time(),
               EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver),
               (SELECT count(*)::int FROM pg_catalog.pg_stat_replication)
        """;

    private const string ScansSql =
        "SELECT indexrelid, idx_scan FROM pg_catalog.pg_stat_all_indexes WHERE idx_scan > 0";

    /// <summary>
    /// How many standbys nobody has looked at: all that the primary and those that were looked at have, less those that
    /// were looked at. One that reads archived WAL is nobody's in that sense, and is not taken for one of them.
    /// </summary>
    public static int Unseen(int ofPrimary, IReadOnlyList<StandbyUse> looked) =>
        Math.Max(0, ofPrimary + looked.Sum(static one => one.Standbys) - looked.Count(static one => one.IsConnected));

    /// <summary>Reads standbys of the server that a connection is to.</summary>
    /// <exception cref="OperationException">
    /// One cannot be reached; or, refused, one is no standby, is of another cluster, or is of another database.
    /// </exception>
    public static async Task<IReadOnlyList<StandbyUse>> ReadAsync(
        NpgsqlConnection primary,
        IReadOnlyList<NpgsqlConnectionStringBuilder> standbys,
        CancellationToken cancellation
    )
    {
        List<StandbyUse> uses = [];
        foreach (NpgsqlConnectionStringBuilder target in standbys)
        {
            await using ServerAccess access = new(target);
            try
            {
                await using NpgsqlConnection standby = await access.OpenAsync(cancellation);
                StandbyUse use = await ReadAsync(primary, standby, access.Description, cancellation);
                if (!uses.Exists(one => one.StartedAt == use.StartedAt))
                {
                    uses.Add(use);
                }
            }
            catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
            {
                throw new OperationException(
                    $"--standby: {ServerFailure.Describe(failure, access.Description)}",
                    failure
                );
            }
        }
        return uses;
    }

    private static async Task<StandbyUse> ReadAsync(
        NpgsqlConnection primary,
        NpgsqlConnection standby,
        string description,
        CancellationToken cancellation
    )
    {
        Who own = await WhoAsync(primary, cancellation);
        Who other = await WhoAsync(standby, cancellation);
        string? problem =
            !other.IsStandby ? "is no standby"
            : own.System != other.System ? "is a standby of another cluster: its system identifier is another"
            : own.Database != other.Database ? "is another database of the cluster"
            : null;
        if (problem is not null)
        {
            throw new OperationException($"--standby: {description} {problem}", OperationOutcome.Refused);
        }
        DatabaseCounters counters = await DatabaseCounters.ReadAsync(standby, cancellation);
        List<(uint Index, long Scans)> scans = await standby.ListAsync(
            ScansSql,
            [],
            static row => (row.GetFieldValue<uint>(0), row.GetInt64(1)),
            cancellation
        );
        return new StandbyUse(
            other.StartedAt,
            counters.At - counters.Since,
            scans.ToDictionary(static one => one.Index, static one => one.Scans),
            other.IsConnected,
            other.Standbys
        );
    }

    private static async Task<Who> WhoAsync(NpgsqlConnection connection, CancellationToken cancellation) =>
        (
            await connection.ListAsync(
                WhoSql,
                [],
                static row => new Who(
                    row.GetString(0),
                    row.GetFieldValue<uint>(1),
                    row.GetBoolean(2),
                    row.GetFieldValue<DateTimeOffset>(3),
                    row.GetBoolean(4),
                    row.GetInt32(5)
                ),
                cancellation
            )
        )[0];

    private sealed record Who(
        string System,
        uint Database,
        bool IsStandby,
        DateTimeOffset StartedAt,
        bool IsConnected,
        int Standbys
    );
}
