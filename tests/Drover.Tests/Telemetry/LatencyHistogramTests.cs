// Buckets: what lies in which, and what is read from them.
using Drover.Telemetry;

namespace Drover.Tests.Telemetry;

public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(64, 6)]
    [InlineData(65, 7)]
    [InlineData(128, 7)]
    [InlineData(129, 8)]
    [InlineData(1_048_576, 20)]
    [InlineData(1_048_577, 21)]
    [InlineData(134_217_728, 27)]
    public void Upper_bounds_are_inclusive(long microseconds, int exponent)
    {
        LatencyHistogram histogram = new();
        histogram.Record(microseconds);
        Assert.Equal(1, histogram.CountAtMostPowerOfTwo(exponent));
        Assert.Equal(0, histogram.CountAtMostPowerOfTwo(exponent - 1));
    }

    [Fact]
    public void What_is_beyond_the_last_bound_counts_in_the_total_only()
    {
        LatencyHistogram histogram = new();
        histogram.Record(long.MaxValue / 2);
        histogram.Record(-5);
        Assert.Equal(1, histogram.CountAtMostPowerOfTwo(LatencyHistogram.LastExponent));
        Assert.Equal(2, histogram.Count);
        Assert.Equal(long.MaxValue / 2, histogram.SumMicroseconds);
    }

    [Fact]
    public void Quantile_is_at_most_a_quarter_above_the_truth()
    {
        LatencyHistogram histogram = new();
        for (int us = 1; us <= 10_000; us++)
        {
            histogram.Record(us);
        }
        foreach (double quantile in new[] { 0.5, 0.95, 0.99 })
        {
            Assert.InRange(histogram.Quantile(quantile), quantile * 10_000, quantile * 10_000 * 1.25);
        }
    }

    [Fact]
    public void Sum_over_loops_adds_every_bucket()
    {
        LatencyHistogram one = new();
        LatencyHistogram two = new();
        one.Record(100);
        two.Record(100);
        two.Record(1000);
        one.Add(two);
        Assert.Equal(3, one.Count);
        Assert.Equal(1200, one.SumMicroseconds);
        Assert.Equal(2, one.CountAtMostPowerOfTwo(7));
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        TrafficCounters counters = new();
        counters.RecordQuery(1);
        counters.RecordError("42601"u8);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            counters.RecordQuery(i);
            counters.RecordTransaction(i);
            counters.RecordAssignment(i);
            counters.RecordError("42601"u8);
            counters.RecordPin(PinReason.Listen | PinReason.Unknown);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
