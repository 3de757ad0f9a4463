// What one pool did on one event loop, in plain counters that cost an addition each.
namespace Drover.Telemetry;

/// <summary>
/// Counters since start of one pool (database and user) on one event loop. Only that loop writes; any thread may read
/// and sees each value a little late at worst. Readers sum the loops into a fresh instance with <see cref="Add"/>.
/// </summary>
internal sealed class TrafficCounters
{
    /// <summary>Times that a server was given to a client.</summary>
    public long ServerAssignments;

    /// <summary>Transactions that ended, in whatever way.</summary>
    public long Transactions;

    /// <summary>Queries that were answered (simple ones, and extended ones by their Sync).</summary>
    public long Queries;

    /// <summary>Reads of several shards that were put together here.</summary>
    public long Scatters;

    /// <summary>Bytes that came from clients and from servers, as PgBouncer counts <c>total_received</c>.</summary>
    public long BytesReceived;

    /// <summary>Bytes that went to clients and to servers, as PgBouncer counts <c>total_sent</c>.</summary>
    public long BytesSent;

    /// <summary>Microseconds that servers spent in transactions, idle in them or not.</summary>
    public long TransactionTimeUs;

    /// <summary>Microseconds that servers spent on queries.</summary>
    public long QueryTimeUs;

    /// <summary>Microseconds that clients waited for a server; added when the server is assigned.</summary>
    public long WaitTimeUs;

    /// <summary>Named prepared statements that clients made.</summary>
    public long ClientParses;

    /// <summary>Prepared statements that the proxy made on servers.</summary>
    public long ServerParses;

    /// <summary>Binds of named prepared statements that were forwarded.</summary>
    public long Binds;

    /// <summary>Logins that were refused, for whatever reason.</summary>
    public long LoginsRefused;

    /// <summary>Statements until the next one is sampled; no count of what was done, and in no sum.</summary>
    public int UnsampledLeft;

    private readonly long[] _errors = new long[SqlStateClass.Count];
    private readonly long[] _pins = new long[PinReasons.Count];

    /// <summary>How long queries took, from their first byte to ReadyForQuery.</summary>
    public LatencyHistogram QueryLatency { get; } = new();

    /// <summary>How long transactions took.</summary>
    public LatencyHistogram TransactionLatency { get; } = new();

    /// <summary>How long clients waited for a server.</summary>
    public LatencyHistogram WaitLatency { get; } = new();

    /// <summary>Errors by the index of <see cref="SqlStateClass"/>.</summary>
    public ReadOnlySpan<long> Errors => _errors;

    /// <summary>Pins by the index of <see cref="PinReasons"/>.</summary>
    public ReadOnlySpan<long> Pins => _pins;

    /// <summary>Counts one answered query.</summary>
    public void RecordQuery(long microseconds)
    {
        Queries++;
        QueryTimeUs += microseconds;
        QueryLatency.Record(microseconds);
    }

    /// <summary>Counts one transaction that ended.</summary>
    public void RecordTransaction(long microseconds)
    {
        Transactions++;
        TransactionTimeUs += microseconds;
        TransactionLatency.Record(microseconds);
    }

    /// <summary>Counts one server given to a client that waited so long for it (0: it did not wait).</summary>
    public void RecordAssignment(long waitedMicroseconds)
    {
        ServerAssignments++;
        WaitTimeUs += waitedMicroseconds;
        WaitLatency.Record(waitedMicroseconds);
    }

    /// <summary>Counts one ErrorResponse by its SQLSTATE.</summary>
    public void RecordError(ReadOnlySpan<byte> sqlState) => _errors[SqlStateClass.IndexOf(sqlState)]++;

    /// <summary>Counts each of <paramref name="reasons"/> once.</summary>
    public void RecordPin(PinReason reasons)
    {
        for (int i = 0; i < PinReasons.Count; i++)
        {
            if (((int)reasons & (1 << i)) != 0)
            {
                _pins[i]++;
            }
        }
    }

    /// <summary>Adds all of <paramref name="other"/>; the receiver must be the caller's own.</summary>
    public void Add(TrafficCounters other)
    {
        ServerAssignments += Volatile.Read(ref other.ServerAssignments);
        Transactions += Volatile.Read(ref other.Transactions);
        Queries += Volatile.Read(ref other.Queries);
        Scatters += Volatile.Read(ref other.Scatters);
        BytesReceived += Volatile.Read(ref other.BytesReceived);
        BytesSent += Volatile.Read(ref other.BytesSent);
        TransactionTimeUs += Volatile.Read(ref other.TransactionTimeUs);
        QueryTimeUs += Volatile.Read(ref other.QueryTimeUs);
        WaitTimeUs += Volatile.Read(ref other.WaitTimeUs);
        ClientParses += Volatile.Read(ref other.ClientParses);
        ServerParses += Volatile.Read(ref other.ServerParses);
        Binds += Volatile.Read(ref other.Binds);
        LoginsRefused += Volatile.Read(ref other.LoginsRefused);
        AddEach(_errors, other._errors);
        AddEach(_pins, other._pins);
        QueryLatency.Add(other.QueryLatency);
        TransactionLatency.Add(other.TransactionLatency);
        WaitLatency.Add(other.WaitLatency);
    }

    private static void AddEach(long[] mine, long[] others)
    {
        for (int i = 0; i < mine.Length; i++)
        {
            mine[i] += Volatile.Read(ref others[i]);
        }
    }
}

/// <summary>One pool's counters, already summed over the event loops.</summary>
/// <param name="Database">The database entry's name, as clients write it.</param>
/// <param name="User">The user.</param>
/// <param name="Counters">The sums; the receiver's own copy.</param>
internal sealed record PoolTraffic(string Database, string User, TrafficCounters Counters);
