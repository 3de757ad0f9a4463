// How much of the key one partition holds: a unit of the calendar, or a number of ids.
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Drover.Partitioning.Bounds;

/// <summary>The unit of an interval.</summary>
internal enum IntervalUnit
{
    /// <summary>From midnight to midnight.</summary>
    Day,

    /// <summary>From Monday to Monday, numbered as in ISO 8601.</summary>
    Week,

    /// <summary>A month of the calendar.</summary>
    Month,

    /// <summary>Three months, from January, April, July and October.</summary>
    Quarter,

    /// <summary>A year of the calendar.</summary>
    Year,

    /// <summary>A number of ids; partitions begin at multiples of it.</summary>
    Step,
}

/// <summary>What one partition holds.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Step">How many ids, for <see cref="IntervalUnit.Step"/>; else 1.</param>
internal readonly record struct PartitionInterval(IntervalUnit Unit, long Step = 1)
{
    /// <summary>A calendar month.</summary>
    public static PartitionInterval Month => new(IntervalUnit.Month);

    /// <summary>
    /// Whether <paramref name="kind"/> can be cut so: steps are for numbers, units of the calendar for the rest.
    /// </summary>
    public bool Fits(PartitionKeyKind kind) => kind.IsNumber() == (Unit == IntervalUnit.Step);

    /// <summary>
    /// Reads <c>day</c>, <c>week</c>, <c>month</c>, <c>quarter</c>, <c>year</c>, also <c>daily</c>, <c>1 month</c>,
    /// <c>3 months</c>; or a number of ids such as <c>1000000</c> or <c>1_000_000</c>.
    /// </summary>
    public static bool TryParse(string text, out PartitionInterval interval, [NotNullWhen(false)] out string? problem)
    {
        string trimmed = text.Trim();
        string word = trimmed.ToLowerInvariant();
        IntervalUnit? unit = word switch
        {
            "day" or "daily" or "1 day" => IntervalUnit.Day,
            "week" or "weekly" or "1 week" or "7 days" => IntervalUnit.Week,
            "month" or "monthly" or "1 month" or "1 mon" => IntervalUnit.Month,
            "quarter" or "quarterly" or "3 months" or "3 mons" => IntervalUnit.Quarter,
            "year" or "yearly" or "1 year" => IntervalUnit.Year,
            _ => null,
        };
        problem = null;
        if (unit is { } known)
        {
            interval = new PartitionInterval(known);
            return true;
        }
        string digits = trimmed.Replace("_", "", StringComparison.Ordinal);
        if (long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long step) && step > 0)
        {
            interval = new PartitionInterval(IntervalUnit.Step, step);
            return true;
        }
        interval = default;
        problem = $"'{trimmed}' is no interval: day, week, month, quarter, year, or a number of ids such as 1000000";
        return false;
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() =>
        Unit switch
        {
            IntervalUnit.Day => "day",
            IntervalUnit.Week => "week",
            IntervalUnit.Month => "month",
            IntervalUnit.Quarter => "quarter",
            IntervalUnit.Year => "year",
            _ => Step.ToString(CultureInfo.InvariantCulture),
        };
}
