// The metrics page: is it the format that Prometheus reads, and do the numbers add up?
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;
using Drover.App.Hosting;
using Drover.Telemetry;
using Drover.Tests.Console;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Hosting;

public sealed partial class PrometheusTextTests
{
    private readonly FakeProxy _proxy = new();

    [Fact]
    public void Every_line_has_the_form_of_the_exposition_format()
    {
        Fill();
        string page = Page();
        Assert.EndsWith("\n", page, StringComparison.Ordinal);
        foreach (string line in page.TrimEnd('\n').Split('\n'))
        {
            Assert.Matches(line.StartsWith('#') ? CommentLine() : SampleLine(), line);
        }
    }

    [Fact]
    public void Every_family_is_announced_once_and_before_its_samples()
    {
        Fill();
        HashSet<string> announced = [];
        foreach (string line in Page().TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# TYPE", StringComparison.Ordinal))
            {
                Assert.True(announced.Add(line.Split(' ')[2]), line);
            }
            else if (!line.StartsWith('#'))
            {
                string name = line.Split('{', ' ')[0];
                Assert.Contains(announced, family => name == family || Suffixes(family).Contains(name));
            }
        }
    }

    [Fact]
    public void Histogram_is_cumulative_and_ends_with_its_count()
    {
        Fill();
        string[] lines =
        [
            .. Page()
                .Split('\n')
                .Where(line => line.StartsWith("drover_query_duration_seconds", StringComparison.Ordinal)),
        ];
        long[] buckets = [.. lines.Where(l => l.Contains("_bucket{", StringComparison.Ordinal)).Select(Value)];
        Assert.Equal(buckets.Order(), buckets);
        Assert.Equal(3, buckets[^1]);
        Assert.Contains("le=\"+Inf\"} 3", lines[^3]);
        Assert.Contains(
            "drover_query_duration_seconds_bucket{database=\"app\",user=\"jo\\\"e\",le=\"0.000128\"} 1",
            lines
        );
        Assert.Contains("drover_query_duration_seconds_sum{database=\"app\",user=\"jo\\\"e\"} 200.0101", lines);
        Assert.Contains("drover_query_duration_seconds_count{database=\"app\",user=\"jo\\\"e\"} 3", lines);
    }

    [Fact]
    public void Counters_gauges_and_labels_are_named_as_the_conventions_say()
    {
        Fill();
        string page = Page();
        Assert.Contains("# TYPE drover_received_bytes_total counter\n", page, StringComparison.Ordinal);
        Assert.Contains(
            "drover_errors_total{database=\"app\",user=\"jo\\\"e\",sqlstate_class=\"42\"} 1\n",
            page,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "drover_pins_total{database=\"app\",user=\"jo\\\"e\",reason=\"listen\"} 1\n",
            page,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "db_client_connection_count{database=\"app\",user=\"joe\",state=\"used\"} 4\n",
            page,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "db_client_connection_pending_requests{database=\"app\",user=\"joe\"} 9\n",
            page,
            StringComparison.Ordinal
        );
        Assert.Contains("drover_logins_refused_total{database=\"\",user=\"\"} 5\n", page, StringComparison.Ordinal);
        Assert.Contains("drover_serving 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Meters_give_the_same_numbers_to_any_listener()
    {
        Fill();
        using ProxyMeters meters = new(_proxy, new FakeTimeProvider(), "1.2.3");
        Dictionary<string, double> sums = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == ProxyMeters.MeterName)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>(
            (instrument, value, _, _) => sums[instrument.Name] = sums.GetValueOrDefault(instrument.Name) + value
        );
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(3, sums["drover.queries"]);
        Assert.Equal(3, sums["drover.query.duration.count"]);
        Assert.Equal(9, sums["db.client.connection.pending_requests"]);
        Assert.Equal(200.0101, sums["drover.query.duration.sum"], 6);
    }

    private void Fill()
    {
        TrafficCounters counters = new() { BytesReceived = 7 };
        counters.RecordQuery(100);
        counters.RecordQuery(10_000);
        counters.RecordQuery(200_000_000);
        counters.RecordError("42601"u8);
        counters.RecordPin(PinReason.Listen);
        _proxy.TrafficList.Add(new("app", "jo\"e", counters));
        _proxy.PoolList.Add(
            new()
            {
                Database = "app",
                User = "joe",
                PoolMode = "transaction",
                ServersActive = 4,
                ClientsWaiting = 9,
            }
        );
        _proxy.DatabaseList.Add(new() { Name = "app", Database = "app" });
        _proxy.LoginsRefused = 5;
    }

    private string Page() => PrometheusText.Write(new TelemetryReading(_proxy));

    private static string[] Suffixes(string family) => [family + "_bucket", family + "_sum", family + "_count"];

    private static long Value(string line) =>
        long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);

    [GeneratedRegex("^# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram))$")]
    private static partial Regex CommentLine();

    [GeneratedRegex("""^[a-z_]+(\{[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*\})? [-+0-9.eE]+$""")]
    private static partial Regex SampleLine();
}
