// The demo's last table: the first scene straight on one server, and the last one through Drover.
using System.Globalization;
using Drover.Advice.Costs;
using Drover.App.Commands.Costs;
using Drover.Configuration.Prices;

namespace Drover.App.Demo.Outcome;

/// <summary>
/// Before and after, in texts that are the same for every screen; of this run alone. The bill is the only thing that
/// is not measured: a sample price for each server, named as such.
/// </summary>
internal static class OutcomeTable
{
    private const string Direct = "direct";

    /// <summary>Whether both sides were played.</summary>
    public static bool IsThere(DemoReport report) => report.Scenes is [{ Scene: Direct }, _, ..];

    /// <summary>The heads of the columns behind the labels.</summary>
    public static IReadOnlyList<string> Heads(DemoReport report) => ["before", $"after ({report.Scenes[^1].Scene})"];

    /// <summary>A label, and the values before and after.</summary>
    public static IEnumerable<(string Label, IReadOnlyList<string> Values)> Rows(DemoReport report)
    {
        yield return Row(report, "average query", static scene => ClosingTable.Milliseconds(scene.AverageMs));
        yield return Row(report, "p95", static scene => ClosingTable.Milliseconds(scene.P95Ms));
        yield return Row(report, "p99", static scene => ClosingTable.Milliseconds(scene.P99Ms));
        yield return Row(report, "client connections", static scene => ClosingTable.Count(scene.Clients));
        yield return Row(report, "server connections", static scene => ClosingTable.Count(scene.ServerConnectionsMax));
        yield return Row(
            report,
            "queries per second",
            static scene => ClosingTable.Count((long)scene.QueriesPerSecond)
        );
        yield return Row(report, "servers", static scene => ClosingTable.Count(scene.Servers));
        yield return Row(report, "data", static scene => CostText.Size(scene.DatabaseBytes / 1_000_000_000m));
        yield return Row(report, "dollars a month", scene => CostText.Money(Bill(report, scene).Month));
        yield return Row(report, "dollars per TB", scene => CostText.Money(Bill(report, scene).PerTerabyte));
        yield return Row(report, "dollars per query", scene => CostText.Small(Bill(report, scene).PerQuery));
    }

    /// <summary>What the figures are, and what they are not.</summary>
    public static IEnumerable<string> Lines(DemoReport report)
    {
        (SceneResult before, SceneResult after) = (report.Scenes[0], report.Scenes[^1]);
        yield return $"Before: {ClosingTable.Count(before.Clients)} clients straight on one PostgreSQL. After: "
            + $"{ClosingTable.Count(after.Clients)} clients through Drover on {ClosingTable.Count(after.Servers)}. "
            + $"Measured in this run, clients and servers on one machine of {report.Processors} processors.";
        yield return "Queries per second are what the clients asked for, the same in both, and not the most that can "
            + "be had.";
        yield return Text($"The bill is a sample, {report.ServerMonth:#,0.##} dollars a month for each server ")
            + "(--server-price); a month has 730.5 hours.";
    }

    private static (string Label, IReadOnlyList<string> Values) Row(
        DemoReport report,
        string label,
        Func<SceneResult, string> value
    ) => (label, [value(report.Scenes[0]), value(report.Scenes[^1])]);

    private static CostReport Bill(DemoReport report, SceneResult scene)
    {
        ServerPriceOptions price = new() { Name = scene.Scene, InstanceMonth = report.ServerMonth * scene.Servers };
        ServerUse use = new(scene.DatabaseBytes / 1_000_000_000m, (decimal)scene.QueriesPerSecond, null);
        return CostReport.Of([new PricedServer(price, use)]);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
