// What a client's script saw, step by step, and how two such accounts differ.
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drover.IntegrationTests.Clients;

/// <summary>The document that a client printed: each step's name with its outcome.</summary>
internal sealed class ClientOutcome(JsonObject steps)
{
    private const int ValueLengthMax = 400;
    private const int LeavesMax = 12;

    private static readonly JsonSerializerOptions s_readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The number of steps.</summary>
    public int Count => steps.Count;

    /// <summary>Reads the document from the client's standard output.</summary>
    public static ClientOutcome Parse(string text) => new(JsonNode.Parse(text)!.AsObject());

    /// <summary>
    /// Compares with what PostgreSQL itself answered. One line per difference: the path inside the document, what was
    /// expected, what came.
    /// </summary>
    public IReadOnlyList<string> DifferencesFrom(ClientOutcome expected, Func<string, bool> isCompared)
    {
        List<string> differences = [];
        foreach (string step in expected.Steps().Union(Steps()).Where(isCompared))
        {
            List<string> leaves = [];
            Compare(step, expected.Find(step), Find(step), leaves);
            differences.AddRange(leaves.Take(LeavesMax));
            if (leaves.Count > LeavesMax)
            {
                differences.Add($"{step}: and {leaves.Count - LeavesMax} more");
            }
        }
        return differences;
    }

    private static void Compare(string path, JsonNode? expected, JsonNode? actual, List<string> found)
    {
        if (JsonNode.DeepEquals(expected, actual))
        {
            return;
        }
        switch (expected, actual)
        {
            case (JsonObject left, JsonObject right):
                foreach (string name in left.Select(p => p.Key).Union(right.Select(p => p.Key)))
                {
                    Compare($"{path}.{name}", left[name], right[name], found);
                }
                break;
            case (JsonArray left, JsonArray right) when left.Count == right.Count:
                for (int i = 0; i < left.Count; i++)
                {
                    Compare($"{path}[{i}]", left[i], right[i], found);
                }
                break;
            default:
                found.Add($"{path}\n    PostgreSQL: {Text(expected)}\n    the proxy:  {Text(actual)}");
                break;
        }
    }

    private static string Text(JsonNode? node)
    {
        string text = node?.ToJsonString(s_readable) ?? "null";
        return text.Length <= ValueLengthMax ? text : string.Concat(text.AsSpan(0, ValueLengthMax), "…");
    }

    private IEnumerable<string> Steps() => steps.Select(step => step.Key);

    private JsonNode? Find(string step) =>
        steps.TryGetPropertyValue(step, out JsonNode? value) ? value : "(no such step)";
}
