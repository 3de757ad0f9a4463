// The dashboard and the alert rules in packaging: they parse, and every metric that they name is one of ours.
using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Drover.App.Hosting;
using Drover.Telemetry;
using Drover.Tests.Tidy;

namespace Drover.Tests.Documents;

public sealed partial class DashboardFileTests
{
    private const string Dashboard = "packaging/grafana/drover-servers.json";
    private const string Alerts = "packaging/prometheus/drover-alerts.yml";

    private static readonly HashSet<string> s_names =
    [
        .. MetricCatalog.All.SelectMany(static family =>
            family.Kind == MetricKind.Histogram
                ? new[] { "_bucket", "_sum", "_count" }.Select(end => PrometheusText.NameOf(family) + end)
                : [PrometheusText.NameOf(family)]
        ),
    ];

    [Fact]
    public void Every_metric_of_the_dashboard_is_in_the_catalog()
    {
        using JsonDocument dashboard = JsonDocument.Parse(WorkingTree.Read(Dashboard));
        List<JsonElement> panels = [.. dashboard.RootElement.GetProperty("panels").EnumerateArray()];
        Assert.Equal(panels.Count, panels.Select(static one => one.GetProperty("id").GetInt32()).Distinct().Count());
        string[] expressions =
        [
            .. panels
                .SelectMany(static one => one.GetProperty("targets").EnumerateArray())
                .Select(static target => target.GetProperty("expr").GetString()!),
        ];
        Assert.Empty(expressions.SelectMany(Unknown));
        // All eleven are on it.
        string[] shown = [.. expressions.SelectMany(NamesIn)];
        foreach (MetricFamily family in Drover.Telemetry.ControlPlane.MonitorMetrics.All.Take(11))
        {
            Assert.Contains(PrometheusText.NameOf(family), shown);
        }
    }

    [Fact]
    public void No_two_panels_of_the_dashboard_overlap()
    {
        using JsonDocument dashboard = JsonDocument.Parse(WorkingTree.Read(Dashboard));
        HashSet<(int, int)> taken = [];
        foreach (JsonElement panel in dashboard.RootElement.GetProperty("panels").EnumerateArray())
        {
            JsonElement place = panel.GetProperty("gridPos");
            int x = place.GetProperty("x").GetInt32();
            int y = place.GetProperty("y").GetInt32();
            int width = place.GetProperty("w").GetInt32();
            Assert.InRange(x + width, 1, 24);
            for (int i = 0; i < width * place.GetProperty("h").GetInt32(); i++)
            {
                Assert.True(taken.Add((x + (i % width), y + (i / width))), panel.GetProperty("title").GetString());
            }
        }
    }

    [Fact]
    public void Every_metric_of_the_alert_rules_is_in_the_catalog()
    {
        string text = WorkingTree.Read(Alerts);
        Assert.Empty(Unknown(text));
        Assert.True(NamesIn(text).Distinct().Count() > 12);
    }

    [Fact]
    public async Task Promtool_takes_the_alert_rules()
    {
        const string Program = "/usr/bin/promtool";
        Assert.SkipUnless(File.Exists(Program), "promtool is missing: apt-get install prometheus");
        ProcessStartInfo start = new(Program, ["check", "rules", Path.Combine(Repository.Root, Alerts)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        said += await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, said);
    }

    [Fact]
    public void A_metric_that_does_not_exist_is_seen() =>
        Assert.Equal(["drover_monitor_mood"], Unknown("rate(drover_monitor_mood[5m]) > drover_serving"));

    private static IEnumerable<string> Unknown(string text) =>
        NamesIn(text).Where(static name => !s_names.Contains(name));

    private static IEnumerable<string> NamesIn(string text) => Name().Matches(text).Select(static match => match.Value);

    [GeneratedRegex(@"\b(drover|db_client)_[a-z0-9_]+")]
    private static partial Regex Name();
}
