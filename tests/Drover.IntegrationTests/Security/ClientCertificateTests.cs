// Certificates of clients: demanded, judged, and turned into users.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.Serve;

namespace Drover.IntegrationTests.Security;

public sealed class ClientCertificateTests(SecureFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("require", "none", true)]
    [InlineData("require", "alice", true)]
    [InlineData("require", "stranger", false)]
    [InlineData("verify-ca", "none", false)]
    [InlineData("verify-ca", "alice", true)]
    [InlineData("verify-ca", "stranger", false)]
    [InlineData("verify-full", "none", false)]
    [InlineData("verify-full", "alice", true)]
    [InlineData("verify-full", "server", false)]
    public async Task Only_certificates_of_the_authority_for_clients_are_taken(string mode, string shown, bool isIn)
    {
        ServeProcess serve = await ProxyAsync(mode);
        CommandRun run = await RunAsync(serve, "trusted", shown);
        Assert.True(isIn == (run.ExitCode == 0), run.Error);
        if (!isIn)
        {
            await serve.WaitForLogAsync("TLS handshake failed", Token);
        }
    }

    [Theory]
    [InlineData("alice", "alice", true)]
    [InlineData("alice", "bob", false)]
    [InlineData("none", "alice", false)]
    // No common name: another part of the subject is no user.
    [InlineData("O=alice", "alice", false)]
    [InlineData("OU=alice", "alice", false)]
    // The first of several, as PostgreSQL takes it.
    [InlineData("CN=alice, CN=bob", "alice", false)]
    public async Task Common_name_is_the_user_with_auth_type_cert(string shown, string user, bool isIn)
    {
        ServeProcess serve = await ProxyAsync("verify-full", ("auth_type", "cert"));
        CommandRun run = await RunAsync(serve, user, shown);
        Assert.True(isIn == (run.ExitCode == 0), run.Error);
        if (!isIn && shown != "none")
        {
            Assert.Contains(
                $"certificate authentication failed for user \"{user}\"",
                run.Error,
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task Map_turns_a_common_name_into_users()
    {
        ServeProcess serve = await ProxyAsync("verify-full");
        string rules = Path.Combine(serve.Folder, "hba.conf");
        string map = Path.Combine(serve.Folder, "ident.conf");
        await File.WriteAllTextAsync(rules, "hostssl all all 127.0.0.1/32 cert map=people\n", Token);
        await File.WriteAllTextAsync(map, "people alice sales\npeople alice support\n", Token);
        serve = await ProxyAsync(
            "verify-full",
            ("auth_type", "hba"),
            ("auth_hba_file", rules),
            ("auth_ident_file", map)
        );
        Assert.Equal(0, (await RunAsync(serve, "sales", "alice")).ExitCode);
        Assert.Equal(0, (await RunAsync(serve, "support", "alice")).ExitCode);
        Assert.NotEqual(0, (await RunAsync(serve, "alice", "alice")).ExitCode);
    }

    private async Task<ServeProcess> ProxyAsync(string mode, params (string Name, string Value)[] more)
    {
        int port = (await fixture.GetAsync(18)).Port;
        return await fixture.ProxyAsync(
            "certificates",
            18,
            fixture.ClientTls(
                mode,
                [("auth_type", "trust"), ("client_tls_ca_file", fixture.Certificates.Authority), .. more]
            ),
            new ServeEntries
            {
                Databases = [$"forced = host={ServeProcess.Host} port={port} dbname=postgres user=trusted"],
                Users =
                [
                    .. new[] { "alice", "bob", "sales", "support", "trusted" }.Select(static name =>
                        $"\"{name}\" \"\""
                    ),
                ],
            }
        );
    }

    private Task<CommandRun> RunAsync(ServeProcess serve, string user, string shown)
    {
        PemPair? pair = shown switch
        {
            "none" => null,
            "stranger" => fixture.Certificates.Stranger("alice"),
            "server" => fixture.Certificates.Server,
            _ when shown.Contains('=', StringComparison.Ordinal) => fixture.Certificates.Issue(
                shown,
                Certificates.ClientPurpose,
                null
            ),
            _ => fixture.Certificates.Client(shown),
        };
        string certificate = pair is null ? "" : $"sslcert={pair.CertificateFile} sslkey={pair.KeyFile}";
        return LibpqProgram.PsqlAsync(
            18,
            $"host={ServeProcess.Host} port={serve.Port} user={user} dbname=forced sslmode=require {certificate}",
            Token,
            "select 1"
        );
    }
}
