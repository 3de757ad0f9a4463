// SHUTDOWN in its three forms, by the console and by signals, once and twice.
using System.Net.Sockets;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Serve;

public sealed class ShutdownTests(PostgresFixture fixture)
{
    private const int Interrupt = 2;
    private const int Quit = 3;
    private const int User1 = 10;
    private const int User2 = 12;
    private const int Terminate = 15;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("SHUTDOWN")]
    [InlineData("SIGQUIT")]
    [InlineData("SIGTERM twice")]
    [InlineData("SIGINT twice")]
    [InlineData("SIGTERM, then SIGINT")]
    public async Task Process_ends_at_once_and_clients_are_told(string how)
    {
        await using ServeProcess serve = await StartAsync();
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
        await using NpgsqlCommand slow = new("select pg_sleep(30)", client);
        Task<object?> query = slow.ExecuteScalarAsync(Token);
        await serve.WaitAsync(
            async () => (await serve.ConsoleAsync("SHOW SERVERS", Token)).Any(static row => row["state"] == "active"),
            "an active server",
            Token
        );
        switch (how)
        {
            case "SHUTDOWN":
                // Nothing answers it, as in PgBouncer; what the driver makes of that is its own business.
                await Record.ExceptionAsync(() => serve.ConsoleAsync("SHUTDOWN", Token));
                break;
            case "SIGQUIT":
                serve.Signal(Quit);
                break;
            default:
                serve.Signal(how.StartsWith("SIGTERM", StringComparison.Ordinal) ? Terminate : Interrupt);
                await serve.WaitForLogAsync("shutting down (WAIT_FOR", Token);
                await Task.Delay(300, Token);
                Assert.False(serve.HasExited);
                serve.Signal(how == "SIGTERM twice" ? Terminate : Interrupt);
                break;
        }
        Assert.Equal(0, await serve.ExitAsync(Token));
        PostgresException told = await Assert.ThrowsAsync<PostgresException>(() => query);
        Assert.Equal("57P01", told.SqlState);
        Assert.Empty(Directory.GetFiles(serve.Folder, ".s.PGSQL.*"));
    }

    [Theory]
    [InlineData("SHUTDOWN WAIT_FOR_CLIENTS")]
    [InlineData("SIGTERM")]
    public async Task Waiting_for_clients_serves_those_that_are_there_and_ends_with_the_last(string how)
    {
        await using ServeProcess serve = await StartAsync();
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
        await BeginAsync(serve, how, Terminate);

        await AssertClosedAsync(serve);
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() =>
            serve.OpenAsync(Token, serve.OverSocket(serve.ClientString()))
        );
        Assert.Equal("57P03", refused.SqlState);
        await using (await serve.OpenAsync(Token, serve.OverSocket(serve.ConsoleString())))
        {
            // The console stays open on the Unix socket.
        }
        await using NpgsqlCommand one = new("select 1", client);
        Assert.Equal(1, await one.ExecuteScalarAsync(Token));
        Assert.False(serve.HasExited);
        await client.CloseAsync();
        Assert.Equal(0, await serve.ExitAsync(Token));
    }

    [Theory]
    [InlineData("SHUTDOWN WAIT_FOR_SERVERS")]
    [InlineData("SIGINT")]
    public async Task Waiting_for_servers_lets_open_transactions_end_and_drops_who_waits(string how)
    {
        await using ServeProcess serve = await StartAsync();
        await using NpgsqlConnection busy = await serve.OpenAsync(Token);
        await using NpgsqlConnection idle = await serve.OpenAsync(Token);
        NpgsqlTransaction transaction = await busy.BeginTransactionAsync(Token);
        await using NpgsqlCommand one = new("select 1", busy, transaction);
        await one.ExecuteScalarAsync(Token);
        await BeginAsync(serve, how, Interrupt);

        await using NpgsqlCommand late = new("select 1", idle);
        PostgresException dropped = await Assert.ThrowsAsync<PostgresException>(() => late.ExecuteScalarAsync(Token));
        Assert.Equal("57P01", dropped.SqlState);
        Assert.Equal(1, await one.ExecuteScalarAsync(Token));
        Assert.False(serve.HasExited);
        await transaction.CommitAsync(Token);
        Assert.Equal(0, await serve.ExitAsync(Token));
    }

    [Fact]
    public async Task Two_signals_pause_and_resume()
    {
        await using ServeProcess serve = await StartAsync();
        await using QueryLoad load = await QueryLoad.StartAsync(serve, 5, Token);
        await load.AdvanceAsync(50, Token);
        serve.Signal(User1);
        await WaitForStateAsync(serve, "paused");
        await Task.Delay(50, Token);
        int before = load.Answers;
        await Task.Delay(100, Token);
        Assert.Equal(before, load.Answers);
        serve.Signal(User2);
        await WaitForStateAsync(serve, "active");
        await load.AdvanceAsync(50, Token);
        await load.StopAsync();
    }

    private static async Task BeginAsync(ServeProcess serve, string how, int signal)
    {
        if (how.StartsWith("SIG", StringComparison.Ordinal))
        {
            serve.Signal(signal);
        }
        else
        {
            await serve.ConsoleAsync(how, Token);
        }
        await serve.WaitForLogAsync("shutting down (WAIT_FOR", Token);
    }

    private static async Task AssertClosedAsync(ServeProcess serve)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Task.Delay(200, Token);
        await Assert.ThrowsAsync<SocketException>(async () =>
            await socket.ConnectAsync(ServeProcess.Host, serve.Port, Token)
        );
    }

    private static Task WaitForStateAsync(ServeProcess serve, string state) =>
        serve.WaitAsync(
            async () =>
                (await serve.ConsoleAsync("SHOW STATE", Token)).Single(row => row["key"] == state)["value"] == "yes",
            state,
            Token
        );

    private async Task<ServeProcess> StartAsync() =>
        await ServeProcess.StartAsync((await fixture.GetAsync(15)).Port, Token);
}
