// What an index would save of a plan, where it cannot be supposed: by the planner's own statistics and formulas.
using System.Text.Json;

namespace Drover.Advice.Indexes;

/// <summary>
/// Looks at sequential scans of the index's table and at sorts. The cost of an index scan is that of
/// https://www.postgresql.org/docs/18/index-cost-estimation.html with the default cost settings: the descent, the
/// leaves, and between the best and the worst order of the heap by the square of the correlation. An estimate of an
/// estimate, and named as such.
/// </summary>
/// <param name="plan">Of the statement as it is.</param>
internal sealed class PlanEstimate(JsonDocument plan)
{
    private const double RandomPage = 4;
    private const double SequentialPage = 1;
    private const double Row = 0.01 + 0.0025;
    private const double Entry = 0.005 + 0.0025;
    private const double Descent = 50 * 0.0025;
    private const double FitsInCachePages = 1_000;

    private readonly List<(double Cost, double Lookups)> _scans = [];

    /// <summary>The whole cost with the best of some indexes.</summary>
    public double CostWith(StudiedStatement statement, IReadOnlyList<IndexCandidate> set)
    {
        double cost = PlanSession.CostOf(plan);
        double saved = 0;
        foreach (WorkloadTable table in statement.Demands.Select(static demand => demand.Table).Distinct())
        {
            saved += set.Where(one => one.Table == table).Select(one => Saved(statement, one)).DefaultIfEmpty(0).Max();
        }
        return Math.Max(cost * 0.001, cost - saved);
    }

    private double Saved(StudiedStatement statement, IndexCandidate candidate)
    {
        double best = 0;
        foreach (TableDemand demand in statement.Demands.Where(one => one.Table == candidate.Table))
        {
            _scans.Clear();
            Find(plan.RootElement[0].GetProperty("Plan"), demand.Table, otherRows: 1);
            // Partitions are read one after the other, and each has an index of its own.
            IEnumerable<(double Cost, double Lookups)> scans =
                demand.Table.IsPartitioned && _scans.Count > 0
                    ? [(_scans.Sum(static one => one.Cost), _scans.Count * _scans.Max(static one => one.Lookups))]
                    : _scans;
            foreach ((double cost, double lookups) in scans)
            {
                double parts = demand.Table.IsPartitioned ? _scans.Count : 1;
                double alone =
                    ScanCost(demand, candidate, isJoin: false) + ((parts - 1) * (RandomPage + (3 * Descent)));
                double looked = lookups * ScanCost(demand, candidate, isJoin: true);
                best = Math.Max(best, cost - Math.Min(alone, looked));
            }
            best = Math.Max(best, SavedByOrder(demand, candidate));
        }
        return best;
    }

    private static double ScanCost(TableDemand demand, IndexCandidate candidate, bool isJoin)
    {
        string[] keys = [.. candidate.Keys.Select(static key => key.Name)];
        string[] used =
        [
            .. keys.TakeWhile(name => demand.Equal.Contains(name) || (isJoin && demand.Joined.Contains(name))),
        ];
        bool hasRange = used.Length < keys.Length && demand.Ranges.Contains(keys[used.Length]);
        used = hasRange ? [.. used, keys[used.Length]] : used;
        bool isAsked =
            candidate.Condition is null
            || demand.Conditions.Any(one =>
                one.Column == candidate.Condition.Column && one.Sql == candidate.Condition.Sql
            );
        if (!isAsked || (used.Length == 0 && candidate.Condition is null))
        {
            return double.PositiveInfinity;
        }
        double share = CandidateMaker.Selectivity(demand, used);
        double rows = Math.Max(1, demand.Table.Rows * share * (candidate.Condition?.Share ?? 1));
        double leaves = Math.Max(1, candidate.EstimatedBytes / 8192.0 * share);
        bool isCovering = demand.Read is { } read && read.All(name => candidate.Columns.Contains(name));
        double order = Math.Pow(demand.Table.Columns[keys[0]].Correlation, 2);
        // Pages by Mackert and Lohman; a bitmap scan reads them in order, the denser the cheaper.
        double all = demand.Table.Pages;
        double pages = Math.Min(all, 2 * all * rows / ((2 * all) + rows));
        double scattered = pages * (RandomPage - ((RandomPage - SequentialPage) * Math.Sqrt(pages / all)));
        double together =
            RandomPage + (Math.Ceiling(demand.Table.Pages * rows / Math.Max(1, demand.Table.Rows)) * SequentialPage);
        double heap = isCovering ? 0 : scattered + (order * (Math.Min(together, scattered) - scattered));
        // Looked up again and again, a small index and its heap are in the cache.
        double page = isJoin && candidate.EstimatedBytes / 8192.0 < FitsInCachePages ? SequentialPage : RandomPage;
        return (3 * Descent) + (leaves * page) + (rows * (Entry + Row)) + heap;
    }

