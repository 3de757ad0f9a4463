// How far back statements ask for rows: those that the proxy put aside, and those that pg_stat_activity shows.
using System.Text;
using Drover.Advice.Ages;
using Drover.Operations.Connections;
using Drover.Telemetry.Statements;
using Npgsql;

namespace Drover.History.Sampling;

/// <summary>A table, and where what is known of its use comes from.</summary>
internal readonly record struct AccessKey(string Table, string Source)
{
    /// <summary>Statements that went through this proxy, with their parameters: one in so many.</summary>
    public const string Proxy = "proxy";

    /// <summary>The last statement of each session at a look at pg_stat_activity; without parameters.</summary>
    public const string Activity = "activity";
}

/// <summary>
/// Reads statements, counts classes, and forgets the statements. Not safe for several threads, but for the samples.
/// </summary>
/// <param name="samples">What the proxy puts aside; null where it does not.</param>
/// <param name="limits">Limits.</param>
/// <param name="time">The clock.</param>
internal sealed class AccessWatch(StatementSamples? samples, HistoryLimits limits, TimeProvider time) : IDisposable
{
    // What began before the last look was seen then: each session shows its last statement.
    private const string ActivitySql = """
        SELECT query_start, query FROM pg_catalog.pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
            AND query_start > $1 AND query <> '' AND application_name NOT LIKE 'drover%' AND octet_length(query) < $3
        ORDER BY query_start DESC LIMIT $2
        """;

    // What the session itself has set is UTC. A text is cut where its last character ends, of up to 4 bytes, before the
    // zero: one that is as long as that may say less than the statement does.
    private const string SettingsSql = """
        SELECT reset_val, (SELECT setting::int - 4 FROM pg_catalog.pg_settings WHERE name = 'track_activity_query_size')
        FROM pg_catalog.pg_settings WHERE name = 'TimeZone'
        """;

    private readonly StatementAges _ages = new();
    private readonly Rest _tableRest = new(limits.TablePeriod, limits.RestFactor, time);
    private IReadOnlyList<AgedTable> _tables = [];
    private TimeZoneInfo _zone = TimeZoneInfo.Utc;
    private int _lengthMax;
    private DateTime? _seen;
    private long _dropped;

    /// <summary>What was asked for since the last time.</summary>
    public async Task<IReadOnlyDictionary<AccessKey, AccessCounts>> TakeAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    )
    {
        Dictionary<AccessKey, AccessCounts> counts = [];
        if (!_ages.CanRead)
        {
            return counts;
        }
        await LookAsync(connection, cancellation);
        await DrainAsync(counts, cancellation);
        if (_tables.Count > 0)
        {
            await SeeAsync(connection, counts, cancellation);
        }
        return counts;
    }

    /// <summary>Forgets what belongs to the server that was there before.</summary>
    public void Forget()
    {
        _tables = [];
        _seen = null;
        _tableRest.Reset();
    }

    /// <inheritdoc/>
    public void Dispose() => _ages.Dispose();

    private async Task LookAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (!_tableRest.IsDue)
        {
            return;
        }
        _tableRest.Begin();
        _tables = await AgedTable.ReadAsync(connection, cancellation);
        (string name, _lengthMax) = (
            await connection.ListAsync(SettingsSql, [], static row => (row.GetString(0), row.GetInt32(1)), cancellation)
        )[0];
        _zone = TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone) ? zone : TimeZoneInfo.Utc;
        _tableRest.End();
    }

    private async Task DrainAsync(Dictionary<AccessKey, AccessCounts> counts, CancellationToken cancellation)
    {
        List<StatementSample> taken = [];
        while (taken.Count < StatementSamples.WaitingMax && samples is not null && samples.TryRead(out var sample))
        {
            taken.Add(sample);
        }
        if (taken.Count == 0)
        {
            return;
        }
        long dropped = samples!.Dropped;
        double weight = samples.Every * (1 + ((double)(dropped - _dropped) / taken.Count));
        _dropped = dropped;
        foreach (StatementSample sample in taken)
        {
            cancellation.ThrowIfCancellationRequested();
            await CountAsync(counts, AccessKey.Proxy, sample.Text, sample.Bound, weight);
        }
    }

    private async Task SeeAsync(
        NpgsqlConnection connection,
        Dictionary<AccessKey, AccessCounts> counts,
        CancellationToken cancellation
    )
    {
        _seen ??= (DateTime)(await connection.ScalarAsync("SELECT clock_timestamp()", [], cancellation))!;
        List<(DateTime Start, string Text)> rows = await connection.ListAsync(
            ActivitySql,
            [_seen, limits.ActivityMax, _lengthMax],
            static row => (row.GetDateTime(0), row.GetString(1)),
            cancellation
        );
        foreach ((DateTime start, string text) in rows)
        {
            _seen = start > _seen ? start : _seen;
            await CountAsync(counts, AccessKey.Activity, Encoding.UTF8.GetBytes(text), [], 1);
        }
    }

    private async Task CountAsync(
        Dictionary<AccessKey, AccessCounts> counts,
        string source,
        byte[] text,
        byte[] bound,
        double weight
    )
    {
        foreach ((string table, AccessAge age) in await _ages.ReadAsync(text, bound, _tables, time.GetUtcNow(), _zone))
        {
            AccessKey key = new(table, source);
            counts[key] = counts.GetValueOrDefault(key).Plus(age, weight);
        }
    }
}
