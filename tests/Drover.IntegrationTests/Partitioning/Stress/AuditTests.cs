// The checker of the stress run can fail: on a small table, each corruption alone is named, and a clean table is not.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Partitioning.Stress;

public sealed class AuditTests(PostgresFixture postgres)
{
    private const string Partition = """
        ALTER TABLE ledger RENAME TO plain;
        CREATE TABLE ledger (LIKE plain) PARTITION BY RANGE (at);
        CREATE TABLE ledger_default PARTITION OF ledger DEFAULT;
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Corruptions { get; } = [.. PlantedCorruption.All.Select(each => each.Name)];

    [Theory]
    [MemberData(nameof(Corruptions))]
    public async Task Checker_names_a_corruption_and_finds_nothing_before_it(string name)
    {
        (Ledger ledger, LedgerTally tally) = await CreateAsync();
        Assert.Empty(await LedgerAudit.CheckAsync(ledger, [tally]));
        PlantedCorruption corruption = PlantedCorruption.All.Single(each => each.Name == name);

        string expected = await corruption.PlantAsync(ledger, tally, 5);

        List<string> found = await LedgerAudit.CheckAsync(ledger, [tally]);
        Assert.Contains(found, line => line.StartsWith(expected, StringComparison.Ordinal));
        Assert.InRange(found.Count, 1, 12);
    }

    [Fact]
    public void Transaction_whose_answer_was_lost_is_settled_by_its_rows_and_never_in_part()
    {
        LedgerTally tally = new(0, 1, 20, new Random(3));
        long[] keys = [.. tally.Rows.Keys.Take(2)];
        LedgerTransaction transaction = new(tally);
        LedgerRow[] before = [.. keys.Select(id => tally.Rows[id])];
        LedgerRow after = before[0].With(LedgerRow.Number, "7");
        transaction[keys[0]] = after;
        transaction[keys[1]] = null;

        FoundRow first = new(keys[0], before[0], "p");
        FoundRow second = new(keys[1], before[1], "p");
        Assert.False(tally.Settle(transaction, [first, second]));
        Assert.True(tally.Settle(transaction, [first with { Row = after }]));
        Assert.Null(tally.Settle(transaction, [first]));
        Assert.Null(tally.Settle(transaction, [first with { Row = after }, second]));
    }

    // Partitions of the same months as a conversion makes, by hand.
    private async Task<(Ledger Ledger, LedgerTally Tally)> CreateAsync()
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(18, Token);
        Ledger ledger = new(cluster, database);
        LedgerTally tally = new(0, 1, 60, new Random(1));
        await ledger.CreateAsync([tally]);
        await ledger.ExecuteAsync("DROP VIEW ledger_words");
        await ledger.ExecuteAsync(Partition);
        for (int month = 0; month < 5; month++)
        {
            const string first = "date_trunc('month', (SELECT min(at) FROM plain), 'UTC')";
            await ledger.ExecuteAsync(
                $$"""
                DO $$ BEGIN
                  EXECUTE format('CREATE TABLE ledger_{{month}} PARTITION OF ledger FOR VALUES FROM (%L) TO (%L)',
                    {{first}} + interval '{{month}} months', {{first}} + interval '{{month + 1}} months');
                END $$
                """
            );
        }
        await ledger.ExecuteAsync("INSERT INTO ledger SELECT * FROM plain");
        return (ledger, tally);
    }
}
