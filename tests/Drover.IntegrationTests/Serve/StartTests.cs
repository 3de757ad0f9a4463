// How serve starts and what it refuses; metrics, health, and what it tells systemd.
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Serve;

public sealed class StartTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_errors_of_a_configuration_are_printed_and_the_exit_code_is_1()
    {
        Dictionary<string, string> settings = new() { ["pool_mode"] = "odd", ["max_client_conn"] = "many" };
        await using ServeProcess serve = await ServeProcess.StartFailingAsync(settings, Token);
        Assert.Equal(1, await serve.ExitAsync(Token));
        Assert.Contains("pool_mode", serve.Log, StringComparison.Ordinal);
        Assert.Contains("max_client_conn", serve.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_in_use_is_named_and_the_exit_code_is_1()
    {
        using Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        string port = $"{((IPEndPoint)taken.LocalEndPoint!).Port}";
        Dictionary<string, string> settings = new() { ["listen_port"] = port };
        await using ServeProcess serve = await ServeProcess.StartFailingAsync(settings, Token);
        Assert.Equal(1, await serve.ExitAsync(Token));
        Assert.Contains($"cannot listen on 127.0.0.1:{port}", serve.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-R", "online restart")]
    [InlineData("-d", "systemd")]
    public async Task Unsupported_options_of_PgBouncer_are_refused_with_a_reason(string option, string reason)
    {
        await using ServeProcess serve = await ServeProcess.StartFailingAsync([], Token, option);
        Assert.Equal(2, await serve.ExitAsync(Token));
        Assert.Contains(reason, serve.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_user_is_refused_with_advice()
    {
        Dictionary<string, string> settings = new() { ["user"] = "nobody-here" };
        await using ServeProcess serve = await ServeProcess.StartFailingAsync(settings, Token);
        Assert.Equal(1, await serve.ExitAsync(Token));
        Assert.Contains("User=nobody-here", serve.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pidfile_holds_the_process_id_until_the_end()
    {
        string file = Path.Combine(Path.GetTempPath(), $"drover-{Guid.NewGuid():N}.pid");
        await using ServeProcess serve = await StartAsync(new() { ["pidfile"] = file });
        Assert.Equal($"{serve.ProcessId}", (await File.ReadAllTextAsync(file, Token)).Trim());
        serve.Signal(15);
        Assert.Equal(0, await serve.ExitAsync(Token));
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task Metrics_count_queries_and_health_follows_the_life_of_the_process()
    {
        int port = ServeProcess.FindFreePort();
        await using ServeProcess serve = await StartAsync(new() { ["metrics_listen"] = $"127.0.0.1:{port}" });
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
        for (int i = 0; i < 7; i++)
        {
            await using NpgsqlCommand one = new("select 1", client);
            await one.ExecuteScalarAsync(Token);
        }
        using HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        Dictionary<string, double> samples = Parse(await http.GetStringAsync("/metrics", Token));
        Assert.InRange(samples["drover_queries_total{database=\"postgres\",user=\"postgres\"}"], 7, 40);
        Assert.Equal(1, samples["drover_clients{database=\"postgres\",user=\"postgres\"}"]);
        Assert.DoesNotContain(samples.Keys, static key => key.Contains("pgbouncer", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/readyz", Token)).StatusCode);
        serve.Signal(15);
        await serve.WaitForLogAsync("shutting down", Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/readyz", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz", Token)).StatusCode);
    }

    [Fact]
    public async Task Systemd_hears_ready_reloading_and_stopping()
    {
        string path = Path.Combine(Path.GetTempPath(), $"drover-{Guid.NewGuid():N}.notify");
        using Socket systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(path));
        int port = (await fixture.GetAsync(15)).Port;
        Dictionary<string, string> environment = new() { ["NOTIFY_SOCKET"] = path, ["WATCHDOG_USEC"] = "200000" };
        await using ServeProcess serve = await ServeProcess.StartAsync(port, Token, environment: environment);
        await ExpectAsync(systemd, "READY=1");
        await ExpectAsync(systemd, "WATCHDOG=1");
        serve.Signal(1);
        await ExpectAsync(systemd, "RELOADING=1");
        await ExpectAsync(systemd, "READY=1");
        serve.Signal(15);
        await ExpectAsync(systemd, "STOPPING=1");
        Assert.Equal(0, await serve.ExitAsync(Token));
        File.Delete(path);
    }

    [Fact]
    public async Task Sockets_of_systemd_are_served_in_place_of_the_configured_ones()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3 is missing: apt-get install python3");
        const string Activate = """
            import os, socket, sys
            s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(64)
            os.dup2(s.fileno(), 3) if s.fileno() != 3 else None
            os.set_inheritable(3, True)
            os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="drover")
            os.execvp(sys.argv[2], sys.argv[2:])
            """;
        int given = ServeProcess.FindFreePort();
        int port = (await fixture.GetAsync(15)).Port;
        string[] wrapper = ["/usr/bin/python3", "-c", Activate, $"{given}"];
        await using ServeProcess serve = await ServeProcess.StartAsync(port, Token, wrapper: wrapper);
        string text = serve.ClientString().Replace($"Port={serve.Port}", $"Port={given}", StringComparison.Ordinal);
        await using NpgsqlConnection client = await serve.OpenAsync(Token, text);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => serve.OpenAsync(Token));
    }

    [Fact]
    public async Task Log_lines_are_JSON_when_asked_for()
    {
        Dictionary<string, string> settings = new() { ["listen_port"] = "1", ["listen_addr"] = "192.0.2.1" };
        await using ServeProcess serve = await ServeProcess.StartFailingAsync(settings, Token, "--log-format", "json");
        Assert.Equal(1, await serve.ExitAsync(Token));
        using System.Text.Json.JsonDocument line = System.Text.Json.JsonDocument.Parse(serve.Log.Split('\n')[0]);
        Assert.True(line.RootElement.TryGetProperty("message", out _));
    }

    private async Task<ServeProcess> StartAsync(Dictionary<string, string> settings) =>
        await ServeProcess.StartAsync((await fixture.GetAsync(15)).Port, Token, settings);

    private static async Task ExpectAsync(Socket systemd, string word)
    {
        byte[] buffer = new byte[4096];
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(15));
        string message;
        do
        {
            message = Encoding.UTF8.GetString(buffer, 0, await systemd.ReceiveAsync(buffer, limit.Token));
        } while (!message.Contains(word, StringComparison.Ordinal));
    }

    private static Dictionary<string, double> Parse(string text)
    {
        Dictionary<string, double> samples = [];
        foreach (string line in text.Split('\n').Where(static line => line.Length > 0 && line[0] != '#'))
        {
            int space = line.LastIndexOf(' ');
            samples.Add(line[..space], double.Parse(line[(space + 1)..], CultureInfo.InvariantCulture));
        }
        return samples;
    }
}
