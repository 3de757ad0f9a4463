// A step of a plan, as far as it is kept: what is done to which relation, never with which value.
using System.Globalization;
using System.Text;
using System.Text.Json;
using Drover.Advice.Indexes;

namespace Drover.Advice.Plans;

/// <summary>
/// Read from EXPLAIN (FORMAT JSON, VERBOSE), and from what <see cref="Write"/> wrote, which has the same names
/// (https://www.postgresql.org/docs/18/using-explain.html).
/// </summary>
internal sealed record PlanNode
{
    /// <summary>More steps than this are not read: a partition has one or two, and they become few.</summary>
    public const int StepsMax = 5_000;

    private const int TextMax = 300;

    /// <summary>EXPLAIN's names of what is sorted or grouped by.</summary>
    public static readonly string[] KeyNames = ["Sort Key", "Group Key"];

    /// <summary>EXPLAIN's names of conditions.</summary>
    public static readonly string[] ConditionNames =
    [
        "Index Cond",
        "Recheck Cond",
        "TID Cond",
        "Hash Cond",
        "Merge Cond",
        "Join Filter",
        "Filter",
        "One-Time Filter",
        "Order By",
    ];

    /// <summary>Node Type, such as <c>Index Scan</c>.</summary>
    public required string Type { get; init; }

    /// <summary>What it is to the step above: Outer, Inner, Member, InitPlan, SubPlan …; empty at the top.</summary>
    public string Part { get; init; } = "";

    /// <summary>Of the relation, or of the index of a bitmap; else empty.</summary>
    public string Schema { get; init; } = "";

    /// <summary>The table without its schema; of a partition, the table at the root.</summary>
    public string Relation { get; init; } = "";

    /// <summary>The index; of a partition's, the one at the root.</summary>
    public string Index { get; init; } = "";

    /// <summary>CREATE INDEX of that index when it was seen; empty where constants are in it.</summary>
    public string Definition { get; init; } = "";

    /// <summary>EXPLAIN's words: of a join Left, Semi …; of aggregates Hashed, Sorted; of a change Insert.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>What it sorts or groups by, without constants.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Conditions by their names, without constants.</summary>
    public IReadOnlyList<(string Name, string Text)> Conditions { get; init; } = [];

    /// <summary>The planner's estimate with all that is below.</summary>
    public double Cost { get; init; }

    /// <summary>Rows that it gives, by estimate.</summary>
    public double Rows { get; init; }

    /// <summary>How many steps it stands for: partitions that are read alike.</summary>
    public int Alike { get; init; } = 1;

    /// <summary>The steps that give it rows.</summary>
    public IReadOnlyList<PlanNode> Children { get; init; } = [];

    /// <summary>The table with its schema; empty where there is none.</summary>
    public string Table => Relation.Length == 0 ? "" : $"{Schema}.{Relation}";

    /// <summary>Reads EXPLAIN's answer; null where it has too many steps.</summary>
    public static PlanNode? Read(JsonElement explained) => ReadStep(explained[0].GetProperty("Plan"));

