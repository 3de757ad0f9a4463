// Reads what stands behind the question mark of a request, and writes answers.
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Drover.App.Dashboard.Api;

/// <summary>The words of a query; the first one that will not do is the problem.</summary>
/// <param name="query">The query.</param>
internal sealed class RequestWords(IQueryCollection query)
{
    private const int TextMax = 512;

    /// <summary>What is wrong; null: nothing.</summary>
    public string? Problem { get; private set; }

    /// <summary>A number above 0.</summary>
    public double Number(string name, double absent, double most)
    {
        string? text = query[name];
        if (text is null)
        {
            return absent;
        }
        bool isNumber = double.TryParse(
            text,
            NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture,
            out double value
        );
        if (isNumber && value > 0 && value <= most)
        {
            return value;
        }
        Problem ??= string.Create(CultureInfo.InvariantCulture, $"{name} is a number above 0 and up to {most}");
        return absent;
    }

    /// <summary>A text.</summary>
    public string Text(string name, string absent = "")
    {
        string? text = query[name];
        if (text?.Length > TextMax)
        {
            Problem ??= $"{name} has more than {TextMax} characters";
            return absent;
        }
        return text ?? absent;
    }
}

/// <summary>Writes answers.</summary>
internal static class AnswerExtensions
{
    /// <summary>Answers with what a task gives.</summary>
    public static async Task AnswerAsync<T>(this HttpContext context, Task<T> answer, JsonTypeInfo<T> type) =>
        await context.AnswerAsync(await answer.ConfigureAwait(false), type).ConfigureAwait(false);

    /// <summary>Answers with JSON.</summary>
    public static async Task AnswerAsync<T>(this HttpContext context, T answer, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = ApiRoutes.Json;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await JsonSerializer
                .SerializeAsync(context.Response.Body, answer, type, context.RequestAborted)
                .ConfigureAwait(false);
        }
    }
}
