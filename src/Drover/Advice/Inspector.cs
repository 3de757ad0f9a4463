// One look at a server: eleven metrics, and what to do next, in order of gain.
using Drover.Advice.Findings;
using Drover.Advice.Metrics;
using Npgsql;

namespace Drover.Advice;

/// <summary>What an inspection gives.</summary>
internal sealed record Inspection(
    ServerSamples Samples,
    IReadOnlyList<MetricReading> Metrics,
    IReadOnlyList<Recommendation> Recommendations
);

/// <summary>
/// Reads only: the statistics views, the catalogs, and /proc where it may. Needs no superuser; what a role may not see
/// is named in the metrics. It takes the interval and a few seconds more.
/// </summary>
internal static class Inspector
{
    /// <summary>Inspects the database of a connection.</summary>
    public static async Task<Inspection> InspectAsync(
        NpgsqlConnection connection,
        TimeSpan interval,
        AdviceLimits limits,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        ServerSamples samples = await ServerSamples.TakeAsync(connection, interval, time, cancellation);
        return new Inspection(
            samples,
            MetricReadings.Of(samples),
            await AdviseAsync(connection, samples, limits, cancellation)
        );
    }

    /// <summary>The advice on samples that were taken already, in order of gain; reads the catalogs.</summary>
    public static async Task<IReadOnlyList<Recommendation>> AdviseAsync(
        NpgsqlConnection connection,
        ServerSamples samples,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        List<IndexFacts> indexes = await IndexFacts.ReadAsync(connection, cancellation);
        TimeSpan countedFor = samples.Total.At - samples.Total.Since;
        List<Recommendation> advice =
        [
            .. ActivityAdvice.Of(samples, limits),
            .. IndexAdvice.Of(indexes, countedFor, samples.Replication.Standbys, limits),
            .. await ForeignKeyAdvice.ReadAsync(connection, limits, cancellation),
            .. await PartitionAdvice.ReadAsync(connection, limits, cancellation),
            .. await SequenceAdvice.ReadAsync(connection, limits, cancellation),
            .. await SettingAdvice.ReadAsync(connection, cancellation),
        ];
        return [.. advice.OrderBy(static one => one.Gain).ThenByDescending(static one => one.Weight)];
    }
}
