// What /proc says, and rates between two readings.
using Drover.Advice.Metrics;

namespace Drover.Tests.Advice;

public sealed class HostCountersTests
{
    private const string Memory = "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  250 kB\n";

    private const string Disks = """
           7       0 loop0 1 0 2 0 0 0 0 0 0 999999 0 0 0 0 0 0
           1       0 ram0 1 0 2 0 0 0 0 0 0 999999 0
         253       0 vda 1 0 2 0 0 0 0 0 0 1000 0 0 0 0 0 0
           8       0 sda 1 0 2 0 0 0 0 0 0 500 0 0 0 0 0 0

        """;

    [Fact]
    public void Rates_are_those_between_two_readings()
    {
        HostCounters before = HostCounters.Parse("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2\n", Memory, Disks);
        HostCounters after = HostCounters.Parse(
            "cpu  150 0 150 750 150 0 0 0 0 0\n",
            Memory,
            Disks.Replace("0 500 0", "0 1250 0", StringComparison.Ordinal)
        );
        Assert.Equal(0.5, after.ProcessorUse(before));
        Assert.Equal(0.75, after.MemoryUse);
        Assert.Equal(("sda", 0.75), after.BusiestDisk(before, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void No_time_between_two_readings_gives_no_rate()
    {
        HostCounters once = HostCounters.Parse("cpu  100 0 100 700 100 0 0 0\n", Memory, Disks);
        Assert.Null(once.ProcessorUse(once));
        Assert.Null(once.BusiestDisk(once, TimeSpan.Zero));
    }

    [Theory]
    [InlineData("", Memory)]
    [InlineData("cpu  1 2 3 4 5 6 7 8\n", "MemTotal: 1 kB\n")]
    public void What_is_not_from_Linux_is_refused(string stat, string memory) =>
        Assert.Throws<FormatException>(() => HostCounters.Parse(stat, memory, Disks));

    [Fact]
    public void Counters_that_began_anew_count_from_there()
    {
        DateTimeOffset noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        DatabaseCounters before = new(noon, noon.AddDays(-1), 1000, 900, 100, 7);
        DatabaseCounters after = new(noon.AddSeconds(10), noon.AddDays(-1), 1100, 990, 110, 8);
        Assert.Equal((100, 90, 10, 1), Numbers(after.Minus(before)));
        DatabaseCounters reset = new(noon.AddSeconds(10), noon.AddSeconds(5), 3, 2, 1, 0);
        Assert.Equal((3, 2, 1, 0), Numbers(reset.Minus(before)));
    }

    private static (long, long, long, long) Numbers(DatabaseCounters counters) =>
        (counters.Transactions, counters.BlocksHit, counters.BlocksRead, counters.Deadlocks);
}
