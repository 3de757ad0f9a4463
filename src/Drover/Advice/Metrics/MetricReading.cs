// One value of one metric, or why there is none.
namespace Drover.Advice.Metrics;

/// <summary>A reading; the metrics are defined in docs/metrics.md.</summary>
/// <param name="Metric">The metric's name, as in docs/metrics.md.</param>
/// <param name="Value">The value in the unit; null when it could not be had, and then the note says why.</param>
/// <param name="Unit">%, ms, s, bytes, or 1/h.</param>
/// <param name="Source">The view or file that it is from.</param>
/// <param name="Note">What else is known; or what is missing, with the GRANT or setting that would give it.</param>
internal sealed record MetricReading(string Metric, double? Value, string Unit, string Source, string Note)
{
    /// <summary>A metric that could not be read.</summary>
    public static MetricReading Missing(string metric, string unit, string source, string remedy) =>
        new(metric, null, unit, source, remedy);
}
