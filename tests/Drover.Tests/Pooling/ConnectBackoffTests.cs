// When a pool may try again to connect.
using Drover.Pooling;

namespace Drover.Tests.Pooling;

public sealed class ConnectBackoffTests
{
    private static readonly PoolFailure Failure = new("08006", "no");

    [Fact]
    public void Any_number_may_connect_while_nothing_failed() => Assert.True(new ConnectBackoff().MayTry(0, 7));

    [Fact]
    public void Pause_doubles_up_to_server_login_retry()
    {
        ConnectBackoff backoff = new();
        long now = 1000;
        foreach (long pauseMs in (long[])[100, 200, 400, 800, 1000, 1000])
        {
            backoff.Failed(Failure, now, TimeSpan.FromSeconds(1));
            Assert.False(backoff.MayTry(now + pauseMs - 1, 0));
            Assert.Same(Failure, backoff.FailureUntilRetry(now + pauseMs - 1));
            Assert.True(backoff.MayTry(now + pauseMs, 0));
            Assert.Null(backoff.FailureUntilRetry(now + pauseMs));
            now += pauseMs;
        }
    }

    [Fact]
    public void After_a_failure_one_attempt_at_a_time_is_made()
    {
        ConnectBackoff backoff = new();
        backoff.Failed(Failure, 0, TimeSpan.FromSeconds(1));
        Assert.False(backoff.MayTry(5000, connecting: 1));
    }

    [Fact]
    public void Success_ends_the_pauses()
    {
        ConnectBackoff backoff = new();
        backoff.Failed(Failure, 0, TimeSpan.FromSeconds(15));
        backoff.Failed(Failure, 100, TimeSpan.FromSeconds(15));
        backoff.Succeeded();
        Assert.Null(backoff.LastFailure);
        backoff.Failed(Failure, 200, TimeSpan.FromSeconds(15));
        Assert.True(backoff.MayTry(300, 0));
    }

    [Fact]
    public void Operator_may_ask_for_a_try_now()
    {
        ConnectBackoff backoff = new();
        backoff.Failed(Failure, 0, TimeSpan.FromSeconds(15));
        backoff.RetryNow();
        Assert.True(backoff.MayTry(1, 0));
    }

    [Theory]
    [InlineData("28P01", true, true)]
    [InlineData("28000", true, true)]
    [InlineData("3D000", true, true)]
    [InlineData("53300", true, false)]
    [InlineData("57P03", true, false)]
    [InlineData("28P01", false, false)]
    public void Only_a_servers_own_refusal_is_final(string sqlState, bool isFromServer, bool isFinal) =>
        Assert.Equal(isFinal, new PoolFailure(sqlState, "", isFromServer).IsFinal);
}
