// Values of the partition key as text, and their positions: what PostgreSQL prints and reads.
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Drover.Partitioning.Bounds;

/// <summary>
/// Turns a value's text into its position and back, per kind. Text from the server must have been printed under
/// <c>DateStyle = ISO</c> (manual, 8.5.2); instants carry their offset, so that the session's zone does not matter.
/// </summary>
internal static class BoundAxis
{
    private const long TicksPerMicrosecond = TimeSpan.TicksPerMillisecond / 1000;

    private static readonly string[] s_timestampFormats = ["yyyy-MM-dd HH:mm:ss.FFFFFF", "yyyy-MM-dd"];

    /// <summary>The position of a point in time without a zone.</summary>
    public static long OfLocal(PartitionKeyKind kind, DateTime local) =>
        kind == PartitionKeyKind.Date ? DateOnly.FromDateTime(local).DayNumber : local.Ticks / TicksPerMicrosecond;

    /// <summary>The position of an instant; times before 1970 have none in a uuid and become negative.</summary>
    public static long OfInstant(PartitionKeyKind kind, DateTime utc) =>
        kind == PartitionKeyKind.UuidV7
            ? Math.DivRem(utc.Ticks - DateTime.UnixEpoch.Ticks, TimeSpan.TicksPerMillisecond).Quotient
            : utc.Ticks / TicksPerMicrosecond;

    /// <summary>The instant at a position of a kind whose values are instants.</summary>
    public static DateTime InstantAt(PartitionKeyKind kind, long position) =>
        kind == PartitionKeyKind.UuidV7
            ? DateTime.UnixEpoch.AddTicks(checked(position * TimeSpan.TicksPerMillisecond))
            : new DateTime(checked(position * TicksPerMicrosecond), DateTimeKind.Utc);

    /// <summary>The date at a position of a kind without a zone.</summary>
    public static DateOnly DateAt(PartitionKeyKind kind, long position) =>
        kind == PartitionKeyKind.Date
            ? DateOnly.FromDayNumber(checked((int)position))
            : DateOnly.FromDateTime(new DateTime(checked(position * TicksPerMicrosecond)));

    /// <summary>
    /// The value as PostgreSQL reads it, without quotes; instants are printed in the zone, with their offset.
    /// </summary>
    public static string Print(PartitionKeyKind kind, long position, TimeZoneInfo zone) =>
        kind switch
        {
            PartitionKeyKind.Date => DateAt(kind, position).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            PartitionKeyKind.Timestamp => Print(new DateTime(checked(position * TicksPerMicrosecond))),
            PartitionKeyKind.TimestampTz => PrintInstant(InstantAt(kind, position), zone),
            PartitionKeyKind.UuidV7 => PrintUuid(position),
            _ => position.ToString(CultureInfo.InvariantCulture),
        };

    /// <summary>The position of a value that PostgreSQL printed, without quotes.</summary>
    public static bool TryRead(
        PartitionKeyKind kind,
        string text,
        out long position,
        [NotNullWhen(false)] out string? problem
    )
    {
        position = 0;
        problem = null;
        bool isRead = kind switch
        {
            PartitionKeyKind.Date => TryReadDate(text, out position),
            PartitionKeyKind.Timestamp => TryReadTimestamp(text, out position),
            PartitionKeyKind.TimestampTz => TryReadInstant(text, out position),
            PartitionKeyKind.UuidV7 => TryReadUuid(text, out position),
            PartitionKeyKind.Integer => int.TryParse(text, NumberStyles.AllowLeadingSign, null, out int number)
                && (position = number) == number,
            _ => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out position),
        };
        problem = isRead ? null : Explain(kind, text);
        return isRead;
    }

    private static string Explain(PartitionKeyKind kind, string text)
    {
        string name = kind.SqlType();
        if (text is "infinity" or "-infinity")
        {
            return $"{text} is a value of {name} that no partition by time can hold: set it to NULL or to a real time";
        }
        return text.EndsWith(" BC", StringComparison.Ordinal)
            ? $"'{text}' is before the year {BoundLimits.YearMin}: partitions are made for years of our era only"
            : $"'{text}' cannot be read as {name} in the years {BoundLimits.YearMin} to {BoundLimits.YearMax}";
    }

    private static bool TryReadDate(string text, out long position)
    {
        bool isRead = DateOnly.TryParseExact(text, "yyyy-MM-dd", null, DateTimeStyles.None, out DateOnly day);
        position = day.DayNumber;
        return isRead && day.Year <= BoundLimits.YearMax;
    }

    private static bool TryReadTimestamp(string text, out long position)
    {
        bool isRead = DateTime.TryParseExact(text, s_timestampFormats, null, DateTimeStyles.None, out DateTime time);
        position = time.Ticks / TicksPerMicrosecond;
        return isRead && time.Year <= BoundLimits.YearMax;
    }

    // 2026-11-01 00:00:00.123456+05:30:10: PostgreSQL leaves out what is zero at the end of the offset.
    private static bool TryReadInstant(string text, out long position)
    {
        position = 0;
        int sign = text.LastIndexOfAny(['+', '-']);
        if (sign <= "yyyy-MM-dd".Length || !TryReadTimestamp(text[..sign], out long local))
        {
            return false;
        }
        long seconds = 0;
        string[] parts = text[(sign + 1)..].Split(':');
        long[] weights = [3600, 60, 1];
        for (int i = 0; i < parts.Length; i++)
        {
            if (i >= weights.Length || !int.TryParse(parts[i], NumberStyles.None, null, out int part) || part > 59)
            {
                return false;
            }
            seconds += part * weights[i];
        }
        position = local - ((text[sign] == '-' ? -seconds : seconds) * 1_000_000);
        return position >= 0;
    }

    private static bool TryReadUuid(string text, out long position)
    {
        bool isRead = Guid.TryParseExact(text, "D", out Guid value);
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        position = 0;
        for (int i = 0; i < 6; i++)
        {
            position = (position << 8) | bytes[i];
        }
        return isRead;
    }

    private static string Print(DateTime time) =>
        time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture);

    private static string PrintInstant(DateTime utc, TimeZoneInfo zone)
    {
        TimeSpan offset = zone.GetUtcOffset(utc);
        long local = utc.Ticks + offset.Ticks;
        if (local < 0 || local > DateTime.MaxValue.Ticks || offset.Ticks % TimeSpan.TicksPerMinute != 0)
        {
            (local, offset) = (utc.Ticks, TimeSpan.Zero);
        }
        string sign = offset < TimeSpan.Zero ? "-" : "+";
        return $"{Print(new DateTime(local))}{sign}{offset.Duration():hh\\:mm}";
    }

    // The lowest of all uuids of this millisecond, whatever their version.
    private static string PrintUuid(long milliseconds) =>
        $"{milliseconds >> 16:x8}-{milliseconds & 0xffff:x4}-0000-0000-000000000000";
}
