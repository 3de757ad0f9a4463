// Properties of grids of ranges over random keys, intervals and zones: no gap, no overlap, everything in its place.
using Drover.Partitioning.Bounds;
using FsCheck;
using FsCheck.Fluent;

namespace Drover.Tests.Partitioning;

public sealed class BoundPropertyTests
{
    private static readonly Config Quiet = Config.QuickThrowOnFailure.WithQuietOnSuccess(true);

    // Clocks changed at midnight, dates skipped whole, offsets of half and quarter hours, changes back over midnight.
    private static readonly string[] s_zones =
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "America/St_Johns",
        "Asia/Beirut",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Africa/Cairo",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Kwajalein",
        "Pacific/Kiritimati",
        "Antarctica/Troll",
    ];

    private static readonly Gen<PartitionScheme> s_schemes =
        from kind in Gen.Elements(Enum.GetValues<PartitionKeyKind>())
        from zone in Gen.Elements(s_zones)
        from unit in Gen.Elements(Enum.GetValues<IntervalUnit>().Where(unit => unit != IntervalUnit.Step).ToArray())
        from step in Gen.Elements(1L, 7, 1000, 1_000_000, 3_000_000_000, long.MaxValue)
        select PartitionScheme.Of(
            kind,
            kind.IsNumber() ? new PartitionInterval(IntervalUnit.Step, step) : new PartitionInterval(unit),
            zone
        );

    private static readonly Gen<(PartitionScheme Scheme, long Position)> s_positions =
        from scheme in s_schemes
        from position in Positions(scheme)
        select (scheme, position);

    [Fact]
    public void A_position_lies_in_its_range() =>
        Hold(sample => sample.Scheme.RangeOf(sample.Position).Contains(sample.Position));

    [Fact]
    public void A_range_begins_where_the_one_before_ends() =>
        Hold(sample =>
        {
            long index = sample.Scheme.IndexOf(sample.Position);
            PartitionRange range = sample.Scheme.RangeAt(index);
            return range.To.IsMaxValue || sample.Scheme.RangeAt(index + 1).From == range.To;
        });

    [Fact]
    public void Ranges_grow_with_their_numbers() =>
        Hold(sample =>
        {
            PartitionRange range = sample.Scheme.RangeOf(sample.Position);
            return range.From < range.To
                && (
                    range.To.IsMaxValue
                    || !sample.Scheme.Supports(range.To.Position)
                    || sample.Scheme.IndexOf(range.To.Position) > sample.Scheme.IndexOf(sample.Position)
                );
        });

    [Fact]
    public void A_cover_has_no_gap_no_overlap_and_holds_both_ends_and_what_is_ahead() =>
        Prop.ForAll(
                (
                    from sample in s_positions
                    from other in Positions(sample.Scheme)
                    from premake in Gen.Choose(0, 20)
                    select (sample.Scheme, sample.Position, Other: other, Premake: premake)
                ).ToArbitrary(),
                sample =>
                {
                    (PartitionScheme scheme, long a, long b, int premake) = sample;
                    if (
                        !scheme.TryCover(
                            Math.Min(a, b),
                            Math.Max(a, b),
                            a,
                            premake,
                            out var ranges,
                            out string? problem
                        )
                    )
                    {
                        return problem.Contains("at most", StringComparison.Ordinal);
                    }
                    return ranges.Zip(ranges.Skip(1)).All(pair => pair.First.To == pair.Second.From)
                        && ranges.All(range => !range.IsEmpty)
                        && ranges.Count(range => range.Contains(a)) == 1
                        && ranges.Count(range => range.Contains(b)) == 1
                        && ranges.Select(range => PartitionName.Of("t", scheme, range)).Distinct().Count()
                            == ranges.Count;
                }
            )
            .Check(Quiet);

    [Fact]
    public void A_value_reads_back_as_it_was_printed() =>
        Hold(sample =>
            BoundAxis.TryRead(
                sample.Scheme.Kind,
                sample.Scheme.Print(sample.Position),
                out long position,
                out string? problem
            )
                ? position == sample.Position
                : throw new InvalidOperationException(problem)
        );

    [Fact]
    public void A_range_reads_back_as_it_was_printed() =>
        Hold(sample =>
        {
            PartitionRange range = sample.Scheme.RangeOf(sample.Position);
            return BoundText.TryRead(
                sample.Scheme.ForValues(range),
                sample.Scheme.Kind,
                out CatalogBound bound,
                out string? problem
            )
                ? bound.Range == range
                : throw new InvalidOperationException(problem);
        });

    [Fact]
    public void Every_zone_of_the_machine_has_days_in_order()
    {
        foreach (TimeZoneInfo zone in TimeZoneInfo.GetSystemTimeZones())
        {
            DateTime last = DateTime.MinValue;
            for (DateOnly day = new(1969, 12, 31); day.Year < 2030; day = day.AddDays(1))
            {
                DateTime start = ZoneDays.StartOf(day, zone);
                Assert.True(start >= last, $"{zone.Id}: {day} begins before the day before it");
                last = start;
            }
        }
    }

    [Fact]
    public void Any_text_is_read_or_refused_and_never_throws() =>
        Prop.ForAll(
                (
                    from kind in Gen.Elements(Enum.GetValues<PartitionKeyKind>())
                    from text in Texts()
                    select (kind, text)
                ).ToArbitrary(),
                sample => BoundText.TryRead(sample.text, sample.kind, out _, out string? problem) || problem.Length > 0
            )
            .Check(Quiet);

    private static Gen<string> Texts() =>
        from parts in Gen.Elements(
                "FOR VALUES FROM (",
                ") TO (",
                ")",
                "'",
                "MINVALUE",
                "MAXVALUE",
                "DEFAULT",
                "infinity",
                "2026-01-01",
                " 00:00:00",
                "+00",
                "-99:99:99:99",
                "12",
                ", ",
                "99999999999999999999",
                "0190f0e0-0000-7000-8000-000000000000",
                " BC"
            )
            .ListOf()
        select string.Concat(parts);

    private static Gen<long> Positions(PartitionScheme scheme) =>
        scheme.Kind switch
        {
            PartitionKeyKind.Integer => ArbMap.Default.GeneratorFor<int>().Select(number => (long)number),
            PartitionKeyKind.BigInt => Gen.OneOf(
                ArbMap.Default.GeneratorFor<int>().Select(number => (long)number),
                Gen.Elements(long.MinValue, long.MaxValue, 0L, -1L, long.MaxValue - 1)
            ),
            _ => from day in Gen.Choose(0, 365 * 160)
            from second in Gen.Elements(0, 1, 3599, 3600, 43_200, 86_399)
            select scheme.PositionOf(
                new DateTimeOffset(scheme.Kind == PartitionKeyKind.UuidV7 ? 1971 : 1890, 1, 1, 0, 0, 0, TimeSpan.Zero)
                    .AddDays(day)
                    .AddSeconds(second)
            ),
        };

    private static void Hold(Func<(PartitionScheme Scheme, long Position), bool> property) =>
        Prop.ForAll(s_positions.ToArbitrary(), property).Check(Quiet.WithMaxTest(500));
}
