// Bounds, intervals and names by example: the calendar's odd places, and what is refused.
using Drover.Partitioning.Bounds;

namespace Drover.Tests.Partitioning;

public sealed class BoundTests
{
    [Fact]
    public void Keys_at_the_end_of_bigint_are_covered_by_as_many_ranges_as_there_are_numbers()
    {
        PartitionScheme scheme = PartitionScheme.Of(
            PartitionKeyKind.BigInt,
            new PartitionInterval(IntervalUnit.Step, 1)
        );
        Assert.True(scheme.TryCover(long.MaxValue - 2, long.MaxValue, long.MaxValue - 2, 1000, out var ranges, out _));
        Assert.Equal(3, ranges.Count);
        Assert.True(ranges[^1].To.IsMaxValue);
    }

    [Theory]
    [InlineData("day", "2026-11-05", "'2026-11-05') TO ('2026-11-06'", "orders_p2026_11_05")]
    [InlineData("week", "2026-01-01", "'2025-12-29') TO ('2026-01-05'", "orders_p2026w01")]
    [InlineData("week", "2027-01-03", "'2026-12-28') TO ('2027-01-04'", "orders_p2026w53")]
    [InlineData("month", "2028-02-29", "'2028-02-01') TO ('2028-03-01'", "orders_p2028_02")]
    [InlineData("month", "2026-12-31", "'2026-12-01') TO ('2027-01-01'", "orders_p2026_12")]
    [InlineData("quarter", "2026-11-05", "'2026-10-01') TO ('2027-01-01'", "orders_p2026q4")]
    [InlineData("year", "2000-02-29", "'2000-01-01') TO ('2001-01-01'", "orders_p2000")]
    public void A_date_lies_in_its_unit_of_the_calendar(string interval, string date, string bounds, string name)
    {
        PartitionScheme scheme = PartitionScheme.Of(PartitionKeyKind.Date, Interval(interval));
        PartitionRange range = scheme.RangeOf(Read(PartitionKeyKind.Date, date));
        Assert.Equal($"FOR VALUES FROM ({bounds})", scheme.ForValues(range));
        Assert.Equal(name, PartitionName.Of("orders", scheme, range));
    }

    [Theory]
    // The clock goes forward in March and back in October: the offsets differ, and one day has 23 hours, one 25.
    [InlineData(
        "Europe/Berlin",
        "month",
        "2026-03-15 12:00:00+00",
        "2026-03-01 00:00:00+01:00",
        "2026-04-01 00:00:00+02:00"
    )]
    [InlineData(
        "Europe/Berlin",
        "day",
        "2026-03-29 12:00:00+00",
        "2026-03-29 00:00:00+01:00",
        "2026-03-30 00:00:00+02:00"
    )]
    [InlineData(
        "Europe/Berlin",
        "day",
        "2026-10-25 12:00:00+00",
        "2026-10-25 00:00:00+02:00",
        "2026-10-26 00:00:00+01:00"
    )]
    // Midnight was skipped: the day began at 01:00.
    [InlineData(
        "America/Sao_Paulo",
        "day",
        "2018-11-04 12:00:00+00",
        "2018-11-04 01:00:00-02:00",
        "2018-11-05 00:00:00-02:00"
    )]
    // Midnight came twice: the day began at the first.
    [InlineData(
        "America/Havana",
        "day",
        "2026-11-01 12:00:00+00",
        "2026-11-01 00:00:00-04:00",
        "2026-11-02 00:00:00-05:00"
    )]
    [InlineData(
        "Asia/Kathmandu",
        "month",
        "2026-02-01 00:00:00+00",
        "2026-02-01 00:00:00+05:45",
        "2026-03-01 00:00:00+05:45"
    )]
    [InlineData(
        "UTC",
        "year",
        "2026-12-31 23:59:59.999999+00",
        "2026-01-01 00:00:00+00:00",
        "2027-01-01 00:00:00+00:00"
    )]
    public void An_instant_lies_in_its_zones_day(string zone, string interval, string instant, string from, string to)
    {
        PartitionScheme scheme = PartitionScheme.Of(PartitionKeyKind.TimestampTz, Interval(interval), zone);
        PartitionRange range = scheme.RangeOf(Read(PartitionKeyKind.TimestampTz, instant));
        Assert.Equal($"FOR VALUES FROM ('{from}') TO ('{to}')", scheme.ForValues(range));
    }

