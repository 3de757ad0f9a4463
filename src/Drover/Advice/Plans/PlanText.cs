// Reads a plan as EXPLAIN prints it for a person, which is how auto_explain writes it unless told otherwise.
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Drover.Advice.Plans;

/// <summary>
/// The same steps as <see cref="PlanNode.ReadStep"/> reads from the plan in JSON: what the text runs together, such as
/// <c>Parallel Hash Left Join</c>, is taken apart into type and words
/// (https://www.postgresql.org/docs/18/using-explain.html).
/// </summary>
internal static partial class PlanText
{
    private const string Arrow = "->  ";

    private static readonly string[] s_ofRelations =
    [
        "Seq Scan",
        "Sample Scan",
        "Index Scan",
        "Index Only Scan",
        "Bitmap Heap Scan",
        "Tid Scan",
        "Tid Range Scan",
        "Foreign Scan",
        "Custom Scan",
        "ModifyTable",
    ];

    private static readonly string[] s_partial = ["Partial", "Finalize"];

    private static readonly Dictionary<string, string> s_aggregates = new()
    {
        ["HashAggregate"] = "Hashed",
        ["GroupAggregate"] = "Sorted",
        ["MixedAggregate"] = "Mixed",
        ["Aggregate"] = "",
    };

    /// <summary>Reads the plan at the text's end; null where there is none, or it has too many steps.</summary>
    public static PlanNode? Read(string text)
    {
        string[] lines = text.Split('\n');
        // The statement may hold whatever looks like a plan; what stands last is the plan.
        int top = Array.FindLastIndex(
            lines,
            static line => line.Length > 0 && line[0] != ' ' && Estimates().IsMatch(line)
        );
        if (top < 0)
        {
            return null;
        }
        Stack<Step> open = new([new Step(lines[top], -1, "")]);
        Step root = open.Peek();
        string part = "";
        int steps = 1;
        foreach (string line in lines.AsSpan(top + 1))
        {
            string plain = line.TrimStart(' ');
            int indent = line.Length - plain.Length;
            if (indent == 0)
            {
                // Triggers, settings, times.
                break;
            }
            if (plain.StartsWith(Arrow, StringComparison.Ordinal) && Estimates().IsMatch(plain))
            {
                Close(open, indent);
                Step step = new(plain[Arrow.Length..], indent, PartOf(part, open.Peek()));
                open.Peek().Children.Add(step);
                open.Push(step);
                part = "";
                steps++;
            }
            else if (Heading().Match(plain) is { Success: true } heading)
            {
                part = heading.Groups[1].ValueSpan is "SubPlan" ? "SubPlan" : "InitPlan";
            }
            else if (plain.IndexOf(": ", StringComparison.Ordinal) is > 0 and int colon)
            {
                open.Peek().Texts.TryAdd(plain[..colon], plain[(colon + 2)..]);
            }
        }
        return steps <= PlanNode.StepsMax ? NodeOf(root, "") : null;
    }

    private static void Close(Stack<Step> open, int indent)
    {
        while (open.Peek().Indent >= indent)
        {
            open.Pop();
        }
    }

    // What JSON calls the parent relationship.
    private static string PartOf(string heading, Step above)
    {
        if (heading.Length > 0)
        {
            return heading;
        }
        string type = WithoutStart(WithoutStart(TypeOf(above.Line), "Async "), "Parallel ");
        if (type is "Append" or "Merge Append" or "BitmapAnd" or "BitmapOr")
        {
            return "Member";
        }
        return type.StartsWith("Subquery Scan", StringComparison.Ordinal) ? "Subquery"
            : above.Children.Exists(static one => one.Part == "Outer") ? "Inner"
            : "Outer";
    }

    private static PlanNode NodeOf(Step step, string schemaAbove)
    {
        List<string> words = [];
        string type = TypeOf(step.Line);
        string rest = "";
        if (type.IndexOf(" on ", StringComparison.Ordinal) is > 0 and int on)
        {
            (type, rest) = (type[..on], type[(on + 4)..]);
        }
        string index = "";
        if (type.IndexOf(" using ", StringComparison.Ordinal) is > 0 and int use)
        {
            index = NameAt(type, use + 7).Name;
            type = type[..use];
        }
        type = Plain(type, rest.Length > 0, words);
        (string schema, string name) = rest.Length == 0 ? ("", "") : NameAt(rest, 0);
        if (type == "Bitmap Index Scan")
        {
            (index, schema, name) = (name, schemaAbove, "");
        }
        string relation = s_ofRelations.Contains(type) ? name : "";
        schema = schema.Length > 0 ? schema : schemaAbove;
        Match estimates = Estimates().Match(step.Line);
        return new PlanNode
        {
            Type = type,
            Part = step.Part,
            Schema = index.Length + relation.Length > 0 ? schema : "",
            Relation = relation,
            Index = index,
            Words = words,
            Keys = [.. PlanNode.KeyNames.Where(step.Texts.ContainsKey).Select(name => PlanNode.Kept(step.Texts[name]))],
            Conditions =
            [
                .. PlanNode
                    .ConditionNames.Where(step.Texts.ContainsKey)
                    .Select(name => (name, PlanNode.Kept(step.Texts[name]))),
            ],
            Cost = double.Parse(estimates.Groups[1].ValueSpan, CultureInfo.InvariantCulture),
            Rows = double.Parse(estimates.Groups[2].ValueSpan, CultureInfo.InvariantCulture),
            Children = [.. step.Children.Select(child => NodeOf(child, schema))],
        };
    }

