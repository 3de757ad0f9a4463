// Counts durations in fixed buckets on a log scale; recording costs a shift and two additions.
using System.Numerics;

namespace Drover.Telemetry;

/// <summary>
/// Durations in microseconds, four buckets to a power of two, so that a quantile is off by at most 25 percent. One
/// writer; any thread may read, and sees each count a little late at worst.
/// </summary>
internal sealed class LatencyHistogram
{
    /// <summary>The smallest upper bound that is exported: 2^6 = 64 microseconds.</summary>
    public const int FirstExportedExponent = 6;

    /// <summary>The largest finite upper bound: 2^27 microseconds, 134 seconds.</summary>
    public const int LastExponent = 27;

    private const int OverflowIndex = (LastExponent - 1) * 4;

    private readonly long[] _counts = new long[OverflowIndex + 1];
    private long _sumMicroseconds;

    /// <summary>The sum of all that was recorded, in microseconds.</summary>
    public long SumMicroseconds => Volatile.Read(ref _sumMicroseconds);

    /// <summary>How many durations were recorded.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            foreach (ref long bucket in _counts.AsSpan())
            {
                count += Volatile.Read(ref bucket);
            }
            return count;
        }
    }

    /// <summary>Counts one duration; a negative one (a clock that was set back) counts as zero.</summary>
    public void Record(long microseconds)
    {
        if (microseconds < 0)
        {
            microseconds = 0;
        }
        _counts[IndexOf(microseconds)]++;
        _sumMicroseconds += microseconds;
    }

    /// <summary>Adds what <paramref name="other"/> has counted; for sums over event loops.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += Volatile.Read(ref other._counts[i]);
        }
        _sumMicroseconds += other.SumMicroseconds;
    }

    /// <summary>What was counted since an earlier copy of it; nothing is below zero where it began anew.</summary>
    public LatencyHistogram Since(LatencyHistogram earlier)
    {
        LatencyHistogram difference = new();
        for (int i = 0; i < _counts.Length; i++)
        {
            difference._counts[i] = Math.Max(0, Volatile.Read(ref _counts[i]) - Volatile.Read(ref earlier._counts[i]));
        }
        difference._sumMicroseconds = Math.Max(0, SumMicroseconds - earlier.SumMicroseconds);
        return difference;
    }

    /// <summary>How many durations were at most 2^<paramref name="exponent"/> microseconds.</summary>
    public long CountAtMostPowerOfTwo(int exponent)
    {
        int end = Math.Min((exponent - 1) * 4, OverflowIndex);
        long count = 0;
        for (int i = 0; i < end; i++)
        {
            count += Volatile.Read(ref _counts[i]);
        }
        return count;
    }

    /// <summary>
    /// The upper bound, in microseconds, of the bucket in which the quantile lies; 0 when nothing was recorded.
    /// </summary>
    /// <param name="quantile">From 0 to 1.</param>
    public long Quantile(double quantile)
    {
        long wanted = (long)Math.Ceiling(quantile * Count);
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += Volatile.Read(ref _counts[i]);
            if (seen >= wanted && seen > 0)
            {
                return UpperBound(i);
            }
        }
        return 0;
    }

    // A bucket holds (lower, upper], as the text format for metrics wants it; that is why one is taken off first.
    private static int IndexOf(long microseconds)
    {
        ulong value = (ulong)Math.Max(microseconds - 1, 0);
        if (value < 4)
        {
            return (int)value;
        }
        int exponent = BitOperations.Log2(value);
        int index = ((exponent - 1) * 4) + (int)((value >> (exponent - 2)) & 3);
        return Math.Min(index, OverflowIndex);
    }

    private static long UpperBound(int index) =>
        index < 4 ? index + 1 : (long)(4 + (index & 3) + 1) << ((index >> 2) - 1);
}
