// The pictures of drover top as lines, and the tree of those who wait.
using Drover.Advice.Metrics;
using Drover.App.Commands.Top;

namespace Drover.Tests.Advice;

public sealed class TopViewTests
{
    private static readonly TopSettings s_plain = new(TopOrder.Time, 10, false, false);

    private static readonly TopPicture s_picture = new()
    {
        Server = "db1:5432/shop as app",
        Version = "18.4",
        At = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Metrics =
        [
            new MetricReading("query execution time", 1234.5, "ms", "pg_stat_statements", ""),
            new MetricReading("cache hit rate", null, "%", "pg_stat_database", ""),
            new MetricReading("CPU usage", 12, "%", "/proc/stat", ""),
        ],
        Span = TimeSpan.FromSeconds(2),
        Statements =
        [
            new TopStatement("SELECT few", 2, 300, 4),
            new TopStatement("SELECT many", 200, 100, 2),
            new TopStatement("SELECT rows", 1, 0, 9_000),
        ],
        Blocking =
        [
            new BlockedSession(10, 0, "idle in transaction", 61.2, "", "UPDATE t SET a = 1"),
            new BlockedSession(11, 1, "active", 5, "Lock: transactionid", "UPDATE t SET a = 2"),
        ],
        Pools = [new TopPool("shop/app", 900, 3, 20, 0, 1.25)],
    };

    [Fact]
    public void Everything_is_there_on_a_wide_terminal()
    {
        string text = Text(s_picture, s_plain, 120);
        Assert.StartsWith("db1:5432/shop as app  PostgreSQL 18.4  03:04:05 UTC\n", text, StringComparison.Ordinal);
        Assert.Matches("query execution time +1,234.5 ms +CPU usage +12 %", text);
        Assert.Matches("cache hit rate +-", text);
        Assert.Contains("10 idle in transaction 61 s  UPDATE t SET a = 1\n", text, StringComparison.Ordinal);
        Assert.Contains("└ 11 active 5 s Lock: transactionid  UPDATE t SET a = 2", text, StringComparison.Ordinal);
        Assert.Matches(@"shop/app +900 +3 +20 +0 +1.3 s", text);
        Assert.Matches(@"75.0 % +1.0 +150.00 ms +2  SELECT few", text);
        Assert.DoesNotContain("pool ", Text(s_picture with { Pools = null }, s_plain, 120), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TopOrder.Time, "SELECT few")]
    [InlineData(TopOrder.Calls, "SELECT many")]
    [InlineData(TopOrder.Mean, "SELECT few")]
    [InlineData(TopOrder.Rows, "SELECT rows")]
    public void Statements_are_in_the_order_asked_for(int order, string first)
    {
        IReadOnlyList<TopLine> lines = TopView.Draw(
            s_picture,
            s_plain with
            {
                Order = (TopOrder)order,
                StatementsMax = 1,
            },
            120,
            int.MaxValue
        );
        Assert.EndsWith(first, lines[^1].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(80)]
    public void No_line_is_wider_than_the_terminal_and_each_metric_has_its_own_where_it_is_narrow(int width)
    {
        IReadOnlyList<TopLine> lines = TopView.Draw(s_picture, s_plain with { HasKeys = true }, width, 12);
        Assert.Equal(12, lines.Count);
        Assert.All(lines, line => Assert.InRange(line.Text.Length, 0, width));
        Assert.StartsWith("q quit", lines[^1].Text, StringComparison.Ordinal);
        Assert.StartsWith("CPU usage", lines[3].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Statement_gives_no_orders_to_the_terminal()
    {
        Assert.Equal(
            "a [2Jb c d",
            TopView.Fit("a\u001b[2Jb\nc\u009bd", 80).Replace("  ", " ", StringComparison.Ordinal)
        );
        Assert.Equal("表表", TopView.Fit("表表表", 5));
        Assert.Equal("abc", TopView.Fit("abcdef", 3));
    }

    [Fact]
    public void What_is_wrong_is_said_and_the_rest_stays()
    {
        string text = Text(s_picture with { Problem = "db1 cannot be reached" }, s_plain with { IsPaused = true }, 120);
        Assert.StartsWith("PAUSED  db1:5432", text, StringComparison.Ordinal);
        Assert.Contains("db1 cannot be reached; tried again. What follows is older.", text, StringComparison.Ordinal);
        Assert.Contains("SELECT few", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_change_order_and_pause()
    {
        Assert.True(TopScreen.After(s_plain, 'p').IsPaused);
        Assert.False(TopScreen.After(TopScreen.After(s_plain, 'p'), 'P').IsPaused);
        Assert.Equal(TopOrder.Rows, TopScreen.After(s_plain, 'r').Order);
        Assert.Equal(TopOrder.Mean, TopScreen.After(s_plain, 'm').Order);
        Assert.Equal(s_plain, TopScreen.After(s_plain, 'x'));
    }

    [Fact]
    public void Each_session_is_below_the_one_that_it_waits_for()
    {
        IReadOnlyList<BlockedSession> tree = BlockingTree.Arrange([
            (2, Waits(3)),
            (1, Waits(2)),
            (0, Waits(1)),
            (1, Waits(4)),
            (0, Waits(9)),
        ]);
        Assert.Equal([(1, 0), (2, 1), (3, 2), (4, 1), (9, 0)], tree.Select(static one => (one.Pid, one.Depth)));
    }

    [Fact]
    public void Deadlock_that_is_not_broken_yet_is_shown_once()
    {
        IReadOnlyList<BlockedSession> tree = BlockingTree.Arrange([(2, Waits(1)), (1, Waits(2)), (3, Waits(3))]);
        Assert.Equal([(3, 0), (1, 0), (2, 1)], tree.Select(static one => (one.Pid, one.Depth)));
    }

    private static BlockedSession Waits(int pid) => new(pid, 0, "active", 1, "Lock: tuple", "SELECT 1");

    private static string Text(TopPicture picture, TopSettings settings, int width) =>
        string.Join('\n', TopView.Draw(picture, settings, width, int.MaxValue).Select(static line => line.Text));
}
