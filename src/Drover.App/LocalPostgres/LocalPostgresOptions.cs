// How a local cluster is to be: version, size, settings, authentication.
namespace Drover.App.LocalPostgres;

/// <summary>What a <see cref="LocalPostgresCluster"/> is started with; every default suits a test.</summary>
internal sealed record LocalPostgresOptions
{
    /// <summary>The wanted major version.</summary>
    public int Major { get; init; } = PostgresBinaries.DefaultMajor;

    /// <summary>A folder of PostgreSQL's programs to use instead of those that are found.</summary>
    public string? BinFolder { get; init; }

    /// <summary><c>max_connections</c>.</summary>
    public int MaxConnections { get; init; } = 100;

    /// <summary><c>shared_buffers</c> in PostgreSQL's notation.</summary>
    public string SharedBuffers { get; init; } = "128MB";

    /// <summary><c>fsync</c>: off, as the data lives as long as the cluster.</summary>
    public bool Fsync { get; init; }

    /// <summary>Further settings of postgresql.conf; the last word, so that they override the ones above.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Lines of pg_hba.conf that come before the closing rule.</summary>
    public IReadOnlyList<string> HbaLines { get; init; } = [];

    /// <summary>
    /// The method of the closing rule for loopback TCP: <c>trust</c>, <c>scram-sha-256</c>, <c>md5</c>.
    /// The Unix socket trusts always, so that a test can administer the cluster.
    /// </summary>
    public string HostAuthentication { get; init; } = "trust";

    /// <summary>The server's TLS certificate (PEM) for <c>ssl = on</c>; null leaves TLS off.</summary>
    public LocalPostgresTls? Tls { get; init; }

    /// <summary>The clock of waits and time limits.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>PEM files, copied into the cluster; the authority checks client certificates.</summary>
internal sealed record LocalPostgresTls(string CertificateFile, string KeyFile, string? ClientAuthorityFile = null);
