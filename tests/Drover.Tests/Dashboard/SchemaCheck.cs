// Holds JSON against a JSON Schema, as far as the interface's document uses it.
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drover.Tests.Dashboard;

internal static class SchemaCheck
{
    /// <summary>What does not fit, each with its place; a field that the schema does not have does not fit.</summary>
    public static IReadOnlyList<string> Problems(JsonNode? value, JsonNode schema)
    {
        List<string> problems = [];
        Check(value, schema, schema, "$", problems);
        return problems;
    }

    private static void Check(JsonNode? value, JsonNode schema, JsonNode root, string place, List<string> problems)
    {
        if (schema is not JsonObject rules)
        {
            return;
        }
        if ((string?)rules["$ref"] is { } reference)
        {
            Check(value, Follow(root, reference), root, place, problems);
            return;
        }
        string kind = KindOf(value);
        string[] types = rules["type"] switch
        {
            JsonArray several => [.. several.Select(one => (string)one!)],
            JsonNode one => [(string)one!],
            null => [],
        };
        if (types.Length > 0 && !types.Contains(kind) && !(kind == "integer" && types.Contains("number")))
        {
            problems.Add($"{place}: {kind} where {string.Join(" or ", types)} is said");
            return;
        }
        if (value is JsonArray array && rules["items"] is { } items)
        {
            for (int i = 0; i < array.Count; i++)
            {
                Check(array[i], items, root, $"{place}[{i}]", problems);
            }
        }
        if (value is JsonObject members)
        {
            CheckMembers(members, rules, root, place, problems);
        }
    }

    private static void CheckMembers(
        JsonObject members,
        JsonObject rules,
        JsonNode root,
        string place,
        List<string> problems
    )
    {
        JsonObject properties = rules["properties"] as JsonObject ?? [];
        foreach (JsonNode? required in rules["required"] as JsonArray ?? [])
        {
            if (!members.ContainsKey((string)required!))
            {
                problems.Add($"{place}.{required}: missing");
            }
        }
        foreach ((string name, JsonNode? member) in members)
        {
            if ((properties[name] ?? rules["additionalProperties"]) is { } rule)
            {
                Check(member, rule, root, $"{place}.{name}", problems);
            }
            else
            {
                problems.Add($"{place}.{name}: not in the schema");
            }
        }
    }

    private static JsonNode Follow(JsonNode root, string reference)
    {
        JsonNode node = root;
        foreach (string part in reference.Split('/').Skip(1))
        {
            node = node is JsonArray array ? array[int.Parse(part, null)]! : node[part]!;
        }
        return node;
    }

    private static string KindOf(JsonNode? value) =>
        value?.GetValueKind() switch
        {
            null or JsonValueKind.Null => "null",
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            _ => value!.ToJsonString().AsSpan().ContainsAny('.', 'e', 'E') ? "number" : "integer",
        };
}
