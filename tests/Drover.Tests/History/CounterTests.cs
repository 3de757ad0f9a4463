// Counters over resets, restarts and failovers: no rate is negative or absurd, and nothing that is known is lost.
using Drover.Advice.Metrics;
using Drover.History.Sampling;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.History;

public sealed class CounterTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly DatabaseTotals s_shop = new(16384, "shop", s_start, 1000, 500, 50, 2, 0);

    [Fact]
    public void Counters_that_went_on_are_subtracted()
    {
        DatabaseTotals now = s_shop with { Transactions = 1100, BlocksHit = 900, Deadlocks = 3, TempBytes = 7 };
        Assert.Equal(new DatabaseTotals(16384, "shop", s_start, 100, 400, 0, 1, 7), now.Since(s_shop));
    }

    [Fact]
    public void After_a_reset_what_was_counted_since_is_taken()
    {
        DatabaseTotals now = new(16384, "shop", s_start.AddMinutes(1), 30, 20, 10, 0, 0);
        Assert.Equal(now, now.Since(s_shop));
        // Even where the new count has passed the old one.
        DatabaseTotals busy = now with
        {
            Transactions = 5000,
        };
        Assert.Equal(5000, busy.Since(s_shop)!.Transactions);
    }

    [Theory]
    [InlineData(999, 500, 50, 2, 0)]
    [InlineData(1000, 499, 50, 2, 0)]
    [InlineData(1000, 500, 49, 2, 0)]
    [InlineData(1000, 500, 50, 1, 0)]
    public void Counters_that_went_back_without_a_reset_say_nothing(long a, long b, long c, long d, long e) =>
        Assert.Null(new DatabaseTotals(16384, "shop", s_start, a, b, c, d, e).Since(s_shop));

    [Fact]
    public void A_database_of_the_same_name_that_was_made_anew_is_another() =>
        Assert.Null((s_shop with { Oid = 16385, Transactions = 9999 }).Since(s_shop));

    [Fact]
    public void A_clock_that_did_not_go_on_gives_no_rate()
    {
        SampleCounters before = new(s_start, [s_shop], null, 100);
        Assert.Null(SampleChange.Between(null, before).Elapsed);
        Assert.Null(SampleChange.Between(before, before with { At = s_start.AddSeconds(-1) }).Elapsed);
        SampleChange change = SampleChange.Between(before, before with { At = s_start.AddSeconds(10), WalBytes = 90 });
        Assert.Equal(TimeSpan.FromSeconds(10), change.Elapsed);
        Assert.Null(change.WalBytes);
        Assert.Single(change.Databases);
    }

    [Fact]
    public void Statements_are_counted_from_one_look_to_the_next()
    {
        StatementChanges changes = Knowing((1, "SELECT 1"), (2, "UPDATE t SET a = $1"), (3, "COMMIT"));
        Assert.Null(changes.Advance([Row(1, 10, 100), Row(2, 5, 50), Row(3, 7, 1)]));
        Dictionary<long, StatementTotals> done = changes.Advance([Row(1, 12, 130), Row(2, 5, 50), Row(3, 99, 9)])!;
        // The second did nothing, the third is no read or write.
        Assert.Equal([1], done.Keys);
        Assert.Equal((2, 30), (done[1].Calls, done[1].TotalMs));
    }

    [Fact]
    public void A_statement_that_was_reset_counts_from_its_reset_on()
    {
        StatementChanges changes = Knowing((1, "select 1"), (2, "select 2"));
        changes.Advance([Row(1, 10, 100), Row(2, 10, 100)]);
        Dictionary<long, StatementTotals> done = changes.Advance([Row(1, 3, 4), Row(2, 11, 110)])!;
        Assert.Equal((3, 4), (done[1].Calls, done[1].TotalMs));
        Assert.Equal((1, 10), (done[2].Calls, done[2].TotalMs));
    }

    [Fact]
    public void A_statement_that_was_pushed_out_and_comes_back_is_new()
    {
        StatementChanges changes = Knowing((1, "select 1"));
        changes.Advance([Row(1, 10, 100)]);
        Assert.Empty(changes.Advance([])!);
        Assert.Equal(2, changes.Advance([Row(1, 2, 5)])![1].Calls);
    }

    [Fact]
    public void Two_roles_of_one_statement_are_subtracted_each_for_itself_and_added()
    {
        StatementChanges changes = Knowing((1, "select 1"));
        changes.Advance([Row(1, 10, 100, user: 1), Row(1, 50, 500, user: 2)]);
        // The first role's counters were reset: without it the sum would look like 42 less.
        StatementTotals done = changes.Advance([Row(1, 3, 30, user: 1), Row(1, 55, 550, user: 2)])![1];
        Assert.Equal((8, 80), (done.Calls, done.TotalMs));
    }

    [Fact]
    public void After_another_run_of_the_server_the_first_look_says_nothing()
    {
        StatementChanges changes = Knowing((1, "select 1"));
        changes.Advance([Row(1, 10, 100)]);
        changes.Forget();
        Assert.Equal([1], changes.Unknown([Row(1, 900, 9000)]));
        changes.Learn([1], new Dictionary<long, string> { [1] = "select 1" });
        Assert.Null(changes.Advance([Row(1, 900, 9000)]));
    }

    [Fact]
    public void Texts_of_statements_that_are_gone_are_forgotten()
    {
        StatementChanges changes = new();
        for (int id = 1; id <= 1000; id++)
        {
            changes.Learn([id], new Dictionary<long, string> { [id] = "select 1" });
            changes.Advance([Row(id, 1, 1)]);
        }
        Assert.InRange(changes.TextCount, 1, 103);
        Assert.NotNull(changes.TextOf(1000));
    }

    [Theory]
    [InlineData("  (SELECT 1)", true)]
    [InlineData("/* app:web */ -- x\n insert into t values ($1)", true)]
    [InlineData("MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", true)]
    [InlineData("ALTER ROLE x PASSWORD 'secret'", false)]
    [InlineData("BEGIN", false)]
    [InlineData("selector", false)]
    public void Reads_and_writes_count_and_utility_commands_do_not(string text, bool counts) =>
        Assert.Equal(counts, Knowing((1, text)).TextOf(1) is not null);

    [Fact]
    public void Scans_of_tables_are_counted_over_resets()
    {
        TableFacts[] before = [Table("a", 10, 100), Table("b", 10, 100)];
        TableFacts[] now = [Table("a", 12, 150), Table("b", 1, 2), Table("c", 3, 4)];
        Assert.Equal(
            [(2, 50), (1, 2), (3, 4)],
            TableLook.Changes(now, before).Select(one => ((int)one.SequentialScans, (int)one.IndexScans))
        );
        Assert.All(TableLook.Changes(now, null), one => Assert.Equal(0, one.SequentialScans + one.IndexScans));
    }

    [Fact]
    public void Deadlock_rate_is_of_the_last_hour_only()
    {
        DeadlockWindow window = new(TimeSpan.FromHours(1));
        window.Add(s_start, TimeSpan.FromMinutes(1), 5);
        window.Add(s_start.AddMinutes(30), TimeSpan.FromMinutes(30), 1);
        Assert.Equal((6, 31), (window.Count, window.Elapsed.TotalMinutes));
        window.Add(s_start.AddMinutes(61), TimeSpan.FromMinutes(31), 0);
        Assert.Equal((1, 61), (window.Count, window.Elapsed.TotalMinutes));
    }

    [Fact]
    public void What_took_long_is_rested_from()
    {
        FakeTimeProvider time = new();
        Rest rest = new(TimeSpan.FromMinutes(5), 100, time);
        Assert.True(rest.IsDue);
        rest.Begin();
        time.Advance(TimeSpan.FromSeconds(6));
        rest.End();
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.False(rest.IsDue);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(rest.IsDue);
    }

    private static StatementChanges Knowing(params (long Id, string Text)[] statements)
    {
        StatementChanges changes = new();
        changes.Learn(
            statements.Select(static one => one.Id),
            statements.ToDictionary(static one => one.Id, static one => one.Text)
        );
        return changes;
    }

    private static StatementRow Row(long id, long calls, double ms, uint user = 10) =>
        new(id, user, new StatementTotals(calls, ms, calls, 0, 0));

    private static TableFacts Table(string name, long sequential, long index) =>
        new(name, 0, 0, 0, 0, sequential, index, null, 0, null);
}
