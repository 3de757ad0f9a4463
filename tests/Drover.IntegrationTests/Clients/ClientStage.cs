// One PostgreSQL with a proxy in session mode and one in transaction mode before it; shared by the tests of a version.
using System.Collections.Concurrent;
using Drover.App.LocalPostgres;

namespace Drover.IntegrationTests.Clients;

/// <summary>What all client tests of one major version of PostgreSQL run on.</summary>
public abstract class ClientStage(int major) : IAsyncLifetime
{
    private const string User = "app";
    private const string Password = "app's secret";

    private readonly Dictionary<string, ProxyUnderTest> _proxies = [];
    private readonly ConcurrentDictionary<string, Lazy<Task<ClientOutcome>>> _direct = new();
    private LocalPostgresCluster? _cluster;
    private int _databases;

    /// <summary>Starts the server and, before it, a proxy for each pool mode.</summary>
    public async ValueTask InitializeAsync()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        _cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions { Major = major, HostAuthentication = "scram-sha-256" },
            cancellationToken
        );
        string password = Password.Replace("'", "''", StringComparison.Ordinal);
        await _cluster.ExecuteAsync(
            $"create role {User} login password '{password}'; create role app_reader; grant app_reader to {User}",
            cancellationToken
        );
    }

    /// <summary>Stops all of it.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (ProxyUnderTest proxy in _proxies.Values)
        {
            await proxy.DisposeAsync();
        }
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
        GC.SuppressFinalize(this);
    }

    /// <summary>What the client sees when PostgreSQL itself answers; run once.</summary>
    internal Task<ClientOutcome> RunDirectlyAsync(ClientProgram client, CancellationToken cancellationToken) =>
        _direct
            .GetOrAdd(
                client.Name,
                _ => new Lazy<Task<ClientOutcome>>(() =>
                    RunAsync(client, LocalPostgresCluster.Host, _cluster!.Port, false, cancellationToken)
                )
            )
            .Value;

    /// <summary>What the client sees through the proxy, and what the proxy printed by then.</summary>
    internal async Task<(ClientOutcome Outcome, string Log)> RunThroughProxyAsync(
        ClientProgram client,
        string poolMode,
        CancellationToken cancellationToken
    )
    {
        ProxyUnderTest proxy = await StartProxyAsync(poolMode, cancellationToken);
        bool crowded = poolMode == "transaction";
        ClientOutcome outcome = await RunAsync(client, ProxyUnderTest.Host, proxy.Port, crowded, cancellationToken);
        return (outcome, proxy.Log);
    }

    private async Task<ClientOutcome> RunAsync(
        ClientProgram client,
        string host,
        int port,
        bool crowded,
        CancellationToken cancellationToken
    )
    {
        string database = $"stage_{Interlocked.Increment(ref _databases)}";
        await _cluster!.ExecuteAsync($"create database {database} owner {User}", cancellationToken);
        ClientTarget target = new(host, port, User, Password, database);
        await using (Neighbours? neighbours = crowded ? await Neighbours.StartAsync(target, cancellationToken) : null)
        {
            return await ClientRunner.RunAsync(client, target, cancellationToken);
        }
    }

    private async Task<ProxyUnderTest> StartProxyAsync(string poolMode, CancellationToken cancellationToken)
    {
        if (!_proxies.TryGetValue(poolMode, out ProxyUnderTest? proxy))
        {
            Dictionary<string, string> settings = new()
            {
                ["auth_type"] = "scram-sha-256",
                ["pool_mode"] = poolMode,
                ["default_pool_size"] = "10",
                ["max_client_conn"] = "200",
                // A client's next transaction is to land on another server than its last.
                ["server_round_robin"] = "1",
            };
            if (ProxyUnderTest.IsPgBouncer)
            {
                settings["ignore_startup_parameters"] = "extra_float_digits,options,search_path,statement_timeout";
            }
            proxy = await ProxyUnderTest.StartAsync(
                settings,
                new Dictionary<string, string> { ["*"] = $"host={LocalPostgresCluster.Host} port={_cluster!.Port}" },
                new Dictionary<string, string> { [User] = Password },
                cancellationToken
            );
            _proxies.Add(poolMode, proxy);
        }
        return proxy;
    }
}

/// <summary>The stage on PostgreSQL 15.</summary>
public sealed class ClientStage15() : ClientStage(15);

/// <summary>The stage on PostgreSQL 18.</summary>
public sealed class ClientStage18() : ClientStage(18);
