// How clients prove who they are: each auth_type with each kind of secret, by libpq told which method to accept.
using System.Text;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.Serve;
using Drover.Protocol.Authentication;

namespace Drover.IntegrationTests.Security;

public sealed class LoginTests(SecureFixture fixture)
{
    private const string Wrong = "password authentication failed for user";

    /// <summary>Whom rules let in by other means; who exists has to be in the file all the same.</summary>
    private static readonly string[] Passwordless = ["far", "secret", "open", "listed", "in list", "twin", "trusted"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("trust", "has_plain", "none", "")]
    [InlineData("plain", "has_plain", "password", "")]
    [InlineData("plain", "has_md5", "password", "")]
    [InlineData("plain", "has_scram", "password", "")]
    [InlineData("md5", "has_plain", "md5", "")]
    [InlineData("md5", "has_md5", "md5", "")]
    [InlineData("md5", "has_scram", "scram-sha-256", "")]
    [InlineData("scram-sha-256", "has_plain", "scram-sha-256", "")]
    [InlineData("scram-sha-256", "has_scram", "scram-sha-256", "")]
    [InlineData("scram-sha-256", "has_md5", "scram-sha-256", Wrong)]
    public async Task Method_goes_with_the_secret(string type, string user, string method, string error)
    {
        ServeProcess serve = await ProxyAsync(("auth_type", type));
        CommandRun run = await RunAsync(serve, user, $"password=pw require_auth={method} sslmode=require");
        Assert.True(error.Length == 0 == (run.ExitCode == 0), run.Error);
        Assert.Contains(error, run.Error, StringComparison.Ordinal);
        if (type != "trust")
        {
            CommandRun wrong = await RunAsync(serve, user, $"password=PW require_auth={method} sslmode=require");
            Assert.Contains($"{Wrong} \"{user}\"", wrong.Error, StringComparison.Ordinal);
            CommandRun unknown = await RunAsync(serve, "nobody", "password=pw sslmode=require");
            Assert.Contains($"{Wrong} \"nobody\"", unknown.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Plain_password_is_asked_for_over_tls_and_on_the_unix_socket_only()
    {
        ServeProcess serve = await ProxyAsync(("auth_type", "plain"));
        CommandRun open = await RunAsync(serve, "has_plain", "password=pw sslmode=disable");
        Assert.Contains("plain password authentication is allowed over TLS only", open.Error, StringComparison.Ordinal);
        CommandRun local = await RunAsync(serve, "has_plain", $"password=pw host={serve.Folder} require_auth=password");
        Assert.True(local.ExitCode == 0, local.Error);
    }

    [Theory]
    [InlineData("scram-sha-256", "has_plain")]
    [InlineData("scram-sha-256", "has_scram")]
    [InlineData("scram-sha-256", "has_md5")]
    public async Task Unknown_user_looks_like_a_wrong_password_to_the_last_byte(string type, string user)
    {
        ServeProcess serve = await ProxyAsync(("auth_type", type), ("scram_iterations", "5000"));
        string known = await SayAsync(serve, user);
        string unknown = await SayAsync(serve, "nobody");
        Assert.Equal(WithoutSalt(known), WithoutSalt(unknown));
        Assert.Contains("C28P01", unknown, StringComparison.Ordinal);
        // A salt that changed from one attempt to the next would give it away.
        Assert.Equal(unknown, await SayAsync(serve, "nobody"));
        Assert.Equal(known, await SayAsync(serve, user));
    }

    [Fact]
    public async Task Unknown_users_are_asked_by_md5_or_scram_as_the_known_ones_are()
    {
        ServeProcess serve = await ProxyAsync(("auth_type", "md5"), ("scram_iterations", "5000"));
        string[] known = [await SayAsync(serve, "has_md5"), await SayAsync(serve, "has_scram")];
        Assert.Equal(known[0], await SayAsync(serve, "has_plain"));
        Dictionary<string, int> seen = known.ToDictionary(WithoutSalt, static _ => 0);
        foreach (int number in Enumerable.Range(1, 80))
        {
            string said = await SayAsync(serve, $"nobody{number}");
            seen[WithoutSalt(said)]++;
            // Once and for all: a method that changed would give it away.
            Assert.Equal(said, await SayAsync(serve, $"nobody{number}"));
        }
        // One of the six users has a SCRAM secret.
        Assert.InRange(seen[WithoutSalt(known[1])], 1, 39);
    }

    [Fact]
    public async Task Peer_is_the_user_of_the_operating_system()
    {
        ServeProcess serve = await ProxyAsync(("auth_type", "trust"));
        string rules = Path.Combine(serve.Folder, "hba.conf");
        string map = Path.Combine(serve.Folder, "ident.conf");
        await File.WriteAllTextAsync(
            rules,
            "local other all peer map=people\nlocal all all peer\nhost all all all reject\n",
            Token
        );
        await File.WriteAllTextAsync(map, $"people {Environment.UserName} trusted\n", Token);
        serve = await ProxyAsync(("auth_type", "hba"), ("auth_hba_file", rules), ("auth_ident_file", map));
        CommandRun self = await RunAsync(serve, Environment.UserName, $"host={serve.Folder} require_auth=none");
        Assert.True(self.ExitCode == 0, self.Error);
        CommandRun another = await RunAsync(serve, "has_plain", $"password=pw host={serve.Folder}");
        Assert.Contains("peer authentication failed for user \"has_plain\"", another.Error, StringComparison.Ordinal);
        string mapped = $"host={serve.Folder} dbname=other";
        Assert.Equal(0, (await RunAsync(serve, "trusted", mapped)).ExitCode);
        Assert.NotEqual(0, (await RunAsync(serve, Environment.UserName, mapped)).ExitCode);
    }

    [Fact]
    public async Task First_rule_that_covers_a_connection_decides()
    {
        ServeProcess serve = await ProxyAsync(("auth_type", "trust"));
        string rules = Path.Combine(serve.Folder, "rules.conf");
        await File.WriteAllTextAsync(
            rules,
            """
            host      all           blocked           127.0.0.0/8                reject
            host      all           far               127.0.0.2/32               trust
            host      all           far               127.0.0.1 255.255.255.255  reject
            hostssl   all           secret            samehost                   trust
            hostnossl all           open              127.0.0.1/32               trust
            host      forced        listed,"in list"  127.0.0.1/32               trust
            host      sameuser      twin              127.0.0.1/32               trust
            host      all           has_scram         127.0.0.1/32               scram-sha-256
            """,
            Token
        );
        serve = await ProxyAsync(("auth_type", "hba"), ("auth_hba_file", rules));
        const string None = "no pg_hba entry for host";
        (string User, string More, string Error)[] cases =
        [
            ("blocked", "", "pg_hba rejects connection"),
            ("far", "", "pg_hba rejects connection"),
            ("secret", "sslmode=require", ""),
            ("secret", "sslmode=disable", None),
            ("open", "sslmode=disable", ""),
            ("open", "sslmode=require", None),
            ("listed", "", ""),
            ("'in list'", "", ""),
            ("in", "", None),
            ("listed", "dbname=postgres", None),
            ("twin", "dbname=twin", ""),
            ("twin", "dbname=forced", None),
            ("has_scram", "password=pw require_auth=scram-sha-256", ""),
            ("has_scram", "password=no", Wrong),
            ("nobody", "", None),
        ];
        foreach ((string user, string more, string error) in cases)
        {
            CommandRun run = await RunAsync(serve, user, more);
            Assert.True(error.Length == 0 == (run.ExitCode == 0), $"{user} {more}: {run.Error}");
            Assert.Contains(error, run.Error, StringComparison.Ordinal);
        }
        await using RawLogin far = await RawLogin.ConnectAsync(serve.Port, from: "127.0.0.2");
        Assert.Equal("Ok() K Z", await far.RunAsync("far", "forced"));
    }

    private async Task<ServeProcess> ProxyAsync(params (string Name, string Value)[] settings)
    {
        int port = (await fixture.GetAsync(18)).Port;
        byte[] md5 = new byte[Md5Password.Length];
        Md5Password.ComputeSecret("has_md5"u8, "pw"u8, md5);
        // As many iterations as unknown users have when a test compares the two.
        string scram = ScramSecret.FromPassword("pw"u8, new byte[16], 5000).ToStoredForm();
        string entry = $"host={ServeProcess.Host} port={port} dbname=postgres user=trusted";
        return await fixture.ProxyAsync(
            "login",
            18,
            fixture.ClientTls("prefer", settings),
            new ServeEntries
            {
                Databases = [$"forced = {entry}", $"twin = {entry}", $"other = {entry}"],
                Users =
                [
                    "\"has_plain\" \"pw\"",
                    $"\"has_md5\" \"{Encoding.ASCII.GetString(md5)}\"",
                    $"\"has_scram\" \"{scram}\"",
                    .. Passwordless.Append(Environment.UserName).Select(static name => $"\"{name}\" \"\""),
                ],
            }
        );
    }

    private static async Task<string> SayAsync(ServeProcess serve, string user)
    {
        await using RawLogin login = await RawLogin.ConnectAsync(serve.Port);
        return await login.RunAsync(user, "forced");
    }

    private static string WithoutSalt(string said) =>
        string.Join(
            ',',
            said.Split(',').Select(static p => p.StartsWith("s=", StringComparison.Ordinal) ? $"s:{p.Length}" : p)
        );

    private static Task<CommandRun> RunAsync(ServeProcess serve, string user, string more) =>
        LibpqProgram.PsqlAsync(
            18,
            $"host={ServeProcess.Host} port={serve.Port} user={user} dbname=forced {more}",
            Token,
            "select 1"
        );
}
