// One PostgreSQL with TLS and a user for each way of logging in, per version; and proxies that classes share.
using System.Collections.Concurrent;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.Security;
using Drover.IntegrationTests.Serve;

[assembly: AssemblyFixture(typeof(SecureFixture))]

namespace Drover.IntegrationTests.Security;

/// <summary>Everything is started when first asked for, and lives as long as the assembly's tests.</summary>
public sealed class SecureFixture : IAsyncDisposable
{
    private readonly Lazy<Certificates> _certificates = new(static () => new Certificates());
    private readonly ConcurrentDictionary<int, Lazy<Task<LocalPostgresCluster>>> _clusters = new();
    private readonly ConcurrentDictionary<(string Name, int Major), Lazy<Task<ServeProcess>>> _proxies = new();

    internal Certificates Certificates => _certificates.Value;

    /// <summary>The cluster of a version. Users are named after what pg_hba.conf asks of them.</summary>
    internal Task<LocalPostgresCluster> GetAsync(int major) =>
        _clusters.GetOrAdd(major, major => new Lazy<Task<LocalPostgresCluster>>(() => StartAsync(major))).Value;

    /// <summary>A proxy that the tests of one class share; each brings it to its own settings by RELOAD.</summary>
    internal async Task<ServeProcess> ProxyAsync(
        string name,
        int major,
        Dictionary<string, string> settings,
        ServeEntries? entries = null
    )
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        int port = (await GetAsync(major)).Port;
        ServeProcess proxy = await _proxies
            .GetOrAdd(
                (name, major),
                _ => new Lazy<Task<ServeProcess>>(() => ServeProcess.StartAsync(port, CancellationToken.None))
            )
            .Value;
        await proxy.ReloadAsync(port, settings, token, entries);
        return proxy;
    }

    /// <summary>Settings that show the proxy's certificate to clients.</summary>
    internal Dictionary<string, string> ClientTls(string mode, params (string Name, string Value)[] more)
    {
        Dictionary<string, string> settings = new()
        {
            ["client_tls_sslmode"] = mode,
            ["client_tls_cert_file"] = Certificates.Proxy.CertificateFile,
            ["client_tls_key_file"] = Certificates.Proxy.KeyFile,
        };
        foreach ((string name, string value) in more)
        {
            settings[name] = value;
        }
        return settings;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Lazy<Task<ServeProcess>> proxy in _proxies.Values)
        {
            await (await proxy.Value).DisposeAsync();
        }
        foreach (Lazy<Task<LocalPostgresCluster>> cluster in _clusters.Values)
        {
            await (await cluster.Value).DisposeAsync();
        }
        if (_certificates.IsValueCreated)
        {
            Certificates.Dispose();
        }
    }

    private async Task<LocalPostgresCluster> StartAsync(int major)
    {
        LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions
            {
                Major = major,
                HostAuthentication = "scram-sha-256",
                HbaLines =
                [
                    "hostssl all tls_only 127.0.0.1/32 trust",
                    "host all tls_only 127.0.0.1/32 reject",
                    "hostnossl all plain_only 127.0.0.1/32 trust",
                    "host all plain_only 127.0.0.1/32 reject",
                    "hostssl all cert_user 127.0.0.1/32 cert",
                    "host all trusted 127.0.0.1/32 trust",
                    "host all password_user 127.0.0.1/32 password",
                    "host all md5_user 127.0.0.1/32 md5",
                ],
                Tls = new LocalPostgresTls(
                    Certificates.Server.CertificateFile,
                    Certificates.Server.KeyFile,
                    Certificates.Authority
                ),
                Settings = new Dictionary<string, string>
                {
                    ["wal_level"] = "logical",
                    ["max_wal_senders"] = "10",
                    ["max_replication_slots"] = "10",
                },
            },
            CancellationToken.None
        );
        await cluster.ExecuteAsync(
            """
            create role tls_only login; create role plain_only login; create role cert_user login;
            create role trusted login; create role password_user login password 'pw';
            create role scram_user login password 'pw'; create role replica login replication password 'pw';
            alter role postgres password 'pw';
            set password_encryption = 'md5'; create role md5_user login password 'pw'
            """,
            CancellationToken.None
        );
        return cluster;
    }
}
