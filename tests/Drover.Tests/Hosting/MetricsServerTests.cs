// The HTTP port: metrics, and when a proxy counts as alive and as ready.
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using Drover.App.Hosting;
using Drover.Telemetry;
using Drover.Tests.Console;
using Microsoft.Extensions.Logging.Abstractions;

namespace Drover.Tests.Hosting;

public sealed class MetricsServerTests : IAsyncLifetime
{
    private readonly FakeProxy _proxy = new();
    private readonly HttpClient _http = new();
    private MetricsServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        IPEndPoint anyPort = new(IPAddress.Loopback, 0);
        _server = await MetricsServer.StartAsync(
            anyPort,
            _proxy,
            NullLoggerFactory.Instance,
            TestContext.Current.CancellationToken
        );
        _http.BaseAddress = _server.Address;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Metrics_are_plain_text_of_version_0_0_4()
    {
        HttpResponseMessage answer = await _http.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(PrometheusText.ContentType, answer.Content.Headers.ContentType?.ToString());
        string page = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("drover_serving 1", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Starting", "Active", HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable)]
    [InlineData("Serving", "Active", HttpStatusCode.OK, HttpStatusCode.OK)]
    [InlineData("Serving", "Paused", HttpStatusCode.OK, HttpStatusCode.OK)]
    [InlineData("Serving", "Suspended", HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable)]
    [InlineData("Draining", "Active", HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable)]
    [InlineData("Stopped", "Active", HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable)]
    public async Task Health_and_readiness_follow_the_process(
        string stage,
        string state,
        HttpStatusCode health,
        HttpStatusCode ready
    )
    {
        _proxy.Stage = Enum.Parse<LifecycleStage>(stage);
        _proxy.State = Enum.Parse<ProxyState>(state);
        Assert.Equal(health, await StatusAsync("/healthz"));
        Assert.Equal(ready, await StatusAsync("/readyz"));
    }

    [Fact]
    public async Task Anything_else_is_not_there()
    {
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("/"));
        HttpResponseMessage post = await _http.PostAsync("/metrics", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact]
    public async Task Termination_signal_is_left_to_the_proxy()
    {
        TaskCompletionSource taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using PosixSignalRegistration registration = PosixSignalRegistration.Create(
            PosixSignal.SIGTERM,
            context =>
            {
                context.Cancel = true;
                taken.TrySetResult();
            }
        );
        using Process kill = Process.Start("kill", ["-TERM", $"{Environment.ProcessId}"]);
        await taken.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/healthz"));
    }

    private async Task<HttpStatusCode> StatusAsync(string path) =>
        (await _http.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode;
}
