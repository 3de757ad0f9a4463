// One server and a sharded database with the same rows, and both asked the same.
using System.Globalization;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding.Generated;

internal sealed class GeneratedStage : IAsyncDisposable
{
    /// <summary>What a sharded database may say where one server answers.</summary>
    public const string Refusal = "E(0A000)";

    private readonly ShardingStage _stage;
    private readonly ShardedProxy _proxy;
    private readonly LocalPostgresCluster _cluster;

    private GeneratedStage(ShardingStage stage, ShardedProxy proxy, LocalPostgresCluster cluster) =>
        (_stage, _proxy, _cluster) = (stage, proxy, cluster);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public string ProxyLog => _proxy.Log;

    /// <summary>Where the one server is, as libpq takes it; without a user.</summary>
    public string SingleAddress => $"host={LocalPostgresCluster.Host} port={_cluster.Port} dbname={SingleDatabase}";

    /// <summary>A client of the one server.</summary>
    public required ScriptedClient Single { get; init; }

    /// <summary>A client of the sharded database.</summary>
    public required ScriptedClient Sharded { get; init; }

    /// <summary>The database on the one server.</summary>
    public required string SingleDatabase { get; init; }

    /// <summary>That of <c>DROVER_SEED</c>, else any.</summary>
    public static int Seed() => Setting("DROVER_SEED", Random.Shared.Next(1_000_000_000));

    /// <summary>That of <c>DROVER_QUERIES</c>, else the usual one.</summary>
    public static int Count(int usual) => Setting("DROVER_QUERIES", usual);

    public static async Task<GeneratedStage> StartAsync(PostgresFixture postgres, int major, int shards, int seed)
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
        GeneratedStage made = new(stage, proxy, cluster)
        {
            SingleDatabase = database,
            Single = await ScriptedClient.ConnectAsync(LocalPostgresCluster.Host, cluster.Port, "postgres", database),
            Sharded = await ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop"),
        };
        foreach (string sql in GeneratedSchema.Fill(new Random(seed)))
        {
            Assert.Equal(
                await MergeStage.AskAsync(made.Single, sql, Form.Simple),
                await MergeStage.AskAsync(made.Sharded, sql, Form.Simple)
            );
        }
        return made;
    }

    /// <summary>same, failed (both, with one code), refused or different.</summary>
    public async Task<string> CompareAsync(SqlQuery query, Form form)
    {
        (string expected, string answer) = await AnswersAsync(query, form);
        return Outcome(expected, answer);
    }

    /// <summary>The same of two answers.</summary>
    public static string Outcome(string expected, string answer) =>
        expected == answer ? (answer.StartsWith("E(", StringComparison.Ordinal) ? "failed" : "same")
        : answer == Refusal ? "refused"
        : "different";

    /// <summary>Both answers; rows that have no order are sorted.</summary>
    public async Task<(string Expected, string Answer)> AnswersAsync(SqlQuery query, Form form)
    {
        (string sql, string[] values) = query.ToSql(form != Form.Simple);
        return (
            await MergeStage.AskAsync(Single, sql, form, query.IsOrdered, values),
            await MergeStage.AskAsync(Sharded, sql, form, query.IsOrdered, values)
        );
    }

    /// <summary>A database with the same rows put in in the other order.</summary>
    public static async Task<string> CreateReversedAsync(PostgresFixture postgres, int major, int seed)
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(GeneratedSchema.Sql, Token, database);
        foreach (string sql in GeneratedSchema.Fill(new Random(seed), isReversed: true))
        {
            await cluster.ExecuteAsync(sql, Token, database);
        }
        return database;
    }

    /// <summary>Makes a user who may do with the tables what he likes, and with the server nothing.</summary>
    public async Task<string> CreateUserAsync(string reversed)
    {
        string user = _stage.OtherUser;
        await _cluster.ExecuteAsync($"CREATE ROLE {user} LOGIN", Token);
        string grants = $"GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}";
        await _cluster.ExecuteAsync(grants, Token, SingleDatabase);
        await _cluster.ExecuteAsync(grants, Token, reversed);
        Assert.Equal("C(GRANT) Z(I)", await Sharded.Query(grants).RunAsync());
        return user;
    }

    /// <summary>A client with this name: of a database of the one server, or of the sharded one.</summary>
    public Task<ScriptedClient> ConnectAsync(string user, string? database) =>
        database is null
            ? ScriptedClient.ConnectAsync("127.0.0.1", _proxy.Port, user, "shop")
            : ScriptedClient.ConnectAsync(LocalPostgresCluster.Host, _cluster.Port, user, database);

    /// <summary>The same on the one server's database with the rows in order.</summary>
    public Task<ScriptedClient> ConnectSingleAsync(string user) => ConnectAsync(user, SingleDatabase);

    public async ValueTask DisposeAsync()
    {
        await Sharded.DisposeAsync();
        await Single.DisposeAsync();
        await _proxy.DisposeAsync();
        await _stage.DisposeAsync();
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : otherwise;
}
