// The tables of the corpus of merged reads, on shards and on one server, and both asked the same.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding;

/// <summary>How a client asks.</summary>
internal enum Form
{
    Simple,
    Text,
    Binary,
}

internal sealed class MergeStage : IAsyncDisposable
{
    private readonly ShardingStage _stage;
    private readonly ShardedProxy _proxy;
    private readonly ScriptedClient _sharded;
    private readonly ScriptedClient _single;

    private MergeStage(ShardingStage stage, ShardedProxy proxy, ScriptedClient sharded, ScriptedClient single) =>
        (_stage, _proxy, _sharded, _single) = (stage, proxy, sharded, single);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The shards.</summary>
    public ShardingStage Shards => _stage;

    /// <summary>In front of them.</summary>
    public ShardedProxy Proxy => _proxy;

    /// <summary>A client of the sharded database.</summary>
    public ScriptedClient Client => _sharded;

    /// <summary>Makes tables and rows on both sides.</summary>
    public static async Task<MergeStage> StartAsync(
        PostgresFixture postgres,
        int major,
        int shards,
        bool hasCoordinator
    )
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, shards);
        if (hasCoordinator)
        {
            await stage.AddCoordinatorAsync(postgres, major);
        }
        await stage.SetUpAsync("shard init");
        // A number of a type is another one on each shard.
        for (int shard = 2; shard <= shards; shard++)
        {
            await stage.OnShardAsync(
                shard,
                string.Concat(Enumerable.Repeat("CREATE TYPE x AS (); DROP TYPE x;", shard))
            );
        }
        await stage.OnShardsAsync(MergeCorpus.Schema);
        await stage.SetUpAsync("table reference kinds");
        await stage.SetUpAsync("table shard things --key id");
        await stage.SetUpAsync("table shard parts --key thing");
        await stage.SetUpAsync("table shard plain --key id");
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(MergeCorpus.Schema, Token, database);
        ShardedProxy proxy = await stage.ServeAsync();
        ScriptedClient sharded = await ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop");
        ScriptedClient single = await ScriptedClient.ConnectAsync(
            LocalPostgresCluster.Host,
            cluster.Port,
            "postgres",
            database
        );
        MergeStage made = new(stage, proxy, sharded, single);
        foreach (string sql in MergeCorpus.Fill())
        {
            Assert.Equal(await AskAsync(single, sql, Form.Simple), await made.AskAsync(sql, Form.Simple));
        }
        return made;
    }

    /// <summary>The answer of the sharded database.</summary>
    public Task<string> AskAsync(string sql, Form form) => AskAsync(_sharded, sql, form);

    /// <summary>What is different; nothing if the answers are the same.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="form">How it is asked.</param>
    /// <param name="values">Those of Bind, as text.</param>
    public async Task<IEnumerable<string>> CompareAsync(string sql, Form form, params string[] values) =>
        Compare(
            $"{sql}\n  as {form}",
            await AskAsync(_single, sql, form, values),
            await AskAsync(_sharded, sql, form, values)
        );

    /// <summary>The same, with a form for each column.</summary>
    public async Task<IEnumerable<string>> CompareAsync(string sql, short[] formats, string[] values) =>
        Compare(
            sql,
            await AskAsync(_single, sql, formats, IsOrdered(sql), values),
            await AskAsync(_sharded, sql, formats, IsOrdered(sql), values)
        );

    private static string[] Compare(string what, string expected, string answer) =>
        expected == answer ? [] : [$"{what}, one server: {Short(expected)}\n  sharded: {Short(answer)}"];

    /// <summary>Another client of the sharded database.</summary>
    public Task<ScriptedClient> ConnectAsync() =>
        ScriptedClient.ConnectAsync("127.0.0.1", _proxy.Port, "postgres", "shop");

    /// <summary>Runs SQL on the one server, and on every shard past the proxy.</summary>
    public async Task OnBothAsync(string sql)
    {
        await _single.Query(sql).RunAsync();
        await _stage.OnShardsAsync(sql);
    }

    public async ValueTask DisposeAsync()
    {
        await _sharded.DisposeAsync();
        await _single.DisposeAsync();
        await _proxy.DisposeAsync();
        await _stage.DisposeAsync();
    }

    /// <summary>An answer to be compared: rows without an order are sorted, of an error its code is left.</summary>
    public static Task<string> AskAsync(ScriptedClient client, string sql, Form form, params string[] values) =>
        AskAsync(client, sql, form, IsOrdered(sql), values);

    /// <summary>The same, by who knows whether the order of rows is certain.</summary>
    public static Task<string> AskAsync(
        ScriptedClient client,
        string sql,
        Form form,
        bool isOrdered,
        params string[] values
    ) =>
        form == Form.Simple
            ? ReadAsync(client.Query(sql), isOrdered)
            : AskAsync(client, sql, form == Form.Binary ? [1] : [], isOrdered, values);

    private static Task<string> AskAsync(
        ScriptedClient client,
        string sql,
        short[] formats,
        bool isOrdered,
        string[] values
    ) => ReadAsync(client.Parse("", sql).Bind("", formats, values).DescribePortal().Execute().Sync(), isOrdered);

    private static async Task<string> ReadAsync(ScriptedClient asking, bool isOrdered)
    {
        string answer = await asking.RunAsync();
        if (answer.Split(' ').FirstOrDefault(static one => one.StartsWith("E(", StringComparison.Ordinal)) is { } error)
        {
            // How many rows came before it is chance.
            return error;
        }
        if (isOrdered || !answer.Contains(" D(", StringComparison.Ordinal))
        {
            return answer;
        }
        string[] parts = answer.Split(" D(");
        string last = parts[^1];
        int end = last.LastIndexOf(") C(", StringComparison.Ordinal);
        IEnumerable<string> rows = parts[1..^1].Select(row => row[..^1]).Append(end < 0 ? last : last[..end]);
        return $"{parts[0]} {string.Join(';', rows.Order(StringComparer.Ordinal))} {(end < 0 ? "" : last[end..])}";
    }

    /// <summary>Whether the outermost query asks for an order.</summary>
    private static bool IsOrdered(string sql)
    {
        int depth = 0;
        for (int i = 0; i < sql.Length; i++)
        {
            depth += sql[i] switch
            {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            if (depth == 0 && sql.AsSpan(i).StartsWith("ORDER BY"))
            {
                return true;
            }
        }
        return false;
    }

    private static string Short(string answer) => answer.Length < 600 ? answer : answer[..600] + " …";
}
