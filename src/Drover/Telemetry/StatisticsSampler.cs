// Totals and averages by database for SHOW STATS, over windows as long as PgBouncer's.
namespace Drover.Telemetry;

/// <summary>Averages of one database; counts and bytes per second, times per occurrence in microseconds.</summary>
internal sealed record TrafficAverages
{
    /// <summary>Nothing happened.</summary>
    public static readonly TrafficAverages Zero = new();

    /// <summary>Servers given to clients, per second.</summary>
    public long ServerAssignments { get; init; }

    /// <summary>Transactions per second.</summary>
    public long Transactions { get; init; }

    /// <summary>Queries per second.</summary>
    public long Queries { get; init; }

    /// <summary>Bytes received per second.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Bytes sent per second.</summary>
    public long BytesSent { get; init; }

    /// <summary>Mean microseconds of a transaction.</summary>
    public long TransactionTimeUs { get; init; }

    /// <summary>Mean microseconds of a query.</summary>
    public long QueryTimeUs { get; init; }

    /// <summary>Mean microseconds waited, per server assignment.</summary>
    public long WaitTimeUs { get; init; }

    /// <summary>Statements prepared by clients, per second.</summary>
    public long ClientParses { get; init; }

    /// <summary>Statements prepared on servers, per second.</summary>
    public long ServerParses { get; init; }

    /// <summary>Binds per second.</summary>
    public long Binds { get; init; }
}

/// <summary>What SHOW STATS has for one database.</summary>
/// <param name="Database">The database entry's name.</param>
/// <param name="Totals">Since start.</param>
/// <param name="Averages">Over the window.</param>
internal sealed record DatabaseStatistics(string Database, TrafficCounters Totals, TrafficAverages Averages);

/// <summary>
/// Remembers the totals of the last two periods. An average spans from the older of the two to now, so between one and
/// two periods of <c>stats_period</c>, which is how PgBouncer does it. Safe from any thread.
/// </summary>
internal sealed class StatisticsSampler
{
    private readonly TimeProvider _time;
    private readonly Func<IReadOnlyList<PoolTraffic>> _traffic;
    private readonly Lock _gate = new();
    private Dictionary<string, TrafficCounters> _older = [];
    private Dictionary<string, TrafficCounters> _newer = [];
    private long _olderStamp;
    private long _newerStamp;

    /// <summary>Starts the first window now.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="traffic">Every pool's counters, summed over the event loops.</param>
    public StatisticsSampler(TimeProvider time, Func<IReadOnlyList<PoolTraffic>> traffic)
    {
        _time = time;
        _traffic = traffic;
        _newerStamp = _olderStamp = time.GetTimestamp();
    }

    /// <summary>
    /// Ends a period; to be called every <c>stats_period</c>. Returns the averages over all databases.
    /// </summary>
    public TrafficAverages Tick()
    {
        Dictionary<string, TrafficCounters> now = SumByDatabase();
        lock (_gate)
        {
            _older = _newer;
            _olderStamp = _newerStamp;
            _newer = now;
            _newerStamp = _time.GetTimestamp();
            return Average(Total(now), Total(_older), _time.GetElapsedTime(_olderStamp, _newerStamp));
        }
    }

    /// <summary>Totals and averages of every database, in order of name.</summary>
    public IReadOnlyList<DatabaseStatistics> Read()
    {
        Dictionary<string, TrafficCounters> now = SumByDatabase();
        List<DatabaseStatistics> rows = new(now.Count);
        lock (_gate)
        {
            TimeSpan elapsed = _time.GetElapsedTime(_olderStamp);
            foreach ((string database, TrafficCounters totals) in now.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                rows.Add(new(database, totals, Average(totals, _older.GetValueOrDefault(database), elapsed)));
            }
        }
        return rows;
    }

    /// <summary>Totals and averages over all databases; the name is empty.</summary>
    public DatabaseStatistics ReadTotal()
    {
        TrafficCounters now = Total(SumByDatabase());
        lock (_gate)
        {
            return new("", now, Average(now, Total(_older), _time.GetElapsedTime(_olderStamp)));
        }
    }

    private Dictionary<string, TrafficCounters> SumByDatabase()
    {
        Dictionary<string, TrafficCounters> sums = [];
        foreach (PoolTraffic pool in _traffic())
        {
            if (!sums.TryGetValue(pool.Database, out TrafficCounters? sum))
            {
                sums.Add(pool.Database, sum = new());
            }
            sum.Add(pool.Counters);
        }
        return sums;
    }

    private static TrafficCounters Total(Dictionary<string, TrafficCounters> databases)
    {
        TrafficCounters total = new();
        foreach (TrafficCounters counters in databases.Values)
        {
            total.Add(counters);
        }
        return total;
    }

    // A pool that went away takes its counters with it: a difference below zero says nothing and counts as zero.
    private static TrafficAverages Average(TrafficCounters now, TrafficCounters? before, TimeSpan elapsed)
    {
        long us = (long)elapsed.TotalMicroseconds;
        if (us <= 0)
        {
            return TrafficAverages.Zero;
        }
        long PerSecond(long current, long? old) => (long)((Int128)1_000_000 * Math.Max(current - (old ?? 0), 0) / us);
        long PerEach(long current, long? old, long count, long? oldCount)
        {
            long occurrences = count - (oldCount ?? 0);
            return occurrences <= 0 ? 0 : Math.Max(current - (old ?? 0), 0) / occurrences;
        }
        return new()
        {
            ServerAssignments = PerSecond(now.ServerAssignments, before?.ServerAssignments),
            Transactions = PerSecond(now.Transactions, before?.Transactions),
            Queries = PerSecond(now.Queries, before?.Queries),
            BytesReceived = PerSecond(now.BytesReceived, before?.BytesReceived),
            BytesSent = PerSecond(now.BytesSent, before?.BytesSent),
            TransactionTimeUs = PerEach(
                now.TransactionTimeUs,
                before?.TransactionTimeUs,
                now.Transactions,
                before?.Transactions
            ),
            QueryTimeUs = PerEach(now.QueryTimeUs, before?.QueryTimeUs, now.Queries, before?.Queries),
            WaitTimeUs = PerEach(now.WaitTimeUs, before?.WaitTimeUs, now.ServerAssignments, before?.ServerAssignments),
            ClientParses = PerSecond(now.ClientParses, before?.ClientParses),
            ServerParses = PerSecond(now.ServerParses, before?.ServerParses),
            Binds = PerSecond(now.Binds, before?.Binds),
        };
    }
}
