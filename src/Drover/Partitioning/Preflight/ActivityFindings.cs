// TRAPS 32 and 36: who is in the way now: old transactions and snapshots, prepared ones, autovacuum against wraparound.
using System.Globalization;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class ActivityFindings
{
    private const string Transactions = """
        SELECT a.pid, date_trunc('second', now() - a.xact_start)::text, a.state, coalesce(a.application_name, ''),
               a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL
        FROM pg_stat_activity a
        WHERE a.pid <> pg_backend_pid() AND a.xact_start < now() - $1::interval AND a.backend_type = 'client backend'
        ORDER BY a.xact_start
        """;

    private const string Prepared = """
        SELECT p.gid, date_trunc('second', now() - p.prepared)::text FROM pg_prepared_xacts p
        WHERE p.database = current_database() ORDER BY p.prepared
        """;

    private const string Wraparound = """
        SELECT a.pid FROM pg_stat_activity a
        WHERE a.backend_type = 'autovacuum worker' AND a.query LIKE '%to prevent wraparound%'
          AND position($1 IN a.query) > 0
        """;

    private const string Age = """
        SELECT age(c.relfrozenxid), current_setting('autovacuum_freeze_max_age') FROM pg_class c
        WHERE c.oid = to_regclass($1) AND c.relkind = 'r'
          AND age(c.relfrozenxid) > current_setting('autovacuum_freeze_max_age')::bigint * 9 / 10
        """;

    public static async Task<IReadOnlyList<Finding>> FindAsync(
        PreflightQuery query,
        TableDescription table,
        PreflightRequest request
    )
    {
        List<Finding> findings = [];
        string age = string.Create(CultureInfo.InvariantCulture, $"{request.OldTransactionAge.TotalSeconds} seconds");
        foreach (string?[] row in await query.ListAsync(Transactions, age))
        {
            findings.Add(
                new Finding(
                    "old-transaction",
                    FindingSeverity.Info,
                    $"process {row[0]}, {row[2]}, for {row[1]}, {row[3]}".TrimEnd(' ', ','),
                    "Making the mirror waits until it has written its last, if it writes to the table; the "
                        + "cut-over waits "
                        + "until its snapshot is gone (TRAPS 36).",
                    "End it before you start. Drover waits and ends nobody's session."
                )
            );
        }
        foreach (string?[] row in await query.ListAsync(Prepared))
        {
            findings.Add(
                new Finding(
                    "prepared-transaction",
                    FindingSeverity.Info,
                    $"{row[0]}, for {row[1]}",
                    "It holds its locks and keeps old rows through restarts, until somebody decides it.",
                    "COMMIT PREPARED or ROLLBACK PREPARED, whichever its coordinator says."
                )
            );
        }
        findings.AddRange(await FindVacuumAsync(query, table));
        return findings;
    }

    private static async Task<IEnumerable<Finding>> FindVacuumAsync(PreflightQuery query, TableDescription table)
    {
        IReadOnlyList<string?[]> running = await query.ListAsync(Wraparound, $"{table.Name.Schema}.{table.Name.Name}");
        IReadOnlyList<string?[]> near = await query.ListAsync(Age, table.Name.ToString());
        return running
            .Select(row => new Finding(
                "wraparound-vacuum-running",
                FindingSeverity.Info,
                $"process {row[0]}",
                "An autovacuum against wraparound works on the table and does not yield: the mirror cannot be made "
                    + "before it "
                    + "is over.",
                "Let it finish."
            ))
            .Concat(
                near.Select(row => new Finding(
                    "wraparound-vacuum-near",
                    FindingSeverity.Info,
                    $"age {row[0]} of {row[1]}",
                    "Autovacuum will soon work on the table against wraparound and then does not yield to the "
                        + "locks that the "
                        + "conversion needs.",
                    $"VACUUM (FREEZE) {table.Name} before you start."
                ))
            );
    }
}
