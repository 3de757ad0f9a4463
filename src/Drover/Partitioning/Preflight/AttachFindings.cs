// What is different when the table is attached as it is: nothing is copied, but all rows must fit the first partition.
using System.Globalization;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class AttachFindings
{
    // Of the copy and of the many partitions that it fills.
    private static readonly string[] s_ofCopy =
    [
        "too-many-partitions",
        "locks-per-query",
        "future-keys",
        "space",
        "wal-volume",
        "max-wal-size",
    ];

    /// <summary>The findings of the copy, as they are for this strategy, and its own.</summary>
    public static IEnumerable<Finding> InPlaceOf(
        IEnumerable<Finding> findings,
        TableDescription table,
        PreflightRequest request,
        KeyValues? keys
    ) =>
        findings
            .Where(finding => !s_ofCopy.Contains(finding.Code))
            .Select(finding => Translate(finding, request))
            .Concat(keys is null || request.Scheme is not { } scheme ? [] : Bound(keys, scheme, request))
            .Concat(Space(table, request));

    private static Finding Translate(Finding finding, PreflightRequest request) =>
        finding.Code switch
        {
            "infinite-keys" or "out-of-range-keys" => finding with
            {
                Severity = FindingSeverity.Refuse,
                Consequence =
                    $"{request.Key} has no place below the end of the first partition there, which the whole "
                    + "table must fit into.",
                Remedy = "Correct them first, or copy (--strategy copy).",
                ConsentFlag = null,
            },
            "nullable-key" => finding with
            {
                Consequence =
                    "It is part of the new primary key, so it becomes NOT NULL: a writer that stores NULL "
                    + $"fails from step bind on.",
            },
            "keys-not-counted" => finding with
            {
                Consequence =
                    "The keys could not be counted in time. If one is NULL, infinite or beyond the end of "
                    + $"the first partition, step validate-bound fails, and abort undoes everything.",
            },
            _ => finding,
        };

    private static IEnumerable<Finding> Bound(KeyValues keys, PartitionScheme scheme, PreflightRequest request)
    {
        long? max =
            keys.Max is not null && BoundAxis.TryRead(scheme.Kind, keys.Max, out long position, out _)
                ? position
                : null;
        long now = scheme.Kind.IsNumber() ? max ?? 0 : scheme.PositionOf(request.Time.GetUtcNow());
        if (!AttachBound.TryChoose(scheme, max, now, request.Premake, out AttachBound? bound, out string? problem))
        {
            yield return new Finding(
                "no-bound",
                FindingSeverity.Refuse,
                request.Key,
                problem,
                "Correct keys that cannot be right, or take a shorter interval."
            );
            yield break;
        }
        bool isAhead = max > now;
        string end = scheme.Print(bound.Position);
        yield return new Finding(
            "attach-bound",
            isAhead ? FindingSeverity.Consent : FindingSeverity.Info,
            end,
            $"The table is the first partition, up to {end}. From step bind to the cut-over it refuses rows "
                + "from there on (23514)"
                + (isAhead ? $"; keys lie ahead of now already, up to {keys.Max}." : "; it is a whole interval away."),
            "Cut over well before that, and do not leave the run paused. A run that waits at its gate takes the check "
                + "away when the end comes near.",
            isAhead ? Consent.KeysBeyondBound : null
        );
    }

    private static IEnumerable<Finding> Space(TableDescription table, PreflightRequest request)
    {
        long bytes = table
            .Indexes.Where(index => index is { IsUnique: true, IsValid: true } && !index.Keys.Contains(request.Key))
            .Sum(index => index.SizeBytes * (index.IsPrimary ? 2 : 1));
        yield return new Finding(
            "attach-space",
            FindingSeverity.Info,
            string.Create(CultureInfo.InvariantCulture, $"about {bytes / 1048576.0:0.#} MB"),
            "No row is copied. Unique indexes that have the key are built beside the old ones, which stay until "
                + "finish.",
            "Nothing needs to be done."
        );
    }
}
