// Statements that are put aside: how many, and that nobody waits for them.
using Drover.Telemetry;
using Drover.Telemetry.Statements;

namespace Drover.Tests.Advice.Ages;

public sealed class StatementSamplesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(100)]
    public void One_in_so_many_is_due(int every)
    {
        StatementSamples samples = new(every);
        TrafficCounters traffic = new();
        const int Statements = 200_000;
        int due = Enumerable.Range(0, Statements).Count(_ => samples.IsDue(traffic));
        // Gaps are even from 1 to 2n - 1, so their mean deviates by n / √3 / √count: five of those.
        double expected = (double)Statements / every;
        Assert.InRange(due, expected - (3 * Math.Sqrt(expected)) - 1, expected + (3 * Math.Sqrt(expected)) + 1);
    }

    [Fact]
    public void Statements_in_turns_are_met_in_their_proportion()
    {
        StatementSamples samples = new(10);
        TrafficCounters traffic = new();
        int[] met = new int[10];
        for (int i = 0; i < 200_000; i++)
        {
            met[i % 10] += samples.IsDue(traffic) ? 1 : 0;
        }
        Assert.All(met, static one => Assert.InRange(one, 1_700, 2_300));
    }

    [Fact]
    public void A_full_queue_drops_and_does_not_wait()
    {
        StatementSamples samples = new(1);
        for (int i = 0; i < 3 * StatementSamples.WaitingMax; i++)
        {
            samples.Take("SELECT 1"u8, "x"u8);
        }
        Assert.Equal(2 * StatementSamples.WaitingMax, samples.Dropped);
        int read = 0;
        while (samples.TryRead(out StatementSample sample))
        {
            Assert.Equal("SELECT 1"u8, sample.Text);
            read++;
        }
        Assert.Equal(StatementSamples.WaitingMax, read);
        samples.Take("SELECT 2"u8, default);
        Assert.True(samples.TryRead(out _));
    }

    [Fact]
    public void What_is_too_long_is_dropped()
    {
        StatementSamples samples = new(1);
        samples.Take(new byte[StatementSamples.BytesMax + 1], default);
        samples.Take("SELECT 1"u8, new byte[StatementSamples.BytesMax + 1]);
        Assert.Equal(2, samples.Dropped);
        Assert.False(samples.TryRead(out _));
    }

    [Fact]
    public void Counting_allocates_nothing()
    {
        StatementSamples samples = new(1_000_000);
        TrafficCounters traffic = new() { UnsampledLeft = 100_000 };
        _ = samples.IsDue(traffic);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50_000; i++)
        {
            _ = samples.IsDue(traffic);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_sample_says_nothing_of_itself() =>
        Assert.DoesNotContain("secret", new StatementSample("secret"u8.ToArray(), []).ToString());
}
