// The demo without a terminal: a line now and then.
using System.Globalization;

namespace Drover.App.Demo;

/// <summary>Writes plain lines, one for every few snapshots of a scene.</summary>
internal sealed class PlainScreen(TextWriter output) : IDemoScreen
{
    private const int SnapshotsPerLine = 4;
    private const int LabelWidth = 28;
    private const int ValueWidth = 14;

    private readonly Lock _lock = new();

    public void Say(string line)
    {
        lock (_lock)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    public Task<SceneResult> WatchAsync(
        string title,
        string caption,
        Func<Action<TrafficSnapshot>, Task<SceneResult>> play
    )
    {
        Say($"{title}. {caption}");
        int count = 0;
        return play(snapshot =>
        {
            if (count++ % SnapshotsPerLine == 0)
            {
                Say(Describe(snapshot));
            }
        });
    }

    public void Close(DemoReport report)
    {
        Say("");
        Say(Line("", report.Scenes.Select(static scene => scene.Scene)));
        foreach ((string label, IReadOnlyList<string> values) in ClosingTable.Rows(report))
        {
            Say(Line(label, values));
        }
        foreach (SceneResult scene in report.Scenes.Where(static scene => scene.Errors > 0))
        {
            Say($"first error of {scene.Scene}: {scene.FirstError}");
        }
    }

    private static string Line(string label, IEnumerable<string> values) =>
        label.PadRight(LabelWidth) + string.Concat(values.Select(static value => value.PadLeft(ValueWidth)));

    private static string Describe(TrafficSnapshot snapshot) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"  {snapshot.Phase, -10} {snapshot.Progress, 4:P0}  {snapshot.Clients, 5} clients  "
                + $"{snapshot.ServerConnections, 4} server connections  {snapshot.QueriesPerSecond, 6:F0} queries/s  "
                + $"average {snapshot.AverageMs:F2} ms  p95 {snapshot.P95Ms:F1}  p99 {snapshot.P99Ms:F1}  "
                + $"errors {snapshot.Errors}"
        );
}
