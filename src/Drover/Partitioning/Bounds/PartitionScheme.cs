// How a table is cut: the key's type, the interval and the time zone give every range that a partition may have.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Partitioning.Bounds;

/// <summary>
/// The grid of ranges that a table is cut into. Ranges are numbered; each begins where the one before ends, so that
/// there is neither a gap nor an overlap, whatever the calendar and the zone's clock do. Pure: nothing here reads a
/// clock or a database.
/// </summary>
internal sealed class PartitionScheme
{
    private readonly long _lowest;
    private readonly long _highest;

    private PartitionScheme(PartitionKeyKind kind, PartitionInterval interval, TimeZoneInfo zone)
    {
        Kind = kind;
        Interval = interval;
        Zone = zone;
        (_lowest, _highest) = kind switch
        {
            PartitionKeyKind.Integer => (int.MinValue, int.MaxValue),
            PartitionKeyKind.BigInt => (long.MinValue, long.MaxValue),
            _ => (Math.Max(Start(0), kind == PartitionKeyKind.UuidV7 ? 0 : long.MinValue), LastTime() - 1),
        };
    }

    /// <summary>The key's type.</summary>
    public PartitionKeyKind Kind { get; }

    /// <summary>What one partition holds.</summary>
    public PartitionInterval Interval { get; }

    /// <summary>
    /// The zone whose days, weeks and months are meant. For <c>timestamptz</c> and uuids it places the bounds; for
    /// <c>date</c> and <c>timestamp</c> it only says which day it is now; ids do not use it.
    /// </summary>
    public TimeZoneInfo Zone { get; }

    /// <summary>Makes a scheme, or says why the interval does not fit the key or which zone is unknown.</summary>
    public static bool TryCreate(
        PartitionKeyKind kind,
        PartitionInterval interval,
        string zone,
        [NotNullWhen(true)] out PartitionScheme? scheme,
        [NotNullWhen(false)] out string? problem
    )
    {
        scheme = null;
        if (!interval.Fits(kind))
        {
            problem = kind.IsNumber()
                ? $"a key of type {kind.SqlType()} is cut by a number of ids such as 1000000, not by {interval}"
                : $"a key of type {kind.SqlType()} is cut by day, week, month, quarter or year, not by a number of ids";
            return false;
        }
        if (!ZoneDays.TryFind(zone, out TimeZoneInfo? found, out problem))
        {
            return false;
        }
        scheme = new PartitionScheme(kind, interval, found);
        return true;
    }

    /// <summary>
    /// A scheme that is known to be right, such as by month in UTC; fails where <see cref="TryCreate"/> has a problem.
    /// </summary>
    public static PartitionScheme Of(PartitionKeyKind kind, PartitionInterval interval, string zone = "UTC") =>
        TryCreate(kind, interval, zone, out PartitionScheme? scheme, out string? problem)
            ? scheme
            : throw new ArgumentException(problem);

    /// <summary>
    /// The position of an instant on the key's axis. Ids have none: their position comes from the data.
    /// </summary>
    public long PositionOf(DateTimeOffset instant)
    {
        DateTime utc = instant.UtcDateTime;
        return Kind switch
        {
            PartitionKeyKind.Integer or PartitionKeyKind.BigInt => throw new InvalidOperationException(
                "the position of ids does not come from a clock"
            ),
            PartitionKeyKind.TimestampTz or PartitionKeyKind.UuidV7 => BoundAxis.OfInstant(Kind, utc),
            _ => BoundAxis.OfLocal(Kind, utc + Zone.GetUtcOffset(utc)),
        };
    }

    /// <summary>The date of a position, in the scheme's zone. Ids have none.</summary>
    public DateOnly DayOf(long position) =>
        Kind.IsInstant()
            ? ZoneDays.DateAt(BoundAxis.InstantAt(Kind, position), Zone)
            : BoundAxis.DateAt(Kind, position);

    /// <summary>Where a day begins. Ids have no days.</summary>
    public long PositionOfDay(DateOnly day) =>
        Kind.IsInstant()
            ? BoundAxis.OfInstant(Kind, ZoneDays.StartOf(day, Zone))
            : BoundAxis.OfLocal(Kind, day.ToDateTime(TimeOnly.MinValue));

    /// <summary>Whether a partition can be made for a position: ids always, times in the supported years.</summary>
    public bool Supports(long position) => position >= _lowest && position <= _highest;

