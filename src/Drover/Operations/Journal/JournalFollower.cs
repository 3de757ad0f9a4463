// Reads a journal again and again, and remembers how far: for logs and metrics of whoever does not run the operations.
using System.Globalization;
using Drover.Operations.Connections;
using Drover.Telemetry.ControlPlane;
using Npgsql;

namespace Drover.Operations.Journal;

/// <summary>An event with the run that it is of.</summary>
/// <param name="Id">Its number; later ones are greater.</param>
/// <param name="Run">The run.</param>
/// <param name="Target">On what.</param>
/// <param name="Step">The step, if it is of one.</param>
/// <param name="Kind">Stable, in kebab-case.</param>
/// <param name="Message">For a person.</param>
internal sealed record JournalEvent(long Id, long Run, string Target, string? Step, string Kind, string Message);

/// <summary>
/// One database's journal. An event whose transaction ends after a later one's has been read is not seen: logs and
/// counts may lack it, the journal does not.
/// </summary>
internal sealed class JournalFollower
{
    // The rest is read the next time.
    private const int EventsMax = 1000;

    private readonly Dictionary<string, double> _throttledSeconds = [];
    private long? _last;
    private long _lockWaits;

    /// <summary>As of the last read.</summary>
    public OperationReading Reading { get; private set; } = OperationReading.None;

    /// <summary>The events since the last read; none at the first one.</summary>
    public async Task<IReadOnlyList<JournalEvent>> ReadAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    )
    {
        if (!await JournalSchema.ExistsAsync(connection, cancellationToken))
        {
            // A journal that is made later is new from its first event.
            _last ??= 0;
            return [];
        }
        List<JournalEvent> events = [];
        if (_last is null)
        {
            object? last = await connection.ScalarAsync("SELECT max(id) FROM drover.events", [], cancellationToken);
            _last = last as long? ?? 0;
        }
        else
        {
            events = await ReadEventsAsync(connection, _last.Value, cancellationToken);
        }
        foreach (JournalEvent one in events)
        {
            _last = one.Id;
            Count(one);
        }
        Reading = new OperationReading
        {
            Runs = await SumAsync(
                connection,
                "SELECT state, count(*)::float8 FROM drover.runs GROUP BY 1",
                cancellationToken
            ),
            Rows = await SumAsync(
                connection,
                "SELECT name, sum(rows)::float8 FROM drover.steps WHERE rows > 0 GROUP BY 1",
                cancellationToken
            ),
            StepSeconds = await SumAsync(
                connection,
                "SELECT name, sum(extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at))::float8 "
                    + "FROM drover.steps WHERE started_at IS NOT NULL "
                    + "AND (finished_at IS NOT NULL OR state = 'running') GROUP BY 1",
                cancellationToken
            ),
            ThrottledSeconds = [.. _throttledSeconds.Select(pair => (pair.Key, pair.Value))],
            LockWaits = _lockWaits,
        };
        return events;
    }

    private void Count(JournalEvent one)
    {
        if (one.Kind == "lock-wait")
        {
            _lockWaits++;
        }
        else if (one.Kind == ThrottleEvent.Kind && ThrottleEvent.TryRead(one.Message, out string? reason, out double s))
        {
            _throttledSeconds[reason] = _throttledSeconds.GetValueOrDefault(reason) + s;
        }
    }

    private static Task<List<JournalEvent>> ReadEventsAsync(
        NpgsqlConnection connection,
        long after,
        CancellationToken cancellationToken
    ) =>
        connection.ListAsync(
            "SELECT e.id, e.run_id, r.target, e.step, e.kind, e.message FROM drover.events AS e "
                + "JOIN drover.runs AS r ON r.id = e.run_id WHERE e.id > $1 ORDER BY e.id "
                + $"LIMIT {EventsMax.ToString(CultureInfo.InvariantCulture)}",
            [after],
            row => new JournalEvent(
                row.GetInt64(0),
                row.GetInt64(1),
                row.GetString(2),
                row.Text(3),
                row.GetString(4),
                row.GetString(5)
            ),
            cancellationToken
        );

    private static async Task<(string, double)[]> SumAsync(
        NpgsqlConnection connection,
        string sql,
        CancellationToken cancellationToken
    ) => [.. await connection.ListAsync(sql, [], row => (row.GetString(0), row.GetDouble(1)), cancellationToken)];
}
