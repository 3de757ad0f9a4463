// Which run of which server counters belong to: over a restart, a failover or another server nothing is subtracted.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.History.Sampling;

/// <summary>
/// The run of a server that counters belong to. A clean restart keeps them and a crash does not; a standby that was
/// promoted or another server behind the same address has its own. Whoever differs in anything here begins anew.
/// </summary>
/// <param name="System">The cluster's system identifier; null when it may not be read.</param>
/// <param name="Timeline">Its timeline; a promotion begins a new one.</param>
/// <param name="Database">The database's oid.</param>
/// <param name="StartedAt">When the server was started.</param>
/// <param name="IsStandby">True in recovery.</param>
/// <param name="Version">PostgreSQL's version.</param>
internal sealed record ServerIdentity(
    string? System,
    int? Timeline,
    uint Database,
    DateTimeOffset StartedAt,
    bool IsStandby,
    string Version
)
{
    private const string Sql = """
        SELECT (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()),
               pg_postmaster_start_time(), pg_is_in_recovery(), current_setting('server_version')
        """;

    private const string ControlSql = """
        SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),
               (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint())
        """;

    /// <summary>Reads it. Needs nothing; the control file's part is left out where it is not permitted.</summary>
    public static async Task<ServerIdentity> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        (string? system, int? timeline) = await ReadControlAsync(connection, cancellation);
        return (
            await connection.ListAsync(
                Sql,
                [],
                row => new ServerIdentity(
                    system,
                    timeline,
                    row.GetFieldValue<uint>(0),
                    row.GetFieldValue<DateTimeOffset>(1),
                    row.GetBoolean(2),
                    row.GetString(3)
                ),
                cancellation
            )
        )[0];
    }

    private static async Task<(string?, int?)> ReadControlAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    )
    {
        try
        {
            return (
                await connection.ListAsync(
                    ControlSql,
                    [],
                    static row => (row.Text(0), row.IsDBNull(1) ? (int?)null : row.GetInt32(1)),
                    cancellation
                )
            )[0];
        }
        catch (PostgresException denied) when (denied.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return (null, null);
        }
    }
}
