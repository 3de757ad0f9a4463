// Counts what the clients see: times in a histogram, and errors.
using HdrHistogram;

namespace Drover.App.Demo;

/// <summary>What a live screen shows of a running scene.</summary>
internal sealed record TrafficSnapshot
{
    /// <summary>What is going on: connecting, warming up, measuring.</summary>
    public required string Phase { get; init; }

    /// <summary>Part of the phase that is over, from 0 to 1.</summary>
    public required double Progress { get; init; }

    /// <summary>Clients that are connected.</summary>
    public required int Clients { get; init; }

    /// <summary>Connections that PostgreSQL has from them.</summary>
    public required int ServerConnections { get; init; }

    /// <summary>Queries per second since the last snapshot.</summary>
    public required double QueriesPerSecond { get; init; }

    /// <summary>Mean since the last snapshot, in milliseconds.</summary>
    public required double AverageMs { get; init; }

    /// <summary>95th percentile since the last snapshot, in milliseconds.</summary>
    public required double P95Ms { get; init; }

    /// <summary>99th percentile since the last snapshot, in milliseconds.</summary>
    public required double P99Ms { get; init; }

    /// <summary>Errors since the scene began.</summary>
    public required long Errors { get; init; }

    /// <summary>What is done to the tables meanwhile, in a line; null for nothing.</summary>
    public string? Work { get; init; }
}

/// <summary>Written to by every client, read by one.</summary>
internal sealed class TrafficMeter
{
    private readonly Recorder[] _recorders =
    [
        .. Enum.GetValues<QueryKind>()
            .Select(static _ => new Recorder(
                1,
                TrafficTimes.MicrosecondsMax,
                TrafficTimes.SignificantDigits,
                static (_, lowest, highest, digits) => new LongConcurrentHistogram(lowest, highest, digits)
            )),
    ];

    private long _errors;
    private string? _firstError;
    private int _clients;

    /// <summary>Queries and logins that failed.</summary>
    public long Errors => Interlocked.Read(ref _errors);

    /// <summary>The text of the first failure.</summary>
    public string? FirstError => _firstError;

    /// <summary>Clients connected now.</summary>
    public int Clients => Volatile.Read(ref _clients);

    /// <summary>Takes down one statement's time.</summary>
    public void Record(QueryKind kind, TimeSpan elapsed) =>
        _recorders[(int)kind].RecordValue(Math.Clamp((long)elapsed.TotalMicroseconds, 1, TrafficTimes.MicrosecondsMax));

    /// <summary>Takes down a failure.</summary>
    public void RecordError(string message)
    {
        Interlocked.Increment(ref _errors);
        Interlocked.CompareExchange(ref _firstError, message, null);
    }

    /// <summary>A client came (1) or left (-1).</summary>
    public void CountClient(int change) => Interlocked.Add(ref _clients, change);

    /// <summary>All times since the last call.</summary>
    public TrafficTimes TakeInterval()
    {
        TrafficTimes times = new();
        foreach (QueryKind kind in Enum.GetValues<QueryKind>())
        {
            times.Add(kind, _recorders[(int)kind].GetIntervalHistogram());
        }
        return times;
    }
}
