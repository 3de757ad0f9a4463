// Prometheus's text format, written by hand: no exporter takes histograms that are already in buckets.
using System.Globalization;
using System.Text;
using Drover.Telemetry;

namespace Drover.App.Hosting;

/// <summary>
/// Version 0.0.4 of the format, see https://prometheus.io/docs/instrumenting/exposition_formats/. Dots in names become
/// underscores; the unit and <c>_total</c> are appended as the naming conventions want.
/// </summary>
internal static class PrometheusText
{
    /// <summary>The page's content type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The whole page.</summary>
    public static string Write(TelemetryReading reading)
    {
        StringBuilder page = new();
        foreach (MetricFamily family in MetricCatalog.All)
        {
            WriteFamily(page, family, reading);
        }
        return page.ToString();
    }

    /// <summary>The name of a family on the page.</summary>
    public static string NameOf(MetricFamily family)
    {
        string unit = family.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        string kind = family.Kind == MetricKind.Counter ? "_total" : "";
        return family.Name.Replace('.', '_') + unit + kind;
    }

    private static void WriteFamily(StringBuilder page, MetricFamily family, TelemetryReading reading)
    {
        string name = NameOf(family);
        string kind = family.Kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Gauge => "gauge",
            _ => "histogram",
        };
        string help = family
            .Help.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
        page.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
        page.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
        foreach (MetricSample sample in family.Read(reading))
        {
            if (sample.Histogram is null)
            {
                WriteLine(page, name, sample.Labels, sample.Value);
            }
            else
            {
                WriteHistogram(page, name, sample.Labels, sample.Histogram);
            }
        }
    }

    // The event loop counts on while this reads. The total comes last, and no bucket may be above it.
    private static void WriteHistogram(
        StringBuilder page,
        string name,
        KeyValuePair<string, string>[] labels,
        LatencyHistogram histogram
    )
    {
        long count = 0;
        for (int e = LatencyHistogram.FirstExportedExponent; e <= LatencyHistogram.LastExponent; e++)
        {
            count = Math.Max(count, histogram.CountAtMostPowerOfTwo(e));
            string bound = Number((1L << e) / 1e6);
            WriteLine(page, name + "_bucket", [.. labels, new("le", bound)], count);
        }
        count = Math.Max(count, histogram.Count);
        WriteLine(page, name + "_bucket", [.. labels, new("le", "+Inf")], count);
        WriteLine(page, name + "_sum", labels, histogram.SumMicroseconds / 1e6);
        WriteLine(page, name + "_count", labels, count);
    }

    private static void WriteLine(StringBuilder page, string name, KeyValuePair<string, string>[] labels, double value)
    {
        page.Append(name);
        for (int i = 0; i < labels.Length; i++)
        {
            page.Append(i == 0 ? '{' : ',').Append(labels[i].Key.Replace('.', '_')).Append("=\"");
            AppendEscaped(page, labels[i].Value);
            page.Append('"');
        }
        page.Append(labels.Length > 0 ? "} " : " ").Append(Number(value)).Append('\n');
    }

    private static void AppendEscaped(StringBuilder page, string value)
    {
        foreach (char character in value)
        {
            page.Append(
                character switch
                {
                    '\\' => "\\\\",
                    '"' => "\\\"",
                    '\n' => "\\n",
                    _ => character.ToString(),
                }
            );
        }
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
