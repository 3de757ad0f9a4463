// Which signal means what, once and twice; and the loop of the statistics.
using System.Runtime.InteropServices;
using Drover.Administration;
using Drover.App.Hosting;
using Drover.Configuration;
using Drover.Telemetry;
using Drover.Tests.Console;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Hosting;

public sealed class SignalTests
{
    private readonly FakeProxy _proxy = new();

    [Theory]
    [InlineData(PosixSignal.SIGHUP, false, "reload")]
    [InlineData(PosixSignal.SIGTERM, false, "shutdown WaitForClients")]
    [InlineData(PosixSignal.SIGTERM, true, "shutdown Immediate")]
    [InlineData(PosixSignal.SIGINT, false, "shutdown WaitForServers")]
    [InlineData(PosixSignal.SIGINT, true, "shutdown Immediate")]
    [InlineData(PosixSignal.SIGQUIT, false, "shutdown Immediate")]
    [InlineData((PosixSignal)10, false, "pause")]
    [InlineData((PosixSignal)12, false, "resume")]
    public async Task Signal_means_what_it_means_to_PgBouncer(PosixSignal signal, bool draining, string call)
    {
        _proxy.Stage = draining ? LifecycleStage.Draining : LifecycleStage.Serving;
        using SignalCommands signals = new(
            _proxy,
            () => _proxy.ReloadAsync(CancellationToken.None),
            NullLogger.Instance
        );
        await signals.HandleAsync(signal);
        Assert.Equal([call], _proxy.Calls);
    }

    [Fact]
    public async Task Signal_that_fails_is_no_end_of_the_process()
    {
        _proxy.Answer = AdministrationResult.Failed("already suspended/paused");
        using SignalCommands signals = new(_proxy, () => new(_proxy.Answer), NullLogger.Instance);
        await signals.HandleAsync((PosixSignal)10);
        await signals.HandleAsync(PosixSignal.SIGHUP);
        Assert.Equal(["pause"], _proxy.Calls);
    }

    [Fact]
    public async Task Periods_end_every_stats_period()
    {
        FakeTimeProvider time = new();
        FakeProxy proxy = new(time);
        TrafficCounters counters = new();
        proxy.TrafficList.Add(new("app", "joe", counters));
        SystemdNotifier nobody = new(_ => null, 1, time, NullLogger.Instance);
        ProxyOptions options = new();
        StatisticsLoop loop = new(proxy, () => options, nobody, time, NullLogger.Instance);
        using CancellationTokenSource stop = new();
        Task run = loop.RunAsync(stop.Token);
        counters.Queries = 600;
        time.Advance(TimeSpan.FromSeconds(60));
        time.Advance(TimeSpan.FromSeconds(60));
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(0, Assert.Single(proxy.Statistics.Read()).Averages.Queries);
        await stop.CancelAsync();
        await run;
    }
}
