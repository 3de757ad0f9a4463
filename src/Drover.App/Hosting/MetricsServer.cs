// The HTTP port for metrics and health; exists only when metrics_listen is set.
using System.Net;
using Drover.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.App.Hosting;

/// <summary>
/// Serves <c>/metrics</c>, <c>/healthz</c> (the process lives) and <c>/readyz</c> (new clients should come here). A
/// paused proxy stays ready, since its clients wait rather than fail; one that is suspended, starting or draining is
/// not.
/// </summary>
internal sealed class MetricsServer : IAsyncDisposable
{
    private const int ConnectionsMax = 64;
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(5);

    private readonly WebApplication _application;
    private readonly ITelemetrySource _source;

    private MetricsServer(WebApplication application, ITelemetrySource source)
    {
        _application = application;
        _source = source;
    }

    /// <summary>Where it listens, the port as the system gave it.</summary>
    public Uri Address => new(_application.Urls.First());

    /// <summary>Starts to serve.</summary>
    /// <exception cref="IOException">The address is taken, or not ours.</exception>
    public static async Task<MetricsServer> StartAsync(
        IPEndPoint endpoint,
        ITelemetrySource source,
        ILoggerFactory loggers,
        CancellationToken cancellation
    )
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(new OwnLogs(loggers));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => Limit(options, endpoint));
        WebApplication application = builder.Build();
        MetricsServer server = new(application, source);
        application.Run(server.AnswerAsync);
        try
        {
            await application.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource atOnce = new(TimeSpan.FromSeconds(1));
        await _application.StopAsync(atOnce.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private static void Limit(KestrelServerOptions options, IPEndPoint endpoint)
    {
        options.AddServerHeader = false;
        options.Limits.MaxConcurrentConnections = ConnectionsMax;
        options.Limits.MaxRequestBodySize = 0;
        options.Limits.RequestHeadersTimeout = HeadersTimeout;
        options.Listen(endpoint);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        bool reads = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        (int status, string type, string text) = reads
            ? Answer(context.Request.Path)
            : (StatusCodes.Status405MethodNotAllowed, PlainText, "only GET is answered here\n");
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        context.Response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.WriteAsync(text, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private const string PlainText = "text/plain; charset=utf-8";

    private (int Status, string Type, string Text) Answer(PathString path)
    {
        if (path == "/metrics")
        {
            return (StatusCodes.Status200OK, PrometheusText.ContentType, PrometheusText.Write(new(_source)));
        }
        if (path == "/healthz")
        {
            return Health(_source.Stage == LifecycleStage.Stopped ? "stopped" : null);
        }
        if (path == "/readyz")
        {
            return Health(NotReadyReason());
        }
        return (StatusCodes.Status404NotFound, PlainText, "try /metrics, /healthz or /readyz\n");
    }

    private string? NotReadyReason() =>
        _source.Stage switch
        {
            LifecycleStage.Starting => "starting",
            LifecycleStage.Draining => "shutting down: no new clients",
            LifecycleStage.Stopped => "stopped",
            _ => _source.State == ProxyState.Suspended ? "suspended" : null,
        };

    private static (int Status, string Type, string Text) Health(string? problem) =>
        problem is null
            ? (StatusCodes.Status200OK, PlainText, "ok\n")
            : (StatusCodes.Status503ServiceUnavailable, PlainText, problem + "\n");

    // The usual one takes SIGTERM and SIGINT for itself and would end metrics while clients are still served.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
