// Faults planted in the mirror, the copy, the key log and the target: the comparison finds each, there is no cut-over,
// and repair mends it.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Partitioning.Stress;

public sealed class FaultTests(PostgresFixture postgres)
{
    private const string Pace = "--no-throttle --batch-rows 60";

    private const string Mute = """
        DO $$ BEGIN EXECUTE format('CREATE OR REPLACE FUNCTION drover.mirror_%s() RETURNS trigger LANGUAGE plpgsql '
          'SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS ''BEGIN RETURN NULL; END''',
          'ledger'::regclass::oid::int8); END $$
        """;

    private const string Touch = "UPDATE ledger SET word = 'touched' WHERE id < 40";
    private const string Off = "ALTER TABLE ledger DISABLE TRIGGER \"!drover_mirror\"";
    private const string On = "ALTER TABLE ledger ENABLE ALWAYS TRIGGER \"!drover_mirror\"";
    private const string Target = "ledger__drover_new";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What is planted, and whether the cut-over notices without a new comparison.</summary>
    public static TheoryData<string, bool> Faults { get; } =
        new()
        {
            { "the mirror's function drops updates", true },
            { "the mirror's trigger is off", true },
            { "the mirror's trigger was off for a moment", true },
            { "the mirror's trigger is gone", true },
            { "a row of the target is lost", false },
            { "a row of the target is stale", false },
            { "a row of the target is in another partition", false },
            { "a ghost is in the target", false },
            { "the key log was emptied", false },
        };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Planted_fault_is_found_keeps_the_cut_over_away_and_is_repaired(string fault, bool isSeenAtOnce)
    {
        Ledger ledger = await CreateAsync();
        await ledger.Program.ExpectAsync(0, $"start {Ledger.Plan} {Pace}");
        foreach (string sql in Sql(fault))
        {
            await ledger.ExecuteAsync(sql);
        }

        if (isSeenAtOnce)
        {
            await ledger.Program.ExpectAsync(4, $"cutover ledger {Pace}");
        }
        ProgramEnd verified = await ledger.Program.ExpectAsync(4, $"verify ledger {Pace}");
        ProgramEnd refused = await ledger.Program.ExpectAsync(4, $"cutover ledger {Pace}");
        Assert.Equal("r", await ledger.QueryAsync("SELECT relkind FROM pg_class WHERE oid = 'ledger'::regclass"));
        Assert.Contains("back at ready", refused.Output, StringComparison.Ordinal);
        if (verified.Output.Contains("differ from", StringComparison.Ordinal))
        {
            // The rows that differ are kept in the journal, by their keys.
            string? named = await ledger.QueryAsync("SELECT count(*) > 0 FROM drover.events WHERE kind = 'difference'");
            Assert.Equal("t", named);
        }
        await ledger.Program.ExpectAsync(0, $"repair ledger {Pace}");
        await ledger.ExecuteAsync("UPDATE ledger SET word = 'after the repair' WHERE id BETWEEN 10 AND 50");
        await ledger.Program.ExpectAsync(0, $"cutover ledger {Pace}");
        Assert.Equal("0", await ledger.QueryAsync(Differences));
    }

    [Fact]
    public async Task Blocks_that_the_copy_has_left_out_are_found_and_repaired()
    {
        Ledger ledger = await CreateAsync();
        KillPoint planned = new(KillPoint.Commit, KillMoment.After, Step: KillPoint.Planned);
        Assert.True((await ledger.Program.RunAsync($"start {Ledger.Plan} {Pace}", planned)).WasKilled);
        KillPoint first = new(KillPoint.Commit, KillMoment.After, Step: "copy");
        ProgramEnd killed = await ledger.Program.RunAsync($"resume ledger {Pace}", first);
        Assert.True(killed.WasKilled, killed.ToString());
        await ledger.ExecuteAsync(
            """
            UPDATE drover.steps SET cursor = jsonb_set(cursor::jsonb, '{next_block}',
              to_jsonb((cursor::jsonb ->> 'next_block')::int + 3))::text
            WHERE name = 'copy' AND (cursor::jsonb ->> 'next_block')::int + 3 < (cursor::jsonb ->> 'blocks')::int
            """
        );

        ProgramEnd found = await WhenFreeAsync(ledger, $"resume ledger {Pace}");
        Assert.True(found.ExitCode == 4 && found.Output.Contains("differ from", StringComparison.Ordinal), $"{found}");
        await ledger.Program.ExpectAsync(4, $"cutover ledger {Pace}");
        await ledger.Program.ExpectAsync(0, $"repair ledger {Pace}");
        await WhenFreeAsync(ledger, $"resume ledger {Pace} --auto");
        Assert.Equal("0", await ledger.QueryAsync(Differences));
        Assert.Equal("p", await ledger.QueryAsync("SELECT relkind FROM pg_class WHERE oid = 'ledger'::regclass"));
    }

