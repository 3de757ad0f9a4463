// The growth of a database as a whole: trends, how latency goes with size, and the days on which limits are reached.
namespace Drover.History.Growth;

/// <summary>Limits that are asked about; null: not asked.</summary>
internal sealed record GrowthLimits(double? Bytes, double? QueryMs, double? P95Ms, double? Connections);

/// <summary>One value over time.</summary>
/// <param name="Name">size, rows, query time, p95 or connections.</param>
/// <param name="Unit">bytes, rows, ms or connections.</param>
/// <param name="Trend">Null when it is known on too few days.</param>
/// <param name="Limit">When the limit is reached; null when none was asked, or there is no trend.</param>
internal sealed record GrowthLine(string Name, string Unit, GrowthTrend? Trend, LimitDay? Limit);

/// <summary>The report.</summary>
/// <param name="Points">What it was made of.</param>
/// <param name="Lines">Each value that is known on any day.</param>
/// <param name="QueryLaw">How the mean time of a query goes with size.</param>
/// <param name="P95Law">How the time that 95 % stay below goes with size.</param>
internal sealed record GrowthReport(
    IReadOnlyList<GrowthPoint> Points,
    IReadOnlyList<GrowthLine> Lines,
    PowerLaw? QueryLaw,
    PowerLaw? P95Law
)
{
    /// <summary>Makes it.</summary>
    public static GrowthReport Of(IReadOnlyList<GrowthPoint> points, GrowthLimits limits)
    {
        List<GrowthLine> lines = [];
        void Add(string name, string unit, Func<GrowthPoint, double?> read, double? limit)
        {
            if (points.Any(point => read(point) is not null))
            {
                GrowthTrend? trend = GrowthTrend.Of(points, read);
                lines.Add(new GrowthLine(name, unit, trend, limit is { } most ? trend?.Reach(most) : null));
            }
        }

        Add("size", "bytes", static point => point.Bytes, limits.Bytes);
        Add("rows", "rows", static point => point.Rows, null);
        Add("query time", "ms", static point => point.QueryMs, limits.QueryMs);
        Add("p95", "ms", static point => point.P95Ms, limits.P95Ms);
        Add("connections", "connections", static point => point.Connections, limits.Connections);
        return new GrowthReport(
            points,
            lines,
            PowerLaw.Of(points, static point => point.QueryMs),
            PowerLaw.Of(points, static point => point.P95Ms)
        );
    }
}
