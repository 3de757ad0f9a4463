// An inspection as one HTML file that needs nothing else: no script, no other file, charts as SVG.
using System.Globalization;
using System.Net;
using System.Text;
using Drover.Advice;
using Drover.Advice.Metrics;
using Drover.Operations;

namespace Drover.App.Commands;

/// <summary>
/// The report: metrics, advice, statements, tables. Whatever comes from the server is encoded; the file's own policy
/// lets nothing be loaded and nothing be run.
/// </summary>
internal static class InspectionHtml
{
    private const string StyleName = "Drover.App.Commands.report.css";

    /// <summary>The whole document.</summary>
    /// <param name="inspection">What was found.</param>
    /// <param name="server">Host, port, database and user.</param>
    /// <param name="at">When.</param>
    public static string Write(Inspection inspection, string server, DateTimeOffset at)
    {
        ServerSamples samples = inspection.Samples;
        StringBuilder page = new();
        page.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Append("<meta http-equiv=\"Content-Security-Policy\" ")
            .Append("content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            .Append("<meta name=\"color-scheme\" content=\"light dark\">\n")
            .Append($"<title>{Encode(samples.Database)} · drover inspect</title>\n<style>\n")
            .Append(ReadStyle())
            .Append("</style>\n</head>\n<body>\n<main>\n");
        WriteHead(page, inspection, server, at);
        WriteMetrics(page, inspection);
        WriteAdvice(page, inspection);
        WriteStatements(page, samples.Statements);
        InspectionTables.Write(page, samples.Tables);
        page.Append("</main>\n</body>\n</html>\n");
        return page.ToString();
    }

