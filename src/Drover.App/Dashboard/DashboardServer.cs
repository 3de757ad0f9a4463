// The HTTP port of the web page; exists only when web_listen is set.
using System.Net;
using Drover.App.Hosting;
using Drover.Telemetry.ControlPlane;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Drover.App.Dashboard;

/// <summary>
/// Each request: 1. host, origin and method (<see cref="RequestGuard"/>), 2. login and the page's own files, which
/// everybody may have, 3. the token (<see cref="DashboardAccess"/>), 4. the JSON interface. It only reads.
/// </summary>
internal sealed class DashboardServer : IAsyncDisposable
{
    /// <summary>Where one logs in.</summary>
    public const string LoginPath = "/login";

    /// <summary>Where one logs out.</summary>
    public const string LogoutPath = "/logout";

    private static readonly TimeSpan s_headersTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection may be idle, before its first request too.</summary>
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(15);

    // Of one connection; a page asks for a few things at once.
    private const int RequestsAtOnceMax = 16;

    private readonly CancellationTokenSource _stopping = new();
    private readonly DashboardParts _parts;
    private readonly RequestGuard _guard;
    private readonly ConnectionLimit _connections = new();
    private readonly ILogger _log;
    private WebApplication? _application;
    private Task _feeding = Task.CompletedTask;

    private DashboardServer(DashboardParts parts, ILoggerFactory loggers)
    {
        _parts = parts;
        _guard = new RequestGuard(parts.Options);
        _log = loggers.CreateLogger("web");
    }

    /// <summary>Where it listens, the port as the system gave it.</summary>
    public Uri Address => new(_application!.Urls.First());

    /// <summary>Starts to serve.</summary>
    /// <exception cref="IOException">The address is taken, or not ours.</exception>
    public static async Task<DashboardServer> StartAsync(
        DashboardParts parts,
        ILoggerFactory loggers,
        CancellationToken cancellation
    )
    {
        DashboardServer server = new(parts, loggers);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(new OwnLogs(loggers));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(server.Limit);
        if (parts.Options.HasTls)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }
        server._application = builder.Build();
        server._application.Run(server.AnswerAsync);
        try
        {
            await server._application.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        server._feeding = parts.Feed.RunAsync(server._stopping.Token);
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _feeding.ConfigureAwait(false);
        using CancellationTokenSource atOnce = new(TimeSpan.FromSeconds(1));
        await _application!.StopAsync(atOnce.Token).ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private void Limit(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        options.Limits.KeepAliveTimeout = s_idleTimeout;
        options.Limits.Http2.MaxStreamsPerConnection = RequestsAtOnceMax;
        options.Limits.MaxRequestBodySize = DashboardAccess.BodyMax;
        options.Limits.MaxRequestHeadersTotalSize = 16 << 10;
        options.Limits.RequestHeadersTimeout = s_headersTimeout;
        IPEndPoint endpoint = _parts.Options.ToEndpoint();
        if (endpoint.Address.Equals(IPAddress.IPv6Any))
        {
            options.ListenAnyIP(endpoint.Port, Secure);
        }
        else
        {
            options.Listen(endpoint, Secure);
        }
    }

    private void Secure(Microsoft.AspNetCore.Server.Kestrel.Core.ListenOptions listen)
    {
        // Before TLS: a handshake that does not come is a connection too.
        listen.Use(next => connection => _connections.RunAsync(connection, () => next(connection)));
        if (_parts.Certificate is { } certificate)
        {
            listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => certificate.Current());
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            if (await _guard.PassesAsync(context).ConfigureAwait(false))
            {
                if (_parts.Access.IsOpenTo(context.Request))
                {
                    ConnectionLimit.LetIn(context);
                }
                await RouteAsync(context).ConfigureAwait(false);
            }
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException wrong)
        {
            await ErrorAnswer.WriteAsync(context, wrong.StatusCode, wrong.Message).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException or ConnectionAbortedException)
        {
            // Nobody is there to be answered.
        }
        catch (Exception bug) when (!context.Response.HasStarted)
        {
            LogWeb.Unanswered(_log, bug, context.Request.Path);
            await ErrorAnswer
                .WriteAsync(context, StatusCodes.Status500InternalServerError, "this failed; the log says why")
                .ConfigureAwait(false);
        }
    }

    private async Task RouteAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "/";
        if (HttpMethods.IsPost(context.Request.Method))
        {
            if (path == LoginPath)
            {
                await _parts.Access.LogInAsync(context).ConfigureAwait(false);
                return;
            }
            _parts.Access.LogOut(context);
        }
        else if (_parts.Files.Has(path))
        {
            await _parts.Files.ServeAsync(context, path).ConfigureAwait(false);
        }
        else if (path == "/api/v1/session")
        {
            await _parts.Routes.SessionAsync(context).ConfigureAwait(false);
        }
        else if (path == "/api/v1/openapi.json")
        {
            await _parts.Routes.DescribeAsync(context).ConfigureAwait(false);
        }
        else if (!path.StartsWith("/api/", StringComparison.Ordinal))
        {
            await ErrorAnswer
                .WriteAsync(context, StatusCodes.Status404NotFound, "there is no such page")
                .ConfigureAwait(false);
        }
        else if (await _parts.Access.AdmitsAsync(context).ConfigureAwait(false))
        {
            await _parts.Routes.AnswerAsync(context, _stopping.Token).ConfigureAwait(false);
        }
    }

    // The usual one takes SIGTERM and SIGINT for itself and would end the page while clients are still served.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