    // The clock had gone forward before UTC's day began: midnight has the offset from before the change.
    [Fact]
    public void A_day_begins_by_the_offset_at_its_own_midnight()
    {
        PartitionScheme scheme = PartitionScheme.Of(PartitionKeyKind.TimestampTz, Interval("day"), "Pacific/Auckland");
        Assert.Equal(
            "FOR VALUES FROM ('2026-09-27 00:00:00+12:00') TO ('2026-09-28 00:00:00+13:00')",
            scheme.ForValues(scheme.RangeOf(Read(PartitionKeyKind.TimestampTz, "2026-09-26 20:00:00+00")))
        );
    }

    [Fact]
    public void A_date_that_the_zone_skipped_has_no_partition()
    {
        PartitionScheme scheme = PartitionScheme.Of(PartitionKeyKind.TimestampTz, Interval("day"), "Pacific/Apia");
        long before = Read(PartitionKeyKind.TimestampTz, "2011-12-29 12:00:00-10");
        Assert.True(scheme.TryCover(before, null, before, 2, out var ranges, out _));
        Assert.Equal(
            ["orders_p2011_12_29", "orders_p2011_12_31"],
            ranges.Select(range => PartitionName.Of("orders", scheme, range))
        );
    }

    [Theory]
    [InlineData("date", "2026-11-25")]
    [InlineData("timestamp without time zone", "2026-11-25 01:30:00")]
    [InlineData("timestamp with time zone", "2026-11-25 01:30:00+03:00")]
    [InlineData("uuid", "019ab8f9-c0c0-0000-0000-000000000000")]
    public void Now_is_placed_by_the_zone(string type, string value)
    {
        PartitionScheme scheme = PartitionScheme.Of(Kind(type), Interval("day"), "Asia/Riyadh");
        DateTimeOffset now = new(2026, 11, 24, 22, 30, 0, TimeSpan.Zero);
        string expected = Kind(type) == PartitionKeyKind.UuidV7 ? UuidOf(now) : value;
        Assert.Equal(expected, scheme.Print(scheme.PositionOf(now)));
    }

    [Fact]
    public void A_uuid_is_placed_by_its_time()
    {
        PartitionScheme scheme = PartitionScheme.Of(PartitionKeyKind.UuidV7, PartitionInterval.Month);
        Guid uuid = Guid.CreateVersion7(new DateTimeOffset(2026, 11, 30, 23, 59, 59, 999, TimeSpan.Zero));
        PartitionRange range = scheme.RangeOf(Read(PartitionKeyKind.UuidV7, uuid.ToString()));
        string from = UuidOf(new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));
        string to = UuidOf(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.Equal($"FOR VALUES FROM ('{from}') TO ('{to}')", scheme.ForValues(range));
        Assert.Equal("orders_p2026_11", PartitionName.Of("orders", scheme, range));
    }

    [Theory]
    [InlineData("bigint", 1_500_000, "FROM ('1000000') TO ('2000000')", "orders_p1000000")]
    [InlineData("bigint", -1, "FROM ('-1000000') TO ('0')", "orders_pm1000000")]
    [InlineData("integer", int.MaxValue, "FROM ('2147000000') TO (MAXVALUE)", "orders_p2147000000")]
    [InlineData("integer", int.MinValue, "FROM (MINVALUE) TO ('-2147000000')", "orders_pmin")]
    public void An_id_lies_in_its_step(string type, long id, string bounds, string name)
    {
        PartitionScheme scheme = PartitionScheme.Of(Kind(type), Interval("1_000_000"));
        PartitionRange range = scheme.RangeOf(id);
        Assert.Equal($"FOR VALUES {bounds}", scheme.ForValues(range));
        Assert.Equal(name, PartitionName.Of("orders", scheme, range));
    }