    /// <summary>The number of the range that holds a position.</summary>
    public long IndexOf(long position)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(position, _lowest);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, _highest);
        if (Kind.IsNumber())
        {
            return FloorDivide(position, Interval.Step);
        }
        long index = CalendarUnit.IndexOf(Interval.Unit, DayOf(position));

        // Where the clock goes back over midnight, a date can begin before the date before it ends.
        while (index > 0 && position < Start(index))
        {
            index--;
        }
        while (position >= Start(index + 1))
        {
            index++;
        }
        return index;
    }

    /// <summary>
    /// A range by its number. Where ids end, its bound is MINVALUE or MAXVALUE. It is empty where a zone skipped a
    /// whole day.
    /// </summary>
    public PartitionRange RangeAt(long index)
    {
        if (!Kind.IsNumber())
        {
            return new PartitionRange(
                PartitionBound.At(Math.Max(_lowest, Start(index))),
                PartitionBound.At(Math.Max(_lowest, Start(index + 1)))
            );
        }
        Int128 from = (Int128)index * Interval.Step;
        Int128 to = from + Interval.Step;
        return new PartitionRange(
            from < _lowest ? PartitionBound.MinValue : PartitionBound.At((long)from),
            to > _highest ? PartitionBound.MaxValue : PartitionBound.At((long)to)
        );
    }

    /// <summary>The range that holds a position.</summary>
    public PartitionRange RangeOf(long position) => RangeAt(IndexOf(position));

    /// <summary>The first day of a range by time, in the scheme's zone; names are made from it.</summary>
    public DateOnly FirstDayAt(long index) => CalendarUnit.FirstDay(Interval.Unit, index);

    /// <summary>
    /// The ranges that hold everything from the lowest to the highest key, in order, and <paramref name="premake"/>
    /// more after the one of <paramref name="current"/>.
    /// </summary>
    /// <param name="min">The position of the lowest key; null when there are no rows.</param>
    /// <param name="max">The position of the highest key; null when there are no rows.</param>
    /// <param name="current">
    /// The position of now (<see cref="PositionOf"/>); for ids the highest that was given out.
    /// </param>
    /// <param name="premake">How many ranges after the current one, 0 to <see cref="BoundLimits.PremakeMax"/>.</param>
    /// <param name="ranges">The ranges.</param>
    /// <param name="problem">Why there are none: a key out of the supported years, or too many partitions.</param>
    public bool TryCover(
        long? min,
        long? max,
        long current,
        int premake,
        [NotNullWhen(true)] out IReadOnlyList<PartitionRange>? ranges,
        [NotNullWhen(false)] out string? problem
    )
    {
        ranges = null;
        problem = null;
        if (premake is < 0 or > BoundLimits.PremakeMax)
        {
            problem = $"premake is {premake}: 0 to {BoundLimits.PremakeMax} partitions can be made ahead";
            return false;
        }
        long lowest = Math.Min(min ?? current, current);
        long highest = Math.Max(max ?? current, current);
        if (!Supports(lowest) || !Supports(highest))
        {
            problem = $"keys outside the years {BoundLimits.YearMin} to {BoundLimits.YearMax} have no partition";
            return false;
        }
        long first = IndexOf(lowest);
        long ahead = (long)Int128.Min((Int128)IndexOf(current) + premake, IndexOf(_highest));
        long last = Math.Max(IndexOf(highest), ahead);
        if ((Int128)last - first >= BoundLimits.PartitionsMax)
        {
            problem =
                $"{(Int128)last - first + 1} partitions from {Print(lowest)} to {Print(highest)} and {premake} ahead; "
                + $"at most {BoundLimits.PartitionsMax}: take a longer interval, or look for keys that cannot be right";
            return false;
        }
        List<PartitionRange> found = [];
        // Counted from 0: with an interval of 1 the last number may be the greatest that there is.
        for (long more = 0; more <= last - first; more++)
        {
            if (RangeAt(first + more) is { IsEmpty: false } range)
            {
                found.Add(range);
            }
        }
        ranges = found;
        return true;
    }

    /// <summary>A position as PostgreSQL reads it, without quotes.</summary>
    public string Print(long position) => BoundAxis.Print(Kind, position, Zone);

    private long Start(long index) => PositionOfDay(CalendarUnit.FirstDay(Interval.Unit, index));

    // The last range ends where the year after YearMax begins, or up to six days before, so that every bound has four
    // digits.
    private long LastTime() => Start(CalendarUnit.IndexOf(Interval.Unit, new DateOnly(BoundLimits.YearMax + 1, 1, 1)));

    private static long FloorDivide(long value, long divisor)
    {
        (long quotient, long remainder) = Math.DivRem(value, divisor);
        return remainder < 0 ? quotient - 1 : quotient;
    }
}
