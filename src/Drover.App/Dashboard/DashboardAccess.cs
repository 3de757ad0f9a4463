// Who may see the page: everybody who reaches it, or who has the token.
using System.Net;
using System.Text.Json;
using Drover.App.Dashboard.Api;
using Drover.Configuration;
using Drover.Telemetry.ControlPlane;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.App.Dashboard;

/// <summary>
/// Browsers log in once and have a cookie that no script and no other site can use; programs send
/// <c>Authorization: Bearer TOKEN</c>.
/// </summary>
/// <param name="options">Whether there is TLS.</param>
/// <param name="token">The token; null: none is asked for.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Topic login.</param>
internal sealed class DashboardAccess(WebOptions options, AccessToken? token, TimeProvider time, ILogger logger)
{
    private const string Bearer = "Bearer ";
    private readonly LoginLimit _limit = new(time);
    private readonly LoginSessions _sessions = new(time);

    /// <summary>Bytes of a request to log in.</summary>
    public const int BodyMax = 2048;

    /// <summary>Whether a token is asked for.</summary>
    public bool IsRequired => token is not null;

    private string CookieName => options.HasTls ? "__Host-drover" : "drover";

    /// <summary>Whether this request may read; else it has been answered.</summary>
    public async Task<bool> AdmitsAsync(HttpContext context)
    {
        if (token is null || HasSession(context.Request))
        {
            return true;
        }
        string header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return await CheckAsync(context, header[Bearer.Length..].Trim()).ConfigureAwait(false);
        }
        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"drover\"";
        await ErrorAnswer
            .WriteAsync(context, StatusCodes.Status401Unauthorized, "log in first, or send the token as Bearer")
            .ConfigureAwait(false);
        return false;
    }

    /// <summary>Whether this request has a session or needs none.</summary>
    public bool IsOpenTo(HttpRequest request) => token is null || HasSession(request);

    /// <summary>POST /login.</summary>
    public async Task LogInAsync(HttpContext context)
    {
        // Other sites can send forms, but not this type without being asked first, and they are answered no.
        if (!context.Request.HasJsonContentType())
        {
            await ErrorAnswer
                .WriteAsync(context, StatusCodes.Status415UnsupportedMediaType, "send {\"token\": …} as JSON")
                .ConfigureAwait(false);
            return;
        }
        string given;
        try
        {
            LoginRequest? body = await JsonSerializer
                .DeserializeAsync(context.Request.Body, ApiJson.Default.LoginRequest, context.RequestAborted)
                .ConfigureAwait(false);
            given = body?.Token ?? "";
        }
        catch (JsonException)
        {
            await ErrorAnswer
                .WriteAsync(context, StatusCodes.Status400BadRequest, "send {\"token\": …} as JSON")
                .ConfigureAwait(false);
            return;
        }
        if (token is null || await CheckAsync(context, given).ConfigureAwait(false))
        {
            context.Response.Cookies.Append(CookieName, _sessions.Begin(), Cookie());
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    /// <summary>POST /logout.</summary>
    public void LogOut(HttpContext context)
    {
        if (context.Request.Cookies.TryGetValue(CookieName, out string? name))
        {
            _sessions.End(name);
        }
        context.Response.Cookies.Delete(CookieName, Cookie());
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task<bool> CheckAsync(HttpContext context, string given)
    {
        if (token!.Accepts(given))
        {
            ConnectionLimit.LetIn(context);
            return true;
        }
        IPAddress address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        TimeSpan delay = _limit.Fail(address, out int count);
        if (count > 0)
        {
            LogWeb.WrongToken(logger, address.ToString(), count);
        }
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, time, context.RequestAborted).ConfigureAwait(false);
        }
        await ErrorAnswer
            .WriteAsync(context, StatusCodes.Status401Unauthorized, "that is not the token")
            .ConfigureAwait(false);
        return false;
    }

    private bool HasSession(HttpRequest request) =>
        request.Cookies.TryGetValue(CookieName, out string? name) && _sessions.Has(name);

    private CookieOptions Cookie() =>
        new()
        {
            Path = "/",
            HttpOnly = true,
            Secure = options.HasTls,
            SameSite = SameSiteMode.Strict,
            MaxAge = LoginSessions.Lifetime,
        };
}
