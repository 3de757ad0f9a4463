// How long a table's partitions are kept, and what becomes of those that are older.
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Drover.Partitioning.Bounds;

namespace Drover.Partitioning.Maintenance;

/// <summary>What becomes of a partition that is past its retention.</summary>
internal enum RetentionAction
{
    /// <summary>Detached; the table stays.</summary>
    Detach,

    /// <summary>Detached and dropped.</summary>
    Drop,

    /// <summary>Detached, written to a compressed file, verified, dropped.</summary>
    Archive,
}

/// <summary>How much is kept: a span of the calendar back from now, or a number of ids back from the highest.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Count">How many of it; for <see cref="IntervalUnit.Step"/> the number of ids.</param>
internal readonly record struct Retention(IntervalUnit Unit, long Count)
{
    private const int DaysPerWeek = 7;
    private const int MonthsPerQuarter = 3;
    private const int MonthsPerYear = 12;
    private const int CountMax = 10_000;

    /// <summary>Reads <c>24 months</c>, <c>90 days</c>, <c>2 years</c>; or a number of ids.</summary>
    public static bool TryParse(string text, out Retention retention, [NotNullWhen(false)] out string? problem)
    {
        string[] words = text.Trim().ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        problem = null;
        retention = default;
        string digits = words.Length > 0 ? words[0].Replace("_", "", StringComparison.Ordinal) : "";
        bool isNumber =
            long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long count) && count > 0;
        IntervalUnit? unit = words switch
        {
            [_] => IntervalUnit.Step,
            [_, "day" or "days"] => IntervalUnit.Day,
            [_, "week" or "weeks"] => IntervalUnit.Week,
            [_, "mon" or "mons" or "month" or "months"] => IntervalUnit.Month,
            [_, "quarter" or "quarters"] => IntervalUnit.Quarter,
            [_, "year" or "years"] => IntervalUnit.Year,
            _ => null,
        };
        if (!isNumber || unit is null || (unit != IntervalUnit.Step && count > CountMax))
        {
            problem = $"'{text}' is no retention: 24 months, 90 days, 2 years, or a number of ids";
            return false;
        }
        retention = new Retention(unit.Value, count);
        return true;
    }

    /// <summary>Everything below this position is past its retention; null: it goes back before all years.</summary>
    public long? CutFrom(PartitionScheme scheme, long current)
    {
        if (Unit == IntervalUnit.Step)
        {
            return current - long.MinValue < Count ? null : current - Count;
        }
        DateOnly today = scheme.DayOf(current);
        int count = (int)Count;
        long days = Unit switch
        {
            IntervalUnit.Day => count,
            IntervalUnit.Week => (long)count * DaysPerWeek,
            _ => 0,
        };
        int months = Unit switch
        {
            IntervalUnit.Month => count,
            IntervalUnit.Quarter => count * MonthsPerQuarter,
            IntervalUnit.Year => count * MonthsPerYear,
            _ => 0,
        };
        bool isBeforeAll = days >= today.DayNumber || months >= ((today.Year - 1) * MonthsPerYear) + today.Month - 1;
        return isBeforeAll ? null : scheme.PositionOfDay(today.AddDays(-(int)days).AddMonths(-months));
    }

    /// <summary>Whether it can be measured on keys of this kind.</summary>
    public bool Fits(PartitionKeyKind kind) => kind.IsNumber() == (Unit == IntervalUnit.Step);

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString()
    {
        string count = Count.ToString(CultureInfo.InvariantCulture);
        string unit = Unit.ToString().ToLowerInvariant();
        return Unit == IntervalUnit.Step ? count : $"{count} {unit}{(Count == 1 ? "" : "s")}";
    }
}