    /// <summary>Reads the step at the top, with all below; null where it has too many.</summary>
    public static PlanNode? ReadStep(JsonElement top)
    {
        int steps = 0;
        PlanNode plan = Read(top, "", ref steps);
        return steps <= StepsMax ? plan : null;
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static PlanNode Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json, PlanSession.Deep);
        int steps = 0;
        return Read(document.RootElement, "", ref steps);
    }

    /// <summary>This step and all below it, the first ones first.</summary>
    public IEnumerable<PlanNode> All() => Children.SelectMany(static one => one.All()).Prepend(this);

    /// <summary>As JSON with EXPLAIN's names.</summary>
    public string Write()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            WriteTo(writer);
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>What it does and to what, such as <c>Index Scan using i on public.t</c>.</summary>
    public string Describe()
    {
        StringBuilder text = new(Type);
        if (Words.Count > 0)
        {
            text.Append(" (").AppendJoin(", ", Words).Append(')');
        }
        if (Index.Length > 0)
        {
            text.Append(" using ").Append(Index);
        }
        if (Relation.Length > 0)
        {
            text.Append(" on ").Append(Table);
        }
        return Keys.Count > 0 ? text.Append(" by ").AppendJoin(", ", Keys).ToString() : text.ToString();
    }

    /// <summary>Lines for a person, as EXPLAIN has them.</summary>
    public IEnumerable<string> Lines(int depth = 0)
    {
        string blanks = new(' ', 4 * depth);
        string part = Part is "InitPlan" or "SubPlan" ? $"{Part}: " : "";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{blanks}{part}{Describe()}  (cost {Cost:0.##}, rows {Rows:0}{(Alike > 1 ? $", {Alike} partitions" : "")})"
        );
        foreach ((string name, string text) in Conditions)
        {
            yield return $"{blanks}  {name}: {text}";
        }
        foreach (string line in Children.SelectMany(child => child.Lines(depth + 1)))
        {
            yield return line;
        }
    }

    private static PlanNode Read(JsonElement node, string above, ref int steps)
    {
        steps++;
        string schema = Text(node, "Schema") is { Length: > 0 } own ? own : above;
        List<PlanNode> children = [];
        if (node.TryGetProperty("Plans", out JsonElement plans) && steps <= StepsMax)
        {
            foreach (JsonElement child in plans.EnumerateArray())
            {
                // An index of a bitmap has no schema of its own here: it is its table's.
                children.Add(Read(child, schema, ref steps));
            }
        }
        string index = Text(node, "Index Name");
        string relation = Text(node, "Relation Name");
        return new PlanNode
        {
            Type = Text(node, "Node Type"),
            Part = Text(node, "Parent Relationship"),
            Schema = index.Length + relation.Length > 0 ? schema : "",
            Relation = relation,
            Index = index,
            Definition = Text(node, "Index Definition"),
            Words = [.. WordsOf(node)],
            Keys = [.. KeyNames.SelectMany(name => Texts(node, name))],
            Conditions =
            [
                .. ConditionNames
                    .Select(name => (name, Text: string.Join(", ", Texts(node, name))))
                    .Where(static one => one.Text.Length > 0),
            ],
            Cost = Number(node, "Total Cost"),
            Rows = Number(node, "Plan Rows"),
            Alike = (int)Math.Max(1, Number(node, nameof(Alike))),
            Children = children,
        };
    }

    private static IEnumerable<string> WordsOf(JsonElement node)
    {
        // Written by Drover.
        if (node.TryGetProperty(nameof(Words), out JsonElement words))
        {
            return [.. words.EnumerateArray().Select(static one => one.GetString() ?? "")];
        }
        string[] found =
        [
            Text(node, "Join Type") is "Inner" ? "" : Text(node, "Join Type"),
            Text(node, "Strategy") is "Plain" ? "" : Text(node, "Strategy"),
            Text(node, "Partial Mode") is "Simple" ? "" : Text(node, "Partial Mode"),
            Text(node, "Operation"),
            Text(node, "Command"),
            Text(node, "Scan Direction") is "Backward" ? "Backward" : "",
        ];
        return found.Where(static one => one.Length > 0);
    }

    private static string Text(JsonElement node, string name) =>
        node.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";

    private static double Number(JsonElement node, string name) =>
        node.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : 0;

    // One expression or several.
    private static IEnumerable<string> Texts(JsonElement node, string name)
    {
        if (!node.TryGetProperty(name, out JsonElement value))
        {
            return [];
        }
        IEnumerable<string> texts =
            value.ValueKind == JsonValueKind.Array
                ? value
                    .EnumerateArray()
                    .Where(static one => one.ValueKind == JsonValueKind.String)
                    .Select(static one => one.GetString()!)
                : [value.GetString() ?? ""];
        return [.. texts.Select(Kept)];
    }

    /// <summary>An expression without constants; a long one is cut.</summary>
    internal static string Kept(string expression)
    {
        string text = PlanRedaction.Redact(expression);
        return text.Length <= TextMax ? text : $"{text[..TextMax]}…";
    }

    private void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("Node Type", Type);
        WriteText(writer, "Parent Relationship", Part);
        WriteText(writer, "Schema", Schema);
        WriteText(writer, "Relation Name", Relation);
        WriteText(writer, "Index Name", Index);
        WriteText(writer, "Index Definition", Definition);
        WriteTexts(writer, nameof(Words), Words);
        WriteTexts(writer, "Sort Key", Keys);
        foreach ((string name, string text) in Conditions)
        {
            writer.WriteString(name, text);
        }
        writer.WriteNumber("Total Cost", Cost);
        writer.WriteNumber("Plan Rows", Rows);
        if (Alike > 1)
        {
            writer.WriteNumber(nameof(Alike), Alike);
        }
        if (Children.Count > 0)
        {
            writer.WriteStartArray("Plans");
            foreach (PlanNode child in Children)
            {
                child.WriteTo(writer);
            }
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string text)
    {
        if (text.Length > 0)
        {
            writer.WriteString(name, text);
        }
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0)
        {
            return;
        }
        writer.WriteStartArray(name);
        foreach (string text in texts)
        {
            writer.WriteStringValue(text);
        }
        writer.WriteEndArray();
    }
}
