// Each way into the page that other sites, other names and wrong tokens might try.
using System.Net;
using System.Net.Http.Json;
using Drover.App.Dashboard;
using Drover.Configuration;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Dashboard;

public sealed class DashboardSecurityTests : IDisposable
{
    private const string Token = "correct-horse-battery-staple";
    private readonly string _folder = Directory.CreateTempSubdirectory("drover-web").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("evil.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost.evil.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("127.0.0.1.evil.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost:8080", HttpStatusCode.OK)]
    [InlineData("192.0.2.7", HttpStatusCode.OK)]
    [InlineData("[::1]:6480", HttpStatusCode.OK)]
    [InlineData("drover.example", HttpStatusCode.OK)]
    public async Task Name_that_somebody_else_has_pointed_here_is_refused(string host, HttpStatusCode expected)
    {
        WebOptions options = new() { WebListen = "127.0.0.1:0", WebHosts = ["drover.example"] };
        await using DashboardStage stage = await DashboardStage.StartAsync(options);

        Assert.Equal(expected, await stage.StatusAsync("/api/v1/live", ("Host", host)));
        Assert.Equal(expected, await stage.StatusAsync("/", ("Host", host)));
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-origin", HttpStatusCode.OK)]
    [InlineData("Sec-Fetch-Site", "none", HttpStatusCode.OK)]
    [InlineData("Origin", "https://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Accept", "*/*", HttpStatusCode.OK)]
    public async Task Requests_of_other_sites_are_not_answered(string header, string value, HttpStatusCode expected)
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();

        Assert.Equal(expected, await stage.StatusAsync("/api/v1/live", (header, value)));
        // A link from elsewhere may lead to the page itself, which holds no figures.
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync("/pools", (header, value)));
    }

    [Theory]
    [InlineData("POST", "/api/v1/pools")]
    [InlineData("PUT", "/api/v1/pools")]
    [InlineData("DELETE", "/api/v1/clients")]
    [InlineData("PATCH", "/")]
    [InlineData("OPTIONS", "/api/v1/live")]
    [InlineData("POST", "/login/")]
    public async Task Nothing_but_reading_is_answered(string method, string path)
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("Origin", stage.Server.Address.GetLeftPart(UriPartial.Authority));

        using HttpResponseMessage answer = await stage.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.DoesNotContain(
            answer.Headers,
            header => header.Key.StartsWith("Access-Control", StringComparison.Ordinal)
        );
        Assert.Empty(stage.Proxy.Calls);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/static/app.js")]
    [InlineData("/api/v1/live")]
    [InlineData("/nowhere")]
    public async Task Every_answer_has_the_headers_that_keep_others_out(string path)
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();

        using HttpResponseMessage answer = await stage.GetAsync(path);

        string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy.Replace("https:", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
        Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Cross-Origin-Resource-Policy")));
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(answer.Headers.Contains("Server"));
        Assert.Equal(
            !path.StartsWith("/static", StringComparison.Ordinal) && path != "/",
            answer.Headers.CacheControl!.NoStore
        );
    }

    [Theory]
    [InlineData("/static/../appsettings.json")]
    [InlineData("/static/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/static//etc/passwd")]
    [InlineData("/static/")]
    [InlineData("/api/v2/live")]
    [InlineData("/api/v1/")]
    public async Task Path_that_is_not_there_leads_nowhere(string path)
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();

