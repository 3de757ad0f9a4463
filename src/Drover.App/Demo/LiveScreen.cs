// The demo on a terminal: a panel that follows the scene, and the closing table.
using Drover.App.Demo.Outcome;
using Drover.App.Demo.Sharded;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Drover.App.Demo;

/// <summary>Draws with Spectre.Console.</summary>
internal sealed class LiveScreen(IAnsiConsole console) : IDemoScreen
{
    private const int HistoryLengthMax = 48;
    private const int BarWidth = 40;
    private const string Levels = "▁▂▃▄▅▆▇█";

    private static readonly string[] s_heads =
    [
        "clients",
        "on the server",
        "queries/s",
        "average",
        "p95",
        "p99",
        "errors",
    ];

    private readonly Lock _lock = new();

    public void Say(string line)
    {
        lock (_lock)
        {
            console.WriteLine(line);
        }
    }

    public async Task<SceneResult> WatchAsync(
        string title,
        string caption,
        Func<Action<TrafficSnapshot>, Task<SceneResult>> play
    )
    {
        Queue<double> history = new();
        console.WriteLine();
        return await console
            .Live(Draw(title, caption, null, history))
            .StartAsync(context =>
                play(snapshot =>
                {
                    history.Enqueue(snapshot.QueriesPerSecond);
                    if (history.Count > HistoryLengthMax)
                    {
                        history.Dequeue();
                    }
                    context.UpdateTarget(Draw(title, caption, snapshot, history));
                    context.Refresh();
                })
            );
    }

    public void Close(DemoReport report)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn("");
        foreach (SceneResult scene in report.Scenes)
        {
            table.AddColumn(new TableColumn($"[bold]{Markup.Escape(scene.Scene)}[/]").RightAligned());
        }
        foreach ((string label, IReadOnlyList<string> values) in ClosingTable.Rows(report))
        {
            table.AddRow([label, .. values.Select(Markup.Escape)]);
        }
        console.WriteLine();
        console.Write(table);
        foreach (ConversionResult conversion in report.Conversions)
        {
            Close(ConversionTable.Heads, ConversionTable.Rows(conversion), ConversionTable.Lines(conversion));
        }
        foreach (ShardingResult sharding in report.Shardings)
        {
            Close(ShardingTable.Heads(sharding), ShardingTable.Rows(sharding), ShardingTable.Lines(sharding));
        }
        if (OutcomeTable.IsThere(report))
        {
            Close(OutcomeTable.Heads(report), OutcomeTable.Rows(report), OutcomeTable.Lines(report));
        }
        foreach (SceneResult scene in report.Scenes.Where(static scene => scene.Errors > 0))
        {
            console.MarkupLine($"[red]first error of {Markup.Escape($"{scene.Scene}: {scene.FirstError}")}[/]");
        }
    }

    private void Close(
        IEnumerable<string> heads,
        IEnumerable<(string Label, IReadOnlyList<string> Values)> rows,
        IEnumerable<string> lines
    )
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn("");
        foreach (string head in heads)
        {
            table.AddColumn(new TableColumn($"[bold]{head}[/]").RightAligned());
        }
        foreach ((string label, IReadOnlyList<string> values) in rows)
        {
            table.AddRow([Markup.Escape(label), .. values.Select(Markup.Escape)]);
        }
        console.Write(table);
        foreach (string line in lines)
        {
            console.WriteLine(line);
        }
    }

    private static Panel Draw(string title, string caption, TrafficSnapshot? snapshot, Queue<double> history)
    {
        List<IRenderable> lines = [new Markup($"[grey]{Markup.Escape(caption)}[/]"), Text.Empty];
        if (snapshot is not null)
        {
            int filled = (int)(snapshot.Progress * BarWidth);
            lines.Add(
                new Markup(
                    $"{snapshot.Phase, -10} [green]{new string('━', filled)}[/]{new string('─', BarWidth - filled)}"
                )
            );
            lines.Add(DrawFigures(snapshot));
            lines.Add(new Markup($"[blue]{DrawHistory(history)}[/]"));
            if (snapshot.Work is { } work)
            {
                lines.Add(new Markup($"[yellow]{Markup.Escape(work)}[/]"));
            }
        }
        return new Panel(new Rows(lines))
        {
            Header = new PanelHeader($" [bold]{Markup.Escape(title)}[/] "),
            Border = BoxBorder.Rounded,
            Expand = true,
        };
    }

    private static Grid DrawFigures(TrafficSnapshot snapshot)
    {
        Grid grid = new();
        grid.AddColumns(s_heads.Length);
        grid.AddRow([.. s_heads.Select(static text => $"[grey]{text}[/]")]);
        grid.AddRow(
            ClosingTable.Count(snapshot.Clients),
            ClosingTable.Count(snapshot.ServerConnections),
            ClosingTable.Count((long)snapshot.QueriesPerSecond),
            ClosingTable.Milliseconds(snapshot.AverageMs),
            ClosingTable.Milliseconds(snapshot.P95Ms),
            ClosingTable.Milliseconds(snapshot.P99Ms),
            snapshot.Errors == 0 ? "0" : $"[red]{ClosingTable.Count(snapshot.Errors)}[/]"
        );
        return grid;
    }

    private static string DrawHistory(Queue<double> history)
    {
        double top = Math.Max(1, history.DefaultIfEmpty().Max());
        return string.Concat(history.Select(value => Levels[(int)(value / top * (Levels.Length - 1))]));
    }
}
