// Averages over PgBouncer's windows, and counters by class and reason.
using Drover.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Telemetry;

public sealed class StatisticsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<PoolTraffic> _pools = [];

    [Fact]
    public void Average_spans_from_the_tick_before_the_last_to_now()
    {
        StatisticsSampler sampler = new(_time, () => _pools);
        TrafficCounters counters = new();
        _pools.Add(new("app", "joe", counters));
        Advance(counters, queries: 600);
        sampler.Tick();
        Advance(counters, queries: 60);
        sampler.Tick();
        _time.Advance(TimeSpan.FromSeconds(30));
        DatabaseStatistics app = Assert.Single(sampler.Read());
        Assert.Equal(660, app.Totals.Queries);
        Assert.Equal(60 * 1_000_000 / 90_000_000, app.Averages.Queries);
        Assert.Equal(10, app.Averages.QueryTimeUs);
    }

    [Fact]
    public void Pool_that_went_away_never_makes_an_average_negative()
    {
        StatisticsSampler sampler = new(_time, () => _pools);
        _pools.Add(new("app", "joe", new() { BytesSent = 1000, Queries = 5 }));
        sampler.Tick();
        sampler.Tick();
        _pools[0] = new("app", "joe", new() { BytesSent = 10 });
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TrafficAverages.Zero, Assert.Single(sampler.Read()).Averages);
    }

    [Fact]
    public void Errors_count_by_class_and_unknown_ones_together()
    {
        TrafficCounters counters = new();
        counters.RecordError("42601"u8);
        counters.RecordError("42P01"u8);
        counters.RecordError("ZZ999"u8);
        counters.RecordError("é"u8);
        Assert.Equal(2, counters.Errors[SqlStateClass.IndexOf("42"u8)]);
        Assert.Equal(2, counters.Errors[0]);
        Assert.Equal("42", SqlStateClass.Name(SqlStateClass.IndexOf("42000"u8)));
    }

    [Fact]
    public void Pins_count_once_for_each_reason()
    {
        TrafficCounters counters = new();
        counters.RecordPin(PinReason.Listen | PinReason.AdvisoryLock);
        counters.RecordPin(PinReason.Listen);
        Assert.Equal(2, counters.Pins[PinReasons.IndexOf(PinReason.Listen)]);
        Assert.Equal(1, counters.Pins[PinReasons.IndexOf(PinReason.AdvisoryLock)]);
        Assert.Equal("advisory_lock", PinReasons.Name(PinReasons.IndexOf(PinReason.AdvisoryLock)));
    }

    private void Advance(TrafficCounters counters, int queries)
    {
        for (int i = 0; i < queries; i++)
        {
            counters.RecordQuery(10);
        }
        _time.Advance(TimeSpan.FromSeconds(60));
    }
}
