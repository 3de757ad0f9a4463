// The demo without a terminal: a line now and then.
using System.Globalization;
using Drover.App.Demo.Outcome;
using Drover.App.Demo.Sharded;

namespace Drover.App.Demo;

/// <summary>Writes plain lines, one for every few snapshots of a scene.</summary>
internal sealed class PlainScreen(TextWriter output) : IDemoScreen
{
    private const int SnapshotsPerLine = 4;
    private const int LabelWidth = 28;
    private const int ValueWidth = 14;
    private const int QueryWidth = 44;
    private const int FiguresWidth = 26;
    private const int OutcomeWidth = 22;

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
        string? work = null;
        return play(snapshot =>
        {
            // A step is named by the first word; one that is over soon is said too.
            string? step = snapshot.Work?.Split(' ')[0];
            if (count++ % SnapshotsPerLine == 0 || step != work)
            {
                Say(Describe(snapshot));
            }
            work = step;
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
        foreach (ConversionResult conversion in report.Conversions)
        {
            Close(conversion);
        }
        foreach (ShardingResult sharding in report.Shardings)
        {
            Close(sharding);
        }
        if (OutcomeTable.IsThere(report))
        {
            Close(
                OutcomeTable.Heads(report),
                OutcomeTable.Rows(report),
                OutcomeTable.Lines(report),
                LabelWidth,
                OutcomeWidth
            );
        }
        foreach (SceneResult scene in report.Scenes.Where(static scene => scene.Errors > 0))
        {
            Say($"first error of {scene.Scene}: {scene.FirstError}");
        }
    }

    private void Close(ConversionResult conversion) =>
        Close(
            ConversionTable.Heads,
            ConversionTable.Rows(conversion),
            ConversionTable.Lines(conversion),
            QueryWidth,
            FiguresWidth
        );

    private void Close(ShardingResult sharding) =>
        Close(ShardingTable.Heads(sharding), ShardingTable.Rows(sharding), ShardingTable.Lines(sharding));

    private void Close(
        IEnumerable<string> heads,
        IEnumerable<(string Label, IReadOnlyList<string> Values)> rows,
        IEnumerable<string> lines,
        int labelWidth = LabelWidth,
        int valueWidth = ValueWidth
    )
    {
        Say("");
        Say(Line("", heads, labelWidth, valueWidth));
        foreach ((string label, IReadOnlyList<string> values) in rows)
        {
            Say(Line(label, values, labelWidth, valueWidth));
        }
        Say("");
        foreach (string line in lines)
        {
            Say(line);
        }
    }

    private static string Line(
        string label,
        IEnumerable<string> values,
        int labelWidth = LabelWidth,
        int valueWidth = ValueWidth
    ) => label.PadRight(labelWidth) + string.Concat(values.Select(value => value.PadLeft(valueWidth)));

    private static string Describe(TrafficSnapshot snapshot) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"  {snapshot.Phase, -10} {snapshot.Progress, 5:P0}  {snapshot.Clients, 5} clients  "
                + $"{snapshot.ServerConnections, 4} server connections  {snapshot.QueriesPerSecond, 6:F0} queries/s  "
                + $"average {snapshot.AverageMs:F2} ms  p95 {snapshot.P95Ms:F1}  p99 {snapshot.P99Ms:F1}  "
                + $"errors {snapshot.Errors}{WorkOf(snapshot)}"
        );

    private static string WorkOf(TrafficSnapshot snapshot) =>
        snapshot.Work is not { } work ? ""
        : snapshot.Phase == "converting" ? $"\n    orders: {work}"
        : $"\n    {work}";
}
