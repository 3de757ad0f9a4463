// Which of several indexes goes, and for which reason.
using Drover.Advice;
using Drover.Advice.Findings;
using Drover.Advice.Metrics;

namespace Drover.Tests.Advice;

public sealed class IndexAdviceTests
{
    private static readonly AdviceLimits s_limits = new() { SmallBytes = 0, UnusedAfter = TimeSpan.FromDays(7) };

    [Theory]
    // The later name of two equal ones; the plain one rather than the unique one.
    [InlineData("a:x,y a2:x,y", "duplicate-index a2")]
    [InlineData("a:x,y! b:x,y", "duplicate-index b")]
    [InlineData("a:x,y b:x,y!", "duplicate-index a")]
    [InlineData("a:x,y# b:x,y#", "")]
    // A prefix is covered, but not a unique one, and not one in another order.
    [InlineData("a:x b:x,y", "covered-index a")]
    [InlineData("a:x! b:x,y", "")]
    [InlineData("a:y b:x,y", "")]
    // Of three that begin alike the two shorter ones rest on the longest.
    [InlineData("a:x b:x,y c:x,y,z", "covered-index b, covered-index a")]
    // What an index rests on stays.
    [InlineData("a:x b:x c:x", "duplicate-index c, duplicate-index b")]
    // Partial indexes, and those of another method, are others.
    [InlineData("a:x?p b:x", "")]
    [InlineData("a:x?p b:x?p", "duplicate-index b")]
    [InlineData("a:x@gin b:x,y@gin", "")]
    // Included columns must be in the other one too.
    [InlineData("a:x+z b:x", "duplicate-index b")]
    [InlineData("a:x+z b:x,y", "")]
    // Invalid ones are named, and never rested on.
    [InlineData("a:x b:x~", "invalid-index b")]
    [InlineData("b:x,y~ a:x", "invalid-index b")]
    public void Index_goes_when_another_does_its_work(string indexes, string expected) =>
        Assert.Equal(expected, Describe(Advise(indexes, TimeSpan.Zero)));

    [Theory]
    [InlineData("a:x=0", 8, "unused-index a")]
    [InlineData("a:x=0", 6, "")]
    [InlineData("a:x=1", 8, "")]
    [InlineData("a:x!=0", 8, "")]
    [InlineData("a:x#=0", 8, "")]
    // The one that a covered index rests on is used from then on.
    [InlineData("a:x=5 b:x,y=0", 8, "covered-index a")]
    public void Unused_is_what_nobody_scanned_for_long_and_nothing_rests_on(
        string indexes,
        int days,
        string expected
    ) => Assert.Equal(expected, Describe(Advise(indexes, TimeSpan.FromDays(days))));

    [Theory]
    // Of each standby that was looked at: c where it receives from a server, and the standbys that it has itself.
    [InlineData(2, "c0", 1)]
    [InlineData(1, "c0", 0)]
    [InlineData(1, "c1", 1)]
    [InlineData(1, "c1 c0", 0)]
    [InlineData(1, "a0", 1)]
    [InlineData(0, "a0", 0)]
    [InlineData(0, "c0", 0)]
    public void A_standby_is_unseen_until_it_is_looked_at_itself(int ofPrimary, string looked, int unseen) =>
        Assert.Equal(
            unseen,
            StandbyUse.Unseen(
                ofPrimary,
                [
                    .. looked
                        .Split(' ')
                        .Select(static one => new StandbyUse(
                            default,
                            TimeSpan.Zero,
                            new Dictionary<uint, long>(),
                            one[0] == 'c',
                            one[1] - '0'
                        )),
                ]
            )
        );

    [Fact]
    public void Index_that_is_being_built_is_left_alone()
    {
        IndexFacts building = Parse("a:x~") with { IsBuilding = true };
        Assert.Empty(IndexAdvice.Of([building], TimeSpan.Zero, 0, s_limits));
    }

    [Fact]
    public void Uniqueness_of_NULLs_and_what_ON_CONFLICT_can_use_stay()
    {
        IndexFacts plain = Parse("a:x!");
        Assert.Empty(IndexAdvice.Of([plain, Parse("b:x#") with { IsImmediate = false }], TimeSpan.Zero, 0, s_limits));
        IndexFacts strict = Parse("b:x!") with { IsNullsNotDistinct = true };
        Assert.Empty(IndexAdvice.Of([plain, strict], TimeSpan.Zero, 0, s_limits));
    }