    [Theory]
    [InlineData("date", "infinity", "no partition by time can hold")]
    [InlineData("timestamp without time zone", "-infinity", "no partition by time can hold")]
    [InlineData("date", "0044-03-15 BC", "before the year 1")]
    [InlineData("timestamp with time zone", "0044-03-15 00:00:00+00 BC", "before the year 1")]
    [InlineData("date", "9999-12-31", "in the years 1 to 9998")]
    [InlineData("timestamp without time zone", "25.11.2026 00:00:00", "cannot be read")]
    [InlineData("timestamp with time zone", "2026-11-25 00:00:00", "cannot be read")]
    [InlineData("integer", "2147483648", "cannot be read")]
    public void A_value_that_has_no_place_is_refused_and_says_why(string type, string text, string why)
    {
        Assert.False(BoundAxis.TryRead(Kind(type), text, out _, out string? problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FOR VALUES FROM (1) TO (100)", "integer")]
    [InlineData("FOR VALUES FROM ('-5') TO (MAXVALUE)", "bigint")]
    [InlineData("FOR VALUES FROM (MINVALUE) TO ('2026-01-01 00:00:00.5')", "timestamp without time zone")]
    [InlineData(
        "FOR VALUES FROM ('1890-01-01 00:00:00+00:53:28') TO ('1891-01-01 00:00:00-07')",
        "timestamp with time zone"
    )]
    [InlineData("DEFAULT", "date")]
    public void A_bound_of_the_catalog_is_read(string text, string type) =>
        Assert.True(BoundText.TryRead(text, Kind(type), out _, out string? problem), problem);

    [Theory]
    [InlineData("FOR VALUES IN ('a')", "not the bound of a partition by range")]
    [InlineData("FOR VALUES WITH (modulus 2, remainder 0)", "not the bound of a partition by range")]
    [InlineData("FOR VALUES FROM ('2026-01-01', 5) TO ('2026-02-01', 5)", "more than one column")]
    [InlineData("FOR VALUES FROM ('2026-01-01') TO ('2026-02-01') ", "character 49")]
    [InlineData("FOR VALUES FROM ('2026-01-01", "no bound that can be read")]
    public void A_bound_of_another_kind_is_refused_and_says_why(string text, string why)
    {
        Assert.False(BoundText.TryRead(text, PartitionKeyKind.Date, out _, out string? problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_condition_is_the_one_that_PostgreSQL_derives()
    {
        PartitionScheme scheme = PartitionScheme.Of(PartitionKeyKind.Date, PartitionInterval.Month);
        Assert.Equal(
            "\"Day\" IS NOT NULL AND \"Day\" >= '2026-11-01'::date AND \"Day\" < '2026-12-01'::date",
            scheme.Condition(scheme.RangeOf(Read(PartitionKeyKind.Date, "2026-11-25")), "\"Day\"")
        );
    }

    [Fact]
    public void An_absurd_number_of_partitions_is_refused()
    {
        PartitionScheme scheme = PartitionScheme.Of(PartitionKeyKind.Date, Interval("day"));
        long now = Read(PartitionKeyKind.Date, "2026-11-25");
        Assert.False(
            scheme.TryCover(Read(PartitionKeyKind.Date, "0001-01-01"), null, now, 3, out _, out string? problem)
        );
        Assert.StartsWith("739948 partitions from 0001-01-01 to 2026-11-25", problem, StringComparison.Ordinal);
        Assert.False(scheme.TryCover(null, null, now, 1001, out _, out problem));
        Assert.Contains("1000 partitions can be made ahead", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_name_is_cut_and_stays_its_own()
    {
        PartitionScheme scheme = PartitionScheme.Of(PartitionKeyKind.Date, PartitionInterval.Month);
        PartitionRange range = scheme.RangeOf(Read(PartitionKeyKind.Date, "2026-11-25"));
        string one = PartitionName.Of(new string('ä', 30) + "a", scheme, range);
        string two = PartitionName.Of(new string('ä', 30) + "b", scheme, range);
        Assert.NotEqual(one, two);
        Assert.EndsWith("_p2026_11", one, StringComparison.Ordinal);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(one), 60, 63);
        Assert.NotEqual(one, PartitionName.OfDefault(new string('ä', 30) + "a"));
    }

    [Theory]
    [InlineData("1 hour")]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("")]
    public void An_interval_that_is_not_known_is_refused(string text) =>
        Assert.False(PartitionInterval.TryParse(text, out _, out _));

    [Fact]
    public void An_interval_that_does_not_fit_the_key_is_refused()
    {
        Assert.False(PartitionScheme.TryCreate(PartitionKeyKind.BigInt, PartitionInterval.Month, "UTC", out _, out _));
        Assert.False(PartitionScheme.TryCreate(PartitionKeyKind.Date, Interval("1000"), "UTC", out _, out _));
        Assert.False(
            PartitionScheme.TryCreate(
                PartitionKeyKind.Date,
                PartitionInterval.Month,
                "Mars/Olympus",
                out _,
                out string? why
            )
        );
        Assert.Contains("Mars/Olympus", why, StringComparison.Ordinal);
    }

    private static PartitionKeyKind Kind(string type)
    {
        Assert.True(PartitionKeyKinds.TryOfType(type, out PartitionKeyKind? kind));
        return kind.Value;
    }

    private static string UuidOf(DateTimeOffset time)
    {
        string hex = time.ToUnixTimeMilliseconds().ToString("x12", null);
        return $"{hex[..8]}-{hex[8..]}-0000-0000-000000000000";
    }

    private static PartitionInterval Interval(string text)
    {
        Assert.True(PartitionInterval.TryParse(text, out PartitionInterval interval, out string? problem), problem);
        return interval;
    }

    private static long Read(PartitionKeyKind kind, string text)
    {
        Assert.True(BoundAxis.TryRead(kind, text, out long position, out string? problem), problem);
        return position;
    }
}
