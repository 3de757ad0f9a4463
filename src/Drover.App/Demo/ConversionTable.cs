// The second closing table: what partitioning changed, query by query, and what the conversion cost.
using System.Globalization;

namespace Drover.App.Demo;

/// <summary>The table as texts, the same for every screen.</summary>
internal static class ConversionTable
{
    /// <summary>The heads of the columns behind the labels.</summary>
    public static IReadOnlyList<string> Heads { get; } = ["before", "after"];

    /// <summary>A label, and the values before and after.</summary>
    public static IEnumerable<(string Label, IReadOnlyList<string> Values)> Rows(ConversionResult result)
    {
        foreach (QueryChange query in result.Queries)
        {
            string share = query.Share is { } percent ? $", {percent} % of reads" : "";
            yield return ($"{query.Query}{share}", Values(query, static figures => Times(figures)));
            yield return ("  read", Values(query, static figures => Reads(figures)));
        }
    }

    /// <summary>What the conversion itself was like, a line each.</summary>
    public static IEnumerable<string> Lines(ConversionResult result)
    {
        string copied = ClosingTable.Count(result.RowsCopied);
        string rate = ClosingTable.Count((long)result.CopyRowsPerSecond);
        yield return $"orders: {copied} rows into {result.Partitions} partitions, {rate} rows/s while throttled, "
            + $"{ClosingTable.Count(result.RowsCompared)} compared; {Seconds(result.Seconds)} in all.";
        yield return $"Failed queries: {ClosingTable.Count(result.FailedQueries)}. Longest wait of any client at the "
            + $"cut-over: {ClosingTable.Milliseconds(result.LongestPauseMs)}. "
            + $"Clients with prepared statements: {ClosingTable.Count(result.PreparingClients)}.";
    }

    private static IReadOnlyList<string> Values(QueryChange query, Func<QueryFigures, string> text) =>
        [text(query.Before), text(query.After)];

    private static string Times(QueryFigures figures) =>
        figures.Count == 0
            ? "not asked"
            : $"{ClosingTable.Milliseconds(figures.AverageMs)}, p95 {ClosingTable.Milliseconds(figures.P95Ms)}";

    private static string Reads(QueryFigures figures) =>
        $"{ClosingTable.Count(figures.Pages)} pages, {figures.Relations} table{(figures.Relations == 1 ? "" : "s")}";

    private static string Seconds(double seconds) => seconds.ToString("0.0 s", CultureInfo.InvariantCulture);
}
