// The catalog's metrics as observable instruments, for whatever listens to .NET's meters.
using System.Diagnostics.Metrics;

namespace Drover.Telemetry;

/// <summary>
/// The meter <c>Drover</c>. Nothing is computed until somebody listens. A histogram that is already in buckets cannot
/// be given to an observable instrument; its sum and count go out as two counters, <c>NAME.sum</c> in seconds and
/// <c>NAME.count</c>.
/// </summary>
internal sealed class ProxyMeters : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Drover";

    // One export asks every instrument in turn; they share one reading.
    private static readonly TimeSpan ReadingAgeMax = TimeSpan.FromMilliseconds(500);

    private readonly ITelemetrySource _source;
    private readonly TimeProvider _time;
    private readonly Meter _meter;
    private readonly Lock _gate = new();
    private TelemetryReading? _reading;
    private long _readAt;

    /// <summary>Creates the instruments.</summary>
    public ProxyMeters(ITelemetrySource source, TimeProvider time, string version)
    {
        _source = source;
        _time = time;
        _meter = new Meter(MeterName, version);
        foreach (MetricFamily family in MetricCatalog.All)
        {
            Create(family);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Create(MetricFamily family)
    {
        switch (family.Kind)
        {
            case MetricKind.Counter:
                _meter.CreateObservableCounter(
                    family.Name,
                    () => Observe(family, s => s.Value),
                    family.Unit,
                    family.Help
                );
                break;
            case MetricKind.Gauge:
                _meter.CreateObservableGauge(
                    family.Name,
                    () => Observe(family, s => s.Value),
                    family.Unit,
                    family.Help
                );
                break;
            default:
                _meter.CreateObservableCounter(
                    family.Name + ".sum",
                    () => Observe(family, s => s.Histogram!.SumMicroseconds / 1e6),
                    family.Unit,
                    family.Help
                );
                _meter.CreateObservableCounter(
                    family.Name + ".count",
                    () => Observe(family, s => s.Histogram!.Count),
                    "{occurrence}",
                    family.Help
                );
                break;
        }
    }

    private IEnumerable<Measurement<double>> Observe(MetricFamily family, Func<MetricSample, double> value) =>
        family
            .Read(Reading())
            .Select(sample => new Measurement<double>(
                value(sample),
                sample.Labels.Select(label => new KeyValuePair<string, object?>(label.Key, label.Value))
            ));

    private TelemetryReading Reading()
    {
        lock (_gate)
        {
            if (_reading is null || _time.GetElapsedTime(_readAt) > ReadingAgeMax)
            {
                _reading = new TelemetryReading(_source);
                _readAt = _time.GetTimestamp();
            }
            return _reading;
        }
    }
}
