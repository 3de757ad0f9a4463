// How many locks a table of so many partitions needs, against the server's table of locks.
using System.Globalization;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class LockFindings
{
    /// <summary>Where the keys are not known: three years of months.</summary>
    private const int UsualPartitions = 36;

    // The table of locks has max_locks_per_transaction entries for each possible transaction (manual, 20.12).
    private const string Settings = """
        SELECT current_setting('max_locks_per_transaction'),
               current_setting('max_locks_per_transaction')::bigint
                   * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)
        """;

    public static async Task<IReadOnlyList<Finding>> FindAsync(
        PreflightQuery query,
        TableDescription table,
        PreflightRequest request,
        KeyValues? keys
    )
    {
        int partitions =
            keys is not null && request.Scheme is { } scheme
                ? KeyValueFindings.Cover(keys, scheme, request, out _)?.Count ?? 0
                : UsualPartitions + request.Premake;
        string?[] settings = (await query.ListAsync(Settings))[0];
        long capacity = long.Parse(settings[1]!, CultureInfo.InvariantCulture);
        int indexes = Math.Max(1, table.Indexes.Length);

        // The cut-over locks both tables, all partitions, and the indexes that it renames.
        long atSwap = (partitions * 2L) + (2L * indexes) + 10 + table.Dependents.Views.Length;
        long perQuery = (partitions + 1L) * (1 + indexes);
        List<Finding> findings = [];
        if (atSwap > capacity / 2)
        {
            findings.Add(
                new Finding(
                    "lock-table-too-small",
                    FindingSeverity.Refuse,
                    $"{partitions} partitions",
                    $"The cut-over needs about {atSwap} locks of the server's {capacity}, which all sessions "
                        + "share: it could "
                        + "end with \"out of shared memory\", here or elsewhere.",
                    "Raise max_locks_per_transaction (restart), or take a longer interval."
                )
            );
        }
        if (perQuery > 64)
        {
            findings.Add(
                new Finding(
                    "locks-per-query",
                    FindingSeverity.Info,
                    $"{partitions} partitions, {indexes} indexes",
                    $"A query without {request.Key} in its WHERE is planned over all partitions and takes up to "
                        + $"{perQuery} "
                        + $"locks (max_locks_per_transaction is {settings[0]}); a prepared statement's generic "
                        + "plan locks them "
                        + "all at each execution.",
                    $"Have {request.Key} in the conditions of frequent queries; limit indexes to recent partitions."
                )
            );
        }
        return findings;
    }
}
