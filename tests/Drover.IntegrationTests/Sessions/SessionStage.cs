// A proxy in transaction mode before the shared PostgreSQL, for scripted clients.
using System.Text.RegularExpressions;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.Clients;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Sessions;

/// <summary>One test's proxy and database; servers are used in turn, so that clients change them.</summary>
internal sealed class SessionStage : IAsyncDisposable
{
    private readonly ProxyUnderTest _proxy;
    private readonly LocalPostgresCluster _cluster;
    private readonly string _database;
    private ScriptedClient? _holder;

    private SessionStage(ProxyUnderTest proxy, LocalPostgresCluster cluster, string database) =>
        (_proxy, _cluster, _database) = (proxy, cluster, database);

    public string Log => _proxy.Log;

    public static async Task<SessionStage> StartAsync(
        PostgresFixture postgres,
        int major,
        int poolSize,
        params (string Name, string Value)[] more
    )
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, cancellationToken);
        Dictionary<string, string> settings = new()
        {
            ["auth_type"] = "trust",
            ["pool_mode"] = "transaction",
            ["admin_users"] = LocalPostgresCluster.Superuser,
            ["default_pool_size"] = $"{poolSize}",
            ["server_round_robin"] = "1",
        };
        foreach ((string name, string value) in more)
        {
            settings[name] = value;
        }
        ProxyUnderTest proxy = await ProxyUnderTest.StartAsync(
            settings,
            new Dictionary<string, string> { ["*"] = $"host={LocalPostgresCluster.Host} port={cluster.Port}" },
            new Dictionary<string, string> { [LocalPostgresCluster.Superuser] = "" },
            cancellationToken
        );
        return new SessionStage(proxy, cluster, database);
    }

    public Task<ScriptedClient> ConnectAsync() =>
        ScriptedClient.ConnectAsync(ProxyUnderTest.Host, _proxy.Port, LocalPostgresCluster.Superuser, _database);

    /// <summary>Runs SQL past the proxy.</summary>
    public Task RunDirectlyAsync(string sql) =>
        _cluster.ExecuteAsync(sql, TestContext.Current.CancellationToken, _database);

    /// <summary>The value of a query of one row; an empty text where PostgreSQL says NULL for a setting.</summary>
    public static async Task<string> ValueAsync(ScriptedClient client, string sql)
    {
        string answer = await client.Query(sql).RunAsync();
        Match row = Regex.Match(answer, @"^T D\((.*)\) C\(SELECT 1\) Z\(I\)$");
        Assert.True(row.Success, answer);
        return row.Groups[1].Value;
    }

    /// <summary>RELOAD on the console, as the operator does it.</summary>
    public async Task ReloadAsync()
    {
        await using ScriptedClient console = await ScriptedClient.ConnectAsync(
            ProxyUnderTest.Host,
            _proxy.Port,
            LocalPostgresCluster.Superuser,
            "drover"
        );
        Assert.Equal("C(RELOAD) Z(I)", await console.Query("RELOAD").RunAsync());
    }

    /// <summary>
    /// In a pool of two, keeps one server busy. Called again it takes the other one and lets the first go: whoever runs
    /// something in between is on the other server each time.
    /// </summary>
    public async Task ChangeServersAsync()
    {
        ScriptedClient? before = _holder;
        _holder = await ConnectAsync();
        await _holder.Query("begin").RunAsync();
        if (before is not null)
        {
            await before.Query("rollback").RunAsync();
            await before.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_holder is not null)
        {
            await _holder.DisposeAsync();
        }
        await _proxy.DisposeAsync();
    }
}
