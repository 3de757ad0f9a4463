// Days, weeks, months, quarters and years, each numbered from the first of January of the year 1.
namespace Drover.Partitioning.Bounds;

/// <summary>Arithmetic of the calendar's units: every unit has a number, so that the next one is one more.</summary>
internal static class CalendarUnit
{
    // 0001-01-01 was a Monday: ISO weeks begin at multiples of seven.
    private const int DaysPerWeek = 7;
    private const int MonthsPerQuarter = 3;
    private const int MonthsPerYear = 12;

    /// <summary>The number of the unit that a day lies in.</summary>
    public static long IndexOf(IntervalUnit unit, DateOnly day)
    {
        int month = ((day.Year - 1) * MonthsPerYear) + day.Month - 1;
        return unit switch
        {
            IntervalUnit.Day => day.DayNumber,
            IntervalUnit.Week => day.DayNumber / DaysPerWeek,
            IntervalUnit.Month => month,
            IntervalUnit.Quarter => month / MonthsPerQuarter,
            IntervalUnit.Year => day.Year - 1,
            _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, "not a unit of the calendar"),
        };
    }

    /// <summary>The first day of a unit.</summary>
    public static DateOnly FirstDay(IntervalUnit unit, long index) =>
        unit switch
        {
            IntervalUnit.Day => DateOnly.FromDayNumber(checked((int)index)),
            IntervalUnit.Week => DateOnly.FromDayNumber(checked((int)index * DaysPerWeek)),
            IntervalUnit.Month => Month(index),
            IntervalUnit.Quarter => Month(index * MonthsPerQuarter),
            IntervalUnit.Year => Month(index * MonthsPerYear),
            _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, "not a unit of the calendar"),
        };

    private static DateOnly Month(long number) =>
        new(checked((int)(number / MonthsPerYear) + 1), (int)(number % MonthsPerYear) + 1, 1);
}
