// Makes indexes that could serve the demands of a workload on one table.
namespace Drover.Advice.Indexes;

/// <summary>
/// Equality first, then one range or the order: behind a range a B-tree's columns neither narrow a scan nor sort it.
/// Of equal columns the one that more of the time asks for comes first, so that one index serves several statements.
/// </summary>
internal static class CandidateMaker
{
    private const int KeysMax = 4;
    private const int IncludedMax = 4;
    private const double IncludedWidthMax = 64;

    /// <summary>Fewer rows than this of a statement are fetched from the heap as well.</summary>
    private const double CoveringRowsMin = 500;

    /// <summary>A predicate must leave out half of the rows, and be asked for in half of the time.</summary>
    private const double PartialShare = 0.5;

    /// <summary>Those of one table, the ones that most of the time asks for first.</summary>
    public static IReadOnlyList<IndexCandidate> Make(
        WorkloadTable table,
        IReadOnlyList<StudiedStatement> statements,
        int most
    )
    {
        (TableDemand Demand, double Weight)[] demands =
        [
            .. statements.SelectMany(one =>
                one.Demands.Where(demand => demand.Table == table).Select(demand => (demand, one.Load.Milliseconds))
            ),
        ];
        double all = demands.Sum(static one => one.Weight);
        Dictionary<string, double> asked = [];
        foreach ((TableDemand demand, double weight) in demands)
        {
            foreach (string column in demand.Equal.Concat(demand.Joined))
            {
                asked[column] = asked.GetValueOrDefault(column) + weight;
            }
        }
        Dictionary<string, (IndexCandidate Candidate, double Weight)> made = [];
        foreach ((TableDemand demand, double weight) in demands)
        {
            foreach (IndexCandidate one in Of(demand, asked, Partial(demand)))
            {
                double before = made.GetValueOrDefault(one.Body).Weight;
                made[one.Body] = (one, before + weight);
            }
        }
        return
        [
            .. made
                .Values.OrderByDescending(static one => one.Weight)
                .ThenBy(static one => one.Candidate.Keys.Count)
                .Take(most)
                .Select(static one => one.Candidate),
        ];

        ConstantCondition? Partial(TableDemand demand) =>
            demand.Conditions.FirstOrDefault(condition =>
                condition.Share < PartialShare
                && demands.Where(one => one.Demand.Conditions.Contains(condition)).Sum(static one => one.Weight)
                    >= PartialShare * all
            );
    }

    private static IEnumerable<IndexCandidate> Of(
        TableDemand demand,
        Dictionary<string, double> asked,
        ConstantCondition? condition
    )
    {
        foreach (IReadOnlyList<OrderedColumn> keys in Keys(demand, asked))
        {
            string[] names = [.. keys.Select(static key => key.Name)];
            string[] carried = [.. (demand.Read ?? []).Except(names).Order(StringComparer.Ordinal)];
            bool isCovering =
                demand.Read is not null
                && carried.Length is > 0 and <= IncludedMax
                && carried.Sum(name => demand.Table.Columns[name].Width) <= IncludedWidthMax
                && demand.Table.Rows * Selectivity(demand, names) >= CoveringRowsMin;
            yield return new IndexCandidate(demand.Table, keys, [], null);
            if (isCovering)
            {
                yield return new IndexCandidate(demand.Table, keys, carried, null);
            }
            OrderedColumn[] others = [.. keys.Where(key => key.Name != condition?.Column)];
            if (condition is not null && others.Length > 0)
            {
                yield return new IndexCandidate(demand.Table, others, [], condition);
            }
        }
    }

    /// <summary>The share of the table that equal values of some columns leave.</summary>
    internal static double Selectivity(TableDemand demand, IEnumerable<string> columns)
    {
        const double RangeShare = 1.0 / 3;
        double share = 1;
        foreach (string name in columns)
        {
            WorkloadColumn column = demand.Table.Columns[name];
            if (demand.Equal.Contains(name) || demand.Joined.Contains(name))
            {
                share *= (1 - column.NullShare) / Math.Max(1, column.Distinct);
            }
            else if (demand.Ranges.Contains(name))
            {
                return share * RangeShare;
            }
            else
            {
                return share;
            }
        }
        return share;
    }

    private static IEnumerable<IReadOnlyList<OrderedColumn>> Keys(TableDemand demand, Dictionary<string, double> asked)
    {
        string[] equal = Indexable(demand.Equal);
        string[] ranges = Indexable(demand.Ranges.Except(demand.Equal));
        List<string[]> heads = [equal, .. Indexable(demand.Joined).Take(3).Select(one => Indexable([.. equal, one]))];
        heads.AddRange(Indexable(demand.Joined).Take(3).Select(static one => (string[])[one]));
        foreach (string[] head in heads)
        {
            OrderedColumn[] keys = [.. head.Take(KeysMax).Select(static name => new OrderedColumn(name, false))];
            if (keys.Length > 0)
            {
                yield return keys;
            }
            foreach (string range in ranges.Where(name => !head.Contains(name)).Take(2))
            {
                yield return [.. keys, new OrderedColumn(range, false)];
            }
            OrderedColumn[] order = [.. demand.Order.Where(one => !head.Contains(one.Name))];
            bool isOne = order.All(static one => one.IsDescending) || order.All(static one => !one.IsDescending);
            if (order.Length > 0 && order.All(one => demand.Table.Columns[one.Name].IsIndexable))
            {
                // An index is read backwards as well as forwards.
                yield return [.. keys, .. order.Select(one => one with { IsDescending = one.IsDescending && !isOne })];
            }
        }

        string[] Indexable(IEnumerable<string> names) =>
            [
                .. names
                    .Distinct()
                    .Where(name => demand.Table.Columns[name].IsIndexable)
                    .OrderByDescending(name => asked.GetValueOrDefault(name))
                    .ThenByDescending(name => demand.Table.Columns[name].Distinct),
            ];
    }
}