    [Fact]
    public async Task Old_table_that_was_tampered_with_keeps_the_rollback_away()
    {
        Ledger ledger = await CreateAsync();
        await ledger.Program.ExpectAsync(0, $"start {Ledger.Plan} {Pace} --auto");
        await ledger.ExecuteAsync("DELETE FROM ledger__drover_old WHERE id = (SELECT min(id) FROM ledger__drover_old)");

        await ledger.Program.ExpectAsync(4, $"rollback ledger {Pace}");

        Assert.Equal("watching", await ledger.QueryAsync("SELECT state FROM drover.runs"));
        Assert.Equal("p", await ledger.QueryAsync("SELECT relkind FROM pg_class WHERE oid = 'ledger'::regclass"));
    }

    private const string Differences = """
        SELECT count(*) FROM (
          (SELECT id, l::text FROM (SELECT id, owner, at, n, amount, word, token, flag, ratio, doc, raw
             FROM ledger) AS l
           EXCEPT ALL
           SELECT id, l::text FROM (SELECT id, owner, at, n, amount, word, token, flag, ratio, doc, raw
             FROM ledger__drover_old) AS l)
          UNION ALL
          (SELECT id, l::text FROM (SELECT id, owner, at, n, amount, word, token, flag, ratio, doc, raw
             FROM ledger__drover_old) AS l
           EXCEPT ALL
           SELECT id, l::text FROM (SELECT id, owner, at, n, amount, word, token, flag, ratio, doc, raw
             FROM ledger) AS l)
        ) AS d
        """;

    private static IEnumerable<string> Sql(string fault) =>
        fault switch
        {
            "the mirror's function drops updates" => [Mute, Touch],
            "the mirror's trigger is off" => [Off, Touch],
            "the mirror's trigger was off for a moment" => [Off, Touch, On],
            "the mirror's trigger is gone" => ["DROP TRIGGER \"!drover_mirror\" ON ledger", Touch],
            "a row of the target is lost" => [$"DELETE FROM {Target} WHERE id = (SELECT max(id) FROM {Target})"],
            "a row of the target is stale" => [$"UPDATE {Target} SET flag = NULL WHERE id BETWEEN 2 AND 9"],
            "a row of the target is in another partition" =>
            [
                $"UPDATE {Target} SET at = at - interval '1 month' WHERE id BETWEEN 2 AND 9",
            ],
            "a ghost is in the target" =>
            [
                $"INSERT INTO {Target} (id, owner, at) VALUES (99999, 1, '{LedgerRow.Instant(5)}')",
            ],
            _ =>
            [
                // A ghost takes the place of a row that comes: the mirror can only note it; nobody looks at the note.
                KeyLog("ALTER TABLE drover.keys_%s DISABLE TRIGGER USER"),
                $"INSERT INTO {Target} (id, owner, at) VALUES (99999, 1, '{LedgerRow.Instant(5)}')",
                $"INSERT INTO ledger (id, owner, at, n) VALUES (99999, 1, '{LedgerRow.Instant(5)}', 7)",
                KeyLog("DELETE FROM drover.keys_%s WHERE k1 = 99999"),
                KeyLog("ALTER TABLE drover.keys_%s ENABLE TRIGGER USER"),
            ],
        };

    private static string KeyLog(string sql) =>
        $"DO $$ BEGIN EXECUTE format('{sql}', 'ledger'::regclass::oid::int8); END $$";

    private async Task<Ledger> CreateAsync()
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(18, Token);
        Ledger ledger = new(cluster, database);
        await ledger.CreateAsync([new LedgerTally(0, 1, 400, new Random(1))]);
        return ledger;
    }

    // The lease of the one who was killed ends when the server sees it.
    private static async Task<ProgramEnd> WhenFreeAsync(Ledger ledger, string verb)
    {
        ProgramEnd end;
        while ((end = await ledger.Program.RunAsync(verb)).ExitCode == 5)
        {
            await Task.Delay(100, Token);
        }
        return end;
    }
}
