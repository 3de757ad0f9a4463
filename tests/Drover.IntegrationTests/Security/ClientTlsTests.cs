// TLS from clients, by libpq and Npgsql: modes, direct negotiation, channel binding, versions, ciphers, reload, cancel.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Serve;
using Npgsql;

namespace Drover.IntegrationTests.Security;

public sealed class ClientTlsTests(SecureFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15, "disable", "disable", "ok")]
    [InlineData(15, "disable", "require", "server does not support SSL")]
    [InlineData(15, "allow", "disable", "ok")]
    [InlineData(15, "allow", "verify-full", "ok TLS")]
    [InlineData(18, "prefer", "disable", "ok")]
    [InlineData(18, "prefer", "prefer", "ok TLS")]
    [InlineData(18, "require", "allow", "ok TLS")]
    [InlineData(18, "require", "disable", "SSL required")]
    [InlineData(18, "require", "verify-ca", "ok TLS")]
    [InlineData(18, "require", "verify-full", "ok TLS")]
    public async Task Modes_of_proxy_and_libpq_meet_as_with_PostgreSQL(
        int libpq,
        string proxy,
        string client,
        string end
    )
    {
        ServeProcess serve = await ProxyAsync(proxy);
        Assert.Equal(end, await TryAsync(serve, $"sslmode={client}", libpq));
    }

    [Fact]
    public async Task Client_that_verifies_sees_through_a_wrong_name_and_a_wrong_authority()
    {
        ServeProcess serve = await ProxyAsync("require");
        string name = await TryAsync(serve, "sslmode=verify-full host=elsewhere.example hostaddr=127.0.0.1");
        Assert.Contains("does not match host name", name, StringComparison.Ordinal);
        string authority = await TryAsync(
            serve,
            $"sslmode=verify-ca sslrootcert={fixture.Certificates.OtherAuthority}"
        );
        Assert.Contains("certificate verify failed", authority, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SSL Mode=Disable", "28000")]
    [InlineData("SSL Mode=Prefer", "")]
    [InlineData("SSL Mode=Require;Channel Binding=Require", "")]
    [InlineData("SSL Mode=VerifyCA", "")]
    [InlineData("SSL Mode=VerifyFull;Channel Binding=Require", "")]
    [InlineData("SSL Mode=VerifyFull;SSL Negotiation=Direct", "")]
    public async Task Npgsql_connects_in_every_mode_but_plain_text_where_tls_is_required(string mode, string sqlState)
    {
        ServeProcess serve = await ProxyAsync("require");
        string text = NpgsqlText(serve, mode);
        if (sqlState.Length > 0)
        {
            PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => serve.OpenAsync(Token, text));
            Assert.Equal(sqlState, refused.SqlState);
            return;
        }
        await using NpgsqlConnection client = await serve.OpenAsync(Token, text);
        await using NpgsqlCommand one = new("select 1", client);
        Assert.Equal(1, await one.ExecuteScalarAsync(Token));
        List<Dictionary<string, string>> clients = await serve.ConsoleAsync(
            "SHOW CLIENTS",
            Token,
            "pgbouncer",
            overSocket: true
        );
        Assert.Contains(clients, row => row["tls"].StartsWith("TLSv1.3", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Direct_negotiation_works_with_libpq_18()
    {
        ServeProcess serve = await ProxyAsync("prefer");
        Assert.Equal("ok TLS", await TryAsync(serve, "sslmode=require sslnegotiation=direct"));
        Assert.Equal(
            "ok TLS",
            await TryAsync(serve, "sslmode=verify-full sslnegotiation=direct channel_binding=require")
        );
        await serve.ReloadAsync(await PortAsync(18), fixture.ClientTls("disable"), Token);
        Assert.NotEqual("ok TLS", await TryAsync(serve, "sslmode=require sslnegotiation=direct"));
    }

    [Theory]
    [InlineData(15)]
    [InlineData(18)]
    public async Task Channel_binding_is_had_over_tls_and_only_there(int libpq)
    {
        ServeProcess serve = await ProxyAsync("prefer");
        Assert.Equal("ok TLS", await TryAsync(serve, "sslmode=require channel_binding=require", libpq));
        Assert.Contains(
            "channel binding",
            await TryAsync(serve, "sslmode=disable channel_binding=require", libpq),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("tlsv1.2", "ssl_max_protocol_version=TLSv1.2", "ok TLS")]
    [InlineData("tlsv1.2", "ssl_min_protocol_version=TLSv1.3", "alert")]
    [InlineData("tlsv1.3", "ssl_min_protocol_version=TLSv1.3", "ok TLS")]
    [InlineData("tlsv1.3", "ssl_max_protocol_version=TLSv1.2", "alert")]
    [InlineData("secure", "ssl_max_protocol_version=TLSv1.2 channel_binding=require", "ok TLS")]
    public async Task Only_the_named_versions_of_tls_are_spoken(string protocols, string client, string end)
    {
        ServeProcess serve = await ProxyAsync("require", ("client_tls_protocols", protocols));
        Assert.Contains(end, await TryAsync(serve, $"sslmode=require {client}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ECDHE-ECDSA-AES256-GCM-SHA384", "", "TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")]
    [InlineData("ECDHE-ECDSA-CHACHA20-POLY1305", "", "TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305")]
    [InlineData("ECDHE-ECDSA-AES128-GCM-SHA256", "", "TLSv1.3", "TLS_")]
    [InlineData("default", "TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256")]
    [InlineData("default", "TLS_AES_128_GCM_SHA256", "TLSv1.2", "ECDHE-ECDSA-AES")]
    // OpenSSL's patterns, and PgBouncer's words.
    [InlineData("HIGH:!aNULL:!AESGCM", "", "TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305")]
    [InlineData("AES128:!aNULL", "", "TLSv1.2", "ECDHE-ECDSA-AES128")]
    [InlineData("HIGH:!aNULL", "", "TLSv1.3", "TLS_")]
    [InlineData("compat", "", "TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")]
    [InlineData("all", "TLS_AES_128_GCM_SHA256", "TLSv1.3", "TLS_AES_128_GCM_SHA256")]
    [InlineData("fast", "", "TLSv1.2", "ECDHE-ECDSA-")]
    public async Task Only_the_named_ciphers_are_used(string ciphers, string suites, string version, string used)
    {
        ServeProcess serve = await ProxyAsync(
            "require",
            ("client_tls_ciphers", ciphers),
            ("client_tls13_ciphers", suites)
        );
        string client = $"{ConnectionOf(serve)} sslmode=require ssl_max_protocol_version={version}";
        CommandRun run = await LibpqProgram.PsqlAsync(18, client, Token, @"\conninfo");
        Assert.Contains($"protocol: {version}, cipher: {used}", run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_shows_new_clients_the_new_certificate_and_keeps_the_old_ones()
    {
        ServeProcess serve = await ProxyAsync("require");
        await using NpgsqlConnection old = await serve.OpenAsync(Token, NpgsqlText(serve, "SSL Mode=VerifyFull"));
        PemPair renamed = fixture.Certificates.Issue("CN=renamed", Certificates.ServerPurpose, "renamed.example");
        await serve.ReloadAsync(
            await PortAsync(18),
            fixture.ClientTls(
                "require",
                ("client_tls_cert_file", renamed.CertificateFile),
                ("client_tls_key_file", renamed.KeyFile)
            ),
            Token
        );
        Assert.Contains(
            "does not match host name",
            await TryAsync(serve, "sslmode=verify-full"),
            StringComparison.Ordinal
        );
        string newName = "sslmode=verify-full host=renamed.example hostaddr=127.0.0.1 channel_binding=require";
        Assert.Equal("ok TLS", await TryAsync(serve, newName));
        await using NpgsqlCommand one = new("select 1", old);
        Assert.Equal(1, await one.ExecuteScalarAsync(Token));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Cancel_works_over_tls_on_both_sides(int major)
    {
        Dictionary<string, string> settings = fixture.ClientTls("require", ("server_tls_sslmode", "require"));
        ServeProcess serve = await fixture.ProxyAsync("cancel", major, settings);
        await using NpgsqlConnection client = await serve.OpenAsync(Token, NpgsqlText(serve, "SSL Mode=Require"));
        await using NpgsqlCommand sleep = new("select pg_sleep(60)", client);
        Task<object?> running = sleep.ExecuteScalarAsync(Token);
        await serve.WaitAsync(
            async () =>
                (await serve.ConsoleAsync("SHOW SERVERS", Token, "pgbouncer", overSocket: true)).Exists(static row =>
                    row["state"] == "active" && row["tls"].StartsWith("TLSv1", StringComparison.Ordinal)
                ),
            "a server that is active under TLS",
            Token
        );
        sleep.Cancel();
        OperationCanceledException cancelled = await Assert.ThrowsAsync<OperationCanceledException>(() => running);
        Assert.Equal("57014", Assert.IsType<PostgresException>(cancelled.InnerException).SqlState);
        sleep.CommandText = "select 1";
        Assert.Equal(1, await sleep.ExecuteScalarAsync(Token));
    }

    private Task<ServeProcess> ProxyAsync(string mode, params (string Name, string Value)[] more) =>
        fixture.ProxyAsync("client-tls", 18, fixture.ClientTls(mode, more));

    private async Task<int> PortAsync(int major) => (await fixture.GetAsync(major)).Port;

    private string ConnectionOf(ServeProcess serve) =>
        $"host=localhost hostaddr={ServeProcess.Host} port={serve.Port} user=postgres password={ServeProcess.Password} "
        + $"dbname=postgres sslrootcert={fixture.Certificates.Authority}";

    private string NpgsqlText(ServeProcess serve, string more) =>
        serve.ClientString().Replace($"Host={ServeProcess.Host}", "Host=localhost", StringComparison.Ordinal)
        + $";{more}"
        + (
            more.Contains("Verify", StringComparison.Ordinal)
                ? $";Root Certificate={fixture.Certificates.Authority}"
                : ""
        );

    /// <summary>"ok", "ok TLS", or what libpq said.</summary>
    private async Task<string> TryAsync(ServeProcess serve, string more, int libpq = 18)
    {
        CommandRun run = await LibpqProgram.PsqlAsync(
            libpq,
            $"{ConnectionOf(serve)} {more}",
            Token,
            "select 1",
            @"\conninfo"
        );
        return run.ExitCode != 0 ? Shorten(run.Error)
            : run.Output.Contains("protocol: TLSv1", StringComparison.Ordinal) ? "ok TLS"
            : "ok";
    }

    private static string Shorten(string error)
    {
        string[] known = ["server does not support SSL", "SSL required"];
        return Array.Find(known, text => error.Contains(text, StringComparison.Ordinal)) ?? error;
    }
}
