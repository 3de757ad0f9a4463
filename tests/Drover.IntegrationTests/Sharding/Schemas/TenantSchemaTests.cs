// One schema for each tenant, each whole on one shard: the same answers as one server with all of them.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Schemas;

public sealed class TenantSchemaTests(PostgresFixture postgres)
{
    private const string CountTables = """
        SELECT string_agg(nspname || ' ' || n, ',' ORDER BY nspname) FROM (
            SELECT nspname, count(*) AS n FROM pg_class c JOIN pg_namespace s ON s.oid = relnamespace
            WHERE nspname IN ('acme', 'globex', 'initech') AND relkind IN ('r', 'v', 'p', 'S')
            GROUP BY nspname) AS all_of
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(18, Form.Simple)]
    [InlineData(18, Form.Binary)]
    [InlineData(15, Form.Text)]
    [InlineData(15, Form.Simple)]
    public async Task Schemas_on_their_shards_answer_as_one_server_does(int major, object form)
    {
        await using TenantStage stage = await TenantStage.StartAsync(postgres, major);
        await stage.AddAsync("initech");
        await stage.AddAsync("globex");
        await stage.AddAsync("acme");
        List<string> different = [];
        List<string> refused = [];
        foreach (string sql in TenantCorpus.Statements)
        {
            if (sql == TenantCorpus.FirstDrop)
            {
                await ExpectPlacesAsync(stage.Shards);
            }
            string answer = await AskAsync(stage, sql, (Form)form);
            if (TenantCorpus.Refusable.Contains(sql) && answer.StartsWith("E(0A000", StringComparison.Ordinal))
            {
                refused.Add(sql);
                continue;
            }
            string expected = await MergeStage.AskAsync(stage.Single, sql, (Form)form);
            if (answer != expected)
            {
                different.Add($"{sql}\n  one server: {expected}\n  sharded: {answer} {stage.Sharded.LastError}");
            }
        }
        Assert.True(different.Count == 0, string.Join('\n', different) + "\nthe proxy said:\n" + stage.Proxy.Log);
        Assert.Equal(TenantCorpus.Refusable.Count, refused.Count);
        Assert.Equal(
            "globex,initech",
            await stage.Shards.FromCatalogAsync(
                "SELECT string_agg(schema_name, ',' ORDER BY schema_name) FROM drover.sharded_schemas"
            )
        );
        Assert.Contains("the same schema", await stage.Shards.DoAsync("schema check"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Clients_come_to_a_schema_by_every_way(int major)
    {
        await using TenantStage stage = await StartTwoAsync(major);
        await PrepareAsync(stage);
        await stage.BothAsync(client =>
            client.Query("COPY acme.bills (note) FROM STDIN").Copy("copied\ntoo\n"u8.ToArray()).CopyDone()
        );
        await stage.BothAsync("COPY acme.bills TO STDOUT");
        Assert.Equal(stage.Single.Copied, stage.Sharded.Copied);
        await stage.BothAsync("COPY (SELECT note FROM acme.bills ORDER BY 1) TO STDOUT (FORMAT csv)");
        Assert.Equal(stage.Single.Copied, stage.Sharded.Copied);
        await stage.BothAsync("BEGIN");
        await stage.BothAsync("DROP SCHEMA acme CASCADE");
        await stage.BothAsync("ROLLBACK");
        await stage.BothAsync("SELECT note FROM acme.bills ORDER BY id");
        Assert.Equal("2", await stage.Shards.FromCatalogAsync("SELECT count(*)::text FROM drover.sharded_schemas"));
        Assert.Contains("s3", await stage.Sharded.Query("EXPLAIN SELECT * FROM acme.bills").RunAsync());

        await using ShardedProxy second = await stage.Shards.ServeSecondAsync();
        await using NpgsqlConnection tenant = await second.OpenAsync(Token, "Search Path=acme;");
        await using NpgsqlCommand ask = new("SELECT string_agg(note, ' ' ORDER BY id) FROM bills", tenant);
        Assert.Equal("acme copied too", await ask.ExecuteScalarAsync(Token));
        Assert.Contains("shop acme.* schema   s3", await second.ShowAsync("TABLES", Token));
    }

    private static async Task PrepareAsync(TenantStage stage)
    {
        const string ById = "SELECT note FROM bills WHERE id = $1";
        const string Both = "SELECT a.note, g.note FROM acme.bills a JOIN globex.bills g USING (id) WHERE id = $1";
        const string Mixed = "SELECT count(*) FROM acme.bills, orders WHERE customer_id = $1";
        const string Insert = "INSERT INTO globex.bills (note) VALUES ($1)";
        await stage.BothAsync("SET search_path = acme, public");
        await stage.BothAsync(client => client.Parse("s", ById).DescribeStatement("s").Sync());
        await stage.BothAsync(client => client.Bind("s", "1").Execute().Sync());
        await stage.BothAsync("SET search_path = globex, public");
        await stage.BothAsync(client => client.Bind("s", "1").Execute().Sync());
        await stage.BothAsync("PREPARE p AS SELECT note FROM bills");
        await stage.BothAsync("EXECUTE p");
        await stage.BothAsync("DEALLOCATE p");
        await stage.BothAsync("RESET search_path");
        await stage.BothAsync(client => client.Bind("s", "1").Execute().Sync());
        await stage.BothAsync(client => client.Parse("b", Both).DescribeStatement("b").Sync());
        await stage.BothAsync(client => client.Bind("b", "1").Execute().Sync());
        await stage.BothAsync(client => client.Parse("m", Mixed).DescribeStatement("m").Sync());
        await stage.BothAsync(client => client.Bind("m", "1").Execute().Sync());
        await stage.BothAsync(client => client.Parse("i", Insert).DescribeStatement("i").Sync());
    }

    /// <summary>An answer; with what the proxy said if there is none.</summary>
    private static async Task<string> AskAsync(TenantStage stage, string sql, Form form)
    {
        try
        {
            return await MergeStage.AskAsync(stage.Sharded, sql, form);
        }
        catch (IOException end)
        {
            throw new InvalidOperationException($"{sql}\nthe proxy said:\n{stage.Proxy.Log}", end);
        }
    }

    /// <summary>Each on its own of three shards, and nothing of it elsewhere.</summary>
    private static async Task ExpectPlacesAsync(ShardingStage stage)
    {
        string?[] found =
        [
            await stage.FromShardAsync(1, CountTables),
            await stage.FromShardAsync(2, CountTables),
            await stage.FromShardAsync(3, CountTables),
        ];
        Assert.StartsWith("initech ", found[0], StringComparison.Ordinal);
        Assert.StartsWith("globex ", found[1], StringComparison.Ordinal);
        Assert.StartsWith("acme ", found[2], StringComparison.Ordinal);
        Assert.DoesNotContain(found, static one => one!.Contains(',', StringComparison.Ordinal));
    }

    /// <summary>Two tenants on two shards, each with a row of its own name.</summary>
    private async Task<TenantStage> StartTwoAsync(int major)
    {
        TenantStage stage = await TenantStage.StartAsync(postgres, major);
        foreach ((string schema, string shard) in (IEnumerable<(string, string)>)[("acme", "s3"), ("globex", "s2")])
        {
            await stage.AddAsync(schema, $", '{shard}'");
            await stage.BothAsync($"CREATE TABLE {schema}.bills (id serial, note text)");
            await stage.BothAsync($"INSERT INTO {schema}.bills (note) VALUES ('{schema}')");
        }
        return stage;
    }
}
