// The same statements on one PostgreSQL and on a sharded database: the same answers, or a refusal that says why.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding;

public sealed class DifferentialTests(PostgresFixture postgres)
{
    private const string Schema = """
        CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL, price numeric(10, 2));
        CREATE TABLE customers (id bigint PRIMARY KEY, name text, city text, since date);
        CREATE TABLE orders (
            id bigint, customer_id bigint NOT NULL, product_id bigint, total numeric(10, 2), at timestamptz,
            PRIMARY KEY (customer_id, id)
        );
        CREATE TABLE notes (tenant text NOT NULL, n int, body text, PRIMARY KEY (tenant, n));
        CREATE TABLE settings (k text PRIMARY KEY, v text)
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(18, 1, Form.Simple)]
    [InlineData(18, 2, Form.Binary)]
    [InlineData(15, 4, Form.Text)]
    [InlineData(18, 8, Form.Simple)]
    [InlineData(18, 3, Form.Simple, "pins")]
    [InlineData(15, 4, Form.Binary, "ranges")]
    public async Task Sharded_database_answers_as_one_server_does(
        int major,
        int shards,
        object form,
        string placement = "slots"
    )
    {
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards);
        await stage.AddCoordinatorAsync(postgres, major);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Schema);
        await stage.SetUpAsync("table reference products");
        await DeclareAsync(stage, shards, placement);
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Schema, Token, database);
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using ScriptedClient single = await ScriptedClient.ConnectAsync(
            LocalPostgresCluster.Host,
            cluster.Port,
            "postgres",
            database
        );
        await using ScriptedClient sharded = await ScriptedClient.ConnectAsync(
            "127.0.0.1",
            proxy.Port,
            "postgres",
            "shop"
        );
        List<string> refused = [];
        List<string> different = [];
        foreach (string sql in DifferentialCorpus.Statements)
        {
            string expected = await MergeStage.AskAsync(single, sql, (Form)form);
            string answer = await MergeStage.AskAsync(sharded, sql, (Form)form);
            if (answer == expected)
            {
                continue;
            }
            bool isRefusal = answer.StartsWith("E(0A000", StringComparison.Ordinal) && !IsWrite(expected);
            (isRefusal ? refused : different).Add($"{sql}\n    one server: {expected}\n    sharded: {answer}");
        }
        Assert.True(different.Count == 0, string.Join('\n', different) + "\nthe proxy said:\n" + proxy.Log);
        Assert.True(
            refused.Count <= DifferentialCorpus.RefusedMax,
            $"{refused.Count} refused, at most {DifferentialCorpus.RefusedMax} may be:\n{string.Join('\n', refused)}"
        );
    }

    private static Task DeclareAsync(ShardingStage stage, int shards, string placement)
    {
        IEnumerable<int> keys = Enumerable.Range(1, 6);
        return placement switch
        {
            "ranges" => stage.SetUpAsync([
                "table shard customers --key id --by range",
                "table shard orders --key customer_id --group bigint_range",
                "table shard notes --key tenant --by list",
                "placement add bigint_range --to 1 --shard 1",
                .. keys.Select(key =>
                    $"placement add bigint_range --from {key} --to {key + 1} --shard {key % shards + 1}"
                ),
                "placement add bigint_range --from 7 --shard 2",
                $"placement add text_list --values {DifferentialCorpus.Tenants} --shard 2",
            ]),
            _ => stage.SetUpAsync([
                "table shard customers --key id",
                "table shard orders --key customer_id",
                "table shard notes --key tenant",
                .. placement == "pins"
                    ? keys.Select(key => $"tenant pin {key} --shard {key % shards + 1} --table orders")
                    : [],
            ]),
        };
    }

    /// <summary>A write that one side has made and the other has refused makes all that follows differ.</summary>
    private static bool IsWrite(string answer) =>
        !answer.StartsWith("E(", StringComparison.Ordinal) && !answer.Contains("C(SELECT", StringComparison.Ordinal);
}
