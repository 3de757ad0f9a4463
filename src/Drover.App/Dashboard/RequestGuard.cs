// What every request must pass before anything is read for it, and the headers that every answer has.
using System.Net;
using Drover.Configuration;
using Microsoft.AspNetCore.Http;

namespace Drover.App.Dashboard;

/// <summary>
/// Keeps other sites out. A page elsewhere that makes a name of its own point here (DNS rebinding) is known by its Host
/// header; one that asks across sites, by the browser's Sec-Fetch-Site or Origin header. No answer allows another
/// origin to read it, and no page may be framed.
/// </summary>
/// <param name="options">The names that the page is reached by.</param>
internal sealed class RequestGuard(WebOptions options)
{
    /// <summary>What pages may load: this server's own files, and nothing that is written into a page.</summary>
    public const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'";

    /// <summary>Writes the headers; answers and returns false when the request is refused.</summary>
    public async Task<bool> PassesAsync(HttpContext context)
    {
        WriteHeaders(context.Response.Headers);
        (int status, string problem) = Judge(context.Request);
        if (status == StatusCodes.Status200OK)
        {
            return true;
        }
        await ErrorAnswer.WriteAsync(context, status, problem).ConfigureAwait(false);
        return false;
    }

    private void WriteHeaders(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        headers.XFrameOptions = "DENY";
        headers.CacheControl = "no-store";
        if (options.HasTls)
        {
            headers.StrictTransportSecurity = "max-age=31536000";
        }
    }

    private (int Status, string Problem) Judge(HttpRequest request)
    {
        if (!IsOurs(request.Host))
        {
            return (
                StatusCodes.Status421MisdirectedRequest,
                $"this page is not reached by the name '{request.Host.Host}': add it to web_hosts"
            );
        }
        bool isLogin = request.Path == DashboardServer.LoginPath || request.Path == DashboardServer.LogoutPath;
        bool isRead = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (!isRead && !(isLogin && HttpMethods.IsPost(request.Method)))
        {
            return (StatusCodes.Status405MethodNotAllowed, "this page only reads: GET and HEAD are answered");
        }
        return (request.Path.StartsWithSegments("/api") || !isRead) && IsFromElsewhere(request)
            ? (StatusCodes.Status403Forbidden, "requests of other sites are not answered")
            : (StatusCodes.Status200OK, "");
    }

    // An address cannot be made to point somewhere else, so any will do.
    private bool IsOurs(HostString host)
    {
        string name = host.Host.Trim('[', ']');
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || IPAddress.TryParse(name, out _)
            || options.WebHosts.Any(known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    // Programs send neither header; browsers send the first with each request, and did the second before.
    private static bool IsFromElsewhere(HttpRequest request)
    {
        string site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site.Length > 0)
        {
            return site is not ("same-origin" or "none");
        }
        string origin = request.Headers.Origin.ToString();
        return origin.Length > 0
            && !origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
    }
}
