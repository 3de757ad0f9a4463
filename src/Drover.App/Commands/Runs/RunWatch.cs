// Follows a run in the journal and shows it: a bar on a terminal, plain lines elsewhere.
using Drover.Operations.Connections;
using Drover.Operations.Running;
using Npgsql;
using Spectre.Console;

namespace Drover.App.Commands.Runs;

/// <summary>Shows the progress of a run, whoever works on it.</summary>
internal sealed class RunWatch(RunInvocation invocation, long run, TimeProvider time)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_lineEvery = TimeSpan.FromSeconds(5);

    /// <summary>Follows until the report is one to stop at; gives that report.</summary>
    public Task<RunReport> FollowAsync(Func<RunReport, bool> isEnd, CancellationToken cancellation) =>
        invocation.IsTerminal
            ? AnsiConsole
                .Progress()
                .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn())
                .StartAsync(context =>
                {
                    ProgressTask task = context.AddTask($"run {run}");
                    return LoopAsync(report => Show(task, report), isEnd, cancellation);
                })
            : LoopAsync(ShowLine(), isEnd, cancellation);

    private static void Show(ProgressTask task, RunReport report)
    {
        task.Description = Markup.Escape(StatusText.Line(report));
        task.Value = report.Progress * 100;
    }

    // A line when something else begins, and every few seconds.
    private Action<RunReport> ShowLine()
    {
        string? last = null;
        long shownAt = 0;
        return report =>
        {
            string what = $"{report.State} {report.Step} {report.ThrottleReason is null}";
            if (what != last || time.GetElapsedTime(shownAt) >= s_lineEvery)
            {
                (last, shownAt) = (what, time.GetTimestamp());
                invocation.Progress.WriteLine($"{report.Target}: {StatusText.Line(report)}");
            }
        };
    }

    // The server may be away for a moment; the runner waits for it, and so does who watches.
    private async Task<RunReport> LoopAsync(
        Action<RunReport> show,
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
                    show(report);
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
