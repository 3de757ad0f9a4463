// Random queries and writes on one PostgreSQL and on a sharded database: the same answers, or a refusal that says why.
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Sharding.Generated;

/// <summary>
/// Some hundred statements in the usual run; as many as <c>DROVER_QUERIES</c> says. A failure shows its seed, which
/// <c>DROVER_SEED</c> takes, and the smallest query that still differs.
/// </summary>
public sealed class GeneratedQueryTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData(18, 4)]
    [InlineData(15, 3)]
    public async Task Random_queries_are_answered_as_by_one_server(int major, int shards)
    {
        int seed = GeneratedStage.Seed();
        int count = GeneratedStage.Count(250);
        await using GeneratedStage stage = await GeneratedStage.StartAsync(postgres, major, shards, seed);
        Dictionary<string, int> outcomes = [];
        List<string> different = [];
        for (int i = 0; i < count && different.Count < 5; i++)
        {
            SqlQuery query = new QueryGenerator(new Random(seed + i)).Next();
            Form form = (Form)(i % 3);
            string outcome = await stage.CompareAsync(query, form);
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            if (outcome == "different")
            {
                different.Add($"seed {seed + i}: " + await ShrinkAsync(stage, query, form));
            }
        }
        string shares = string.Join(", ", outcomes.Select(static one => $"{one.Key} {one.Value}"));
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}: {shares}");
        Assert.True(
            different.Count == 0,
            $"seed {seed}, {shares}:\n{string.Join("\n\n", different)}\n{stage.ProxyLog}"
        );
        Assert.True(outcomes.GetValueOrDefault("same") > count / 2, $"seed {seed}: {shares}");
    }

    /// <summary>The smallest query that is found to differ still, and both answers.</summary>
    private static async Task<string> ShrinkAsync(GeneratedStage stage, SqlQuery query, Form form)
    {
        int tries = 0;
        bool isSmaller = true;
        while (isSmaller)
        {
            isSmaller = false;
            foreach (SqlQuery smaller in query.Shrink())
            {
                if (++tries > 2000)
                {
                    break;
                }
                if (await stage.CompareAsync(smaller, form) == "different")
                {
                    query = smaller;
                    isSmaller = true;
                    break;
                }
            }
        }
        (string expected, string answer) = await stage.AnswersAsync(query, form);
        (string sql, string[] values) = query.ToSql(form != Form.Simple);
        return $"{sql}\n  as {form} ({string.Join(", ", values)})\n  one server: {expected}\n  sharded:    {answer}";
    }
}
