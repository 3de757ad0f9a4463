// What the proxy logs in with: each pool with its own user's password, wherever that comes from.
using System.Text;
using Drover.Configuration;
using Drover.Configuration.Authentication;
using Drover.Protocol.Authentication;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Drover.Tests.Fakes;

namespace Drover.Tests.Pooling;

public sealed class CredentialTests
{
    private const string AuthQuery = "SELECT usename, passwd FROM users WHERE usename = $1";

    [Fact]
    public async Task User_that_an_entry_forces_has_its_password_from_auth_file()
    {
        FakePostgres server = new() { LoginScript = Asking(("owner", "secret")) };
        await using ProxyStage stage = ProxyStage.Start(
            server: server,
            changeDatabase: o => o with { User = "owner" },
            changeAll: o => o with { AuthenticationFiles = File("\"owner\" \"secret\"\n\"app\" \"\"") }
        );
        using FakeClient client = await stage.ConnectAsync();
        Assert.Equal("CZI", await client.RunAsync("a"));
    }

    [Fact]
    public async Task Same_name_has_a_password_of_its_own_in_each_database_that_auth_query_asks()
    {
        using FakePostgres second = new() { LoginScript = Asking(("auth", "all"), ("app", "second")) };
        FakePostgres first = new() { LoginScript = Asking(("auth", "all"), ("app", "first")) };
        await using ProxyStage stage = ProxyStage.Start(
            o =>
                o with
                {
                    Authentication = o.Authentication with
                    {
                        AuthType = AuthType.Md5,
                        AuthUser = "auth",
                        AuthQuery = AuthQuery,
                    },
                },
            server: first,
            changeAll: o =>
                o with
                {
                    AuthenticationFiles = File("\"auth\" \"all\""),
                    Databases = [o.Databases[0], o.Databases[0] with { Name = "other", Port = second.Port }],
                }
        );
        using FakeClient one = await LogInAsync(stage, "app", "first");
        using FakeClient two = await LogInAsync(stage, "app", "first");
        using FakeClient elsewhere = await LogInAsync(stage, "other", "second");
        Assert.Equal("CZI", await elsewhere.RunAsync("a"));
        await one.RunAsync("BEGIN");
        // The first server is taken: another has to be opened, now that the name was last used with another password.
        Assert.Equal("CZI", await two.RunAsync("b"));
    }

    [Theory]
    [InlineData(false, "app", "")]
    [InlineData(false, "stranger", "\"trust\" authentication failed for user \"stranger\"")]
    [InlineData(true, "app", "auth_type any needs a user in the entry of database \"app\"")]
    public async Task Without_a_password_too_the_user_has_to_be_known(bool isAny, string user, string refusal)
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Authentication = o.Authentication with { AuthType = isAny ? AuthType.Any : AuthType.Trust },
            }
        );
        using FakeClient client = await FakeClient.DialAsync(stage.Port);
        Frame? last = await client.LogInAsync(user);
        Assert.Equal((refusal, refusal.Length > 0 ? "28000" : ""), (last?.Message ?? "", last?.SqlState ?? ""));
    }

    [Theory]
    [InlineData("app", 'Z')]
    [InlineData("stranger", 'E')]
    public async Task User_whom_auth_query_finds_is_known_without_a_password(string user, char end)
    {
        await using ProxyStage stage = ProxyStage.Start(
            o => o with { Authentication = o.Authentication with { AuthUser = "auth", AuthQuery = AuthQuery } },
            server: new FakePostgres { LoginScript = Asking(("auth", "all"), ("app", "")) },
            changeDatabase: o => o with { User = "auth" },
            changeAll: o => o with { AuthenticationFiles = File("\"auth\" \"all\"") }
        );
        using FakeClient client = await FakeClient.DialAsync(stage.Port);
        Assert.Equal(end, (await client.LogInAsync(user))?.Type);
    }

    [Fact]
    public async Task Any_takes_every_name_where_the_entry_has_a_user()
    {
        await using ProxyStage stage = ProxyStage.Start(
            o => o with { Authentication = o.Authentication with { AuthType = AuthType.Any } },
            changeDatabase: o => o with { User = "other" }
        );
        using FakeClient client = await FakeClient.ConnectAsync(stage.Port, user: "stranger");
        Assert.Equal("TDCZI", await client.RunAsync("a"));
    }

    private static AuthenticationFiles File(string text) =>
        new() { Users = UserList.Parse(text, static (_, problem) => Assert.Fail(problem)) };

    private static async Task<FakeClient> LogInAsync(ProxyStage stage, string database, string password)
    {
        FakeClient client = await FakeClient.DialAsync(stage.Port);
        await client.SendAsync(w =>
        {
            Startup.Begin(w);
            Startup.WriteParameter(w, "user"u8, "app"u8);
            Startup.WriteParameter(w, "database"u8, Encoding.UTF8.GetBytes(database));
            Startup.End(w);
        });
        byte[] secret = new byte[Md5Password.Length];
        byte[] response = new byte[Md5Password.Length];
        Frame asked = await client.ExpectAsync("R");
        Md5Password.ComputeSecret("app"u8, Encoding.UTF8.GetBytes(password), secret);
        Md5Password.ComputeResponse(secret, asked.Body.AsSpan(4), response);
        await client.SendAsync(w => PasswordMessage.Write(w, response));
        Frame? last = await client.ReadToReadyAsync();
        Assert.True(last is { Type: 'Z' }, $"login ended with {last}");
        return client;
    }

    /// <summary>A server that wants these passwords, and tells them to auth_query; it answers nothing else.</summary>
    private static Func<Wire, Task> Asking(params (string User, string Password)[] users) =>
        async wire =>
        {
            Frame? first = await wire.ReadAsync(isTyped: false);
            Assert.True(Startup.TryRead(first!.Body.AsSpan(4), out Startup startup));
            string user = Encoding.UTF8.GetString(startup.User);
            await wire.SendAsync(w => AuthenticationRequest.Write(w, AuthenticationCode.CleartextPassword));
            Frame? answer = await wire.ReadAsync();
            if (answer is null || !users.Contains((user, Encoding.UTF8.GetString(answer.Body.AsSpan(..^1)))))
            {
                await wire.SendAsync(w => ErrorResponse.Write(w, "FATAL", "28P01", "password authentication failed"));
                return;
            }
            await wire.SendAsync(w =>
            {
                AuthenticationRequest.WriteOk(w);
                BackendKeyData.Write(w, 1, new byte[4]);
                ReadyForQuery.Write(w, TransactionStatus.Idle);
            });
            TransactionStatus status = TransactionStatus.Idle;
            while (await wire.ReadAsync() is { Type: 'Q' } query)
            {
                status = query.Text == "BEGIN" ? TransactionStatus.InTransaction : TransactionStatus.Idle;
                await wire.SendAsync(w => Answer(w, query.Text, users, status));
            }
        };

    private static void Answer(
        MessageWriter writer,
        string query,
        (string User, string Password)[] users,
        TransactionStatus status
    )
    {
        if (query.EndsWith("E'app'", StringComparison.Ordinal))
        {
            DataRow.Begin(writer, 2);
            writer.WriteValue("app"u8);
            writer.WriteValue(Encoding.UTF8.GetBytes(users.Single(static known => known.User == "app").Password));
            writer.End();
        }
        CommandComplete.Write(writer, "OK");
        ReadyForQuery.Write(writer, status);
    }
}
