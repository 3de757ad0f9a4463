// How a run finds its speed: size of batches, rests, limits of load, pauses between attempts at locks.
using Drover.Operations;
using Drover.Operations.Running;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Operations;

public sealed class PacingTests
{
    private static readonly LoadSample s_quiet = new() { Commit = TimeSpan.FromMilliseconds(2) };

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Batches_grow_until_one_takes_as_long_as_it_should_and_shrink_when_it_takes_longer()
    {
        OperationLimits limits = new() { BatchTarget = TimeSpan.FromMilliseconds(100) };
        BatchPacer pacer = new(limits);

        for (int i = 0; i < 50; i++)
        {
            // A server that does 20 rows a millisecond.
            pacer.Observe(new(pacer.Budget.Rows, 0, false, 0), TimeSpan.FromMilliseconds(pacer.Budget.Rows / 20.0));
        }
        Assert.InRange(pacer.Budget.Rows, 1900, 2100);
        pacer.Observe(new(pacer.Budget.Rows, 0, false, 0), TimeSpan.FromSeconds(10));
        Assert.InRange(pacer.Budget.Rows, 900, 1100);
    }

    [Fact]
    public void Batch_that_found_little_does_not_make_the_next_one_larger()
    {
        BatchPacer pacer = new(new OperationLimits());
        BatchBudget before = pacer.Budget;

        pacer.Observe(new(1, 10, false, 0), TimeSpan.FromMilliseconds(1));

        Assert.Equal(before, pacer.Budget);
    }

    [Fact]
    public void Batch_never_passes_its_bounds()
    {
        BatchPacer pacer = new(new OperationLimits { BatchRowsMax = 10, BatchBytesMax = 1000 });
        for (int i = 0; i < 20; i++)
        {
            pacer.Observe(new(10, 1000, false, 0), TimeSpan.FromMicroseconds(1));
            Assert.Equal(new BatchBudget(1000, 10), pacer.Budget);
        }
    }

    [Fact]
    public void Batch_that_gets_in_the_way_becomes_a_single_row_and_grows_again()
    {
        BatchPacer pacer = new(new OperationLimits());
        for (int i = 0; i < 10; i++)
        {
            pacer.Shrink();
        }
        Assert.Equal(1, pacer.Budget.Rows);
        pacer.Observe(new(1, 0, false, 0), TimeSpan.FromSeconds(10));
        Assert.Equal(1, pacer.Budget.Rows);
        pacer.Observe(new(1, 0, false, 0), TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, pacer.Budget.Rows);
    }

    [Fact]
    public void Batch_that_is_only_slow_has_a_least_size()
    {
        BatchPacer pacer = new(new OperationLimits());
        for (int i = 0; i < 20; i++)
        {
            pacer.Observe(new(pacer.Budget.Rows, 0, false, 0), TimeSpan.FromSeconds(10));
        }
        Assert.Equal(50, pacer.Budget.Rows);
    }

    [Fact]
    public void Lock_timeout_grows_after_the_first_attempts_and_stays_below_its_cap()
    {
        OperationLimits limits = new();
        double[] waits =
        [
            .. Enumerable.Range(1, 12).Select(number => LockRetry.LockTimeout(limits, number).TotalMilliseconds),
        ];

        Assert.Equal([500, 500, 500, 600, 700, 800, 900, 900, 900, 900, 900, 900], waits);
    }

    [Fact]
    public void Lock_timeout_that_was_asked_for_above_the_cap_is_kept()
    {
        OperationLimits limits = new() { LockTimeout = TimeSpan.FromSeconds(3) };

        Assert.Equal(TimeSpan.FromSeconds(3), LockRetry.LockTimeout(limits, 50));
    }

    [Fact]
    public void Default_rests_three_times_as_long_as_it_works_and_no_throttle_never_rests()
    {
        TimeSpan busy = TimeSpan.FromMilliseconds(100);

        Assert.Equal(3 * busy, new Throttle(new ThrottleLimits(), _time).RestAfter(busy));
        Assert.Equal(TimeSpan.Zero, new Throttle(ThrottleLimits.None, _time).RestAfter(busy));
    }

