// Tables on shards and on one server, and a script of messages that both get: their answers have to be the same.
using System.Globalization;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding.Pipelines;

/// <summary>
/// <c>t</c> has ids 1 to 20, spread over three shards; <c>late</c> fails at COMMIT where <c>n</c> is twice the same;
/// <c>kinds</c> is a reference table.
/// </summary>
internal sealed class PipelineStage : IAsyncDisposable
{
    private const string Schema = """
        CREATE TABLE t (id bigint PRIMARY KEY, n int NOT NULL CHECK (n < 1000), note text);
        CREATE TABLE late (id bigint NOT NULL, n int, UNIQUE (id, n) DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE kinds (id bigint PRIMARY KEY, name text)
        """;

    private readonly ScriptedClient _single;

    private PipelineStage(ShardingStage stage, ShardedProxy proxy, ScriptedClient sharded, ScriptedClient single) =>
        (Shards, Proxy, Client, _single) = (stage, proxy, sharded, single);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ShardingStage Shards { get; }

    public ShardedProxy Proxy { get; }

    /// <summary>A client of the sharded database.</summary>
    public ScriptedClient Client { get; }

    /// <summary>How one server with the same tables is reached by Npgsql.</summary>
    public required string SingleString { get; init; }

    public static async Task<PipelineStage> StartAsync(PostgresFixture postgres, int major, bool hasCoordinator = true)
    {
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, 3);
        if (hasCoordinator)
        {
            await stage.AddCoordinatorAsync(postgres, major);
        }
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Schema);
        await stage.SetUpAsync("table shard t --key id", "table shard late --key id", "table reference kinds");
        ShardedProxy proxy = await stage.ServeAsync();
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Schema, Token, database);
        PipelineStage made = new(
            stage,
            proxy,
            await ScriptedClient.ConnectAsync("127.0.0.1", proxy.Port, "postgres", "shop"),
            await ScriptedClient.ConnectAsync(LocalPostgresCluster.Host, cluster.Port, "postgres", database)
        )
        {
            SingleString = cluster.ConnectionStringTo(database),
        };
        string rows = string.Join(", ", Enumerable.Range(1, 20).Select(static id => $"({id}, {id}, 'r{id}')"));
        await made.ExpectSameAsync($"q INSERT INTO t VALUES {rows}\nq INSERT INTO kinds VALUES (1, 'a'), (2, 'b')");
        return made;
    }

    /// <summary>Another client of the sharded database.</summary>
    public Task<ScriptedClient> ConnectAsync() =>
        ScriptedClient.ConnectAsync("127.0.0.1", Proxy.Port, "postgres", "shop");

    /// <summary>Both answer a script alike, and have the same rows afterwards. Gives the answer.</summary>
    public async Task<string> ExpectSameAsync(string script)
    {
        string expected = await RunAsync(_single, script);
        string answer = await RunAsync(Client, script);
        Assert.True(expected == answer, $"{script}\n one server: {expected}\n sharded:    {answer} {Client.LastError}");
        await ExpectSameRowsAsync(script);
        return answer;
    }

    /// <summary>Both have the same rows.</summary>
    public async Task ExpectSameRowsAsync(string what)
    {
        string[] all =
        [
            "SELECT id, n, note FROM t ORDER BY id, n",
            "SELECT id, n FROM late ORDER BY id, n",
            "SELECT id, name FROM kinds ORDER BY id",
        ];
        foreach (string rows in all)
        {
            string expected = await _single.Query(rows).RunAsync();
            string answer = await Client.Query(rows).RunAsync();
            Assert.True(expected == answer, $"{what}\n one server: {expected}\n sharded:    {answer}");
        }
        Assert.Equal(0, await Shards.PreparedAsync());
    }

    /// <summary>
    /// Sends a script in one write and reads all answers. A line is a message: <c>p name: SQL</c> Parse, <c>b
    /// [portal/]name: values</c> Bind, <c>d</c> and <c>ds name</c> Describe, <c>e [portal] [rows]</c> Execute, <c>c
    /// name</c> and <c>cp portal</c> Close, <c>f</c> Flush, <c>s</c> Sync, <c>q SQL</c> Query; <c>x SQL</c> is a
    /// statement parsed, bound, described and executed.
    /// </summary>
    public static Task<string> RunAsync(ScriptedClient client, string script) => client.RunAsync(Queue(client, script));

    /// <summary>Queues a script; gives how often ReadyForQuery will come.</summary>
    public static int Queue(ScriptedClient client, string script)
    {
        int readies = 0;
        foreach (string line in script.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Trim().Split(' ', 2);
            string rest = words.Length > 1 ? words[1] : "";
            string[] named = rest.Split(": ", 2);
            switch (words[0])
            {
                case "x":
                    client.Parse("", rest).Bind("").DescribePortal().Execute();
                    break;
                case "p":
                    client.Parse(named[0].TrimEnd(':'), named.Length > 1 ? named[1] : "");
                    break;
                case "b":
                    string[] place = named[0].TrimEnd(':').Split('/');
                    string[] values = named.Length > 1 ? named[1].Split(',') : [];
                    client.BindTo(place.Length > 1 ? place[0] : "", place[^1], [], values);
                    break;
                case "d":
                    client.DescribePortal(rest);
                    break;
                case "ds":
                    client.DescribeStatement(rest);
                    break;
                case "e":
                    string[] execute = rest.Split(' ');
                    int rows = execute.Length > 1 ? int.Parse(execute[1], CultureInfo.InvariantCulture) : 0;
                    client.Execute(execute[0], rows);
                    break;
                case "c":
                    client.CloseStatement(rest);
                    break;
                case "cp":
                    client.ClosePortal(rest);
                    break;
                case "f":
                    client.Flush();
                    break;
                case "s":
                    client.Sync();
                    readies++;
                    break;
                case "q":
                    client.Query(rest);
                    readies++;
                    break;
                default:
                    throw new ArgumentException(line);
            }
        }
        return readies;
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _single.DisposeAsync();
        await Proxy.DisposeAsync();
        await Shards.DisposeAsync();
    }
}
