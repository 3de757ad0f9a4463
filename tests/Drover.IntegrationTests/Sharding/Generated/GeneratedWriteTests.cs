// Random writes, reads and transactions on one PostgreSQL and on a sharded database: the same answers and rows.
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Sharding.Generated;

/// <summary>
/// As many statements as <c>DROVER_QUERIES</c> says. What the sharded database refuses, one server is not asked. A
/// failure shows its seed, which <c>DROVER_SEED</c> takes, and what ran since the tables were alike.
/// </summary>
public sealed class GeneratedWriteTests(PostgresFixture postgres)
{
    private const int StepsBetweenLooks = 10;

    private static readonly string[] s_tables =
    [
        "SELECT * FROM customers ORDER BY id",
        "SELECT * FROM orders ORDER BY customer_id, id",
        "SELECT * FROM notes ORDER BY tenant, n",
    ];

    [Theory]
    [InlineData(18, 3)]
    [InlineData(15, 4)]
    public async Task Random_writes_leave_the_rows_that_one_server_has(int major, int shards)
    {
        int seed = GeneratedStage.Seed();
        int count = GeneratedStage.Count(250);
        await using GeneratedStage stage = await GeneratedStage.StartAsync(postgres, major, shards, seed);
        Random random = new(seed);
        WriteGenerator writes = new(random);
        Dictionary<string, int> outcomes = [];
        List<string> ran = [];
        bool isInTransaction = false;
        for (int i = 0; i < count; i++)
        {
            Form form = (Form)random.Next(3);
            (string sql, string[] values) = writes.Next(isInTransaction, form != Form.Simple);
            ran.Add($"{sql};  -- {form} {string.Join(", ", values)}");
            string answer = await AskAsync(stage, sql, form, values);
            string outcome = answer == GeneratedStage.Refusal ? "refused" : "";
            if (outcome.Length == 0)
            {
                string expected = await MergeStage.AskAsync(stage.Single, sql, form, isOrdered: false, values);
                outcome = GeneratedStage.Outcome(expected, answer);
                if (outcome == "different")
                {
                    Assert.Fail(Report(seed, ran, $"one server: {expected}\nsharded:    {answer}", stage));
                }
            }
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            isInTransaction = await FollowAsync(stage, isInTransaction, sql, answer);
            if (!isInTransaction && i % StepsBetweenLooks == 0)
            {
                await AssertAlikeAsync(stage, seed, ran);
            }
        }
        await FollowAsync(stage, true, "", GeneratedStage.Refusal);
        await AssertAlikeAsync(stage, seed, ran);
        string shares = string.Join(", ", outcomes.Select(static one => $"{one.Key} {one.Value}"));
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}: {shares}");
        Assert.True(outcomes.GetValueOrDefault("same") > count / 3, shares);
    }

    private static async Task<string> AskAsync(GeneratedStage stage, string sql, Form form, string[] values)
    {
        try
        {
            return await MergeStage.AskAsync(stage.Sharded, sql, form, isOrdered: false, values);
        }
        catch (EndOfStreamException)
        {
            return "the connection was closed";
        }
    }

    /// <summary>Whether a transaction is open behind it. One that was refused has failed on one side only.</summary>
    private static async Task<bool> FollowAsync(GeneratedStage stage, bool isInTransaction, string sql, string answer)
    {
        if (isInTransaction && answer == GeneratedStage.Refusal)
        {
            await stage.Sharded.Query("ROLLBACK").RunAsync();
            await stage.Single.Query("ROLLBACK").RunAsync();
            return false;
        }
        return sql switch
        {
            "BEGIN" => true,
            "COMMIT" or "ROLLBACK" => false,
            _ => isInTransaction,
        };
    }

    private static async Task AssertAlikeAsync(GeneratedStage stage, int seed, List<string> ran)
    {
        foreach (string sql in s_tables)
        {
            string expected = await MergeStage.AskAsync(stage.Single, sql, Form.Simple);
            string answer = await MergeStage.AskAsync(stage.Sharded, sql, Form.Simple);
            if (expected != answer)
            {
                Assert.Fail(Report(seed, ran, $"{sql}\none server: {expected}\nsharded:    {answer}", stage));
            }
        }
        ran.Clear();
    }

    private static string Report(int seed, List<string> ran, string answers, GeneratedStage stage) =>
        $"seed {seed}:\n{string.Join('\n', ran)}\n{answers}\n{stage.Sharded.LastError}\n{stage.ProxyLog}";
}
