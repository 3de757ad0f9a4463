// Where processor, memory and disks of a server's machine come from: a node_exporter, or /proc.
using System.Globalization;
using Drover.Advice.Metrics;
using Npgsql;

namespace Drover.History.Sampling;

/// <summary>Reads the host's counters; those of a node_exporter where there is one.</summary>
internal sealed class HostFeed : IDisposable
{
    private const int PageBytesMax = 16 << 20;
    private const double TicksPerSecond = 100;
    private const double MillisecondsPerSecond = 1000;
    private const long BytesPerKb = 1024;

    private readonly HttpClient? _http;
    private readonly Uri? _exporter;
    private NpgsqlConnection? _connection;
    private HostReader? _reader;

    /// <summary>A feed.</summary>
    /// <param name="exporter">The URL of a node_exporter's page; empty: /proc.</param>
    /// <param name="patience">The longest that the page is waited for.</param>
    public HostFeed(string exporter, TimeSpan patience)
    {
        if (exporter.Length > 0)
        {
            _exporter = new Uri(exporter);
            _http = new HttpClient { Timeout = patience, MaxResponseContentBufferSize = PageBytesMax };
        }
    }

    /// <summary>What gives the figures, for a person.</summary>
    public string Source => _exporter is { } url ? $"node_exporter at {url.Authority}" : _reader?.Source ?? "/proc";

    /// <summary>Reads once; null when nothing can be had.</summary>
    public async Task<HostCounters?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (_http is not null)
        {
            return await ReadPageAsync(_http, _exporter!, cancellation);
        }
        if (_connection != connection || _reader is null)
        {
            _connection = connection;
            _reader = new HostReader(connection);
        }
        return await _reader.ReadAsync(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _http?.Dispose();

    /// <summary>
    /// Counters from a page in Prometheus's text format, with node_exporter's names
    /// (https://github.com/prometheus/node_exporter); null when they are not there.
    /// </summary>
    public static HostCounters? Parse(string page)
    {
        double busy = 0;
        double all = 0;
        double memory = 0;
        double available = 0;
        Dictionary<string, long> disks = [];
        foreach (string line in page.Split('\n'))
        {
            int blank = line.LastIndexOf(' ');
            if (blank < 0 || line[0] == '#' || !TryNumber(line.AsSpan(blank + 1), out double value))
            {
                continue;
            }
            string series = line[..blank].Trim();
            if (series.StartsWith("node_cpu_seconds_total{", StringComparison.Ordinal))
            {
                all += value;
                busy += LabelOf(series, "mode") is "idle" or "iowait" ? 0 : value;
            }
            else if (series == "node_memory_MemTotal_bytes")
            {
                memory = value;
            }
            else if (series == "node_memory_MemAvailable_bytes")
            {
                available = value;
            }
            else if (
                series.StartsWith("node_disk_io_time_seconds_total{", StringComparison.Ordinal)
                && LabelOf(series, "device") is { } device
            )
            {
                disks[device] = (long)(value * MillisecondsPerSecond);
            }
        }
        return all > 0 && memory > 0
            ? new HostCounters(
                (long)(busy * TicksPerSecond),
                (long)(all * TicksPerSecond),
                (long)memory / BytesPerKb,
                (long)available / BytesPerKb,
                disks
            )
            : null;
    }

    private static async Task<HostCounters?> ReadPageAsync(HttpClient http, Uri url, CancellationToken cancellation)
    {
        try
        {
            return Parse(await http.GetStringAsync(url, cancellation));
        }
        catch (Exception failure)
            when (failure is HttpRequestException or TaskCanceledException or InvalidOperationException)
        {
            // The last for a character set that nobody knows.
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out double value) =>
        double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    private static string? LabelOf(string series, string label)
    {
        int at = series.IndexOf(label + "=\"", StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }
        int start = at + label.Length + 2;
        int end = series.IndexOf('"', start);
        return end < 0 ? null : series[start..end];
    }
}
