// TLS to servers in all of libpq's modes, against servers that want it, refuse it, and have none.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Serve;
using Drover.Protocol.Authentication;
using Npgsql;

namespace Drover.IntegrationTests.Security;

public sealed class ServerTlsTests(SecureFixture fixture, PostgresFixture withoutTls)
{
    private const string Untrusted = "the server's certificate is not trusted";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Mode, user of the server, host, and whether TLS is used (t, f), or the error.</summary>
    public static TheoryData<int, string, string, string, string> Cases
    {
        get
        {
            (string Mode, string User, string Host, string End)[] rows =
            [
                ("disable", "trusted", "localhost", "f"),
                ("disable", "tls_only", "localhost", "pg_hba.conf rejects connection"),
                ("allow", "trusted", "localhost", "f"),
                ("allow", "plain_only", "localhost", "f"),
                ("allow", "tls_only", "localhost", "t"),
                ("prefer", "trusted", "localhost", "t"),
                ("prefer", "plain_only", "localhost", "f"),
                ("prefer", "tls_only", "127.0.0.1", "t"),
                ("require", "trusted", "127.0.0.1", "t"),
                ("require", "plain_only", "localhost", "pg_hba.conf rejects connection"),
                ("verify-ca", "trusted", "127.0.0.1", "t"),
                ("verify-full", "trusted", "localhost", "t"),
                ("verify-full", "trusted", "127.0.0.1", "the server's certificate is not for host \"127.0.0.1\""),
            ];
            TheoryData<int, string, string, string, string> cases = [];
            foreach (int major in (int[])[15, 18])
            {
                foreach ((string mode, string user, string host, string end) in rows)
                {
                    cases.Add(major, mode, user, host, end);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Mode_means_what_libpq_means(int major, string mode, string user, string host, string end)
    {
        bool verifies = mode.StartsWith("verify", StringComparison.Ordinal);
        Dictionary<string, string> settings = new() { ["server_tls_sslmode"] = mode };
        if (verifies)
        {
            settings["server_tls_ca_file"] = fixture.Certificates.Authority;
        }
        Assert.Contains(end, await TryAsync(major, settings, user, host), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("disable", "f")]
    [InlineData("allow", "f")]
    [InlineData("prefer", "f")]
    [InlineData("require", "the server does not offer TLS")]
    public async Task Server_without_tls_is_used_where_the_mode_allows(string mode, string end)
    {
        int port = (await withoutTls.GetAsync(18)).Port;
        Dictionary<string, string> settings = new() { ["server_tls_sslmode"] = mode };
        string said = await TryAsync(18, settings, "postgres", ServeProcess.Host, port);
        Assert.Contains(end, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("verify-ca", Untrusted)]
    [InlineData("verify-full", Untrusted)]
    // As libpq with a root.crt: an authority that is given counts.
    [InlineData("require", Untrusted)]
    [InlineData("prefer", "f")]
    public async Task Server_of_another_authority_is_not_talked_to_over_tls(string mode, string end)
    {
        Dictionary<string, string> settings = new()
        {
            ["server_tls_sslmode"] = mode,
            ["server_tls_ca_file"] = fixture.Certificates.OtherAuthority,
        };
        Assert.Contains(end, await TryAsync(18, settings, "trusted", "localhost"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Authorities_of_the_system_do_not_know_ours()
    {
        Dictionary<string, string> settings = new() { ["server_tls_sslmode"] = "verify-ca" };
        Assert.Contains(Untrusted, await TryAsync(18, settings, "trusted", "localhost"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Server_knows_the_proxy_by_its_certificate(int major)
    {
        Dictionary<string, string> settings = new() { ["server_tls_sslmode"] = "require" };
        string without = await TryAsync(major, settings, "cert_user", "localhost");
        Assert.Contains("connection requires a valid client certificate", without, StringComparison.Ordinal);
        Show(settings, fixture.Certificates.Client("somebody_else"));
        string other = await TryAsync(major, settings, "cert_user", "localhost");
        Assert.Contains("certificate authentication failed", other, StringComparison.Ordinal);
        Show(settings, fixture.Certificates.Client("cert_user"));
        Assert.Equal("t", await TryAsync(major, settings, "cert_user", "localhost"));
    }

    [Fact]
    public async Task Direct_negotiation_saves_the_question()
    {
        Dictionary<string, string> settings = new()
        {
            ["server_tls_sslmode"] = "verify-full",
            ["server_tls_ca_file"] = fixture.Certificates.Authority,
            ["server_tls_negotiation"] = "direct",
        };
        Assert.Equal("t", await TryAsync(18, settings, "trusted", "localhost"));
        // PostgreSQL 15 takes the first bytes of TLS for a bad start-up packet.
        Assert.Contains(
            "server login failed",
            await TryAsync(15, settings, "trusted", "localhost"),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("tlsv1.2", "default", "", "TLSv1.2/TLS_ECDHE_ECDSA_WITH_AES_")]
    [InlineData("tlsv1.3", "default", "TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3/TLS_CHACHA20_POLY1305_SHA256")]
    [InlineData("tlsv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", "", "TLSv1.2/TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")]
    [InlineData("tlsv1.2", "AES128:!aNULL", "", "TLSv1.2/TLS_ECDHE_ECDSA_WITH_AES_128_")]
    public async Task Versions_and_ciphers_are_the_named_ones(
        string version,
        string ciphers,
        string suites,
        string used
    )
    {
        Dictionary<string, string> settings = new()
        {
            ["server_tls_sslmode"] = "require",
            ["server_tls_protocols"] = version,
            ["server_tls_ciphers"] = ciphers,
            ["server_tls13_ciphers"] = suites,
        };
        Assert.Equal("t", await TryAsync(18, settings, "trusted", "localhost"));
        ServeProcess serve = await fixture.ProxyAsync("server-tls", 18, settings);
        Assert.Contains($"tls={used}", serve.Log, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Login_to_the_server_is_bound_to_the_channel(int major)
    {
        // PostgreSQL offers SCRAM-SHA-256-PLUS over TLS, and refuses a proof that is bound to another channel.
        Dictionary<string, string> settings = new() { ["server_tls_sslmode"] = "require" };
        Assert.Equal("t", await TryAsync(major, settings, "scram_user password=pw", "localhost"));
        // That the PLUS form is chosen, and with this server's certificate, only the server can see.
        await using ScramServerStage server = new(fixture.Certificates.Server);
        Task<(string Mechanism, ScramServerStatus End)> login = server.ServeLoginAsync("scram_user", "pw", Token);
        await TryAsync(major, settings, "scram_user password=pw", "localhost", server.Port);
        Assert.Equal(("SCRAM-SHA-256-PLUS", ScramServerStatus.Succeeded), await login);
    }

    private static void Show(Dictionary<string, string> settings, PemPair pair)
    {
        settings["server_tls_cert_file"] = pair.CertificateFile;
        settings["server_tls_key_file"] = pair.KeyFile;
    }

    /// <summary>Connects through a new entry; whether the server sees TLS, or the error with its detail.</summary>
    private async Task<string> TryAsync(
        int major,
        Dictionary<string, string> settings,
        string user,
        string host,
        int? port = null
    )
    {
        // Another entry each time: an entry that has just failed is left alone for a while.
        string name = $"entry_{Guid.NewGuid():N}";
        port ??= (await fixture.GetAsync(major)).Port;
        ServeProcess serve = await fixture.ProxyAsync(
            "server-tls",
            major,
            settings,
            new ServeEntries { Databases = [$"{name} = host={host} port={port} dbname=postgres user={user}"] }
        );
        string text = serve.ClientString().Replace("Database=postgres", $"Database={name}", StringComparison.Ordinal);
        try
        {
            await using NpgsqlConnection client = await serve.OpenAsync(Token, text + ";Include Error Detail=true");
            await using NpgsqlCommand query = new("select ssl from pg_stat_ssl where pid = pg_backend_pid()", client);
            return await query.ExecuteScalarAsync(Token) is true ? "t" : "f";
        }
        catch (PostgresException refused)
        {
            return $"{refused.SqlState} {refused.MessageText} {refused.Detail}";
        }
    }
}
