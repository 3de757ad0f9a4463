// An inspection as a person reads it: a table of metrics, the statements with the most time, numbered advice.
using System.Globalization;
using Drover.Advice;
using Drover.Advice.Metrics;
using Spectre.Console;

namespace Drover.App.Commands;

/// <summary>Draws it; plain text where there is no terminal.</summary>
internal static class InspectionText
{
    /// <summary>Writes all of it.</summary>
    public static void Write(Inspection inspection, string server, IAnsiConsole console, TextWriter output)
    {
        ServerSamples samples = inspection.Samples;
        output.WriteLine(
            Text($"{server}: PostgreSQL {samples.Version}, {samples.Tables.Count} tables, ")
                + Text($"looked at for {samples.Elapsed.TotalSeconds:0} s")
        );
        WriteMetrics(inspection.Metrics, console);
        if (samples.Statements.Top.Count > 0)
        {
            WriteStatements(samples.Statements, console);
        }
        if (inspection.Recommendations.Count == 0)
        {
            output.WriteLine($"Nothing to recommend.{Silenced(inspection)}");
            return;
        }
        for (int i = 0; i < inspection.Recommendations.Count; i++)
        {
            output.WriteLine();
            WriteAdvice(i + 1, inspection.Recommendations[i], output);
        }
        if (inspection.Silenced > 0 && !inspection.Recommendations.Any(static one => one.IsSilenced))
        {
            output.WriteLine();
            output.WriteLine(Silenced(inspection).TrimStart());
        }
    }

    private static string Silenced(Inspection inspection) =>
        inspection.Silenced > 0 ? Text($" {inspection.Silenced} silenced: --all shows them.") : "";

    private static void WriteMetrics(IReadOnlyList<MetricReading> metrics, IAnsiConsole console)
    {
        Table table = new Table().RoundedBorder().AddColumns("metric", "value", "what it is");
        table.Columns[1].RightAligned().NoWrap();
        foreach (MetricReading metric in metrics)
        {
            string value = metric.Value is { } number ? Text($"{number:#,0.##} {metric.Unit}") : "-";
            table.AddRow(
                new Text(metric.Metric),
                new Text(value),
                new Text(TerminalText.Of($"{metric.Note} ({metric.Source})"))
            );
        }
        console.Write(table);
    }

    private static void WriteStatements(StatementStatistics statements, IAnsiConsole console)
    {
        Table table = new Table().RoundedBorder().AddColumns("share of time", "calls", "mean", "statement");
        table.Columns[0].RightAligned().NoWrap();
        table.Columns[1].RightAligned().NoWrap();
        table.Columns[2].RightAligned().NoWrap();
        foreach (StatementShare share in statements.Top)
        {
            table.AddRow(
                new Text(Text($"{100 * share.TotalMs / statements.TotalMs:0.0} %")),
                new Text(Text($"{share.Calls:N0}")),
                new Text(Text($"{share.MeanMs:#,0.00} ms")),
                new Text(TerminalText.Of(share.Text))
            );
        }
        console.Write(table);
    }

    // Not through the console, which would break a command's line at its width.
    private static void WriteAdvice(int number, Recommendation advice, TextWriter output)
    {
        Line($"{number}. {advice.Code}: {advice.Subject} [{advice.Id}]{(advice.IsSilenced ? " silenced" : "")}");
        Line($"   seen   {advice.Evidence}");
        Line($"   gives  {advice.Expected}");
        Line($"   costs  {advice.Price}");
        Line($"   risk   {advice.Risk}");
        Line($"   do     {advice.Do}");
        if (advice.Undo.Length > 0)
        {
            Line($"   undo   {advice.Undo}");
        }

        void Line(string text) => output.WriteLine(TerminalText.Of(text));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