    [Fact]
    public void Each_limit_stops_the_run_with_a_reason_that_names_it()
    {
        ThrottleLimits limits = new() { ActiveSessionsMax = 5, WalBytesPerSecondMax = 1000 };
        const long MB = 1024 * 1024;

        Assert.Contains("is 100 MB behind", Reason(limits, s_quiet with { Standby = "s", LagBytes = 100 * MB }));
        Assert.Contains(
            "is 11 s behind",
            Reason(limits, s_quiet with { Standby = "s", Lag = TimeSpan.FromSeconds(11) })
        );
        Assert.Contains("6 sessions", Reason(limits, s_quiet with { ActiveSessions = 6 }));
        Assert.Contains("commits take", Reason(limits, s_quiet with { Commit = TimeSpan.FromMilliseconds(100) }));
        Assert.Null(Reason(limits, s_quiet));
        Assert.Null(
            Reason(ThrottleLimits.None, s_quiet with { LagBytes = long.MaxValue, Commit = TimeSpan.FromDays(1) })
        );
    }

    [Fact]
    public void WAL_is_measured_between_two_samples()
    {
        Throttle throttle = new(new ThrottleLimits { WalBytesPerSecondMax = 1000 }, _time);
        throttle.Observe(s_quiet with { WalPosition = 0 }, isResting: true);
        _time.Advance(TimeSpan.FromSeconds(10));
        throttle.Observe(s_quiet with { WalPosition = 9_000 }, isResting: true);
        Assert.Null(throttle.Reason);
        _time.Advance(TimeSpan.FromSeconds(10));
        throttle.Observe(s_quiet with { WalPosition = 59_000 }, isResting: true);
        Assert.Contains("WAL", throttle.Reason);
    }

    [Fact]
    public void Stops_make_the_rests_longer_and_quiet_makes_them_shorter_again()
    {
        Throttle throttle = new(new ThrottleLimits { ActiveSessionsMax = 5, Duty = 0.5 }, _time);
        TimeSpan busy = TimeSpan.FromMilliseconds(100);
        throttle.Observe(s_quiet with { ActiveSessions = 9 }, isResting: true);
        throttle.Observe(s_quiet, isResting: true);

        Assert.Null(throttle.Reason);
        Assert.True(throttle.RestAfter(busy) > busy);
        for (int i = 0; i < 50; i++)
        {
            throttle.Observe(s_quiet, isResting: true);
        }
        Assert.Equal(busy, throttle.RestAfter(busy));
    }

    [Fact]
    public void Commits_slow_nothing_where_their_limit_is_switched_off()
    {
        Throttle throttle = new(new ThrottleLimits { CommitLatencyFactorMax = null }, _time);
        throttle.SetBaseline([TimeSpan.FromMilliseconds(1)]);
        for (int i = 0; i < 5; i++)
        {
            throttle.Observe(s_quiet with { Commit = TimeSpan.FromMilliseconds(500) }, isResting: false);
        }
        Assert.Equal(1, throttle.Slowdown);
    }

    [Fact]
    public void Application_that_became_slower_by_itself_becomes_the_new_normal()
    {
        Throttle throttle = new(new ThrottleLimits(), _time);
        throttle.SetBaseline([TimeSpan.FromMilliseconds(2)]);
        LoadSample slow = s_quiet with { Commit = TimeSpan.FromMilliseconds(40) };
        throttle.Observe(slow, isResting: true);
        throttle.Observe(slow, isResting: true);
        Assert.NotNull(throttle.Reason);
        for (int i = 0; i < 100; i++)
        {
            throttle.Observe(slow, isResting: true);
        }
        Assert.Null(throttle.Reason);
    }

    [Fact]
    public void Pauses_between_attempts_double_up_to_the_longest_with_jitter()
    {
        LockRetry retry = new(new OperationLimits(), _time);

        Assert.Equal(TimeSpan.FromMilliseconds(100), retry.Pause(1, chance: 0));
        Assert.Equal(TimeSpan.FromMilliseconds(200), retry.Pause(1, chance: 1));
        Assert.Equal(TimeSpan.FromMilliseconds(800), retry.Pause(3, chance: 1));
        Assert.Equal(TimeSpan.FromSeconds(15), retry.Pause(1000, chance: 1));
    }

    private string? Reason(ThrottleLimits limits, LoadSample sample)
    {
        Throttle throttle = new(limits, _time);
        throttle.SetBaseline([s_quiet.Commit]);
        throttle.Observe(sample, isResting: false);
        return throttle.Reason;
    }
}
