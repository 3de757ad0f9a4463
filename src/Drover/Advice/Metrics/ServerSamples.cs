// Everything that is read of a server: counters at both ends of a short interval, and the catalogs between.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>What one look at a server gives; the metrics and the advice are made of it.</summary>
internal sealed record ServerSamples(
    string Version,
    string Database,
    string Role,
    bool SeesEverybody,
    DatabaseCounters Total,
    DatabaseCounters Interval,
    TimeSpan Elapsed,
    IReadOnlyList<SessionCounts> Sessions,
    IReadOnlyList<string> Blockers,
    StatementStatistics Statements,
    IReadOnlyList<TableFacts> Tables,
    ReplicationFacts Replication,
    HostCounters? HostBefore,
    HostCounters? Host,
    string HostSource
)
{
    private const int StatementsMax = 5;

    /// <summary>The pools in front of the server, looked at as often as sessions; empty: no console is known.</summary>
    public IReadOnlyList<PoolFacts> Pools { get; init; } = [];

    /// <summary>What would have bloat measured, where it is estimated; empty: nothing stands in the way.</summary>
    public string BloatNote { get; init; } = "";

    /// <summary>
    /// Standbys are there, and the role may not see how far they are: no lag is not the same as one that is hidden.
    /// </summary>
    public bool IsLagHidden => !SeesEverybody && Replication is { IsStandby: false, Standbys: > 0, LagSeconds: null };

    private const string Who = """
        SELECT current_setting('server_version'), current_database()::text, quote_ident(current_user),
               pg_has_role('pg_read_all_stats', 'USAGE') OR current_setting('is_superuser') = 'on'
        """;

    /// <summary>Reads for so long; the load is a few queries of the statistics views a second.</summary>
    public static async Task<ServerSamples> TakeAsync(
        NpgsqlConnection connection,
        PoolFeed? console,
        TimeSpan interval,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        (string Version, string Database, string Role, bool All) who = (
            await connection.ListAsync(
                Who,
                [],
                static row => (row.GetString(0), row.GetString(1), row.GetString(2), row.GetBoolean(3)),
                cancellation
            )
        )[0];
        HostReader hostReader = new(connection);
        HostCounters? hostBefore = await hostReader.ReadAsync(cancellation);
        DatabaseCounters before = await DatabaseCounters.ReadAsync(connection, cancellation);
        long start = time.GetTimestamp();
        StatementStatistics statements = await StatementStatistics.ReadAsync(connection, StatementsMax, cancellation);
        List<TableFacts> tables = await TableFacts.ReadAsync(connection, cancellation);
        ReplicationFacts replication = await ReplicationFacts.ReadAsync(connection, cancellation);
        List<SessionCounts> sessions = [];
        List<PoolFacts> pools = [];
        do
        {
            await LookAsync(console, pools, cancellation);
            sessions.Add(await SessionCounts.ReadAsync(connection, cancellation));
            TimeSpan left = interval - time.GetElapsedTime(start);
            await Task.Delay(
                left > TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : Positive(left),
                time,
                cancellation
            );
        } while (time.GetElapsedTime(start) < interval);
        DatabaseCounters after = await DatabaseCounters.ReadAsync(connection, cancellation);
        return new ServerSamples(
            who.Version,
            who.Database,
            who.Role,
            who.All,
            after,
            after.Minus(before),
            time.GetElapsedTime(start),
            sessions,
            await SessionCounts.BlockersAsync(connection, cancellation),
            statements,
            tables,
            replication,
            hostBefore,
            await hostReader.ReadAsync(cancellation),
            hostReader.Source
        )
        {
            Pools = pools,
        };
    }

    private static async Task LookAsync(PoolFeed? console, List<PoolFacts> pools, CancellationToken cancellation)
    {
        // One that did not answer is not asked again: each time might take as long.
        if (console is not null && (pools.Count == 0 || pools[^1].Problem.Length == 0))
        {
            pools.Add(await console.ReadAsync(cancellation));
        }
    }

    private static TimeSpan Positive(TimeSpan span) => span > TimeSpan.Zero ? span : TimeSpan.Zero;
}
