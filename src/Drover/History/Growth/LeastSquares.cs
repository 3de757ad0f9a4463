// A straight line through points, and how sure its slope is.
namespace Drover.History.Growth;

/// <summary>
/// Ordinary least squares of y = intercept + slope · x. The interval of the slope is for 95 %, by Student's t with two
/// degrees of freedom fewer than points; it is infinite for two points, which fit any line.
/// </summary>
/// <param name="Slope">Of y per x.</param>
/// <param name="Intercept">y where x is 0.</param>
/// <param name="SlopeLow">The lower end of the slope's interval.</param>
/// <param name="SlopeHigh">The upper end.</param>
/// <param name="CenterX">The mean of x, through which every such line goes.</param>
/// <param name="CenterY">The mean of y.</param>
/// <param name="RSquared">Share of y's variance that the line explains, 0 to 1.</param>
/// <param name="Points">How many points.</param>
internal sealed record LeastSquares(
    double Slope,
    double Intercept,
    double SlopeLow,
    double SlopeHigh,
    double CenterX,
    double CenterY,
    double RSquared,
    int Points
)
{
    // Quantile 0.975 of Student's t for 1 to 30 degrees of freedom; beyond, that of the normal distribution, corrected
    // to the first order (Abramowitz and Stegun, 26.7.5).
    private static readonly double[] s_student =
    [
        12.706,
        4.303,
        3.182,
        2.776,
        2.571,
        2.447,
        2.365,
        2.306,
        2.262,
        2.228,
        2.201,
        2.179,
        2.160,
        2.145,
        2.131,
        2.120,
        2.110,
        2.101,
        2.093,
        2.086,
        2.080,
        2.074,
        2.069,
        2.064,
        2.060,
        2.056,
        2.052,
        2.048,
        2.045,
        2.042,
    ];

    /// <summary>The line; null for fewer than two points, or points that all have the same x.</summary>
    public static LeastSquares? Fit(IReadOnlyList<(double X, double Y)> points)
    {
        if (points.Count < 2)
        {
            return null;
        }
        double centerX = points.Average(static point => point.X);
        double centerY = points.Average(static point => point.Y);
        double xx = points.Sum(point => (point.X - centerX) * (point.X - centerX));
        double yy = points.Sum(point => (point.Y - centerY) * (point.Y - centerY));
        double xy = points.Sum(point => (point.X - centerX) * (point.Y - centerY));
        if (xx <= 0)
        {
            return null;
        }
        double slope = xy / xx;
        double rest = points.Sum(point => Square(point.Y - centerY - (slope * (point.X - centerX))));
        int freedom = points.Count - 2;
        double half = freedom > 0 ? Student(freedom) * Math.Sqrt(rest / freedom / xx) : double.PositiveInfinity;
        return new LeastSquares(
            slope,
            centerY - (slope * centerX),
            slope - half,
            slope + half,
            centerX,
            centerY,
            yy > 0 ? Math.Max(0, 1 - (rest / yy)) : 1,
            points.Count
        );
    }

    /// <summary>y at an x.</summary>
    public double At(double x) => Intercept + (Slope * x);

    /// <summary>The quantile 0.975 of Student's t.</summary>
    public static double Student(int freedom)
    {
        const double Normal = 1.959964;
        return freedom <= s_student.Length
            ? s_student[freedom - 1]
            : Normal + (((Normal * Normal * Normal) + Normal) / (4.0 * freedom));
    }

    private static double Square(double value) => value * value;
}
