// The rows of the closing table: what pooling changed, scene by scene.
using System.Globalization;

namespace Drover.App.Demo;

/// <summary>The closing table as texts, the same for every screen.</summary>
internal static class ClosingTable
{
    /// <summary>A label and a value per scene.</summary>
    public static IReadOnlyList<(string Label, IReadOnlyList<string> Values)> Rows(DemoReport report) =>
        [
            Row(report, "clients", static scene => Count(scene.Clients)),
            Row(report, "connections on the server", static scene => Count(scene.ServerConnectionsMax)),
            Row(report, "memory of those", static scene => Megabytes(scene.BackendMemoryBytes)),
            Row(report, "queries", static scene => Count(scene.Queries)),
            Row(report, "queries per second", static scene => Count((long)scene.QueriesPerSecond)),
            Row(report, "average", static scene => Milliseconds(scene.AverageMs)),
            Row(report, "p95", static scene => Milliseconds(scene.P95Ms)),
            Row(report, "p99", static scene => Milliseconds(scene.P99Ms)),
            Row(report, "errors", static scene => Count(scene.Errors)),
        ];

    /// <summary>Milliseconds with the digits that matter.</summary>
    public static string Milliseconds(double value) =>
        value.ToString(value < 10 ? "0.00 ms" : "0.0 ms", CultureInfo.InvariantCulture);

    /// <summary>A count with thousands apart.</summary>
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Megabytes(long? bytes) =>
        bytes is { } known ? (known / 1048576.0).ToString("N0", CultureInfo.InvariantCulture) + " MB" : "unknown";

    private static (string Label, IReadOnlyList<string> Values) Row(
        DemoReport report,
        string label,
        Func<SceneResult, string> value
    ) => (label, [.. report.Scenes.Select(value)]);
}
