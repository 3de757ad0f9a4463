// Random queries and writes on one PostgreSQL and on a sharded database: the same answers, or a refusal that says why.
using System.Globalization;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding.Generated;

/// <summary>
/// Some hundred statements in the usual run; as many as <c>DROVER_QUERIES</c> says. A failure shows its seed, which
/// <c>DROVER_SEED</c> takes, and the smallest query that still differs.
/// </summary>
public sealed class GeneratedQueryTests(PostgresFixture postgres)
{
    private const string Refusal = "E(0A000)";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(18, 4)]
    [InlineData(15, 3)]
    public async Task Random_queries_are_answered_as_by_one_server(int major, int shards)
    {
        int seed = Setting("DROVER_SEED", Random.Shared.Next());
        int count = Setting("DROVER_QUERIES", 250);
        await using Sides sides = await Sides.StartAsync(postgres, major, shards, seed);
        Dictionary<string, int> outcomes = [];
        List<string> different = [];
        for (int i = 0; i < count && different.Count < 5; i++)
        {
            SqlQuery query = new QueryGenerator(new Random(seed + i)).Next();
            Form form = (Form)(i % 3);
            string outcome = await sides.CompareAsync(query, form);
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            if (outcome == "different")
            {
                different.Add($"seed {seed + i}: " + await ShrinkAsync(sides, query, form));
            }
        }
        string shares = string.Join(", ", outcomes.Select(static one => $"{one.Key} {one.Value}"));
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}: {shares}");
        Assert.True(
            different.Count == 0,
            $"seed {seed}, {shares}:\n{string.Join("\n\n", different)}\n{sides.ProxyLog}"
        );
        Assert.True(outcomes.GetValueOrDefault("same") > count / 2, $"seed {seed}: {shares}");
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : otherwise;

    /// <summary>The smallest query that is found to differ still, and both answers.</summary>
    private static async Task<string> ShrinkAsync(Sides sides, SqlQuery query, Form form)
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
                if (await sides.CompareAsync(smaller, form) == "different")
                {
                    query = smaller;
                    isSmaller = true;
                    break;
                }
            }
        }
        (string expected, string answer) = await sides.AnswersAsync(query, form);
        (string sql, string[] values) = query.ToSql(form != Form.Simple);
        return $"{sql}\n  as {form} ({string.Join(", ", values)})\n  one server: {expected}\n  sharded:    {answer}";
    }

    /// <summary>One server and a sharded database with the same rows.</summary>
    private sealed class Sides : IAsyncDisposable
    {
        private readonly ShardingStage _stage;
        private readonly ShardedProxy _proxy;
        private readonly ScriptedClient _single;
        private readonly ScriptedClient _sharded;

        private Sides(ShardingStage stage, ShardedProxy proxy, ScriptedClient single, ScriptedClient sharded) =>
            (_stage, _proxy, _single, _sharded) = (stage, proxy, single, sharded);

        public string ProxyLog => _proxy.Log;

        public static async Task<Sides> StartAsync(PostgresFixture postgres, int major, int shards, int seed)
        {
            ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards);
            await stage.AddCoordinatorAsync(postgres, major);
            await stage.SetUpAsync("shard init");
            await stage.OnShardsAsync(GeneratedSchema.Sql);
            await stage.SetUpAsync(
                GeneratedSchema.Tables.Select(static table =>
                    table.Key is null ? $"table reference {table.Name}" : $"table shard {table.Name} --key {table.Key}"
                )
            );
            (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
            await cluster.ExecuteAsync(GeneratedSchema.Sql, Token, database);
            ShardedProxy proxy = await stage.ServeAsync();
            ScriptedClient single = await ScriptedClient.ConnectAsync(
                LocalPostgresCluster.Host,
                cluster.Port,
                "postgres",
                database
            );
            ScriptedClient sharded = await ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");
            foreach (string sql in GeneratedSchema.Fill(new Random(seed)))
            {
                Assert.Equal(
                    await MergeStage.AskAsync(single, sql, Form.Simple),
                    await MergeStage.AskAsync(sharded, sql, Form.Simple)
                );
            }
            return new Sides(stage, proxy, single, sharded);
        }

        /// <summary>same, failed (both, with one code), refused or different.</summary>
        public async Task<string> CompareAsync(SqlQuery query, Form form)
        {
            (string expected, string answer) = await AnswersAsync(query, form);
            return expected == answer ? (answer.StartsWith("E(", StringComparison.Ordinal) ? "failed" : "same")
                : answer == Refusal ? "refused"
                : "different";
        }

        /// <summary>Both answers; rows that have no order are sorted.</summary>
        public async Task<(string Expected, string Answer)> AnswersAsync(SqlQuery query, Form form)
        {
            (string sql, string[] values) = query.ToSql(form != Form.Simple);
            return (
                await MergeStage.AskAsync(_single, sql, form, query.IsOrdered, values),
                await MergeStage.AskAsync(_sharded, sql, form, query.IsOrdered, values)
            );
        }

        public async ValueTask DisposeAsync()
        {
            await _sharded.DisposeAsync();
            await _single.DisposeAsync();
            await _proxy.DisposeAsync();
            await _stage.DisposeAsync();
        }
    }
}
