// What makes two plans different, and the difference in words.
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Drover.Advice.Plans;

/// <summary>
/// The shape of a plan is the tree of its steps with relations, indexes, join types and sort keys; not costs, rows or
/// conditions, which change with every ANALYZE.
/// </summary>
internal static class PlanShape
{
    private const int DifferenceMax = 500;

    private static readonly string[][] s_kinds =
    [
        ["Nested Loop", "Merge Join", "Hash Join"],
        ["Sort", "Incremental Sort"],
        ["Aggregate", "Group", "Unique", "WindowAgg", "SetOp"],
        ["Gather", "Gather Merge"],
    ];

    // A part of another step: it comes and goes with that.
    private static readonly string[] s_parts = ["Hash", "Bitmap Index Scan", "BitmapAnd", "BitmapOr"];

    /// <summary>16 hexadecimal digits of SHA-256 over the shape.</summary>
    public static string Of(PlanNode plan) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(TreeOf(plan))))[..16];

    /// <summary>The steps, one to a line.</summary>
    public static string TreeOf(PlanNode plan)
    {
        StringBuilder text = new();
        Add(text, plan, 0);
        return text.ToString();
    }

    /// <summary>
    /// Names of partitions replaced by those at the root of their trees, and members of an Append that then are alike
    /// made one: the partition of a new day is no other plan.
    /// </summary>
    /// <param name="plan">As it was read.</param>
    /// <param name="rootOf">The name and definition at the root, by schema and name; the same for what is none.</param>
    public static PlanNode AtRoots(PlanNode plan, Func<string, string, PlanName> rootOf)
    {
        PlanName table = rootOf(plan.Schema, plan.Relation);
        PlanName index = rootOf(plan.Schema, plan.Index);
        PlanNode[] children = [.. plan.Children.Select(child => AtRoots(child, rootOf))];
        if (plan.Type is "Append" or "Merge Append")
        {
            children =
            [
                .. children
                    .GroupBy(TreeOf)
                    .Select(static alike => alike.First() with { Alike = alike.Sum(static one => one.Alike) }),
            ];
        }
        return plan with
        {
            Schema = plan.Relation.Length > 0 ? table.Schema : index.Schema,
            Relation = table.Name,
            Index = index.Name,
            Definition = index.Definition,
            Children = children,
        };
    }

    /// <summary>How each table is read: <c>Seq Scan</c>, <c>Index Scan using i</c>, by its name.</summary>
    public static Dictionary<string, string[]> AccessesOf(PlanNode plan) =>
        plan.All()
            .Where(static node => node.Relation.Length > 0 && node.Type != "ModifyTable")
            .GroupBy(static node => node.Table)
            .ToDictionary(
                static group => group.Key,
                static group => group.Select(AccessOf).Distinct().Order(StringComparer.Ordinal).ToArray()
            );

    /// <summary>
    /// What is other in the second plan, for a person; such as <c>Index Scan using i → Seq Scan on t</c>.
    /// </summary>
    public static string Difference(PlanNode before, PlanNode after)
    {
        List<string> words = [.. ScansChanged(before, after)];
        List<PlanNode> gone = [.. StepsOf(before)];
        List<PlanNode> come = [.. StepsOf(after)];
        foreach (PlanNode one in gone.ToArray())
        {
            if (come.FindIndex(other => other.Describe() == one.Describe()) is >= 0 and int at)
            {
                come.RemoveAt(at);
                gone.Remove(one);
            }
        }
        foreach (int kind in Enumerable.Range(0, s_kinds.Length + 1))
        {
            string[] old = [.. gone.Where(one => KindOf(one) == kind).Select(static one => one.Describe())];
            string[] now = [.. come.Where(one => KindOf(one) == kind).Select(static one => one.Describe())];
            string? changed = (old, now) switch
            {
                ([], []) => null,
                ([], _) => $"{string.Join(", ", now)} added",
                (_, []) => $"{string.Join(", ", old)} gone",
                _ => $"{string.Join(", ", old)} → {string.Join(", ", now)}",
            };
            words.AddRange(changed is null ? [] : [changed]);
        }
        if (words.Count == 0)
        {
            words.Add($"the same steps in another order: {OrderOf(before)} → {OrderOf(after)}");
        }
        string all = string.Join("; ", words);
        return all.Length <= DifferenceMax ? all : $"{all[..DifferenceMax]}…";
    }

    private static IEnumerable<string> ScansChanged(PlanNode before, PlanNode after)
    {
        Dictionary<string, string[]> old = AccessesOf(before);
        Dictionary<string, string[]> now = AccessesOf(after);
        foreach (string table in old.Keys.Union(now.Keys).Order(StringComparer.Ordinal))
        {
            string[] was = [.. old.GetValueOrDefault(table, []).Except(now.GetValueOrDefault(table, []))];
            string[] @is = [.. now.GetValueOrDefault(table, []).Except(old.GetValueOrDefault(table, []))];
            string? changed = (was, @is) switch
            {
                ([], []) => null,
                ([], _) => $"{string.Join(", ", @is)} on {table} added",
                (_, []) => $"{string.Join(", ", was)} on {table} gone",
                _ => $"{string.Join(", ", was)} → {string.Join(", ", @is)} on {table}",
            };
            if (changed is not null)
            {
                yield return changed;
            }
        }
    }

    private static string AccessOf(PlanNode node)
    {
        string[] indexes =
            node.Type == "Bitmap Heap Scan"
                ?
                [
                    .. node.All()
                        .Where(static one => one.Type == "Bitmap Index Scan")
                        .Select(static one => one.Index)
                        .Distinct(),
                ]
                : [node.Index];
        string type = node.Words.Contains("Backward") ? $"{node.Type} Backward" : node.Type;
        return indexes is [""] or [] ? type : $"{type} using {string.Join(", ", indexes)}";
    }

    // Steps that read no table themselves.
    private static IEnumerable<PlanNode> StepsOf(PlanNode plan) =>
        plan.All()
            .Where(static one =>
                (one.Relation.Length == 0 || one.Type == "ModifyTable") && !s_parts.Contains(one.Type)
            );

    private static int KindOf(PlanNode node) =>
        Array.FindIndex(s_kinds, kind => kind.Contains(node.Type)) is >= 0 and int found ? found : s_kinds.Length;

    private static string OrderOf(PlanNode plan) =>
        string.Join(
            ", ",
            plan.All()
                .Where(static one => one.Relation.Length > 0 && one.Type != "ModifyTable")
                .Select(static one => one.Relation)
        );

    private static void Add(StringBuilder text, PlanNode node, int depth)
    {
        text.Append(CultureInfo.InvariantCulture, $"{depth} {node.Part} {node.Describe()}\n");
        foreach (PlanNode child in node.Children)
        {
            Add(text, child, depth + 1);
        }
    }
}

/// <summary>A name in the catalogs; of an index, what made it, or nothing where that holds constants.</summary>
internal readonly record struct PlanName(string Schema, string Name, string Definition);
