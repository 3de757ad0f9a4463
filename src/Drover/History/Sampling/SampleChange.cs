// The counters of one sample, and what happened between two.
using Drover.Advice.Metrics;

namespace Drover.History.Sampling;

/// <summary>Counters at one moment.</summary>
/// <param name="At">The server's clock.</param>
/// <param name="Databases">Of every database.</param>
/// <param name="Host">The machine's; null when they cannot be had.</param>
/// <param name="WalBytes">The position in the write-ahead log; null when there is none.</param>
internal sealed record SampleCounters(
    DateTimeOffset At,
    IReadOnlyList<DatabaseTotals> Databases,
    HostCounters? Host,
    decimal? WalBytes
);

/// <summary>What happened between two samples of the same run of the server.</summary>
/// <param name="Elapsed">The time between them; null when there is no earlier one, or the clock did not go on.</param>
/// <param name="Databases">Of those of which it can be told.</param>
/// <param name="WalBytes">Written, or received, in between.</param>
internal sealed record SampleChange(TimeSpan? Elapsed, IReadOnlyList<DatabaseTotals> Databases, double? WalBytes)
{
    /// <summary>The change; nothing where there is no earlier sample.</summary>
    public static SampleChange Between(SampleCounters? before, SampleCounters now)
    {
        if (before is null || now.At <= before.At)
        {
            return new SampleChange(null, [], null);
        }
        Dictionary<uint, DatabaseTotals> earlier = before.Databases.ToDictionary(static one => one.Oid);
        List<DatabaseTotals> changes = [];
        foreach (DatabaseTotals one in now.Databases)
        {
            if (earlier.TryGetValue(one.Oid, out DatabaseTotals? was) && one.Since(was) is { } change)
            {
                changes.Add(change);
            }
        }
        double? wal = now.WalBytes is { } to && before.WalBytes is { } from && to >= from ? (double)(to - from) : null;
        return new SampleChange(now.At - before.At, changes, wal);
    }
}

/// <summary>Deadlocks of the last hour, for a rate of this moment.</summary>
internal sealed class DeadlockWindow(TimeSpan length)
{
    private readonly Queue<(DateTimeOffset At, TimeSpan Elapsed, long Count)> _spans = [];

    /// <summary>How many.</summary>
    public long Count { get; private set; }

    /// <summary>In what time.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>Adds a span of time that ends at a moment.</summary>
    public void Add(DateTimeOffset at, TimeSpan elapsed, long count)
    {
        _spans.Enqueue((at, elapsed, count));
        Count += count;
        Elapsed += elapsed;
        while (_spans.Count > 1 && _spans.Peek().At < at - length)
        {
            (_, TimeSpan gone, long less) = _spans.Dequeue();
            Count -= less;
            Elapsed -= gone;
        }
    }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _spans.Clear();
        Count = 0;
        Elapsed = TimeSpan.Zero;
    }
}