        Assert.Equal(HttpStatusCode.NotFound, await stage.StatusAsync(path));
    }

    [Fact]
    public async Task Without_the_token_there_is_the_login_and_nothing_else()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(WithToken());

        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync("/login"));
        foreach (
            string path in new[] { "live", "stream", "pools", "clients", "shards", "operations", "servers", "advice" }
        )
        {
            using HttpResponseMessage answer = await stage.GetAsync("/api/v1/" + path);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal("Bearer", Assert.Single(answer.Headers.WwwAuthenticate).Scheme);
        }
        string session = await stage.TextAsync("/api/v1/session");
        Assert.Contains("\"logged_in\":false", session, StringComparison.Ordinal);
        Assert.DoesNotContain(stage.Proxy.Version, session, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_sends_the_token_with_each_request()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(WithToken());

        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync("/api/v1/live", ("Authorization", $"Bearer {Token}")));
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync("/api/v1/live", ("Authorization", $"bearer  {Token}")));
        foreach (string wrong in new[] { Token + "x", Token[..^1], "", new string('a', 100_00) })
        {
            Assert.Equal(
                HttpStatusCode.Unauthorized,
                await stage.StatusAsync("/api/v1/live", ("Authorization", $"Bearer {wrong}"))
            );
        }
    }

    [Fact]
    public async Task Browser_gets_a_cookie_that_no_script_and_no_other_site_can_use()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(WithToken());

        using HttpResponseMessage answer = await LogInAsync(stage, Token);
        string cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        string session = cookie.Split(';')[0];

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Token, cookie, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync("/api/v1/live", ("Cookie", session)));
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            await stage.StatusAsync("/api/v1/live", ("Cookie", session[..^1] + (session[^1] == '0' ? '1' : '0')))
        );
        using HttpRequestMessage logout = new(HttpMethod.Post, "/logout");
        logout.Headers.Add("Cookie", session);
        (await stage.Http.SendAsync(logout, TestContext.Current.CancellationToken)).Dispose();
        Assert.Equal(HttpStatusCode.Unauthorized, await stage.StatusAsync("/api/v1/live", ("Cookie", session)));
    }

    [Fact]
    public async Task Session_ends_by_itself()
    {
        FakeTimeProvider time = new();
        await using DashboardStage stage = await DashboardStage.StartAsync(WithToken(), time);
        using HttpResponseMessage answer = await LogInAsync(stage, Token);
        string session = Assert.Single(answer.Headers.GetValues("Set-Cookie")).Split(';')[0];

        time.Advance(LoginSessions.Lifetime - TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync("/api/v1/live", ("Cookie", session)));
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.Unauthorized, await stage.StatusAsync("/api/v1/live", ("Cookie", session)));
    }

    [Fact]
    public async Task Login_from_another_site_is_refused()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(WithToken());

        using HttpResponseMessage crossed = await LogInAsync(stage, Token, ("Sec-Fetch-Site", "cross-site"));
        using HttpResponseMessage older = await LogInAsync(stage, Token, ("Origin", "https://evil.example"));
        using FormUrlEncodedContent form = new([new("token", Token)]);
        using HttpResponseMessage simple = await stage.Http.PostAsync(
            "/login",
            form,
            TestContext.Current.CancellationToken
        );

        Assert.Equal(HttpStatusCode.Forbidden, crossed.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, older.StatusCode);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, simple.StatusCode);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"token\": 7}")]
    [InlineData("null")]
    public async Task Login_that_makes_no_sense_is_no_login(string body)
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(WithToken());
        using StringContent content = new(body, System.Text.Encoding.UTF8, "application/json");

        using HttpResponseMessage answer = await stage.Http.PostAsync(
            "/login",
            content,
            TestContext.Current.CancellationToken
        );

        Assert.InRange((int)answer.StatusCode, 400, 401);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Large_body_is_not_read()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(WithToken());

        using HttpResponseMessage answer = await LogInAsync(stage, new string('a', 100_000));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task Guessing_is_slowed_and_the_right_token_is_not()
    {
        FakeTimeProvider time = new();
        await using DashboardStage stage = await DashboardStage.StartAsync(WithToken(), time);

        for (int i = 0; i < LoginLimit.AddressMax; i++)
        {
            using HttpResponseMessage wrong = await LogInAsync(stage, $"wrong-token-number-{i}");
            Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        }
        Task<HttpResponseMessage> held = LogInAsync(stage, "wrong-token-too-many");
        Task<HttpStatusCode> heldToo = stage.StatusAsync("/api/v1/live", ("Authorization", "Bearer wrong-again"));

        using HttpResponseMessage right = await LogInAsync(stage, Token);
        Assert.Equal(HttpStatusCode.NoContent, right.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await stage.StatusAsync("/api/v1/live", ("Authorization", $"Bearer {Token}")));
        Assert.False(held.IsCompleted || heldToo.IsCompleted, "one wrong token too many is answered at once");
        while (!held.IsCompleted || !heldToo.IsCompleted)
        {
            time.Advance(LoginLimit.Delay);
            await Task.WhenAny(Task.WhenAll(held, heldToo), Task.Delay(20, TestContext.Current.CancellationToken));
        }
        using HttpResponseMessage answer = await held;
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await heldToo);
    }

    [Fact]
    public void Wrong_tokens_of_an_address_are_one_line_a_minute_with_their_count()
    {
        FakeTimeProvider time = new();
        LoginLimit limit = new(time);
        IPAddress one = IPAddress.Parse("192.0.2.1");
        Assert.Equal([1, 0, 0], Tell(3));
        limit.Fail(IPAddress.Parse("192.0.2.2"), out int other);
        Assert.Equal(1, other);
        time.Advance(LoginLimit.Window);
        // The two that had no line, and this one.
        Assert.Equal([3, 0], Tell(2));
        time.Advance(LoginLimit.Window);
        Assert.Equal([2], Tell(1));

        int[] Tell(int times) =>
            [
                .. Enumerable
                    .Range(0, times)
                    .Select(_ =>
                    {
                        limit.Fail(one, out int count);
                        return count;
                    }),
            ];
    }

    [Fact]
    public void Failures_are_counted_for_each_address_alone()
    {
        FakeTimeProvider time = new();
        LoginLimit limit = new(time);
        for (int i = 0; i < LoginLimit.AddressMax; i++)
        {
            Assert.Equal(TimeSpan.Zero, limit.Fail(IPAddress.Parse($"2001:db8::{i + 2:x}"), out _));
        }
        Assert.Equal(LoginLimit.Delay, limit.Fail(IPAddress.Parse("2001:db8::1"), out _));
        Assert.Equal(LoginLimit.Delay, limit.Fail(IPAddress.Parse("2001:db8::1"), out _));
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(TimeSpan.Zero, limit.Fail(IPAddress.Parse($"192.0.{i}.9"), out _));
        }
        time.Advance(LoginLimit.Window);
        Assert.Equal(TimeSpan.Zero, limit.Fail(IPAddress.Parse("2001:db8::1"), out _));
    }

    [Fact]
    public void Token_may_be_kept_as_its_secret()
    {
        // SCRAM-SHA-256 of "correct-horse-battery-staple", as \password of psql stores it.
        string secret = Drover
            .Protocol.Authentication.ScramSecret.FromPassword(
                System.Text.Encoding.UTF8.GetBytes(Token),
                "0123456789abcdef"u8,
                4096
            )
            .ToStoredForm();
        string file = Write("secret", secret, UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Assert.True(AccessToken.TryLoad(file, out AccessToken? token, out _));
        Assert.True(token.Accepts(Token));
        Assert.True(token.Accepts(Token));
        Assert.False(token.Accepts(secret), "the secret is not the token");
        Assert.False(token.Accepts(""));
    }

    [Theory]
    [InlineData("short", UnixFileMode.UserRead, "has 5 characters")]
    [InlineData("", UnixFileMode.UserRead, "has 0 characters")]
    [InlineData(Token, UnixFileMode.UserRead | UnixFileMode.GroupRead, "chmod 600")]
    [InlineData(Token, UnixFileMode.UserRead | UnixFileMode.OtherWrite, "chmod 600")]
    public void Token_that_anybody_could_guess_or_read_is_refused(string text, UnixFileMode mode, string expected)
    {
        string file = Write("token", text, mode);

        Assert.False(AccessToken.TryLoad(file, out _, out string? problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.False(
            text.Length > 0 && problem.Contains(text, StringComparison.Ordinal),
            "the token is in the message"
        );
    }

    private static async Task<HttpResponseMessage> LogInAsync(
        DashboardStage stage,
        string token,
        params (string Name, string Value)[] headers
    )
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/login");
        request.Content = JsonContent.Create(new Dictionary<string, string> { ["token"] = token });
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return await stage.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private WebOptions WithToken() =>
        new()
        {
            WebListen = "127.0.0.1:0",
            WebTokenFile = Write("token", Token + "\n", UnixFileMode.UserRead | UnixFileMode.UserWrite),
        };

    private string Write(string name, string text, UnixFileMode mode)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, mode);
        return file;
    }
}
