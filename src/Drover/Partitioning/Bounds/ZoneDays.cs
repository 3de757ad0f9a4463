// Where the days of a time zone begin, as instants, also where the clock is changed at midnight.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Partitioning.Bounds;

/// <summary>
/// The days of a time zone. A day begins at the first instant of its date: 00:00, or later where the clock skips
/// midnight; where midnight comes twice, one of the two. A date that the zone skipped whole begins when the next does,
/// and is empty.
/// </summary>
internal static class ZoneDays
{
    // No zone is further from UTC than 15:13 hours (Alaska, before 1867).
    private static readonly long s_offsetTicksMax = TimeSpan.FromHours(16).Ticks;

    /// <summary>The first instant of a date.</summary>
    public static DateTime StartOf(DateOnly day, TimeZoneInfo zone)
    {
        long midnight = day.ToDateTime(TimeOnly.MinValue).Ticks;
        long before = Math.Max(DateTime.MinValue.Ticks, midnight - s_offsetTicksMax);
        long after = midnight + s_offsetTicksMax;
        if (LocalTicks(before, zone) >= midnight)
        {
            return new DateTime(before, DateTimeKind.Utc);
        }

        // Changes of a zone's clock are at whole seconds: the search ends at one.
        while (after - before > TimeSpan.TicksPerSecond)
        {
            long middle = before + ((after - before) / TimeSpan.TicksPerSecond / 2 * TimeSpan.TicksPerSecond);
            (before, after) = LocalTicks(middle, zone) >= midnight ? (before, middle) : (middle, after);
        }
        return new DateTime(after, DateTimeKind.Utc);
    }

    /// <summary>The zone's date at an instant.</summary>
    public static DateOnly DateAt(DateTime utc, TimeZoneInfo zone) =>
        DateOnly.FromDateTime(new DateTime(Math.Clamp(LocalTicks(utc.Ticks, zone), 0, DateTime.MaxValue.Ticks)));

    /// <summary>Finds a zone by its name in the IANA database, such as <c>Europe/Berlin</c>.</summary>
    public static bool TryFind(
        string name,
        [NotNullWhen(true)] out TimeZoneInfo? zone,
        [NotNullWhen(false)] out string? problem
    )
    {
        problem = null;
        if (name == "UTC")
        {
            zone = TimeZoneInfo.Utc;
            return true;
        }
        if (name.Length > 0 && TimeZoneInfo.TryFindSystemTimeZoneById(name, out zone))
        {
            return true;
        }
        zone = null;
        problem = $"time zone '{name}' is not in this machine's database of zones (Debian package tzdata)";
        return false;
    }

    private static long LocalTicks(long utc, TimeZoneInfo zone) =>
        utc + zone.GetUtcOffset(new DateTime(utc, DateTimeKind.Utc)).Ticks;
}
