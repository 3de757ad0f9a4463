// How far back in time a statement asks a table for rows, in classes, and how many statements ask for what.
namespace Drover.Advice.Ages;

/// <summary>
/// The age of the oldest rows that a statement asks a table for, in whole days, as age() counts: rows of 7 days and 23
/// hours are 7 days old.
/// </summary>
internal enum AccessAge
{
    /// <summary>At most 7 days.</summary>
    Week,

    /// <summary>At most 30 days.</summary>
    Month,

    /// <summary>At most 90 days.</summary>
    Quarter,

    /// <summary>More.</summary>
    Older,

    /// <summary>No limit, or only on the newest.</summary>
    All,

    /// <summary>It says something of the rows' time that is not understood.</summary>
    Unknown,
}

/// <summary>
/// What statements asked a table for, by class: calls, estimated from the proxy's samples, or statements that were seen
/// in the server's activity.
/// </summary>
/// <param name="Week">The last 7 days.</param>
/// <param name="Month">More, but the last 30.</param>
/// <param name="Quarter">More, but the last 90.</param>
/// <param name="Older">More than that.</param>
/// <param name="All">All ages.</param>
/// <param name="Unknown">Not understood.</param>
/// <param name="Samples">How many statements were looked at for it.</param>
internal readonly record struct AccessCounts(
    double Week,
    double Month,
    double Quarter,
    double Older,
    double All,
    double Unknown,
    long Samples
)
{
    /// <summary>All whose age is understood.</summary>
    public double Known => Week + Month + Quarter + Older + All;

    public static AccessCounts operator +(AccessCounts one, AccessCounts other) =>
        new(
            one.Week + other.Week,
            one.Month + other.Month,
            one.Quarter + other.Quarter,
            one.Older + other.Older,
            one.All + other.All,
            one.Unknown + other.Unknown,
            one.Samples + other.Samples
        );

    /// <summary>The class of an age.</summary>
    public static AccessAge ClassOf(TimeSpan age) =>
        Math.Floor(age.TotalDays) switch
        {
            <= 7 => AccessAge.Week,
            <= 30 => AccessAge.Month,
            <= 90 => AccessAge.Quarter,
            _ => AccessAge.Older,
        };

    /// <summary>One more statement, of a weight.</summary>
    public AccessCounts Plus(AccessAge age, double weight)
    {
        AccessCounts next = this with { Samples = Samples + 1 };
        return age switch
        {
            AccessAge.Week => next with { Week = Week + weight },
            AccessAge.Month => next with { Month = Month + weight },
            AccessAge.Quarter => next with { Quarter = Quarter + weight },
            AccessAge.Older => next with { Older = Older + weight },
            AccessAge.All => next with { All = All + weight },
            _ => next with { Unknown = Unknown + weight },
        };
    }

    /// <summary>The share of those whose age is understood, 0 to 1.</summary>
    public double Share(double part) => Known > 0 ? part / Known : 0;

    /// <summary>
    /// Half of the 95 % interval of a share that random samples give, 0 to 1: 1.96 √(p (1 - p) / n).
    /// </summary>
    public double ErrorOf(double share) => Samples > 0 ? 1.96 * Math.Sqrt(share * (1 - share) / Samples) : 1;

    /// <summary>
    /// The days that the newest statements stay in: 7, 30 or 90, whichever is the first to hold a share of all that are
    /// understood; null where none does.
    /// </summary>
    public int? HotDays(double share) =>
        Known <= 0 ? null
        : Share(Week) >= share ? 7
        : Share(Week + Month) >= share ? 30
        : Share(Week + Month + Quarter) >= share ? 90
        : null;

    /// <summary>
    /// The partitions of a calendar month, the present one included, that a window of so many days can lie in: it does
    /// not keep to the calendar, so one of 7 days lies in up to 2, of 30 in up to 3 (30 January to 1 March), of 90 in
    /// up to 5 (31 January to 1 May).
    /// </summary>
    public static int MonthsOf(int days) =>
        days switch
        {
            <= 27 => 2,
            <= 58 => 3,
            <= 88 => 4,
            _ => 5,
        };
}
