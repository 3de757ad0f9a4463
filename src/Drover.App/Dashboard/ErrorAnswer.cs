// An error as the JSON interface gives it.
using System.Text.Json;
using Drover.App.Dashboard.Api;
using Microsoft.AspNetCore.Http;

namespace Drover.App.Dashboard;

/// <summary>Writes <c>{"error": …}</c>.</summary>
internal static class ErrorAnswer
{
    /// <summary>Answers with a status and what is wrong, for a person.</summary>
    public static async Task WriteAsync(HttpContext context, int status, string problem)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = ApiRoutes.Json;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await JsonSerializer
                .SerializeAsync(
                    context.Response.Body,
                    new ApiError(problem),
                    ApiJson.Default.ApiError,
                    context.RequestAborted
                )
                .ConfigureAwait(false);
        }
    }
}
