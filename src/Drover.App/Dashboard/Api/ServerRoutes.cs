// The part of the JSON interface that is about measured servers: /api/v1/servers and what is below.
using System.Globalization;
using Drover.History;
using Drover.Operations;
using Microsoft.AspNetCore.Http;

namespace Drover.App.Dashboard.Api;

/// <summary>
/// Answers /api/v1/servers/NAME/WHAT. A history that cannot be read is 503 with the reason and what would help.
/// </summary>
/// <param name="board">The servers.</param>
/// <param name="time">The clock.</param>
internal sealed class ServerRoutes(ServerBoard board, TimeProvider time)
{
    private const int ListDefault = 100;
    private const int ListMax = 1000;
    private static readonly TimeSpan s_spanMax = TimeSpan.FromDays(366);
    private static readonly TimeSpan s_spanDefault = TimeSpan.FromHours(1);

    /// <summary>Answers; false: there is no such path.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">What follows /api/v1/servers/.</param>
    public async Task<bool> AnswerAsync(HttpContext context, string name)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        string server = slash < 0 ? name : name[..slash];
        string what = slash < 0 ? "" : name[(slash + 1)..];
        if (!board.Has(server))
        {
            await ErrorAnswer
                .WriteAsync(context, StatusCodes.Status404NotFound, $"no server '{server}' is measured")
                .ConfigureAwait(false);
            return true;
        }
        RequestWords words = new(context.Request.Query);
        TimeSpan span = TimeSpan.FromMinutes(
            words.Number("minutes", s_spanDefault.TotalMinutes, s_spanMax.TotalMinutes)
        );
        int limit = (int)words.Number("limit", ListDefault, ListMax);
        DateTimeOffset to = time.GetUtcNow();
        try
        {
            return await AnswerAsync(context, server, what, words, to - span, to, limit).ConfigureAwait(false);
        }
        catch (OperationException unreadable)
        {
            await ErrorAnswer
                .WriteAsync(context, StatusCodes.Status503ServiceUnavailable, unreadable.Message)
                .ConfigureAwait(false);
            return true;
        }
    }

    private async Task<bool> AnswerAsync(
        HttpContext context,
        string server,
        string what,
        RequestWords words,
        DateTimeOffset from,
        DateTimeOffset to,
        int limit
    )
    {
        CancellationToken gone = context.RequestAborted;
        string table = words.Text("name");
        string[] metrics = words.Text("metrics", "query_time").Split(',');
        _ = long.TryParse(words.Text("id"), NumberStyles.AllowLeadingSign, null, out long statement);
        double bytesMax = words.Number("limit_bytes", 0, 1e18);
        if ((words.Problem ?? Missing(what, words, metrics)) is { } problem)
        {
            await ErrorAnswer.WriteAsync(context, StatusCodes.Status400BadRequest, problem).ConfigureAwait(false);
            return true;
        }
        Task? answer = what switch
        {
            "history" => context.AnswerAsync(
                board.ReadAsync(server, metrics, from, to, gone),
                ApiJson.Default.ServerHistoryAnswer
            ),
            "tables" => context.AnswerAsync(
                board.TablesAsync(server, from, to, limit, gone),
                ApiJson.Default.TablesAnswer
            ),
            "table" => context.AnswerAsync(
                board.TableAsync(server, table, from, to, gone),
                ApiJson.Default.HistoryAnswer
            ),
            "statements" => context.AnswerAsync(
                board.StatementsAsync(server, from, to, limit, gone),
                ApiJson.Default.StatementsAnswer
            ),
            "statement" => context.AnswerAsync(
                board.StatementAsync(server, statement, from, to, gone),
                ApiJson.Default.HistoryAnswer
            ),
            "plans" => context.AnswerAsync(board.PlansAsync(server, statement, gone), ApiJson.Default.PlansAnswer),
            "growth" => context.AnswerAsync(
                board.GrowthAsync(server, words.Text("table"), bytesMax > 0 ? bytesMax : null, gone),
                ApiJson.Default.GrowthAnswer
            ),
            "databases" => context.AnswerAsync(
                board.DatabasesAsync(server, from, to, gone),
                ApiJson.Default.DatabasesAnswer
            ),
            _ => null,
        };
        if (answer is null)
        {
            return false;
        }
        await answer.ConfigureAwait(false);
        return true;
    }

    private static string? Missing(string what, RequestWords words, string[] metrics) =>
        what switch
        {
            "history" => Array.Find(metrics, static one => ServerMetric.Find(one) is null) is { } unknown
                ? $"there is no metric '{unknown}'"
                : null,
            "table" when words.Text("name").Length == 0 => "name is missing: the table's, with its schema",
            "statement" or "plans" when !long.TryParse(words.Text("id"), NumberStyles.AllowLeadingSign, null, out _) =>
                "id is missing: the statement's number",
            _ => null,
        };
}
