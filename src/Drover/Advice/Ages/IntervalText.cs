// Intervals and moments as PostgreSQL's clients write them: the common forms, and null for the others.
using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Drover.Advice.Ages;

/// <summary>Months, days and seconds, which PostgreSQL keeps apart.</summary>
internal readonly partial record struct IntervalText(double Months, double Days, double Seconds)
{
    /// <summary>Reads a text such as <c>1 month 7 days 12:00</c>; null for other forms.</summary>
    public static IntervalText? Read(string text)
    {
        MatchCollection parts = Part.Matches(text);
        if (parts.Count == 0 || Part.Replace(text, "").Trim().Length > 0)
        {
            return null;
        }
        IntervalText sum = default;
        foreach (Match part in parts)
        {
            double first = Of(part.Groups["number"]);
            sum = part.Groups["unit"].Value.ToLowerInvariant() switch
            {
                "" => sum with
                {
                    Seconds =
                        sum.Seconds
                        + (3600 * Of(part.Groups["h"]))
                        + (60 * Of(part.Groups["m"]))
                        + Of(part.Groups["s"]),
                },
                ['y', ..] => sum with { Months = sum.Months + (12 * first) },
                ['m', 'o', ..] => sum with { Months = sum.Months + first },
                ['w', ..] => sum with { Days = sum.Days + (7 * first) },
                ['d', ..] => sum with { Days = sum.Days + first },
                ['h', ..] => sum with { Seconds = sum.Seconds + (3600 * first) },
                ['m', ..] => sum with { Seconds = sum.Seconds + (60 * first) },
                _ => sum with { Seconds = sum.Seconds + first },
            };
        }
        return sum;
    }

    /// <summary>Reads the binary format: microseconds, days, months.</summary>
    public static IntervalText? ReadBinary(ReadOnlySpan<byte> bytes) =>
        bytes.Length == 16
            ? new IntervalText(
                BinaryPrimitives.ReadInt32BigEndian(bytes[12..]),
                BinaryPrimitives.ReadInt32BigEndian(bytes[8..]),
                BinaryPrimitives.ReadInt64BigEndian(bytes) / 1e6
            )
            : null;

    /// <summary>So many times as long.</summary>
    public IntervalText Times(double factor) => new(Months * factor, Days * factor, Seconds * factor);

    private static double Of(Group group) =>
        group.Success ? double.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(
        @"(?<h>\d{1,9}):(?<m>\d{2})(:(?<s>\d{2}(\.\d{1,9})?))?"
            + @"|(?<number>-?\d{1,9}(\.\d{1,9})?)\s*"
            + @"(?<unit>years?|yrs?|months?|mons?|weeks?|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?)\b",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant
    )]
    private static partial Regex Part { get; }
}

/// <summary>Dates and timestamps in ISO 8601, as drivers write them.</summary>
internal static partial class MomentText
{
    /// <summary>
    /// Reads <c>2026-11-27</c>, <c>2026-11-27 14:03:05.12+01</c> and the like: the time on the wall, and how far its
    /// zone is ahead of UTC where it says so. Null for other forms.
    /// </summary>
    public static (DateTime Wall, TimeSpan? Offset)? Read(string text)
    {
        Match match = Iso.Match(text);
        if (
            !match.Success
            || !DateTime.TryParseExact(
                match.Groups["day"].ValueSpan,
                "yyyy-MM-dd",
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out DateTime day
            )
        )
        {
            return null;
        }
        DateTime wall = day.AddHours(Of(match, "h")).AddMinutes(Of(match, "m")).AddSeconds(Of(match, "s"));
        if (!match.Groups["zone"].Success)
        {
            return (wall, null);
        }
        TimeSpan offset = TimeSpan.FromHours(Of(match, "zh")) + TimeSpan.FromMinutes(Of(match, "zm"));
        return (wall, match.Groups["zone"].Value[0] == '-' ? -offset : offset);
    }

    private static double Of(Match match, string group) =>
        match.Groups[group].Success ? double.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(
        @"^(?<day>\d{4}-\d{2}-\d{2})([t ](?<h>[01]\d|2[0-3]):(?<m>[0-5]\d)(:(?<s>[0-5]\d(\.\d{1,9})?))?"
            + @" ?(?<zone>z|[+-](?<zh>[01]\d)(:?(?<zm>[0-5]\d))?)?)?$",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex Iso { get; }
}