    /// <summary>Text as HTML.</summary>
    internal static string Encode(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A number as SVG and people read it, whatever the machine's language.</summary>
    internal static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void WriteHead(StringBuilder page, Inspection inspection, string server, DateTimeOffset at)
    {
        ServerSamples samples = inspection.Samples;
        page.Append($"<header>\n<h1>{Encode(samples.Database)}</h1>\n<p class=\"muted\">{Encode(server)}</p>\n<p>");
        string size = ByteText.Of(samples.Tables.Sum(static table => table.TotalBytes));
        page.Append($"PostgreSQL {Encode(samples.Version)} · {samples.Tables.Count} tables, {size} · ")
            .Append(Text($"looked at for {samples.Elapsed.TotalSeconds:0} s "))
            .Append(Text($"at {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC</p>\n<ul class=\"counts\">"));
        foreach (Gain gain in Enum.GetValues<Gain>())
        {
            int count = inspection.Recommendations.Count(advice => advice.Gain == gain);
            page.Append($"<li class=\"{Word(gain)}{(count == 0 ? " none" : "")}\"><b>{count}</b> {Words(gain)}</li>");
        }
        page.Append("</ul>\n</header>\n");
    }

    private static void WriteMetrics(StringBuilder page, Inspection inspection)
    {
        page.Append("<section>\n<h2>The eleven metrics</h2>\n<div class=\"metrics\">\n");
        foreach (MetricReading metric in inspection.Metrics)
        {
            string value = metric.Value is { } number
                ? Text($"{number:#,0.##}<small> {Encode(metric.Unit)}</small>")
                : "–";
            page.Append(
                    $"<div class=\"metric{(metric.Value is null ? " missing" : "")}\"><h3>{Encode(metric.Metric)}</h3>"
                )
                .Append($"<p class=\"value\">{value}</p>");
            if (metric is { Unit: "%", Value: { } share })
            {
                page.Append(InspectionChart.Gauge(share / 100, metric.Metric));
            }
            page.Append($"<p class=\"note\">{Encode(metric.Note)} <span>({Encode(metric.Source)})</span></p></div>\n");
        }
        page.Append("</div>\n");
        WriteSessions(page, inspection.Samples);
        page.Append("</section>\n");
    }

    private static void WriteSessions(StringBuilder page, ServerSamples samples)
    {
        if (samples.Sessions.Count < 2)
        {
            return;
        }
        page.Append("<figure>\n<figcaption>Connections while it looked: <span class=\"k1\">open</span>, ")
            .Append("<span class=\"k2\">active</span>, <span class=\"k3\">waiting for a lock</span></figcaption>\n")
            .Append(
                InspectionChart.Lines(
                    [
                        [.. samples.Sessions.Select(static one => (double)one.Connections)],
                        [.. samples.Sessions.Select(static one => (double)one.Active)],
                        [.. samples.Sessions.Select(static one => (double)one.WaitingForLock)],
                    ],
                    samples.Elapsed,
                    "Connections while it looked"
                )
            )
            .Append("</figure>\n");
        foreach (string blocker in samples.Blockers)
        {
            page.Append($"<p class=\"warning\">Blocks others: {Encode(blocker)}</p>\n");
        }
    }

    private static void WriteAdvice(StringBuilder page, Inspection inspection)
    {
        IReadOnlyList<Recommendation> recommendations = inspection.Recommendations;
        page.Append("<section>\n<h2>What to do next</h2>\n");
        if (inspection.Silenced > 0)
        {
            page.Append(Text($"<p class=\"muted\">{inspection.Silenced} silenced</p>\n"));
        }
        if (recommendations.Count == 0)
        {
            page.Append("<p>Nothing to recommend.</p>\n</section>\n");
            return;
        }
        page.Append("<ol class=\"advice\">\n");
        foreach (Recommendation advice in recommendations)
        {
            page.Append($"<li><article>\n<h3>{Encode(Sentence(advice.Code))} <code>{Encode(advice.Subject)}</code> ")
                .Append($"<span class=\"badge {Word(advice.Gain)}\">{Word(advice.Gain)}</span></h3>\n")
                .Append($"<p>{Encode(advice.Evidence)}</p>\n<dl>");
            WriteFact(page, "Gives", advice.Expected);
            WriteFact(page, "Costs", advice.Price);
            WriteFact(page, "Risk", advice.Risk);
            page.Append("</dl>\n");
            WriteCommand(page, "Do", advice.Do);
            WriteCommand(page, "Undo", advice.Undo);
            page.Append("</article></li>\n");
        }
        page.Append("</ol>\n</section>\n");
    }

    private static void WriteFact(StringBuilder page, string name, string text)
    {
        if (text.Length > 0)
        {
            page.Append($"<div><dt>{name}</dt><dd>{Encode(text)}</dd></div>");
        }
    }

    private static void WriteCommand(StringBuilder page, string name, string text)
    {
        if (text.Length > 0)
        {
            page.Append($"<div class=\"command\"><span>{name}</span><pre><code>{Encode(text)}</code></pre></div>\n");
        }
    }

    private static void WriteStatements(StringBuilder page, StatementStatistics statements)
    {
        page.Append("<section>\n<h2>Statements with the most time</h2>\n");
        if (statements.Top.Count == 0)
        {
            page.Append($"<p class=\"muted\">{Encode(statements.Problem ?? "None ran since the last reset.")}</p>\n");
            page.Append("</section>\n");
            return;
        }
        page.Append(
                "<div class=\"scroll\"><table>\n<thead><tr><th>Statement</th><th class=\"right\">Share of time</th>"
            )
            .Append("<th class=\"right\">Calls</th><th class=\"right\">Mean</th><th class=\"right\">Rows a call</th>")
            .Append("</tr></thead>\n<tbody>\n");
        foreach (StatementShare share in statements.Top)
        {
            double part = share.TotalMs / Math.Max(statements.TotalMs, 1e-9);
            page.Append($"<tr><td class=\"wide\"><code>{Encode(share.Text)}</code></td><td class=\"right\">")
                .Append(Text($"{100 * part:0.0} %"))
                .Append(InspectionChart.Gauge(part, "share of time"))
                .Append(
                    Text(
                        $"</td><td class=\"right\">{share.Calls:N0}</td><td class=\"right\">{share.MeanMs:0.00} ms</td>"
                    )
                )
                .Append(Text($"<td class=\"right\">{(double)share.Rows / Math.Max(1, share.Calls):0.#}</td></tr>\n"));
        }
        page.Append("</tbody></table></div>\n</section>\n");
    }

    private static string Word(Gain gain) => gain.ToString().ToLowerInvariant();

    private static string Words(Gain gain) =>
        gain switch
        {
            Gain.Safety => "keep an outage away",
            Gain.Time => "save time",
            Gain.Space => "save space",
            _ => "show more",
        };

    private static string Sentence(string code) => char.ToUpperInvariant(code[0]) + code[1..].Replace('-', ' ');

    private static string ReadStyle()
    {
        using Stream stream = typeof(InspectionHtml).Assembly.GetManifestResourceStream(StyleName)!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
