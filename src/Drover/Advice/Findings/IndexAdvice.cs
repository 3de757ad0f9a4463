// Indexes that cost and do not help: invalid, duplicate, covered by another, never used.
using System.Globalization;
using Drover.Operations;

namespace Drover.Advice.Findings;

/// <summary>
/// Judges indexes by their definitions and counters alone. Each is named once, by the surest reason; one that another
/// index's reason rests on is left alone.
/// </summary>
internal static class IndexAdvice
{
    private const string DropPrice = "a moment's wait for open transactions; no lock that readers or writers feel";

    private const string UnknownAge =
        ". When it was built is not known, and one that was built since looks the same: "
        + "track_commit_timestamp = on tells of those that are built from then on";

    /// <summary>All recommendations, in no order.</summary>
    /// <param name="indexes">With the scans of the standbys that were looked at.</param>
    /// <param name="countedFor">How long all counters have run.</param>
    /// <param name="standbys">Standbys that are connected and were not looked at.</param>
    /// <param name="limits">Limits.</param>
    /// <param name="looked">Standbys that were looked at.</param>
    /// <param name="young">Takes those that would be unused, were they old enough to judge.</param>
    public static IEnumerable<Recommendation> Of(
        IReadOnlyList<IndexFacts> indexes,
        TimeSpan countedFor,
        int standbys,
        AdviceLimits limits,
        int looked = 0,
        ICollection<YoungIndex>? young = null
    )
    {
        HashSet<IndexFacts> kept = [];
        HashSet<IndexFacts> named = [];
        foreach (IndexFacts index in indexes.Where(static index => index is { IsValid: false, IsBuilding: false }))
        {
            named.Add(index);
            yield return Invalid(index);
        }
        foreach (IGrouping<string, IndexFacts> table in indexes.Where(IsSound).GroupBy(static index => index.Table))
        {
            foreach (IndexFacts index in table.OrderBy(static index => index.IsUnique).ThenByDescending(Age))
            {
                // The widest, so that of three that begin alike the two shorter ones rest on the same.
                IndexFacts? better = table
                    .Where(other => other != index && !named.Contains(other) && Replaces(other, index))
                    .MaxBy(static other => other.Keys.Count);
                if (better is not null && !index.IsNeeded && !kept.Contains(index) && index.Bytes >= limits.SmallBytes)
                {
                    named.Add(index);
                    kept.Add(better);
                    yield return Replaced(index, better);
                }
            }
        }
        if (countedFor < limits.UnusedAfter)
        {
            yield break;
        }
        foreach (IndexFacts index in indexes.Where(IsSound))
        {
            bool isIdle = index is { Scans: 0, IsUnique: false, IsNeeded: false } && index.Bytes >= limits.SmallBytes;
            if (!isIdle || named.Contains(index) || kept.Contains(index))
            {
                continue;
            }
            if (index.Age is { IsAtLeast: false } age && age.Value < limits.UnusedAfter)
            {
                young?.Add(new YoungIndex(index.Name, index.Table, age));
            }
            else
            {
                yield return Unused(index, countedFor, standbys, looked, limits);
            }
        }
    }

    private static bool IsSound(IndexFacts index) => index.IsValid;

    // Of two equal ones the later name goes.
    private static string Age(IndexFacts index) => index.Name;

    /// <summary>Whether every scan that one index serves, and every row that it forbids, the other does too.</summary>
    private static bool Replaces(IndexFacts other, IndexFacts index)
    {
        if (other.Method != index.Method || other.Predicate != index.Predicate)
        {
            return false;
        }
        bool isEqual = other.Keys.SequenceEqual(index.Keys);
        if (isEqual)
        {
            bool isAsStrict =
                other.IsUnique && other.IsImmediate && other.IsNullsNotDistinct == index.IsNullsNotDistinct;
            return (isAsStrict || !index.IsUnique) && index.Included.All(other.Included.Contains);
        }
        bool isPrefix =
            index.Method == "btree"
            && other.Keys.Count > index.Keys.Count
            && other.Keys.Take(index.Keys.Count).SequenceEqual(index.Keys);
        return isPrefix && !index.IsUnique && index.Included.Count == 0;
    }

    private static Recommendation Invalid(IndexFacts index) =>
        new(
            "invalid-index",
            index.Name,
            Gain.Space,
            index.Bytes,
            $"a failed CREATE INDEX CONCURRENTLY left it on {index.Table}: writes keep it up, no query uses it",
            $"{ByteText.Of(index.Bytes)}, and the time of keeping it",
            DropPrice,
            index.IsUnique
                ? "its uniqueness is not enforced: look for duplicates before you build it again"
                : "none; REINDEX INDEX CONCURRENTLY makes it whole instead",
            $"DROP INDEX CONCURRENTLY {index.Name}",
            Concurrently(index)
        )
        {
            FreedBytes = index.Bytes,
        };

    private static Recommendation Replaced(IndexFacts index, IndexFacts better)
    {
        bool isEqual = better.Keys.Count == index.Keys.Count;
        return new Recommendation(
            isEqual ? "duplicate-index" : "covered-index",
            index.Name,
            Gain.Space,
            index.Bytes,
            isEqual
                ? $"{better.Name} is the same index of {index.Table}"
                : $"{better.Name} of {index.Table} begins with the same columns",
            $"{ByteText.Of(index.Bytes)}, and one index less to write",
            DropPrice,
            isEqual
                ? "none, unless statements name it in a hint"
                : Text(
                    $"a scan reads a wider index: {ByteText.Of(better.Bytes)} instead of {ByteText.Of(index.Bytes)}"
                ),
            $"DROP INDEX CONCURRENTLY {index.Name}",
            Concurrently(index)
        )
        {
            FreedBytes = index.Bytes,
        };
    }

    private static Recommendation Unused(
        IndexFacts index,
        TimeSpan countedFor,
        int standbys,
        int looked,
        AdviceLimits limits
    )
    {
        // Counters of an index are no older than it is.
        TimeSpan unusedFor = index.Age is { IsAtLeast: false } age && age.Value < countedFor ? age.Value : countedFor;
        bool isOld = index.Age is { } known && known.Value >= limits.UnusedAfter;
        return new Recommendation(
            "unused-index",
            index.Name,
            Gain.Space,
            index.Bytes,
            Text($"no scan of this index of {index.Table} in {unusedFor.TotalDays:0.#} days")
                + (looked > 0 ? Text($", here or on {looked} standby(s)") : ""),
            $"{ByteText.Of(index.Bytes)}, one index less to write, and updates of its columns may become HOT",
            DropPrice,
            (standbys > 0 ? "standbys have counters of their own: name each with --standby. " : "")
                + "A yearly report may still want it"
                + (isOld ? "" : UnknownAge),
            $"DROP INDEX CONCURRENTLY {index.Name}",
            Concurrently(index)
        )
        {
            FreedBytes = index.Bytes,
            IsSure = standbys == 0,
        };
    }

    private static string Concurrently(IndexFacts index)
    {
        int at = index.Definition.IndexOf(" INDEX ", StringComparison.Ordinal) + " INDEX ".Length;
        return $"{index.Definition[..at]}CONCURRENTLY {index.Definition[at..]}";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
