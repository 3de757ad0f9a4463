// Times of the clients' statements, apart by what was asked.
using HdrHistogram;

namespace Drover.App.Demo;

/// <summary>What a statement of the shop's traffic asks. Reads of orders are apart by the age of what they ask
/// for.</summary>
internal enum QueryKind
{
    /// <summary>The join of the last 90 days.</summary>
    Dashboard,

    /// <summary>A customer's orders of the last 7 days.</summary>
    OrdersOfWeek,

    /// <summary>Of 7 to 30 days ago.</summary>
    OrdersOfMonth,

    /// <summary>Of 30 to 90 days ago.</summary>
    OrdersOfQuarter,

    /// <summary>Older than 90 days.</summary>
    OrdersOlder,

    /// <summary>An order's status, by its id alone.</summary>
    ChangeOrder,

    /// <summary>A new order.</summary>
    PlaceOrder,

    /// <summary>Everything that does not touch orders, and COMMIT.</summary>
    Other,
}

/// <summary>Histograms of microseconds, one for each kind.</summary>
internal sealed class TrafficTimes
{
    /// <summary>The longest time that is told apart.</summary>
    public const long MicrosecondsMax = 120_000_000;

    /// <summary>Decimal digits that are kept.</summary>
    public const int SignificantDigits = 3;

    private readonly HistogramBase[] _byKind =
    [
        .. Enum.GetValues<QueryKind>().Select(static _ => new LongHistogram(1, MicrosecondsMax, SignificantDigits)),
    ];

    /// <summary>All kinds together.</summary>
    public HistogramBase All { get; } = new LongHistogram(1, MicrosecondsMax, SignificantDigits);

    /// <summary>One kind.</summary>
    public HistogramBase Of(QueryKind kind) => _byKind[(int)kind];

    /// <summary>Adds what was measured of one kind.</summary>
    public void Add(QueryKind kind, HistogramBase times)
    {
        _byKind[(int)kind].Add(times);
        All.Add(times);
    }

    /// <summary>Adds another interval.</summary>
    public void Add(TrafficTimes other)
    {
        foreach (QueryKind kind in Enum.GetValues<QueryKind>())
        {
            Add(kind, other.Of(kind));
        }
    }
}

/// <summary>Figures of a histogram of microseconds, in milliseconds.</summary>
internal static class HistogramFigures
{
    /// <summary>The mean; 0 without values.</summary>
    public static double AverageMs(this HistogramBase histogram) =>
        histogram.TotalCount == 0 ? 0 : histogram.GetMean() / 1000;

    /// <summary>A percentile; 0 without values.</summary>
    public static double PercentileMs(this HistogramBase histogram, double percentile) =>
        histogram.TotalCount == 0 ? 0 : histogram.GetValueAtPercentile(percentile) / 1000.0;

    /// <summary>The longest; 0 without values.</summary>
    public static double MaxMs(this HistogramBase histogram) =>
        histogram.TotalCount == 0 ? 0 : histogram.GetMaxValue() / 1000.0;
}
