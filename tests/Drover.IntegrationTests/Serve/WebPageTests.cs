// The web page of a real proxy: real traffic on it, a port that is taken, TLS, and what is refused at the start.
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Serve;

public sealed class WebPageTests(PostgresFixture fixture)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Queries_of_clients_are_on_the_page()
    {
        int port = ServeProcess.FindFreePort();
        await using ServeProcess serve = await StartAsync(new() { ["web_listen"] = $"127.0.0.1:{port}" });
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
        for (int i = 0; i < 7; i++)
        {
            await using NpgsqlCommand one = new("select 1", client);
            await one.ExecuteScalarAsync(Token);
        }
        using HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        // A sample is taken every two seconds.
        JsonNode? pool = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                JsonNode pools = JsonNode.Parse(await http.GetStringAsync("/api/v1/pools", Token))!;
                pool = pools["pools"]!.AsArray().Single(one => (string?)one!["database"] == "postgres");
                return (long)pool!["queries"]! >= 7;
            },
            s_limit
        );

        Assert.Equal("transaction", (string?)pool!["mode"]);
        JsonNode clients = JsonNode.Parse(await http.GetStringAsync("/api/v1/clients", Token))!;
        Assert.Equal("127.0.0.1", (string?)clients["connections"]![0]!["address"]);
        Assert.Contains("<main", await http.GetStringAsync("/", Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Port_that_is_taken_ends_the_start_unless_another_process_may_be_handing_over(bool isShared)
    {
        using Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        string address = $"127.0.0.1:{((IPEndPoint)taken.LocalEndPoint!).Port}";
        Dictionary<string, string> settings = new() { ["web_listen"] = address };
        if (isShared)
        {
            settings["so_reuseport"] = "1";
            await using ServeProcess other = await StartAsync(settings);
            await using NpgsqlConnection client = await other.OpenAsync(Token);
            await using NpgsqlCommand one = new("select 41 + 1", client);
            Assert.Equal(42, await one.ExecuteScalarAsync(Token));
            Assert.Contains($"WARNING cannot serve the web page on {address}", other.Log, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", other.Log, StringComparison.Ordinal);
            return;
        }
        await using ServeProcess serve = await ServeProcess.StartFailingAsync(settings, Token);

        Assert.Equal(1, await serve.ExitAsync(Token));
        Assert.Contains(
            $"cannot serve the web page on {address}: Address already in use; change web_listen",
            serve.Log,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("   at ", serve.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short", "has 5 characters")]
    [InlineData("long-enough-but-everybody-reads-it", "chmod 600")]
    public async Task Token_that_protects_nothing_ends_the_start(string token, string expected)
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, token, Token);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        int port = ServeProcess.FindFreePort();
        Dictionary<string, string> settings = new() { ["web_listen"] = $"127.0.0.1:{port}", ["web_token_file"] = file };

        await using ServeProcess serve = await ServeProcess.StartFailingAsync(settings, Token);

        Assert.Equal(1, await serve.ExitAsync(Token));
        Assert.Contains(expected, serve.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_for_other_machines_speaks_TLS_asks_for_the_token_and_takes_a_new_certificate()
    {
        string folder = Directory.CreateTempSubdirectory("drover-web").FullName;
        (string cert, string key, string token) = (folder + "/c.pem", folder + "/k.pem", folder + "/token");
        WriteCertificate("first", cert, key);
        await File.WriteAllTextAsync(token, "a-token-for-the-tests", Token);
        File.SetUnixFileMode(token, UnixFileMode.UserRead);
        int port = ServeProcess.FindFreePort();
        Dictionary<string, string> settings = new()
        {
            ["web_listen"] = $"0.0.0.0:{port}",
            ["web_token_file"] = token,
            ["web_tls_cert_file"] = cert,
            ["web_tls_key_file"] = key,
        };
        await using ServeProcess serve = await StartAsync(settings);

        (HttpStatusCode status, string subject, _) = await GetAsync(port, null);
        Assert.Equal((HttpStatusCode.Unauthorized, "CN=first"), (status, subject));
        (status, _, string? hsts) = await GetAsync(port, "a-token-for-the-tests");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.StartsWith("max-age=", hsts, StringComparison.Ordinal);
        WriteCertificate("second", cert, key);
        await Eventually.HoldsAsync(
            async () => (await GetAsync(port, "a-token-for-the-tests")).Subject == "CN=second",
            s_limit
        );
    }

    private static async Task<(HttpStatusCode Status, string Subject, string? Hsts)> GetAsync(int port, string? token)
    {
        string subject = "";
        using HttpClientHandler handler = new();
        handler.ServerCertificateCustomValidationCallback = (_, certificate, _, _) =>
        {
            subject = certificate!.Subject;
            return true;
        };
        using HttpClient http = new(handler);
        using HttpRequestMessage request = new(HttpMethod.Get, $"https://127.0.0.1:{port}/api/v1/live");
        if (token is not null)
        {
            request.Headers.Add("Authorization", "Bearer " + token);
        }
        using HttpResponseMessage answer = await http.SendAsync(request, Token);
        string? hsts = answer.Headers.TryGetValues("Strict-Transport-Security", out var values) ? values.First() : null;
        return (answer.StatusCode, subject, hsts);
    }

    private static void WriteCertificate(string name, string certificateFile, string keyFile)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
    }

    private async Task<ServeProcess> StartAsync(Dictionary<string, string> settings) =>
        await ServeProcess.StartAsync((await fixture.GetAsync(15)).Port, Token, settings);
}
