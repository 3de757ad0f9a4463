// What the JSON interface says of growth: trends, the exponent of latency against size, and the days of limits.
using Drover.History.Growth;

namespace Drover.App.Dashboard.Api;

/// <summary>The growth of a server, or of one of its tables.</summary>
/// <param name="Server">The server.</param>
/// <param name="Table">The table; empty: the server as a whole.</param>
/// <param name="Points">Each day that is known, oldest first.</param>
/// <param name="Trends">Each value with a trend, or why it has none yet.</param>
/// <param name="QueryLaw">How the mean time of a query goes with size; null: too few days.</param>
internal sealed record GrowthAnswer(
    string Server,
    string Table,
    IReadOnlyList<GrowthPointAnswer> Points,
    IReadOnlyList<TrendAnswer> Trends,
    LawAnswer? QueryLaw
)
{
    /// <summary>As the engine has it.</summary>
    public static GrowthAnswer Of(string server, string table, IReadOnlyList<GrowthPoint> points, GrowthLimits limits)
    {
        GrowthReport report = GrowthReport.Of(points, limits);
        return new GrowthAnswer(
            server,
            table,
            [
                .. points.Select(static point => new GrowthPointAnswer(
                    point.At,
                    point.Bytes,
                    point.Rows,
                    point.QueryMs,
                    point.Connections
                )),
            ],
            [.. report.Lines.Select(Describe)],
            report.QueryLaw is { } law ? new LawAnswer(law.Exponent, law.Low, law.High, law.RSquared, law.Points) : null
        );
    }

    private static TrendAnswer Describe(GrowthLine line) =>
        new(
            line.Name,
            line.Unit,
            line.Trend?.Last,
            line.Trend?.Shape.ToString().ToLowerInvariant(),
            line.Trend?.MonthlyGain,
            line.Trend?.DoublingMonths,
            line.Limit?.Limit,
            line.Limit?.Day,
            line.Limit?.Earliest,
            line.Limit?.Latest,
            line.Limit?.IsPast ?? false
        );
}

/// <summary>One day.</summary>
internal sealed record GrowthPointAnswer(
    DateOnly Day,
    double? Bytes,
    double? Rows,
    double? QueryMs,
    double? Connections
);

/// <summary>How one value grows.</summary>
/// <param name="Name">size, rows, query time or connections.</param>
/// <param name="Unit">bytes, rows, ms or connections.</param>
/// <param name="Last">The last known value; null: known on fewer than three days.</param>
/// <param name="Shape">linear or exponential.</param>
/// <param name="MonthlyGain">What a month adds at the end.</param>
/// <param name="DoublingMonths">Of exponential growth.</param>
/// <param name="Limit">The limit that was asked about.</param>
/// <param name="Day">When it is reached; null: not within a hundred years, or not asked.</param>
/// <param name="Earliest">By the upper end of the 95 % interval.</param>
/// <param name="Latest">By its lower end; null: it may never be.</param>
/// <param name="IsPast">It is reached already.</param>
internal sealed record TrendAnswer(
    string Name,
    string Unit,
    double? Last,
    string? Shape,
    double? MonthlyGain,
    double? DoublingMonths,
    double? Limit,
    DateOnly? Day,
    DateOnly? Earliest,
    DateOnly? Latest,
    bool IsPast
);

/// <summary>latency = factor · size ^ exponent.</summary>
/// <param name="Exponent">1: twice the size is twice the latency.</param>
/// <param name="Low">The lower end of its 95 % interval.</param>
/// <param name="High">The upper end.</param>
/// <param name="RSquared">Share of the logarithm's variance that it explains.</param>
/// <param name="Points">Days with both.</param>
internal sealed record LawAnswer(double Exponent, double Low, double High, double RSquared, int Points);
