// How something grows with time, and when it reaches a limit.
namespace Drover.History.Growth;

/// <summary>How something grows.</summary>
internal enum GrowthShape
{
    /// <summary>By the same amount in the same time.</summary>
    Linear,

    /// <summary>By the same factor in the same time.</summary>
    Exponential,
}

/// <summary>The day on which a limit is reached.</summary>
/// <param name="Limit">The limit, in the value's unit.</param>
/// <param name="Day">By the fit; null when it does not get there within a hundred years.</param>
/// <param name="Earliest">By the upper end of the growth's 95 % interval.</param>
/// <param name="Latest">By its lower end; null when it may never be.</param>
/// <param name="IsPast">The last known value is at the limit or above it.</param>
internal sealed record LimitDay(double Limit, DateOnly? Day, DateOnly? Earliest, DateOnly? Latest, bool IsPast);

/// <summary>
/// A line over time: of the value, or of its logarithm, whichever leaves less of the value unexplained.
/// </summary>
/// <param name="Shape">Which.</param>
/// <param name="Line">Over days since <paramref name="Start"/>.</param>
/// <param name="Start">The first day.</param>
/// <param name="End">The last day.</param>
/// <param name="First">The value on the first day.</param>
/// <param name="Last">The value on the last day.</param>
internal sealed record GrowthTrend(
    GrowthShape Shape,
    LeastSquares Line,
    DateOnly Start,
    DateOnly End,
    double First,
    double Last
)
{
    private const double DaysPerMonth = 365.25 / 12;
    private const double DaysMax = 36_525;

    /// <summary>Points that a trend needs: through two, any curve goes.</summary>
    public const int PointsMin = 3;

    /// <summary>For exponential growth: the months in which the value doubles; negative when it halves.</summary>
    public double? DoublingMonths =>
        Shape == GrowthShape.Exponential && Line.Slope != 0 ? Math.Log(2) / Line.Slope / DaysPerMonth : null;

    /// <summary>What a month adds at the end of the known time, in the value's unit.</summary>
    public double MonthlyGain =>
        Shape == GrowthShape.Linear ? Line.Slope * DaysPerMonth : Last * (Math.Exp(Line.Slope * DaysPerMonth) - 1);

    /// <summary>The trend of a value; null when it is known on fewer than three days.</summary>
    public static GrowthTrend? Of(IReadOnlyList<GrowthPoint> points, Func<GrowthPoint, double?> read)
    {
        (DateOnly At, double Value)[] known =
        [
            .. points
                .Where(point => read(point) is not null)
                .Select(point => (point.At, read(point)!.Value))
                .OrderBy(static one => one.At),
        ];
        if (known.Length < PointsMin)
        {
            return null;
        }
        DateOnly start = known[0].At;
        (double X, double Y)[] plain =
        [
            .. known.Select(one => ((double)(one.At.DayNumber - start.DayNumber), one.Value)),
        ];
        LeastSquares? linear = LeastSquares.Fit(plain);
        if (linear is null)
        {
            return null;
        }
        LeastSquares? exponential = plain.All(static point => point.Y > 0)
            ? LeastSquares.Fit([.. plain.Select(static point => (point.X, Math.Log(point.Y)))])
            : null;
        bool isLinear = exponential is null || Rest(plain, linear.At) <= Rest(plain, x => Math.Exp(exponential.At(x)));
        return new GrowthTrend(
            isLinear ? GrowthShape.Linear : GrowthShape.Exponential,
            isLinear ? linear : exponential!,
            start,
            known[^1].At,
            known[0].Value,
            known[^1].Value
        );
    }

    /// <summary>When the value reaches a limit.</summary>
    public LimitDay Reach(double limit)
    {
        if (Last >= limit)
        {
            return new LimitDay(limit, End, End, End, IsPast: true);
        }
        return new LimitDay(
            limit,
            DayAt(limit, Line.Slope),
            DayAt(limit, Line.SlopeHigh),
            DayAt(limit, Line.SlopeLow),
            IsPast: false
        );
    }

    // Every line of the interval goes through the middle of the points. Nothing is reached before the last known day.
    private DateOnly? DayAt(double limit, double slope)
    {
        if (slope <= 0 || !double.IsFinite(slope) || limit <= 0)
        {
            return null;
        }
        double y = Shape == GrowthShape.Linear ? limit : Math.Log(limit);
        double days = Math.Max(Line.CenterX + ((y - Line.CenterY) / slope), End.DayNumber - Start.DayNumber);
        return days < DaysMax ? Start.AddDays((int)Math.Ceiling(days)) : null;
    }

    private static double Rest((double X, double Y)[] points, Func<double, double> curve) =>
        points.Sum(point => (point.Y - curve(point.X)) * (point.Y - curve(point.X)));
}

/// <summary>How latency grows with size: latency = factor · size ^ exponent.</summary>
/// <param name="Exponent">1: twice the size is twice the latency.</param>
/// <param name="Low">The lower end of its 95 % interval.</param>
/// <param name="High">The upper end.</param>
/// <param name="RSquared">Share of the logarithm's variance that it explains.</param>
/// <param name="Points">Days with both.</param>
internal sealed record PowerLaw(double Exponent, double Low, double High, double RSquared, int Points)
{
    /// <summary>
    /// The law, by least squares of the logarithms; null with fewer than three days that have both, or sizes that are
    /// all the same.
    /// </summary>
    public static PowerLaw? Of(IReadOnlyList<GrowthPoint> points, Func<GrowthPoint, double?> latency)
    {
        (double, double)[] logs =
        [
            .. points
                .Where(point => point.Bytes > 0 && latency(point) > 0)
                .Select(point => (Math.Log(point.Bytes!.Value), Math.Log(latency(point)!.Value))),
        ];
        return logs.Length >= GrowthTrend.PointsMin && LeastSquares.Fit(logs) is { } line
            ? new PowerLaw(line.Slope, line.SlopeLow, line.SlopeHigh, line.RSquared, line.Points)
            : null;
    }
}
