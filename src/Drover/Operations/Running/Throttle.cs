// Decides from the server's load whether a run goes on, how long it rests, and says why.
using System.Globalization;

namespace Drover.Operations.Running;

/// <summary>
/// Stops the run while a limit is passed. Each stop also makes the rests longer, and each quiet moment makes them
/// shorter again, so that a run settles at the speed that the server bears instead of stopping and going.
/// </summary>
internal sealed class Throttle(ThrottleLimits limits, TimeProvider time)
{
    private const double SlowdownMax = 16;
    private const double BaselineShare = 0.05;

    private readonly Lock _lock = new();
    private double? _baselineMs;
    private double _commitMs;
    private long? _walPosition;
    private long _walAt;

    /// <summary>Why the run must not go on now; null: it may.</summary>
    public string? Reason { get; private set; }

    /// <summary>Which limit <see cref="Reason"/> is about, in kebab-case.</summary>
    public string Limit { get; private set; } = "";

    /// <summary>By how much the rests are longer than the duty wants; 1 when all is quiet.</summary>
    public double Slowdown { get; private set; } = 1;

    /// <summary>The normal duration of a small commit, from samples taken before the run begins.</summary>
    public void SetBaseline(IEnumerable<TimeSpan> commits)
    {
        double[] sorted = [.. commits.Select(commit => commit.TotalMilliseconds).Order()];
        if (sorted.Length > 0)
        {
            _baselineMs = sorted[sorted.Length / 2];
            _commitMs = _baselineMs.Value;
        }
    }

    /// <summary>Takes a new sample into account.</summary>
    /// <param name="sample">The load.</param>
    /// <param name="isResting">No batch was running when the sample was taken.</param>
    public void Observe(LoadSample sample, bool isResting)
    {
        lock (_lock)
        {
            double commitMs = sample.Commit.TotalMilliseconds;
            _commitMs = (_commitMs + commitMs) / 2;
            _baselineMs ??= commitMs;
            if (isResting)
            {
                // An application that became slower by itself becomes the new normal, slowly.
                _baselineMs += (commitMs - _baselineMs) * BaselineShare;
            }
            Reason = null;
            Stop("replication-lag-bytes", Lag(sample));
            Stop("replication-lag", LagTime(sample));
            Stop("commit-latency", Latency(_baselineMs.Value));
            Stop("wal-rate", Wal(sample));
            Stop("active-sessions", Sessions(sample.ActiveSessions));
            Slowdown = Reason is null ? Math.Max(1, Slowdown * 0.9) : Math.Min(SlowdownMax, Slowdown * 1.5);
        }
    }

    // The first limit that is passed is the reason.
    private void Stop(string limit, string? reason)
    {
        if (Reason is null && reason is not null)
        {
            (Reason, Limit) = (reason, limit);
        }
    }

    /// <summary>How long to rest after work that took so long.</summary>
    public TimeSpan RestAfter(TimeSpan busy)
    {
        double rest = (1 / Math.Clamp(limits.Duty, 0.01, 1)) - 1;
        double slowdown = Slowdown;
        return busy * ((rest * slowdown) + (slowdown - 1));
    }

    private string? Lag(LoadSample sample) =>
        limits.ReplicationLagBytesMax is { } max && sample.LagBytes > max
            ? $"{sample.Standby} is {Size(sample.LagBytes.Value)} behind (limit {Size(max)})"
            : null;

    private string? LagTime(LoadSample sample) =>
        limits.ReplicationLagMax is { } max && sample.Lag > max
            ? Text($"{sample.Standby} is {sample.Lag.Value.TotalSeconds:0.#} s behind (limit {max.TotalSeconds:0.#} s)")
            : null;

    private string? Latency(double baselineMs)
    {
        bool isSlow =
            limits.CommitLatencyFactorMax is { } factor
            && _commitMs > factor * baselineMs
            && _commitMs > baselineMs + limits.CommitLatencySlack.TotalMilliseconds;
        return isSlow
            ? Text(
                $"commits take {_commitMs:0} ms, normally {baselineMs:0.#} ms (limit {limits.CommitLatencyFactorMax}x)"
            )
            : null;
    }

    private string? Wal(LoadSample sample)
    {
        long? before = _walPosition;
        double seconds = time.GetElapsedTime(_walAt).TotalSeconds;
        _walPosition = sample.WalPosition;
        _walAt = time.GetTimestamp();
        if (limits.WalBytesPerSecondMax is not { } max || sample.WalPosition - before is not { } bytes || seconds <= 0)
        {
            return null;
        }
        long rate = (long)(bytes / seconds);
        return rate > max ? $"the server writes {Size(rate)} of WAL per second (limit {Size(max)})" : null;
    }

    private string? Sessions(long? active) =>
        active > limits.ActiveSessionsMax ? $"{active} sessions are at work (limit {limits.ActiveSessionsMax})" : null;

    private static string Size(long bytes) => Text($"{bytes / 1048576.0:0.#} MB");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
