// The names of partitions: orders_p2026_11, and how a name that is too long is shortened.
using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace Drover.Partitioning.Bounds;

/// <summary>
/// Names of partitions, unquoted. Every range of a scheme has its own suffix, so names of one table never collide;
/// where the table's name must be cut to fit 63 bytes, a hash of the whole name goes into its place, so two tables'
/// names do not either.
/// </summary>
internal static class PartitionName
{
    /// <summary>The suffix of the default partition.</summary>
    public const string DefaultSuffix = "_default";

    /// <summary>The name of the default partition.</summary>
    public static string OfDefault(string table) => Fit(table, DefaultSuffix);

    /// <summary>The name of the partition that holds a range of the scheme, such as <c>orders_p2026w05</c>.</summary>
    public static string Of(string table, PartitionScheme scheme, PartitionRange range) =>
        Fit(table, Suffix(scheme, range) + Within(scheme, range));

    /// <summary>Puts a suffix to a name, within 63 bytes (manual, 4.1.1).</summary>
    public static string Fit(string name, string suffix)
    {
        int room = BoundLimits.NameBytesMax - Encoding.UTF8.GetByteCount(suffix);
        if (Encoding.UTF8.GetByteCount(name) <= room)
        {
            return name + suffix;
        }
        string hash = "_" + (XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(name)) >> 24).ToString("x10", null);
        return Cut(name, room - hash.Length) + hash + suffix;
    }

    // A range that was cut to a gap and begins inside the grid's: two gaps of one month have two names.
    private static string Within(PartitionScheme scheme, PartitionRange range)
    {
        if (!range.From.IsFinite || scheme.RangeOf(range.From.Position).From is not { IsFinite: true } begin)
        {
            return "";
        }
        long distance = range.From.Position - begin.Position;
        return distance == 0 ? "" : "_" + distance.ToString(CultureInfo.InvariantCulture);
    }

    private static string Suffix(PartitionScheme scheme, PartitionRange range)
    {
        if (!range.From.IsFinite)
        {
            return "_pmin";
        }
        if (scheme.Kind.IsNumber())
        {
            return range.From switch
            {
                { Position: < 0 } below => "_pm" + below.Position.ToString(CultureInfo.InvariantCulture)[1..],
                var from => "_p" + from.Position.ToString(CultureInfo.InvariantCulture),
            };
        }
        DateOnly day = scheme.FirstDayAt(scheme.IndexOf(range.From.Position));
        DateTime time = day.ToDateTime(TimeOnly.MinValue);
        string year = "_p" + day.Year.ToString("d4", CultureInfo.InvariantCulture);
        return scheme.Interval.Unit switch
        {
            IntervalUnit.Day => string.Create(CultureInfo.InvariantCulture, $"{year}_{day:MM}_{day:dd}"),
            IntervalUnit.Week => string.Create(
                CultureInfo.InvariantCulture,
                $"_p{ISOWeek.GetYear(time):d4}w{ISOWeek.GetWeekOfYear(time):d2}"
            ),
            IntervalUnit.Month => string.Create(CultureInfo.InvariantCulture, $"{year}_{day:MM}"),
            IntervalUnit.Quarter => string.Create(CultureInfo.InvariantCulture, $"{year}q{((day.Month - 1) / 3) + 1}"),
            _ => year,
        };
    }

    private static string Cut(string name, int bytes)
    {
        StringBuilder cut = new();
        foreach (Rune rune in name.EnumerateRunes())
        {
            bytes -= rune.Utf8SequenceLength;
            if (bytes < 0)
            {
                break;
            }
            cut.Append(rune.ToString());
        }
        return cut.ToString();
    }
}
