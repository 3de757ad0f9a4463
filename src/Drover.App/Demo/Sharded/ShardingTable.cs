// The third closing table: what is on which server, and how much of the traffic one server answered.
using System.Globalization;

namespace Drover.App.Demo.Sharded;

/// <summary>The table as texts, the same for every screen.</summary>
internal static class ShardingTable
{
    /// <summary>The heads of the columns behind the labels.</summary>
    public static IEnumerable<string> Heads(ShardingResult result) => result.Shards.Select(static shard => shard.Shard);

    /// <summary>A label and a value for each shard.</summary>
    public static IEnumerable<(string Label, IReadOnlyList<string> Values)> Rows(ShardingResult result)
    {
        long all = Math.Max(1, result.Shards.Sum(static shard => shard.Rows));
        yield return ("rows", Values(result, static shard => ClosingTable.Count(shard.Rows)));
        yield return ("share of all rows", Values(result, shard => Percent(100.0 * shard.Rows / all)));
        yield return ("size", Values(result, static shard => $"{ClosingTable.Count(shard.Bytes >> 20)} MB"));
    }

    /// <summary>What it was like, a line each.</summary>
    public static IEnumerable<string> Lines(ShardingResult result)
    {
        string rate = ClosingTable.Count((long)(result.RowsLoaded / Math.Max(0.001, result.LoadSeconds)));
        yield return $"{ClosingTable.Count(result.RowsLoaded)} rows loaded through Drover with COPY in "
            + $"{result.LoadSeconds.ToString("0.0 s", CultureInfo.InvariantCulture)}, {rate} rows/s.";
        yield return $"Answered by one server: {Percent(result.SingleShardPercent)} of "
            + $"{ClosingTable.Count(result.Statements)} statements; put together from several: "
            + $"{ClosingTable.Count(result.MergedStatements)}; by the coordinator: "
            + $"{ClosingTable.Count(result.CoordinatorStatements)}.";
    }

    private static IReadOnlyList<string> Values(ShardingResult result, Func<ShardFigures, string> text) =>
        [.. result.Shards.Select(text)];

    private static string Percent(double value) => value.ToString("0.0 '%'", CultureInfo.InvariantCulture);
}
