// The JSON interface: which path gives what.
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Drover.App.Dashboard.Api;

/// <summary>Answers what is under /api/v1; openapi.json beside it describes every answer.</summary>
/// <param name="sources">What is read.</param>
/// <param name="access">Who may read.</param>
/// <param name="feed">Live values.</param>
/// <param name="stream">Live values as events.</param>
/// <param name="time">The clock.</param>
internal sealed class ApiRoutes(
    DashboardSources sources,
    DashboardAccess access,
    LiveFeed feed,
    EventStream stream,
    TimeProvider time
)
{
    /// <summary>The type of answers.</summary>
    public const string Json = "application/json; charset=utf-8";

    /// <summary>What all paths begin with.</summary>
    public const string Root = "/api/v1/";

    private const string ServerRoot = "servers/";
    private const int ConnectionsDefault = 200;
    private const int ConnectionsMax = 1000;
    private static readonly TimeSpan s_historyDefault = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan s_historyMax = TimeSpan.FromDays(1);

    private static readonly JsonSerializerOptions s_indented = new(ApiJson.Default.Options) { WriteIndented = true };

    private readonly ServerBoard _servers = new(sources.Servers);
    private readonly CostBoard _costs = new(sources.Options, sources.Servers, time);
    private readonly ServerRoutes _serverRoutes = new(new ServerBoard(sources.Servers), time);

    /// <summary>Answers one who may read.</summary>
    public async Task AnswerAsync(HttpContext context, CancellationToken stopping)
    {
        string path = context.Request.Path.Value ?? "";
        string name = path.StartsWith(Root, StringComparison.Ordinal) ? path[Root.Length..] : "";
        bool isKnown = name.StartsWith(ServerRoot, StringComparison.Ordinal)
            ? await _serverRoutes.AnswerAsync(context, name[ServerRoot.Length..]).ConfigureAwait(false)
            : await AnswerAsync(context, name, stopping).ConfigureAwait(false);
        if (!isKnown)
        {
            await ErrorAnswer
                .WriteAsync(
                    context,
                    StatusCodes.Status404NotFound,
                    "there is no such path: /api/v1/openapi.json lists them"
                )
                .ConfigureAwait(false);
        }
    }

    /// <summary>Answers anybody with whether he is logged in.</summary>
    public Task SessionAsync(HttpContext context)
    {
        SessionAnswer session = access.IsOpenTo(context.Request)
            ? new(
                access.IsRequired,
                true,
                sources.Proxy.Version,
                _servers.Count,
                sources.Maps().Count > 0,
                sources.Journals.HasAny
            )
            : new(true, false, "", 0, false, false);
        return context.AnswerAsync(session, ApiJson.Default.SessionAnswer);
    }

    /// <summary>Answers anybody with the OpenAPI document.</summary>
    public async Task DescribeAsync(HttpContext context)
    {
        context.Response.ContentType = Json;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            string text = OpenApi.Write(sources.Proxy.Version).ToJsonString(s_indented);
            await context.Response.WriteAsync(text, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private async Task<bool> AnswerAsync(HttpContext context, string name, CancellationToken stopping)
    {
        Task? answer = name switch
        {
            "live" => context.AnswerAsync(feed.Current.Live, ApiJson.Default.LiveAnswer),
            "stream" when HttpMethods.IsGet(context.Request.Method) => stream.ServeAsync(
                context,
                () => access.IsOpenTo(context.Request),
                stopping
            ),
            "history" => HistoryAsync(context),
            "pools" => context.AnswerAsync(PoolBoard.Read(sources.Proxy, feed.Current), ApiJson.Default.PoolsAnswer),
            "clients" => ConnectionsAsync(context, isClients: true),
            "connections" => ConnectionsAsync(context, isClients: false),
            "shards" => context.AnswerAsync(ShardBoard.Read(sources, feed.Current), ApiJson.Default.ShardsAnswer),
            "operations" => context.AnswerAsync(
                sources.Journals.ReadAsync(context.RequestAborted),
                ApiJson.Default.OperationsAnswer
            ),
            "servers" => context.AnswerAsync(_servers.Servers(), ApiJson.Default.ServersAnswer),
            "advice" => context.AnswerAsync(_servers.Advice(_costs.PricesOf), ApiJson.Default.AdviceAnswer),
            "cost" => context.AnswerAsync(_costs.ReadAsync(context.RequestAborted), ApiJson.Default.BillsAnswer),
            _ => null,
        };
        if (answer is null)
        {
            return false;
        }
        await answer.ConfigureAwait(false);
        return true;
    }

    private Task HistoryAsync(HttpContext context)
    {
        RequestWords words = new(context.Request.Query);
        double minutes = words.Number("minutes", s_historyDefault.TotalMinutes, s_historyMax.TotalMinutes);
        return words.Problem is { } problem
            ? ErrorAnswer.WriteAsync(context, StatusCodes.Status400BadRequest, problem)
            : context.AnswerAsync(
                feed.History.Since(time.GetUtcNow().AddMinutes(-minutes), feed.Interval),
                ApiJson.Default.HistoryAnswer
            );
    }

    private Task ConnectionsAsync(HttpContext context, bool isClients)
    {
        RequestWords words = new(context.Request.Query);
        int limit = (int)Math.Max(1, words.Number("limit", ConnectionsDefault, ConnectionsMax));
        return words.Problem is { } problem
            ? ErrorAnswer.WriteAsync(context, StatusCodes.Status400BadRequest, problem)
            : context.AnswerAsync(
                PoolBoard.Connections(isClients ? sources.Proxy.Clients() : sources.Proxy.Servers(), limit),
                ApiJson.Default.ConnectionsAnswer
            );
    }
}
