// A key is in the range that has it, and in none where none has.
using System.Globalization;
using System.Text;
using Drover.Topology.Keys;

namespace Drover.Tests.Topology;

public sealed class KeyRangesTests
{
    [Fact]
    public void Key_is_in_the_range_that_a_search_of_all_ranges_finds()
    {
        Random random = new(4);
        for (int round = 0; round < 200; round++)
        {
            long[] bounds = [.. Enumerable.Range(0, random.Next(2, 30)).Select(_ => (long)random.Next(-100, 100))];
            bounds = [.. bounds.Distinct().Order()];
            List<KeyRange> ranges = [];
            for (int i = 0; i + 1 < bounds.Length; i++)
            {
                if (random.Next(3) > 0)
                {
                    bool isFirst = i == 0 && random.Next(2) == 0;
                    bool isLast = i + 2 == bounds.Length && random.Next(2) == 0;
                    ranges.Add(new(isFirst ? null : Text(bounds[i]), isLast ? null : Text(bounds[i + 1]), i + 1));
                }
            }
            KeyRanges known = new(KeyType.Bigint, ranges.OrderBy(_ => random.Next()));
            for (long key = -110; key <= 110; key++)
            {
                int expected = ranges.Find(range => IsIn(range, key))?.Shard ?? 0;
                Assert.True(known.TryOfText(Encoding.UTF8.GetBytes(Text(key)), out ulong place));
                Assert.Equal(expected, known.ShardAt(place));
                Assert.Equal(place, known.OfInteger(key));
            }
        }
    }

    [Theory]
    [InlineData(KeyType.Bigint, "0", "10", "5", "20", "overlap")]
    [InlineData(KeyType.Bigint, "-5", "10", null, "-4", "overlap")]
    [InlineData(KeyType.Bigint, "0", null, "100", null, "overlap")]
    [InlineData(KeyType.Bigint, "9", "10", "20", "20", "empty")]
    [InlineData(KeyType.Bigint, "9", "10", "100", "20", "empty")]
    [InlineData(KeyType.Bigint, "9", "10", "ten", "20", "no Bigint")]
    [InlineData(KeyType.Numeric, "-1.5", "-1.49", "-1.500001", "-1.5", null)]
    [InlineData(KeyType.Numeric, "-1.5", "-1.49", "-1.499999", "0", "overlap")]
    [InlineData(KeyType.Numeric, "1e2", "1000", "999.9999", null, "overlap")]
    [InlineData(KeyType.Date, "2024-01-01", "2025-01-01", "2024-12-31", "2026-01-01", "overlap")]
    [InlineData(KeyType.Date, "2024-01-01", "2025-01-01", "2025-01-01", "2026-01-01", null)]
    [InlineData(KeyType.Text, "a", "b", "B", "a", null)]
    [InlineData(KeyType.Text, "a", "b", "az", "c", "overlap")]
    public void Ranges_that_overlap_or_are_empty_are_refused(
        KeyType type,
        string? from,
        string? to,
        string? otherFrom,
        string? otherTo,
        string? problem
    )
    {
        KeyRange[] ranges = [new(from, to, 1), new(otherFrom, otherTo, 2)];
        if (problem is null)
        {
            Assert.Equal(2, new KeyRanges(type, ranges).Ranges.Length);
            return;
        }
        ArgumentException refused = Assert.Throws<ArgumentException>(() => new KeyRanges(type, ranges));
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Infinities_and_what_is_no_number_are_at_the_ends()
    {
        KeyRanges ranges = new(
            KeyType.Numeric,
            [new(null, "-1e500", 1), new("-1e500", "1e500", 2), new("1e500", null, 3)]
        );
        Assert.Equal(
            [1, 2, 2, 2, 3, 3],
            ((string[])["-Infinity", "-1e500", "0", "-0.001", "inf", "NaN"]).Select(key =>
            {
                Assert.True(ranges.TryOfText(Encoding.UTF8.GetBytes(key), out ulong place));
                return ranges.ShardAt(place);
            })
        );
    }

    private static bool IsIn(KeyRange range, long key) =>
        (range.From is null || key >= long.Parse(range.From, CultureInfo.InvariantCulture))
        && (range.To is null || key < long.Parse(range.To, CultureInfo.InvariantCulture));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
