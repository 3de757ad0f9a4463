// One look at all tables, and what was done to each since the look before.
using Drover.Advice.Metrics;

namespace Drover.History.Sampling;

/// <summary>A table and its scans since the look before.</summary>
internal sealed record TableChange(TableFacts Facts, long SequentialScans, long IndexScans);

/// <summary>All tables at one moment.</summary>
/// <param name="Tables">The largest first.</param>
/// <param name="DatabaseBytes">All databases that the role may see.</param>
/// <param name="Sizes">The databases' sizes by name.</param>
internal sealed record TableLook(
    IReadOnlyList<TableChange> Tables,
    long DatabaseBytes,
    IReadOnlyDictionary<string, long> Sizes
)
{
    /// <summary>The table at the root of each partition's tree, by the partition's name.</summary>
    public IReadOnlyDictionary<string, string> Partitions { get; } =
        Tables
            .Where(static table => table.Facts.Parent is not null)
            .ToDictionary(static table => table.Facts.Name, static table => table.Facts.Parent!);

    /// <summary>Share of scans by index since the look before, of tables that are large, in percent.</summary>
    public double? IndexUse
    {
        get
        {
            TableChange[] large =
            [
                .. Tables.Where(static table => table.Facts.Bytes >= MetricReadings.SmallTableBytes),
            ];
            long index = large.Sum(static table => table.IndexScans);
            long all = index + large.Sum(static table => table.SequentialScans);
            return all > 0 ? 100.0 * index / all : null;
        }
    }

    /// <summary>
    /// What was done since an earlier look at the same run of the server. A counter that went back was reset, or the
    /// table was made anew: all that it counts is since then. Without an earlier look nothing is known to be new.
    /// </summary>
    public static IReadOnlyList<TableChange> Changes(IReadOnlyList<TableFacts> now, IReadOnlyList<TableFacts>? before)
    {
        Dictionary<string, TableFacts> earlier = [];
        foreach (TableFacts table in before ?? [])
        {
            earlier[table.Name] = table;
        }
        return
        [
            .. now.Select(table =>
                before is null ? new TableChange(table, 0, 0) : Change(table, earlier.GetValueOrDefault(table.Name))
            ),
        ];
    }

    private static TableChange Change(TableFacts now, TableFacts? before) =>
        new(
            now,
            Since(now.SequentialScans, before?.SequentialScans ?? 0),
            Since(now.IndexScans, before?.IndexScans ?? 0)
        );

    private static long Since(long now, long before) => now < before ? now : now - before;
}
