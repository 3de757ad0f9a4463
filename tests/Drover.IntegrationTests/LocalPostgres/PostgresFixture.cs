// One cluster per version for the whole assembly, started when the first test asks for it.
using System.Collections.Concurrent;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace Drover.IntegrationTests.LocalPostgres;

/// <summary>
/// Take it as a constructor parameter. A test that changes settings or kills the server starts a
/// <see cref="LocalPostgresCluster"/> of its own instead.
/// </summary>
public class PostgresFixture : IAsyncDisposable
{
    // Roles are the cluster's, so tests that run side by side cannot each make theirs.
    private const string Roles = """
        CREATE ROLE app LOGIN;
        CREATE ROLE "App 2" LOGIN;
        CREATE ROLE reader;
        CREATE ROLE writer;
        GRANT writer TO app;
        GRANT SET ON PARAMETER session_replication_role TO app;
        """;

    private readonly ConcurrentDictionary<int, Lazy<Task<LocalPostgresCluster>>> _clusters = new();
    private int _databaseCount;

    /// <summary>The shared cluster of a version.</summary>
    internal Task<LocalPostgresCluster> GetAsync(int major) =>
        _clusters.GetOrAdd(major, major => new Lazy<Task<LocalPostgresCluster>>(() => StartAsync(major))).Value;

    /// <summary>A new empty database on the shared cluster, so that tests do not see each other's tables.</summary>
    internal async Task<(LocalPostgresCluster Cluster, string Database)> CreateDatabaseAsync(
        int major,
        CancellationToken cancellationToken
    )
    {
        LocalPostgresCluster cluster = await GetAsync(major);
        string database = $"test_{Interlocked.Increment(ref _databaseCount)}";
        await cluster.ExecuteAsync($"CREATE DATABASE {database}", cancellationToken);
        return (cluster, database);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (Lazy<Task<LocalPostgresCluster>> cluster in _clusters.Values)
        {
            await (await cluster.Value).DisposeAsync();
        }
    }

    /// <summary>Settings beside those that all have.</summary>
    protected virtual IEnumerable<KeyValuePair<string, string>> MoreSettings => [];

    private async Task<LocalPostgresCluster> StartAsync(int major)
    {
        LocalPostgresOptions options = new()
        {
            Major = major,
            MaxConnections = 300,
            Settings = new Dictionary<string, string>(MoreSettings)
            {
                ["wal_level"] = "logical",
                ["max_prepared_transactions"] = "20",
                ["max_wal_senders"] = "10",
                ["max_replication_slots"] = "10",
                ["shared_preload_libraries"] = "pg_stat_statements",
                // Each database has its turn once in this time: with the default and a thousand of them a worker would
                // start every tenth of a second.
                ["autovacuum_naptime"] = "1h",
            },
        };
        LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(options, CancellationToken.None);
        await cluster.ExecuteAsync(Roles, CancellationToken.None);
        return cluster;
    }
}
