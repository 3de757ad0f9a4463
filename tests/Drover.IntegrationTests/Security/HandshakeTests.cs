// The first packets of a client, byte by byte: requests for encryption, direct TLS, versions of the protocol.
using System.Net.Security;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Serve;

namespace Drover.IntegrationTests.Security;

public sealed class HandshakeTests(SecureFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_for_encryption_get_one_byte_each()
    {
        ServeProcess serve = await ProxyAsync("require");
        await using (RawLogin client = await RawLogin.ConnectAsync(serve.Port))
        {
            Assert.Equal('N', await client.AskAsync(RawLogin.GssRequest));
            Assert.Equal('S', await client.AskAsync(RawLogin.SslRequest));
        }
        await using RawLogin local = await RawLogin.ConnectAsync(serve.Folder, serve.Port);
        Assert.Equal('N', await local.AskAsync(RawLogin.SslRequest));
        Assert.Equal('N', await local.AskAsync(RawLogin.GssRequest));
        serve = await ProxyAsync("disable");
        await using RawLogin plain = await RawLogin.ConnectAsync(serve.Port);
        Assert.Equal('N', await plain.AskAsync(RawLogin.SslRequest));
        Assert.Equal('N', await plain.AskAsync(RawLogin.GssRequest));
        Assert.Contains("C28P01", await plain.RunAsync("postgres", "postgres"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_that_comes_twice_or_with_plain_text_behind_it_is_refused()
    {
        ServeProcess serve = await ProxyAsync("prefer");
        await using (RawLogin stuffed = await RawLogin.ConnectAsync(serve.Port))
        {
            Assert.NotEqual('S', await stuffed.AskAsync(RawLogin.SslRequest, [0, 0, 0, 8]));
        }
        await using RawLogin repeated = await RawLogin.ConnectAsync(serve.Port);
        Assert.Equal('N', await repeated.AskAsync(RawLogin.GssRequest));
        Assert.Equal('E', await repeated.AskAsync(RawLogin.GssRequest));
    }

    [Fact]
    public async Task Handshake_that_stalls_ends_with_client_login_timeout()
    {
        ServeProcess serve = await ProxyAsync("require", ("client_login_timeout", "1"));
        await using RawLogin client = await RawLogin.ConnectAsync(serve.Port);
        Assert.Equal('S', await client.AskAsync(RawLogin.SslRequest));
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        byte[] said = new byte[1024];
        int count = await client.Stream.ReadAtLeastAsync(said, said.Length, false, limit.Token);
        Assert.True(count < said.Length, "the connection was closed");
    }

    [Fact]
    public async Task Direct_handshake_without_the_protocols_name_is_refused_and_logged()
    {
        ServeProcess serve = await ProxyAsync("require");
        await using RawLogin client = await RawLogin.ConnectAsync(serve.Port);
        await using SslStream tls = new(client.Stream, leaveInnerStreamOpen: true);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null,
            },
            Token
        );
        await serve.WaitForLogAsync("direct TLS without the ALPN protocol", Token);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Newest_version_of_the_protocol_is_spoken_and_newer_ones_are_talked_down(int major)
    {
        (int Version, string? Option, string Said, int KeyLength)[] cases =
        [
            ((3 << 16) | 0, null, "Ok() K Z", 4),
            ((3 << 16) | 2, null, "Ok() K Z", 32),
            ((3 << 16) | 9999, null, "v(3.2 ) Ok() K Z", 32),
            ((3 << 16) | 9999, "_pq_.unheard_of", "v(3.2 _pq_.unheard_of) Ok() K Z", 32),
            ((3 << 16) | 0, "_pq_.unheard_of", "v(3.0 _pq_.unheard_of) Ok() K Z", 4),
        ];
        ServeProcess serve = await fixture.ProxyAsync("versions", major, new() { ["auth_type"] = "trust" });
        foreach ((int version, string? option, string said, int keyLength) in cases)
        {
            await using RawLogin client = await RawLogin.ConnectAsync(serve.Port);
            Assert.Equal(said, await client.RunAsync("postgres", "postgres", version, option));
            Assert.Equal(keyLength, client.KeyLength);
            Assert.True(client.ProcessId > 0, $"process ID {client.ProcessId}");
        }
    }

    private Task<ServeProcess> ProxyAsync(string mode, params (string Name, string Value)[] more) =>
        fixture.ProxyAsync("handshake", 18, fixture.ClientTls(mode, more));
}
