// TRAPS 28: the keys' values, counted exactly over all rows, within a time.
using System.Globalization;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class KeyValueFindings
{
    /// <summary>Counts, and says what the counts mean.</summary>
    public static async Task<(KeyValues? Keys, IReadOnlyList<Finding> Findings)> FindAsync(
        PreflightQuery query,
        TableDescription table,
        PreflightRequest request
    )
    {
        PartitionScheme scheme = request.Scheme!;
        IReadOnlyList<string?[]>? rows = await query.ListWithinAsync(request.CountTimeMax, Count(table, request));
        if (rows is null)
        {
            string time = string.Create(CultureInfo.InvariantCulture, $"{request.CountTimeMax.TotalSeconds:0.#} s");
            Finding uncounted = new(
                "keys-not-counted",
                FindingSeverity.Consent,
                request.Key,
                $"The keys could not be counted within {time}: nobody knows whether some are NULL, infinite or "
                    + "outside the "
                    + "years of partitions. NULL would end the copy with an error; the others land in the default "
                    + "partition.",
                "Give more time for the count, or an index on the key, and run the plan again.",
                Consent.UncountedKeys
            );
            return (null, [uncounted]);
        }
        long Number(int column) => long.Parse(rows[0][column]!, CultureInfo.InvariantCulture);
        KeyValues keys = new(Number(0), Number(1), Number(2), Number(3), Number(4), rows[0][5], rows[0][6]);
        return (keys, [.. Of(keys, request), .. Ranges(keys, scheme, request)]);
    }

    /// <summary>The partitions that the data and the clock ask for; null with a problem if there cannot be so
    /// many.</summary>
    public static IReadOnlyList<PartitionRange>? Cover(
        KeyValues keys,
        PartitionScheme scheme,
        PreflightRequest request,
        out string? problem
    )
    {
        long? min = Position(scheme, keys.Min);
        long? max = Position(scheme, keys.Max);
        long current = scheme.Kind.IsNumber() ? max ?? 0 : scheme.PositionOf(request.Time.GetUtcNow());
        return scheme.TryCover(
            min,
            max,
            current,
            request.Premake,
            out IReadOnlyList<PartitionRange>? ranges,
            out problem
        )
            ? ranges
            : null;
    }

    private static IEnumerable<Finding> Of(KeyValues keys, PreflightRequest request)
    {
        if (keys.Nulls > 0)
        {
            yield return new Finding(
                "null-keys",
                FindingSeverity.Refuse,
                $"{keys.Nulls} of {keys.Rows} rows",
                $"{request.Key} is NULL there, and the new primary key cannot have NULL.",
                $"UPDATE them to a real value, then SET NOT NULL."
            );
        }
        if (keys.Infinite > 0)
        {
            yield return Outside("infinite-keys", keys.Infinite, keys.Rows, "infinity or -infinity", request);
        }
        if (keys.Unsupported > 0)
        {
            string what =
                request.Scheme!.Kind == PartitionKeyKind.UuidV7
                    ? "no version 7 uuid"
                    : $"outside the years {BoundLimits.YearMin} to {BoundLimits.YearMax}";
            yield return Outside("out-of-range-keys", keys.Unsupported, keys.Rows, what, request);
        }
        if (keys.Ahead > 0)
        {
            yield return new Finding(
                "future-keys",
                FindingSeverity.Info,
                $"{keys.Ahead} of {keys.Rows} rows",
                $"{request.Key} lies beyond the partitions made ahead; partitions are made up to {keys.Max} for them.",
                "Look whether such keys can be right."
            );
        }
    }

    private static IEnumerable<Finding> Ranges(KeyValues keys, PartitionScheme scheme, PreflightRequest request)
    {
        if (Cover(keys, scheme, request, out string? problem) is null)
        {
            yield return new Finding(
                "too-many-partitions",
                FindingSeverity.Refuse,
                $"{keys.Min} to {keys.Max}",
                problem!,
                "Take a longer interval, or correct the keys that cannot be right."
            );
        }
    }

    private static Finding Outside(string code, long count, long rows, string what, PreflightRequest request)
    {
        string subject = $"{count} of {rows} rows";
        return request.RefusesRowsOutside
            ? new(
                code,
                FindingSeverity.Refuse,
                subject,
                $"{request.Key} is {what} there: no partition can hold them, and rows outside are to be refused.",
                "Correct them first, or keep the default partition."
            )
            : new(
                code,
                FindingSeverity.Consent,
                subject,
                $"{request.Key} is {what} there: they go to the default partition and stay there.",
                "Correct them first if they cannot be right.",
                Consent.RowsInDefault
            );
    }

    private static long? Position(PartitionScheme scheme, string? text) =>
        text is not null && BoundAxis.TryRead(scheme.Kind, text, out long position, out _) ? position : null;

    // One scan, in UTC. A comparison with NULL counts nowhere but among the NULLs.
    private static string Count(TableDescription table, PreflightRequest request)
    {
        PartitionScheme scheme = request.Scheme!;
        string key = SqlText.Name(request.Key);
        string type = scheme.Kind.SqlType();
        (string infinite, string unsupported) = (scheme.Kind.IsInfinite("k"), scheme.Kind.IsUnsupported("k"));
        string fits = $"FILTER (WHERE k IS NOT NULL AND NOT ({infinite}) AND NOT ({unsupported}))";
        (string min, string max) =
            scheme.Kind == PartitionKeyKind.UuidV7
                ? ($"min(k::text COLLATE \"C\") {fits}", $"max(k::text COLLATE \"C\") {fits}")
                : ($"(min(k) {fits})::text", $"(max(k) {fits})::text");
        return $"""
            SELECT count(*), count(*) FILTER (WHERE k IS NULL), count(*) FILTER (WHERE {infinite}),
                   count(*) FILTER (WHERE {unsupported}),
                   count(*) FILTER (WHERE {Ahead(scheme, request, type)} AND NOT ({infinite}) AND NOT ({unsupported})),
                   {min}, {max}
            FROM (SELECT {key}::{type} AS k FROM ONLY {table.Name}) AS drover_keys
            """;
    }

    private static string Ahead(PartitionScheme scheme, PreflightRequest request, string type)
    {
        if (scheme.Kind.IsNumber())
        {
            return "false";
        }
        long now = scheme.IndexOf(scheme.PositionOf(request.Time.GetUtcNow()));
        PartitionBound end = scheme.RangeAt(now + request.Premake).To;
        return end.IsFinite ? $"k >= {SqlText.Literal(scheme.Print(end.Position))}::{type}" : "false";
    }
}
