// A PostgreSQL of its own and a proxy before it, for tests that hurt them.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.Clients;
using Npgsql;

namespace Drover.IntegrationTests.Fire;

internal sealed class FireStage : IAsyncDisposable
{
    private FireStage(LocalPostgresCluster cluster, ProxyUnderTest proxy)
    {
        Cluster = cluster;
        Proxy = proxy;
    }

    public LocalPostgresCluster Cluster { get; }

    public ProxyUnderTest Proxy { get; }

    public static async Task<FireStage> StartAsync(
        IReadOnlyDictionary<string, string> settings,
        CancellationToken cancellationToken,
        string entry = ""
    )
    {
        LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions { Major = 18, MaxConnections = 60 },
            cancellationToken
        );
        Dictionary<string, string> all = new()
        {
            ["auth_type"] = "any",
            ["pool_mode"] = "transaction",
            ["max_client_conn"] = "6000",
            ["default_pool_size"] = "20",
            ["server_login_retry"] = "1",
            ["log_connections"] = "0",
            ["log_disconnections"] = "0",
        };
        foreach ((string name, string value) in settings)
        {
            all[name] = value;
        }
        string host = $"host={LocalPostgresCluster.Host} port={cluster.Port} user={LocalPostgresCluster.Superuser}";
        ProxyUnderTest proxy = await ProxyUnderTest.StartAsync(
            all,
            new Dictionary<string, string> { ["postgres"] = $"{host} dbname=postgres {entry}" },
            new Dictionary<string, string>(),
            cancellationToken
        );
        return new FireStage(cluster, proxy);
    }

    /// <summary>An open connection through the proxy; Npgsql's own pooling is off.</summary>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = new(ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    public string ConnectionString =>
        $"Host={ProxyUnderTest.Host};Port={Proxy.Port};Username=app;Database=postgres;Pooling=false;Timeout=60;"
        + "Command Timeout=60;Max Auto Prepare=0;No Reset On Close=true";

    public static async Task<object?> ScalarAsync(
        NpgsqlConnection connection,
        string sql,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Resident memory of the proxy in bytes.</summary>
    public long ResidentBytes()
    {
        string line = File.ReadLines($"/proc/{Proxy.ProcessId}/status")
            .First(static l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], null) * 1024;
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        await Cluster.DisposeAsync();
    }
}
