// When views are refreshed, in which order, and what an interval is.
using Drover.Views;

namespace Drover.Tests.Views;

public sealed class RefreshScheduleTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(300, 10, 300)] // An interval after it began, not after it ended.
    [InlineData(300, 150, 300)]
    [InlineData(300, 200, 400)] // As much rest as it took.
    [InlineData(300, 3600, 7200)]
    public void Refresh_that_is_slower_than_its_interval_leaves_the_server_as_much_rest(int every, int took, int next)
    {
        ManagedView view = View(every, new RefreshState(s_noon, TimeSpan.FromSeconds(took), null, 0, null));
        Assert.Equal(s_noon.AddSeconds(next), RefreshSchedule.NextAt(view));
        Assert.Equal(next > every, RefreshSchedule.IsSlowed(view));
    }

    [Theory]
    [InlineData(10, 1, 30)]
    [InlineData(10, 2, 60)]
    [InlineData(10, 5, 480)]
    [InlineData(10, 8, 3600)]
    [InlineData(10, 2_000_000_000, 3600)]
    [InlineData(300, 1, 300)] // Not sooner than it would have been due.
    [InlineData(300, 5, 480)]
    [InlineData(86_400, 1, 3600)] // Nor a day late for one failure.
    public void Pauses_after_failures_double_up_to_an_hour(int every, int failures, int pause)
    {
        ManagedView view = View(every, new RefreshState(s_noon.AddDays(-9), TimeSpan.Zero, s_noon, failures, "x"));
        Assert.Equal(s_noon.AddSeconds(pause), RefreshSchedule.NextAt(view));
    }

    [Fact]
    public void View_without_rows_is_due_at_once() =>
        Assert.Equal(
            DateTimeOffset.MinValue,
            RefreshSchedule.NextAt(View(300, new RefreshState(null, TimeSpan.Zero, null, 0, null)))
        );

    [Theory]
    [InlineData("10s", 10, "10s")]
    [InlineData("90s", 90, "90s")]
    [InlineData("5m", 300, "5m")]
    [InlineData("5min", 300, "5m")]
    [InlineData("120m", 7200, "2h")]
    [InlineData("2h", 7200, "2h")]
    [InlineData("365d", 31_536_000, "365d")]
    public void Intervals_are_read_and_written(string text, int seconds, string written)
    {
        Assert.True(RefreshSchedule.TryParse(text, out TimeSpan interval));
        Assert.Equal(TimeSpan.FromSeconds(seconds), interval);
        Assert.Equal(written, RefreshSchedule.Text(interval));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("9s")]
    [InlineData("0m")]
    [InlineData("-5m")]
    [InlineData("5.5m")]
    [InlineData("5 m")]
    [InlineData("5M")]
    [InlineData("366d")]
    [InlineData("99999999d")]
    [InlineData("99999999999999999999s")]
    public void What_is_no_interval_is_refused(string text) => Assert.False(RefreshSchedule.TryParse(text, out _));

    [Fact]
    public void View_comes_behind_those_that_it_reads_even_in_a_circle_of_names()
    {
        ManagedView[] views = [.. "abcdef".Select(static name => View(300, Never) with { Name = Name(name) })];
        (ViewName, ViewName)[] reads =
        [
            (Name('a'), Name('c')),
            (Name('c'), Name('f')),
            (Name('b'), Name('z')),
            (Name('b'), Name('a')),
            (Name('e'), Name('e')),
        ];
        Assert.Equal("fcabde", string.Concat(RefreshOrder.Sort(views, reads).Select(static view => view.Name.Name)));
    }

    [Theory]
    [InlineData("SELECT 1", "SELECT 1")]
    [InlineData("  -- why\n WITH x AS (SELECT 1) SELECT * FROM x ; \n", "WITH x AS (SELECT 1) SELECT * FROM x")]
    [InlineData("(select 1) union (select 2) -- the end", "(select 1) union (select 2)")]
    [InlineData("TABLE a", "TABLE a")]
    [InlineData("SELECT ';', $$;$$ /* ; */", "SELECT ';', $$;$$")]
    public void Query_is_what_is_left_without_comments_around_it(string file, string query) =>
        Assert.Equal(query, ViewText.Read(file));

    [Theory]
    [InlineData("", "no query")]
    [InlineData("-- nothing", "no query")]
    [InlineData("DELETE FROM a", "no query")]
    [InlineData("SELECT 1; DROP TABLE a", "more than one statement")]
    [InlineData("SELECT 'a", "broken off")]
    [InlineData("SELECT 1 /* a", "broken off")]
    public void What_is_not_one_query_is_refused(string file, string reason) =>
        Assert.Contains(
            reason,
            Assert.Throws<Drover.Operations.OperationException>(() => ViewText.Read(file)).Message,
            StringComparison.Ordinal
        );

    private static RefreshState Never => new(null, TimeSpan.Zero, null, 0, null);

    private static ViewName Name(char name) => new("public", $"{name}");

    private static ManagedView View(int every, RefreshState state) =>
        new()
        {
            Name = Name('v'),
            Sql = "SELECT 1",
            SearchPath = "public",
            Unique = ["id"],
            Interval = TimeSpan.FromSeconds(every),
            State = state,
        };
}
