// Where a run stands, in words.
using System.Globalization;
using Drover.Operations.Running;

namespace Drover.App.Commands.Runs;

/// <summary>Reports as lines of text.</summary>
internal static class StatusText
{
    /// <summary>One line: what a progress shows.</summary>
    public static string Line(RunReport report)
    {
        List<string> parts = [report.Step is null ? report.State : $"{report.Step} ({report.State})"];
        if (report.Progress is > 0 and < 1)
        {
            parts.Add(Text($"{report.Progress * 100:0.0} %"));
        }
        if (report.Rows > 0)
        {
            parts.Add(Text($"{report.Rows:N0} rows"));
        }
        if (report is { State: "running", RowsPerSecond: > 0 })
        {
            parts.Add(Text($"{report.RowsPerSecond:N0} rows/s"));
        }
        if (report is { State: "running", EtaSeconds: { } eta })
        {
            parts.Add($"ETA {Duration(eta)}");
        }
        if (report.ThrottleReason is { } reason)
        {
            parts.Add($"throttled: {reason}");
        }
        return string.Join(", ", parts);
    }

    /// <summary>All of it: the run, its steps, its latest events.</summary>
    public static void Write(RunReport report, TextWriter output)
    {
        output.WriteLine($"run {report.Run}: {report.Kind} {report.Target} by {report.Strategy}: {Line(report)}");
        string alive = report.IsRunnerAlive ? "at work" : "not at work";
        output.WriteLine(
            report.Runner is null
                ? "runner: none yet"
                : Text($"runner: {report.Runner}, {alive}, last heard of at {report.HeartbeatAt:u}")
        );
        if (report.Request is { } request)
        {
            output.WriteLine($"requested: {request}");
        }
        if (report.OpenGate is { } gate)
        {
            output.WriteLine(Text($"{gate} is set for {report.OpenAt:u}"));
        }
        if (report.Error is { } error)
        {
            output.WriteLine($"error: {error}");
        }
        WriteWarnings(report, output);
        foreach (StepReport step in report.Steps.Where(step => step.Detour is null || step.State != "pending"))
        {
            string name = step.Detour is null ? step.Name : $"{step.Detour}: {step.Name}";
            string rows = step.Rows > 0 ? Text($"{step.Rows:N0} rows") : "";
            output.WriteLine(
                Text($"  {step.State, -8} {step.Progress * 100, 4:0} %  {name, -24} {rows} {step.Note}").TrimEnd()
            );
        }
        foreach (var line in report.Events.TakeLast(8))
        {
            output.WriteLine(Text($"  {line.At:u} {line.Kind}: {line.Message}"));
        }
        if (!report.IsClosed && Next(report) is { } next)
        {
            output.WriteLine($"next: {next}");
        }
    }

    /// <summary>What must not be overlooked.</summary>
    public static void WriteWarnings(RunReport report, TextWriter output)
    {
        foreach (string warning in report.Warnings)
        {
            output.WriteLine($"WARNING: {warning}");
        }
    }

    /// <summary>What an operator can do now.</summary>
    private static string? Next(RunReport report) =>
        report.State switch
        {
            "ready" => "cutover (now, or --at a time); or abort",
            "watching" when report.Warnings.Count > 0 => "mend what the warning says, or finish without a way back",
            "watching" => "finish when you are content; rollback goes back with all that was written since",
            "paused" => "resume, or abort",
            "failed" => "resume tries the step again; abort undoes everything",
            "running" or "planned" when !report.IsRunnerAlive => "nobody is at work: resume goes on",
            _ => null,
        };

    /// <summary>A time for a person.</summary>
    public static string Duration(double seconds)
    {
        TimeSpan time = TimeSpan.FromSeconds(Math.Min(seconds, 1e8));
        return time.TotalHours >= 1 ? Text($"{(long)time.TotalHours} h {time.Minutes} min")
            : time.TotalMinutes >= 1 ? Text($"{time.Minutes} min {time.Seconds} s")
            : Text($"{time.Seconds} s");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
