// Standbys and slots: who must follow what the conversion writes.
using System.Globalization;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class ReplicationFindings
{
    private const string Standbys = """
        SELECT coalesce(application_name, ''), state, sync_state,
               pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), coalesce(replay_lag::text, 'no delay')
        FROM pg_stat_replication ORDER BY 1
        """;

    private const string Slots = """
        SELECT slot_name, slot_type, active, pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)),
               coalesce(nullif(current_setting('max_slot_wal_keep_size'), '-1'), 'no limit')
        FROM pg_replication_slots WHERE restart_lsn IS NOT NULL AND NOT temporary ORDER BY 1
        """;

    private const string Subscriptions = """
        SELECT coalesce(s.subname::text, r.srsubid::text)
        FROM pg_subscription_rel AS r LEFT JOIN pg_subscription AS s ON s.oid = r.srsubid
        WHERE r.srrelid = $1::text::oid ORDER BY 1
        """;

    public static async Task<IReadOnlyList<Finding>> FindAsync(PreflightQuery query, TableDescription table)
    {
        List<Finding> findings = [];
        if (await query.ListAsync("SELECT pg_is_in_recovery()") is [["t"]])
        {
            const string ReadOnly = "It is a standby: nothing can be written here.";
            return [new Finding("standby", FindingSeverity.Refuse, "this server", ReadOnly, "Connect to the primary.")];
        }
        findings.AddRange(await FindSubscriptionsAsync(query, table));
        foreach (string?[] row in await query.ListAsync(Standbys))
        {
            findings.Add(
                new Finding(
                    "standby-follows",
                    FindingSeverity.Info,
                    $"{row[0]} ({row[1] ?? "state hidden"}, {row[2] ?? "sync hidden"})",
                    "It is "
                        + $"{row[3] ?? "an unknown amount"} behind ({row[4]}) and must replay what the copy writes. "
                        + (
                            row[2] is "sync" or "quorum"
                                ? "Commits wait for it."
                                : "Reads from it may be older meanwhile."
                        ),
                    "Set the limits on lag at which the copy slows down."
                )
            );
        }
        foreach (string?[] row in await query.ListAsync(Slots))
        {
            findings.Add(
                row[2] == "t"
                    ? new Finding(
                        "slot",
                        FindingSeverity.Info,
                        $"{row[0]} ({row[1]})",
                        $"It keeps {row[3]} of WAL now; its consumer must follow the copy.",
                        "Watch its lag."
                    )
                    : new Finding(
                        "inactive-slot",
                        FindingSeverity.Consent,
                        $"{row[0]} ({row[1]})",
                        $"Nobody reads it: it keeps {row[3]} of WAL and will keep all that the conversion writes "
                            + $"(max_slot_wal_keep_size: {row[4]}).",
                        "Start its consumer, or SELECT pg_drop_replication_slot(…).",
                        Consent.WalRetention
                    )
            );
        }
        if (await query.ListAsync("SHOW wal_level") is [["minimal"]])
        {
            const string Unsafe = "There is no standby and no archive that could restore a mistake.";
            findings.Add(new Finding("wal-level", FindingSeverity.Info, "minimal", Unsafe, "Take a backup first."));
        }
        return findings;
    }

    private static async Task<IEnumerable<Finding>> FindSubscriptionsAsync(PreflightQuery query, TableDescription table)
    {
        string oid = table.Oid.ToString(CultureInfo.InvariantCulture);
        return (await query.ListAsync(Subscriptions, oid)).Select(row => new Finding(
            "subscribed",
            FindingSeverity.Refuse,
            $"subscription {row[0]}",
            "Rows come to the table by logical replication, which knows it by its number: of the new table "
                + "the subscription knows nothing, and skips its changes without a word. They would be lost.",
            "Convert the table at the publisher, or take it out of the publication and refresh the "
                + "subscription first."
        ));
    }
}
