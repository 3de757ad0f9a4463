// Corruptions of the table, each with the name that the checker must give it: one that never fails proves nothing.
namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>One corruption of a converted table.</summary>
/// <param name="Name">What it is.</param>
/// <param name="PlantAsync">Plants it at the n-th row of a tally; what the checker must say of it.</param>
internal sealed record PlantedCorruption(string Name, Func<Ledger, LedgerTally, int, Task<string>> PlantAsync)
{
    /// <summary>All kinds.</summary>
    public static IReadOnlyList<PlantedCorruption> All { get; } =
    [
        new("a lost row", (ledger, tally, n) => AlterAsync(ledger, Row(tally, n), "DELETE FROM ledger", "lost:")),
        new(
            "a stale column",
            (ledger, tally, n) =>
                AlterAsync(ledger, Row(tally, n), "UPDATE ledger SET word = 'planted'", "stale word in")
        ),
        new(
            "NULL for a value",
            (ledger, tally, n) =>
                AlterAsync(
                    ledger,
                    Row(tally, n, row => row[2] is not null),
                    "UPDATE ledger SET amount = NULL",
                    "NULL for the value of amount in"
                )
        ),
        new(
            "another image of an equal number",
            (ledger, tally, n) =>
                AlterAsync(
                    ledger,
                    Row(tally, n, row => row[2] is not null),
                    "UPDATE ledger SET amount = amount + 0.000",
                    "stale amount in"
                )
        ),
        new("a resurrected row", ResurrectAsync),
        new("a row of nobody's", InventAsync),
        new("a key twice, in two partitions", DoubleAsync),
        new("a row in a wrong partition", MisplaceAsync),
        new("a row in the default partition that has another one", DefaultAsync),
        new("a count too many", CountAsync),
    ];

    /// <summary>Plants one after the other; each must be named, and must not hide those before it.</summary>
    public static async Task AssertAllAreFoundAsync(Ledger ledger, IReadOnlyList<LedgerTally> tallies)
    {
        List<string> planted = [];
        foreach (PlantedCorruption corruption in All)
        {
            planted.Add(await corruption.PlantAsync(ledger, tallies[0], planted.Count));
            List<string> found = await LedgerAudit.CheckAsync(ledger, tallies);
            string? missed = planted.Find(name =>
                !found.Exists(line => line.StartsWith(name, StringComparison.Ordinal))
            );
            Assert.True(missed is null, $"{corruption.Name}: '{missed}' is not in\n{string.Join('\n', found)}");
        }
    }

    private static long Row(LedgerTally tally, int n, Func<LedgerRow, bool>? fits = null) =>
        tally
            .Keys.Where(id => tally.Rows.GetValueOrDefault(id) is { } row && (fits?.Invoke(row) ?? true))
            .ElementAt(n * 4);

    private static async Task<string> AlterAsync(Ledger ledger, long id, string sql, string name)
    {
        await ledger.ExecuteAsync($"{sql} WHERE id = {id}");
        return $"{name} row {id}";
    }

    private static async Task<string> ResurrectAsync(Ledger ledger, LedgerTally tally, int n)
    {
        long id = tally.Keys.First(key => !tally.Rows.ContainsKey(key));
        await ledger.ExecuteAsync($"INSERT INTO ledger (id, owner, at) VALUES ({id}, 0, '{LedgerRow.Instant(n)}')");
        return $"resurrected: row {id}";
    }

    private static async Task<string> InventAsync(Ledger ledger, LedgerTally tally, int n)
    {
        await ledger.ExecuteAsync(
            $"INSERT INTO ledger (id, owner, at) VALUES (1000000000, 0, '{LedgerRow.Instant(n)}')"
        );
        return "invented: row 1000000000";
    }

    private static async Task<string> DoubleAsync(Ledger ledger, LedgerTally tally, int n)
    {
        long id = Row(tally, n);
        await ledger.ExecuteAsync(
            $"INSERT INTO ledger (id, owner, at) SELECT {id}, 0, at + interval '35 days' FROM ledger WHERE id = {id}"
        );
        return $"duplicate: row {id}";
    }

    private static async Task<string> MisplaceAsync(Ledger ledger, LedgerTally tally, int n)
    {
        long id = Row(tally, n);
        string partition = await PlaceAsync(ledger, id);
        await BehindTheBoundAsync(
            ledger,
            partition,
            $"UPDATE {partition} SET at = at + interval '35 days' WHERE id = {id}"
        );
        return $"misplaced: row {id} lies in {partition}";
    }

    private static async Task<string> DefaultAsync(Ledger ledger, LedgerTally tally, int n)
    {
        long id = Row(tally, n);
        string columns = $"id, owner, {string.Join(", ", LedgerRow.Columns)}";
        await BehindTheBoundAsync(
            ledger,
            "ledger_default",
            $"WITH gone AS (DELETE FROM ledger WHERE id = {id} RETURNING {columns}) "
                + $"INSERT INTO ledger_default ({columns}) SELECT {columns} FROM gone"
        );
        return $"misplaced: row {id} lies in ledger_default";
    }

    private static async Task<string> CountAsync(Ledger ledger, LedgerTally tally, int n)
    {
        await ledger.ExecuteAsync("UPDATE ledger SET n = n + 1 WHERE id = -1");
        return "hot row -1";
    }

    private static async Task<string> PlaceAsync(Ledger ledger, long id) =>
        (await ledger.QueryAsync($"SELECT tableoid::regclass FROM ledger WHERE id = {id}"))!;

    // PostgreSQL does not look at the rows of a table that is attached when a CHECK proves the bound, and believes the
    // catalog that it does. Each statement has a session of its own, since one session's idea of a table may be older.
    private static async Task BehindTheBoundAsync(Ledger ledger, string partition, string sql)
    {
        string what = $"FROM pg_class WHERE oid = '{partition}'::regclass";
        string? bound = await ledger.QueryAsync($"SELECT pg_get_expr(relpartbound, oid) {what}");
        string? proof = await ledger.QueryAsync($"SELECT pg_get_partition_constraintdef(oid) {what}");
        await ledger.ExecuteAsync($"ALTER TABLE ledger DETACH PARTITION {partition}");
        await ledger.ExecuteAsync(sql);
        await ledger.ExecuteAsync($"ALTER TABLE {partition} ADD CONSTRAINT planted CHECK ({proof}) NOT VALID");
        await ledger.ExecuteAsync(
            $"UPDATE pg_constraint SET convalidated = true "
                + $"WHERE conname = 'planted' AND conrelid = '{partition}'::regclass"
        );
        await ledger.ExecuteAsync($"ALTER TABLE ledger ATTACH PARTITION {partition} {bound}");
        await ledger.ExecuteAsync($"ALTER TABLE {partition} DROP CONSTRAINT planted");
    }
}