    [Fact]
    public void Unused_index_is_not_sure_to_be_that_where_standbys_read()
    {
        IndexFacts[] idle = [Parse("a:x=0")];
        Assert.False(Assert.Single(IndexAdvice.Of(idle, TimeSpan.FromDays(8), 1, s_limits)).IsSure);
        Assert.True(Assert.Single(IndexAdvice.Of(idle, TimeSpan.FromDays(8), 0, s_limits)).IsSure);
    }

    [Theory]
    // Days, whether it is that or more; whether it is named as young, how long it says that nobody scanned it, and
    // whether the risk says that its age is not known.
    [InlineData(2, false, true, "", false)]
    [InlineData(10, false, false, "in 10 days", false)]
    [InlineData(90, false, false, "in 30 days", false)]
    [InlineData(2, true, false, "in 30 days", true)]
    [InlineData(10, true, false, "in 30 days", false)]
    [InlineData(null, false, false, "in 30 days", true)]
    public void Index_is_judged_by_its_age_where_it_is_known(
        int? days,
        bool isAtLeast,
        bool isYoung,
        string seen,
        bool saysUnknown
    )
    {
        IndexAge? age = days is { } known ? new IndexAge(TimeSpan.FromDays(known), isAtLeast, "") : null;
        List<YoungIndex> young = [];
        Recommendation[] advice =
        [
            .. IndexAdvice.Of([Parse("a:x=0") with { Age = age }], TimeSpan.FromDays(30), 0, s_limits, 0, young),
        ];
        Assert.Equal(isYoung, young.Count == 1);
        Assert.Equal(isYoung ? 0 : 1, advice.Length);
        Assert.All(advice, one => Assert.Contains(seen, one.Evidence, StringComparison.Ordinal));
        Assert.All(advice, one => Assert.Equal(saysUnknown, one.Risk.Contains("not known", StringComparison.Ordinal)));
    }

    [Fact]
    public void Freed_bytes_are_the_index_s_own() =>
        Assert.All(
            [.. Advise("a:x b:x c:x~", TimeSpan.Zero), .. Advise("a:x=0", TimeSpan.FromDays(8))],
            static one => Assert.Equal(1000, one.FreedBytes)
        );

    [Fact]
    public void Small_indexes_are_not_worth_the_words()
    {
        AdviceLimits limits = s_limits with { SmallBytes = 1001 };
        Assert.Empty(IndexAdvice.Of([Parse("a:x=0"), Parse("b:x=0")], TimeSpan.FromDays(30), 0, limits));
    }

    [Fact]
    public void Undo_builds_the_index_again_beside_the_traffic()
    {
        Recommendation advice = Assert.Single(Advise("a:x b:x!", TimeSpan.Zero));
        Assert.Equal("DROP INDEX CONCURRENTLY s.a", advice.Do);
        Assert.Equal("CREATE INDEX CONCURRENTLY a ON s.t (x)", advice.Undo);
    }

    private static List<Recommendation> Advise(string indexes, TimeSpan countedFor) =>
        [.. IndexAdvice.Of([.. indexes.Split(' ').Select(Parse)], countedFor, 0, s_limits)];

    private static string Describe(IEnumerable<Recommendation> advice) =>
        string.Join(", ", advice.Select(static one => $"{one.Code} {one.Subject[2..]}"));

    // name:keys, then + included, ! unique, # of a constraint, ~ invalid, ? predicate, @ method, = scans.
    private static IndexFacts Parse(string text)
    {
        string Part(char mark, string otherwise)
        {
            int at = text.IndexOf(mark, StringComparison.Ordinal);
            return at < 0 ? otherwise : text[(at + 1)..].Split('+', '!', '#', '~', '?', '@', '=')[0];
        }
        string keys = Part(':', "");
        string included = Part('+', "");
        bool isNeeded = text.Contains('#', StringComparison.Ordinal);
        string name = text.Split(':')[0];
        return new IndexFacts(
            $"s.{name}",
            "s.t",
            Part('@', "btree"),
            keys.Split(','),
            included.Length > 0 ? included.Split(',') : [],
            Part('?', ""),
            isNeeded || text.Contains('!', StringComparison.Ordinal),
            isNeeded,
            !text.Contains('~', StringComparison.Ordinal),
            IsBuilding: false,
            1000,
            long.Parse(Part('=', "9"), null),
            $"CREATE INDEX {name} ON s.t ({keys})"
        );
    }
}