    /// <summary>Rows come in order: no sort, and with a LIMIT only as many as are wanted.</summary>
    private double SavedByOrder(TableDemand demand, IndexCandidate candidate)
    {
        string[] keys = [.. candidate.Keys.Select(static key => key.Name)];
        int equal = keys.TakeWhile(demand.Equal.Contains).Count();
        bool isSorted =
            demand.Order.Count > 0
            && candidate.Condition is null
            && keys.Skip(equal).Take(demand.Order.Count).SequenceEqual(demand.Order.Select(static one => one.Name));
        JsonElement root = plan.RootElement[0].GetProperty("Plan");
        if (!isSorted || Sort(root) is not { } sort)
        {
            return 0;
        }
        double wanted =
            root.GetProperty("Node Type").GetString() == "Limit" ? Number(root, "Plan Rows") : double.MaxValue;
        double rows = Math.Max(1, demand.Table.Rows * CandidateMaker.Selectivity(demand, keys.Take(equal)));
        double fetched = Math.Min(rows, wanted);
        double cost = (3 * Descent) + RandomPage + (fetched * (Entry + Row + RandomPage));
        return Number(sort, "Total Cost") - cost;
    }

    private static JsonElement? Sort(JsonElement node)
    {
        if (node.GetProperty("Node Type").GetString() is "Sort" or "Incremental Sort" or "Gather Merge")
        {
            return node;
        }
        foreach (JsonElement child in Children(node))
        {
            if (Sort(child) is { } found)
            {
                return found;
            }
        }
        return null;
    }

    /// <summary>Sequential scans of a table, and how many lookups by index would take their place.</summary>
    private void Find(JsonElement node, WorkloadTable table, double otherRows)
    {
        string type = node.GetProperty("Node Type").GetString() ?? "";
        if (type == "Seq Scan" && IsOf(node, table))
        {
            // The scan's part of a parallel plan is what its leader waits for.
            _scans.Add((Number(node, "Total Cost"), otherRows));
            return;
        }
        JsonElement[] children = [.. Children(node)];
        bool isJoin = type is "Hash Join" or "Merge Join" or "Nested Loop" && children.Length >= 2;
        for (int i = 0; i < children.Length; i++)
        {
            double other = isJoin && i < 2 ? Math.Max(1, Number(children[1 - i], "Plan Rows")) : otherRows;
            // A condition with a value does not wait for the other side.
            Find(children[i], table, type is "Hash" or "Sort" or "Materialize" or "Gather" || isJoin ? other : 1);
        }
    }

    private static JsonElement.ArrayEnumerator Children(JsonElement node) =>
        node.TryGetProperty("Plans", out JsonElement plans) ? plans.EnumerateArray() : default;

    private static bool IsOf(JsonElement scan, WorkloadTable table)
    {
        string name = $"{Text(scan, "Schema")}.{Text(scan, "Relation Name")}";
        return table.Heaps.Any(heap => heap.Replace("\"", "", StringComparison.Ordinal) == name);
    }

    private static string Text(JsonElement node, string name) =>
        node.TryGetProperty(name, out JsonElement value) ? value.GetString() ?? "" : "";

    private static double Number(JsonElement node, string name) =>
        node.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : 0;
}
