// Describes the JSON interface as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), from the types that answer.
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace Drover.App.Dashboard.Api;

/// <summary>One path that is read with GET.</summary>
/// <param name="Path">Below /api/v1/; {name} is a measured server.</param>
/// <param name="Summary">What it gives.</param>
/// <param name="Answer">Its type; null: server-sent events.</param>
/// <param name="Words">What may stand behind the question mark, with its meaning.</param>
internal sealed record ApiPath(
    string Path,
    string Summary,
    JsonTypeInfo? Answer,
    params (string Name, string Type, string Meaning)[] Words
);

/// <summary>The document, and the list that it is made of.</summary>
internal static class OpenApi
{
    private static readonly (string, string, string) s_minutes = ("minutes", "number", "How far back, from now.");
    private static readonly (string, string, string) s_limit = ("limit", "integer", "Most rows, up to 1000.");

    /// <summary>Every path.</summary>
    public static IReadOnlyList<ApiPath> Paths { get; } =
    [
        new("session", "Whether the asker is logged in; answered to everybody.", ApiJson.Default.SessionAnswer),
        new("live", "The proxy now, and the last values of measured servers.", ApiJson.Default.LiveAnswer),
        new("stream", "The same as server-sent events named live, every two seconds.", null),
        new("history", "The proxy's figures over time, up to a day.", ApiJson.Default.HistoryAnswer, s_minutes),
        new("pools", "Pools and databases.", ApiJson.Default.PoolsAnswer),
        new("clients", "Client connections.", ApiJson.Default.ConnectionsAnswer, s_limit),
        new("connections", "Server connections.", ApiJson.Default.ConnectionsAnswer, s_limit),
        new("shards", "Sharded databases: map, balance, statements.", ApiJson.Default.ShardsAnswer),
        new("operations", "Long operations, from their journals.", ApiJson.Default.OperationsAnswer),
        new("advice", "What to do next on each measured server.", ApiJson.Default.AdviceAnswer),
        new("cost", "What priced servers cost a month, per TB and per query.", ApiJson.Default.BillsAnswer),
        new("servers", "The measured servers with their eleven metrics.", ApiJson.Default.ServersAnswer),
        new(
            "servers/{name}/history",
            "Metrics over time.",
            ApiJson.Default.ServerHistoryAnswer,
            ("metrics", "string", "Names with commas between them."),
            s_minutes
        ),
        new("servers/{name}/tables", "Tables, the largest first.", ApiJson.Default.TablesAnswer, s_minutes, s_limit),
        new(
            "servers/{name}/table",
            "One table over time.",
            ApiJson.Default.HistoryAnswer,
            ("name", "string", "The table's, with its schema."),
            s_minutes
        ),
        new(
            "servers/{name}/statements",
            "Statements that took the most time.",
            ApiJson.Default.StatementsAnswer,
            s_minutes,
            s_limit
        ),
        new(
            "servers/{name}/statement",
            "One statement over time.",
            ApiJson.Default.HistoryAnswer,
            ("id", "string", "The statement's number."),
            s_minutes
        ),
        new(
            "servers/{name}/plans",
            "The plans that a statement had, the last one first.",
            ApiJson.Default.PlansAnswer,
            ("id", "string", "The statement's number.")
        ),
        new(
            "servers/{name}/growth",
            "Growth by the day, with trends and the day of a limit.",
            ApiJson.Default.GrowthAnswer,
            ("table", "string", "One table, with its schema; without it the server."),
            ("limit_bytes", "number", "Asks when this size is reached.")
        ),
        new("servers/{name}/databases", "Databases, the busiest first.", ApiJson.Default.DatabasesAnswer, s_minutes),
    ];

    /// <summary>The document.</summary>
    public static JsonObject Write(string version)
    {
        JsonObject paths = [];
        foreach (ApiPath path in Paths)
        {
            paths[ApiRoutes.Root + path.Path] = new JsonObject { ["get"] = Operation(path) };
        }
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Drover",
                ["version"] = version,
                ["description"] =
                    "What the web page of drover serve reads. It changes nothing. Times are ISO 8601 "
                    + "in UTC or seconds since 1970; units are in the names.",
            },
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject { ["Error"] = SchemaOf(ApiJson.Default.ApiError) },
                ["securitySchemes"] = new JsonObject
                {
                    ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
                },
            },
            ["security"] = new JsonArray(new JsonObject { ["token"] = new JsonArray() }, new JsonObject()),
        };
    }

    /// <summary>The JSON Schema of an answer.</summary>
    public static JsonNode SchemaOf(JsonTypeInfo type) =>
        type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });

    private static JsonObject Operation(ApiPath path)
    {
        JsonArray parameters = [];
        if (path.Path.Contains("{name}", StringComparison.Ordinal))
        {
            parameters.Add((JsonNode)Parameter("name", "path", "string", "A measured server.", isRequired: true));
        }
        foreach ((string name, string type, string meaning) in path.Words)
        {
            parameters.Add((JsonNode)Parameter(name, "query", type, meaning, isRequired: name is "name" or "id"));
        }
        JsonObject content = path.Answer is { } answer
            ? new JsonObject { ["application/json"] = new JsonObject { ["schema"] = SchemaOf(answer) } }
            : new JsonObject { ["text/event-stream"] = new JsonObject() };
        return new JsonObject
        {
            ["summary"] = path.Summary,
            ["parameters"] = parameters,
            ["responses"] = new JsonObject
            {
                ["200"] = new JsonObject { ["description"] = path.Summary, ["content"] = content },
                ["default"] = new JsonObject
                {
                    ["description"] = "What is wrong, for a person.",
                    ["content"] = new JsonObject
                    {
                        ["application/json"] = new JsonObject
                        {
                            ["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/Error" },
                        },
                    },
                },
            },
        };
    }

    private static JsonObject Parameter(string name, string place, string type, string meaning, bool isRequired) =>
        new()
        {
            ["name"] = name,
            ["in"] = place,
            ["required"] = isRequired,
            ["description"] = meaning,
            ["schema"] = new JsonObject { ["type"] = type },
        };
}
