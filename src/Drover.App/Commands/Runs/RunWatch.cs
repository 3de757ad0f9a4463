// Follows a run in the journal and shows it and its events: a bar below them on a terminal, plain lines elsewhere.
using System.Globalization;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Running;
using Npgsql;
using Spectre.Console;

namespace Drover.App.Commands.Runs;

/// <summary>Shows the progress of a run, whoever works on it.</summary>
internal sealed class RunWatch(RunInvocation invocation, long run, TimeProvider time)
{
    private const int BarLength = 40;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_lineEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(5);

    private long? _lastEvent;

    /// <summary>From here on events are shown; without it, from the first look on.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await invocation.OpenAsync(cancellation);
        await ReadEventsAsync(connection, cancellation);
    }

    /// <summary>Shows what was written since the last look, if the server is there.</summary>
    public async Task EndAsync()
    {
        using CancellationTokenSource limit = new(s_farewell, time);
        try
        {
            await using NpgsqlConnection connection = await invocation.OpenAsync(limit.Token);
            ShowLines(await ReadEventsAsync(connection, limit.Token));
        }
        catch (Exception failure)
            when (failure is OperationCanceledException || ServerFailure.KindOf(failure) == FailureKind.Connection)
        {
            // The journal has them.
        }
    }

    /// <summary>Follows until the report is one to stop at; gives that report.</summary>
    public Task<RunReport> FollowAsync(Func<RunReport, bool> isEnd, CancellationToken cancellation) =>
        invocation.IsTerminal
            ? AnsiConsole
                .Live(new Text(""))
                .StartAsync(context =>
                    LoopAsync((report, events) => Show(context, report, events), isEnd, cancellation)
                )
            : LoopAsync(ShowLine(), isEnd, cancellation);

    // Events go above, the bar and the line stay below: on a narrow terminal the line wraps and the bar is still there.
    private static void Show(LiveDisplayContext context, RunReport report, IEnumerable<string> events)
    {
        foreach (string line in events)
        {
            AnsiConsole.Console.WriteLine(line);
        }
        context.UpdateTarget(new Rows(Bar(report.Progress), new Text(StatusText.Line(report))));
    }

    private static Markup Bar(double progress)
    {
        (char done, char left) = AnsiConsole.Profile.Capabilities.Unicode ? ('━', '━') : ('#', '-');
        int length = (int)Math.Round(BarLength * Math.Clamp(progress, 0, 1));
        return new Markup($"[green]{new string(done, length)}[/][grey]{new string(left, BarLength - length)}[/]");
    }

    // A line when something else begins, and every few seconds.
    private Action<RunReport, IEnumerable<string>> ShowLine()
    {
        string? last = null;
        long shownAt = 0;
        return (report, events) =>
        {
            ShowLines(events);
            string what = $"{report.State} {report.Step} {report.ThrottleReason is null}";
            if (what != last || time.GetElapsedTime(shownAt) >= s_lineEvery)
            {
                (last, shownAt) = (what, time.GetTimestamp());
                invocation.Progress.WriteLine($"{report.Target}: {StatusText.Line(report)}");
            }
        };
    }

    private void ShowLines(IEnumerable<string> events)
    {
        foreach (string line in events)
        {
            invocation.Progress.WriteLine(line);
        }
    }

    // The events since the last look, but for single statements; those are in the journal.
    private async Task<IEnumerable<string>> ReadEventsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        bool isFirst = _lastEvent is null;
        List<EventRow> events = isFirst
            ? await RunJournal.ReadLatestEventsAsync(connection, run, 1, cancellation)
            : await RunJournal.ReadEventsAsync(connection, run, _lastEvent!.Value, cancellation);
        _lastEvent = events.Count > 0 ? events[^1].Id : _lastEvent ?? 0;
        return isFirst ? [] : events.Where(one => one.Kind != EventRow.Statement).Select(Line);
    }

    private static string Line(EventRow one) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{one.At.UtcDateTime:HH:mm:ss}Z {one.Kind}{(one.Step is null ? "" : $" {one.Step}")}: {one.Message}"
        );

    // The server may be away for a moment; the runner waits for it, and so does who watches.
    private async Task<RunReport> LoopAsync(
        Action<RunReport, IEnumerable<string>> show,
        Func<RunReport, bool> isEnd,
        CancellationToken cancellation
    )
    {
        NpgsqlConnection? connection = null;
        try
        {
            while (true)
            {
                try
                {
                    connection ??= await invocation.OpenAsync(cancellation);
                    RunReport report = await RunReport.ReadAsync(connection, run, cancellation);
                    show(report, await ReadEventsAsync(connection, cancellation));
                    if (isEnd(report))
                    {
                        return report;
                    }
                }
                catch (Exception failure) when (ServerFailure.KindOf(failure) == FailureKind.Connection)
                {
                    if (connection is not null)
                    {
                        await connection.DisposeAsync();
                    }
                    connection = null;
                }
                await Task.Delay(s_look, time, cancellation);
            }
        }
        finally
        {
            if (connection is not null)
            {
                await connection.DisposeAsync();
            }
        }
    }
}