    // "Parallel Hash Left Join" is a Hash Join with the word Left, as in JSON.
    private static string Plain(string type, bool hasName, List<string> words)
    {
        type = WithoutStart(WithoutStart(type, "Async "), "Parallel ");
        if (hasName && type is "Insert" or "Update" or "Delete" or "Merge")
        {
            words.Add(type);
            return "ModifyTable";
        }
        if (type.StartsWith("Foreign ", StringComparison.Ordinal))
        {
            words.Add(type == "Foreign Scan" ? "Select" : type["Foreign ".Length..]);
            return "Foreign Scan";
        }
        if (type.StartsWith("Custom Scan", StringComparison.Ordinal))
        {
            return "Custom Scan";
        }
        if (Join().Match(type) is { Success: true } join)
        {
            words.AddRange(join.Groups[2].Length > 0 ? [join.Groups[2].Value] : []);
            return join.Groups[1].ValueSpan is "Nested Loop" ? "Nested Loop" : $"{join.Groups[1].Value} Join";
        }
        if (SetOperation().Match(type) is { Success: true } operation)
        {
            words.Add(operation.Groups[1].Length > 0 ? "Hashed" : "Sorted");
            words.Add(operation.Groups[2].Value);
            return "SetOp";
        }
        string? partial = s_partial.FirstOrDefault(word => type.StartsWith($"{word} ", StringComparison.Ordinal));
        type = partial is null ? type : type[(partial.Length + 1)..];
        if (s_aggregates.TryGetValue(type, out string? strategy))
        {
            words.AddRange(strategy.Length > 0 ? [strategy] : []);
            type = "Aggregate";
        }
        words.AddRange(partial is null ? [] : [partial]);
        if (type.EndsWith(" Backward", StringComparison.Ordinal))
        {
            words.Add("Backward");
            type = type[..^" Backward".Length];
        }
        return type;
    }

    private static string WithoutStart(string text, string start) =>
        text.StartsWith(start, StringComparison.Ordinal) ? text[start.Length..] : text;

    private static string TypeOf(string line) => line[..Estimates().Match(line).Index];

    // schema.name or name, either of them quoted; an alias may follow.
    private static (string Schema, string Name) NameAt(string text, int at)
    {
        string first = IdentifierAt(text, ref at);
        if (at >= text.Length || text[at] != '.')
        {
            return ("", first);
        }
        at++;
        return (first, IdentifierAt(text, ref at));
    }

    private static string IdentifierAt(string text, ref int at)
    {
        int start = at;
        if (at < text.Length && text[at] == '"')
        {
            StringBuilder name = new();
            for (at++; at < text.Length; at++)
            {
                if (text[at] == '"' && (++at >= text.Length || text[at] != '"'))
                {
                    break;
                }
                name.Append(text[at]);
            }
            return name.ToString();
        }
        while (at < text.Length && text[at] is not (' ' or '.'))
        {
            at++;
        }
        return text[start..at];
    }

    [GeneratedRegex(@"  \(cost=[0-9.]+\.\.([0-9.]+) rows=([0-9]+) width=[0-9]+\)")]
    private static partial Regex Estimates();

    [GeneratedRegex(@"^(InitPlan|SubPlan|CTE) [^:]*$")]
    private static partial Regex Heading();

    [GeneratedRegex(
        @"^(Nested Loop|Hash|Merge)(?: (Left|Full|Right|Semi|Anti|Right Semi|Right Anti))?(?: Join|(?<=Nested Loop))$"
    )]
    private static partial Regex Join();

    [GeneratedRegex("^(Hash)?SetOp (Intersect|Intersect All|Except|Except All)$")]
    private static partial Regex SetOperation();

    /// <summary>A line with estimates, and the lines below that are its own.</summary>
    private sealed record Step(string Line, int Indent, string Part)
    {
        public List<Step> Children { get; } = [];

        public Dictionary<string, string> Texts { get; } = [];
    }
}
