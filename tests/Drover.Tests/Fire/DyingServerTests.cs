// The server says FATAL or just goes, in every state of a client; the client is told, and the proxy goes on.
using Drover.Tests.Fakes;

namespace Drover.Tests.Fire;

public sealed class DyingServerTests
{
    [Theory]
    [InlineData("idle in transaction")]
    [InlineData("query running")]
    [InlineData("copy in")]
    [InlineData("behind a flush")]
    public async Task Fatal_error_of_the_server_reaches_its_client_with_its_sqlstate(string state)
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await EnterAsync(client, state);
        FakeBackend backend = await stage.Server.BackendAsync(0);
        await backend.FatalAsync("57P01");
        backend.Wire.Dispose();
        Frame error = await client.ExpectAsync("E");
        Assert.Equal("57P01", error.SqlState);
        Assert.Null(await client.ReadAsync());
        await CheckServesAsync(stage);
    }

    [Theory]
    [InlineData("idle in transaction")]
    [InlineData("query running")]
    [InlineData("copy in")]
    [InlineData("behind a flush")]
    public async Task Lost_server_is_told_to_its_client_as_a_connection_failure(string state)
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await EnterAsync(client, state);
        (await stage.Server.BackendAsync(0)).Wire.Abort();
        await client.ExpectFatalAsync("08006");
        await CheckServesAsync(stage);
    }

    [Fact]
    public async Task Client_that_holds_no_server_does_not_notice_that_one_goes()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("a");
        FakeBackend backend = await stage.Server.BackendAsync(0);
        await backend.FatalAsync("57P01");
        backend.Wire.Dispose();
        await ProxyStage.UntilAsync(() => stage.Pool.Servers().Count == 0, "the server's going to be noticed");
        Assert.Equal("TDCZI", await client.RunAsync("b"));
    }

    [Fact]
    public async Task Error_is_not_told_into_the_middle_of_a_row()
    {
        await using ProxyStage stage = Start();
        stage.Server.Script = static async backend =>
        {
            await backend.ReadAsync();
            // The head of a row of a million bytes, and some of it.
            await backend.Wire.SendRawAsync(new byte[] { (byte)'D', 0, 15, 66, 64, 0, 1, 0, 15, 66, 54 });
            await backend.Wire.SendRawAsync(new byte[100_000]);
            await Task.Delay(50);
            backend.Wire.Abort();
        };
        using FakeClient client = await stage.ConnectAsync();
        await client.QueryAsync("a");
        byte[]? head = await client.Wire.ReadBytesAsync(5);
        Assert.Equal((byte)'D', head![0]);
        int count = 0;
        while (await client.Wire.ReadBytesAsync(1) is { } next)
        {
            count++;
            Assert.NotEqual((byte)'F', next[0]);
        }
        Assert.InRange(count, 1, 999_996);
    }

    [Fact]
    public async Task Message_of_an_invalid_length_from_the_server_ends_with_an_error()
    {
        await using ProxyStage stage = Start();
        stage.Server.Script = static async backend =>
        {
            await backend.ReadAsync();
            await backend.Wire.SendRawAsync(new byte[] { (byte)'T', 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3 });
            await backend.ReadAsync();
        };
        using FakeClient client = await stage.ConnectAsync();
        await client.QueryAsync("a");
        await client.ExpectFatalAsync("08P01");
        stage.Server.Script = null;
        await CheckServesAsync(stage);
    }

    [Theory]
    [InlineData("E")]
    [InlineData("reset")]
    [InlineData("garbage")]
    [InlineData("wrong method")]
    public async Task Login_that_the_server_refuses_is_told_and_the_next_one_works(string how)
    {
        await using ProxyStage stage = Start();
        stage.Server.LoginScript = async wire =>
        {
            await wire.ReadAsync(isTyped: false);
            switch (how)
            {
                case "E":
                    await wire.SendAsync(w =>
                        Drover.Protocol.Messages.Backend.ErrorResponse.Write(
                            w,
                            "FATAL",
                            "53300",
                            "too many clients already"
                        )
                    );
                    break;
                case "garbage":
                    await wire.SendRawAsync(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF });
                    break;
                case "wrong method":
                    await wire.SendAsync(w =>
                        Drover.Protocol.Messages.Backend.AuthenticationRequest.Write(
                            w,
                            (Drover.Protocol.Messages.Backend.AuthenticationCode)7
                        )
                    );
                    break;
                default:
                    wire.Abort();
                    break;
            }
        };
        using FakeClient refused = await FakeClient.DialAsync(stage.Port);
        Frame? error = await refused.LogInAsync();
        Assert.Equal(
            how switch
            {
                "E" => "53300",
                "garbage" => "08006",
                "wrong method" => "0A000",
                _ => "08006",
            },
            error?.SqlState
        );
        stage.Server.LoginScript = null;
        await CheckServesAsync(stage);
    }

    [Fact]
    public async Task Server_that_never_answers_a_login_is_given_up_after_server_connect_timeout()
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Server = o.Server with { ServerConnectTimeout = TimeSpan.FromMilliseconds(200) },
            }
        );
        stage.Server.LoginScript = static async wire => await wire.ReadBytesAsync(1_000_000);
        using FakeClient refused = await FakeClient.DialAsync(stage.Port);
        Assert.Equal("08006", (await refused.LogInAsync())?.SqlState);
    }

    private static async Task EnterAsync(FakeClient client, string state)
    {
        switch (state)
        {
            case "idle in transaction":
                await client.RunAsync("BEGIN");
                break;
            case "query running":
                await client.QueryAsync("SLEEP");
                await Task.Delay(50);
                break;
            case "copy in":
                await client.QueryAsync("COPY t FROM STDIN");
                await client.ExpectAsync("G");
                break;
            default:
                await client.SendAsync(w => w.Parse("", "a").Flush());
                await client.ExpectAsync("1");
                break;
        }
    }

    private static async Task CheckServesAsync(ProxyStage stage)
    {
        for (int tries = 0; ; tries++)
        {
            using FakeClient next = await FakeClient.DialAsync(stage.Port);
            if (await next.LogInAsync() is { Type: 'Z' })
            {
                Assert.Equal("I", await next.ScalarAsync("STATE"));
                return;
            }
            Assert.True(tries < 100, "no login any more");
            await Task.Delay(20);
        }
    }

    private static ProxyStage Start() =>
        ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { DefaultPoolSize = 1 },
                Server = o.Server with { ServerLoginRetry = TimeSpan.FromMilliseconds(100) },
            }
        );
}
