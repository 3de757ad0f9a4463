// The report as a file: it stands alone, and whatever a server calls its things stays text.
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Drover.Advice;
using Drover.Advice.Metrics;
using Drover.App.Commands;
using Spectre.Console;

namespace Drover.Tests.Advice;

public sealed partial class InspectionHtmlTests
{
    private const string Evil = "<script>alert(1)</script><img src=x onerror=alert(1)> & \"'";
    private static readonly DateTimeOffset s_at = new(2026, 11, 27, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Nothing_that_a_server_says_becomes_markup()
    {
        string page = InspectionHtml.Write(Inspection(Evil), Evil, s_at);

        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;alert(1)", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_that_a_server_says_gives_orders_to_a_terminal()
    {
        using StringWriter text = new();
        AnsiConsoleSettings settings = new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) };
        InspectionText.Write(Inspection("a\u001b[2Jb\u009bc\u202ed"), "shop", AnsiConsole.Create(settings), text);

        Assert.Contains("a [2Jb c d", text.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(text.ToString(), one => one is '\u001b' or '\u009b' or '\u202e');
    }

    [Fact]
    public void Nothing_is_loaded_and_nothing_is_run()
    {
        string page = InspectionHtml.Write(Inspection("shop"), "db:5432/shop as app", s_at);

        Assert.Contains("content=\"default-src 'none'; style-src 'unsafe-inline';", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(Loaded(), page);
    }

    [Fact]
    public void Report_is_well_formed_with_metrics_advice_and_charts()
    {
        string page = InspectionHtml.Write(Inspection("public.\"Orders\""), "db:5432/shop as app", s_at);

        // Of the head only the elements without an end are not XML.
        XElement main = XElement.Parse(page[page.IndexOf("<main>", StringComparison.Ordinal)..][..Length(page)]);
        Assert.Equal(
            11,
            main.Descendants("div").Count(one => ((string?)one.Attribute("class"))?.Split(' ')[0] == "metric")
        );
        Assert.Contains(
            main.Descendants("polyline"),
            line => ((string)line.Attribute("points")!).Split(' ').Length == 3
        );
        Assert.Contains("DROP INDEX CONCURRENTLY", main.Value, StringComparison.Ordinal);
        Assert.Contains("83.3 %", main.Value, StringComparison.Ordinal);
        Assert.Contains("2026-11-27 03:00 UTC", main.Value, StringComparison.Ordinal);
    }

    private static int Length(string page) =>
        page.IndexOf("</main>", StringComparison.Ordinal)
        + "</main>".Length
        - page.IndexOf("<main>", StringComparison.Ordinal);

    private static Inspection Inspection(string name)
    {
        DatabaseCounters counters = new(s_at, s_at.AddDays(-30), 1000, 990, 10, 2);
        ServerSamples samples = new(
            "18.1",
            name,
            "app",
            true,
            counters,
            counters,
            TimeSpan.FromSeconds(10),
            [.. new[] { 40, 61, 52 }.Select(count => new SessionCounts(count, count / 4, 20, 1, 0, 2, 0.4, 100))],
            [name],
            new StatementStatistics(1200, 6000, [new StatementShare(name, 1000, 5000, 5, 9000)], null),
            [new TableFacts(name, 60 << 20, 100 << 20, 1e6, 2000, 3, 40_000, 40 << 20, 9, null)],
            new ReplicationFacts(false, 0, null, null, []),
            null,
            null,
            "/proc"
        );
        Recommendation advice = new(
            "unused-index",
            name,
            Gain.Space,
            1,
            name,
            "space",
            "none",
            "a report may use it",
            "DROP INDEX CONCURRENTLY x",
            ""
        );
        return new Inspection(samples, MetricReadings.Of(samples), [advice]);
    }

    [GeneratedRegex("(src|href)=|@import|url\\(|<link|<iframe|\\son[a-z]+=\"")]
    private static partial Regex Loaded();
}
