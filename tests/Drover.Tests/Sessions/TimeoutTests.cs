// Every limit on time and number that a client can run into, with the SQLSTATE and the words that it is told.
using Drover.Configuration;
using Drover.Protocol.Messages.Frontend;
using Drover.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Sessions;

public sealed class TimeoutTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Query_that_runs_too_long_ends_with_its_client_and_its_server()
    {
        await using ProxyStage stage = Start(o => o with { QueryTimeout = TimeSpan.FromSeconds(5) });
        using FakeClient client = await stage.ConnectAsync();
        await client.QueryAsync("SLEEP");
        await ArrivedAsync(stage, "SLEEP");
        Assert.True(await IsUnmovedAsync(client, TimeSpan.FromSeconds(4.5)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("query_timeout", (await client.ExpectFatalAsync("57014")).Message);
        await ProxyStage.UntilAsync(() => stage.Pool.Servers().Count == 0, "the server to be closed");
    }

    [Fact]
    public async Task Client_that_idles_is_disconnected_after_client_idle_timeout()
    {
        await using ProxyStage stage = Start(o => o with { ClientIdleTimeout = TimeSpan.FromSeconds(5) });
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("a");
        Assert.True(await IsUnmovedAsync(client, TimeSpan.FromSeconds(4.5)));
        await client.RunAsync("b");
        Assert.True(await IsUnmovedAsync(client, TimeSpan.FromSeconds(4.5)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("client_idle_timeout", (await client.ExpectFatalAsync("57P05")).Message);
        Assert.Equal(1, await stage.SettleAsync());
    }

    [Fact]
    public async Task Client_that_idles_in_a_transaction_is_disconnected_and_rolled_back()
    {
        await using ProxyStage stage = Start(o => o with { IdleTransactionTimeout = TimeSpan.FromSeconds(5) });
        using FakeClient client = await stage.ConnectAsync();
        using FakeClient other = await stage.ConnectAsync();
        await client.RunAsync("BEGIN");
        await client.RunAsync("a");
        await other.RunAsync("b");
        Assert.True(await IsUnmovedAsync(client, TimeSpan.FromSeconds(4.5)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("idle_transaction_timeout", (await client.ExpectFatalAsync("25P03")).Message);
        Assert.Equal("I", await other.ScalarAsync("STATE"));
    }

    [Fact]
    public async Task Transaction_that_takes_too_long_is_ended_however_busy_it_is()
    {
        await using ProxyStage stage = Start(o =>
            o with
            {
                TransactionTimeout = TimeSpan.FromSeconds(5),
                IdleTransactionTimeout = TimeSpan.FromSeconds(4),
            }
        );
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("BEGIN");
        Assert.True(await IsUnmovedAsync(client, TimeSpan.FromSeconds(3)));
        await client.RunAsync("a");
        Assert.True(await IsUnmovedAsync(client, TimeSpan.FromSeconds(1.5)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("transaction_timeout", (await client.ExpectFatalAsync("25P04")).Message);
    }

    [Theory]
    [InlineData("query_timeout", "57014")]
    [InlineData("transaction_timeout", "25P04")]
    public async Task Client_that_flushes_and_never_syncs_keeps_its_server_no_longer_than(string limit, string state)
    {
        TimeSpan time = TimeSpan.FromSeconds(5);
        await using ProxyStage stage = Start(o =>
            limit == "query_timeout" ? o with { QueryTimeout = time } : o with { TransactionTimeout = time }
        );
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("", "INSERT").Bind("", "").Execute("").Flush());
        await client.ExpectAsync("12C");
        Assert.True(await IsUnmovedAsync(client, TimeSpan.FromSeconds(4.5)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(limit, (await client.ExpectFatalAsync(state)).Message);
        await ProxyStage.UntilAsync(() => stage.Pool.Servers().Count == 0, "the server to be closed");
    }

    [Fact]
    public async Task Users_own_limits_go_before_those_of_the_proxy()
    {
        await using ProxyStage stage = ProxyStage.Start(
            o => o with { Timeouts = o.Timeouts with { ClientIdleTimeout = TimeSpan.FromSeconds(100) } },
            _time,
            changeAll: o =>
                o with
                {
                    Users = [new UserOptions { Name = "app", ClientIdleTimeout = TimeSpan.FromSeconds(5) }],
                }
        );
        using FakeClient client = await stage.ConnectAsync();
        using FakeClient other = await FakeClient.ConnectAsync(stage.Port, user: "other");
        _time.Advance(TimeSpan.FromSeconds(6));
        await client.ExpectFatalAsync("57P05");
        Assert.Equal("TDCZI", await other.RunAsync("a"));
    }

    [Fact]
    public async Task Client_that_does_not_log_in_is_disconnected_after_client_login_timeout()
    {
        await using ProxyStage stage = Start(static o => o);
        using FakeClient client = await FakeClient.DialAsync(stage.Port);
        await ProxyStage.UntilAsync(() => stage.Plane.Services.Registry.Count == 1, "the client to be there");
        Assert.True(await IsUnmovedAsync(client, TimeSpan.FromSeconds(59)));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("client_login_timeout", (await client.ExpectFatalAsync("28000")).Message);
    }

    [Fact]
    public async Task Waiting_client_is_told_once_that_it_waits_and_then_served()
    {
        await using ProxyStage stage = StartWithOneServer(static o => o);
        using FakeClient holder = await stage.ConnectAsync();
        using FakeClient waiter = await stage.ConnectAsync();
        await WaitAsync(stage, holder, waiter);
        Assert.True(await IsUnmovedAsync(waiter, TimeSpan.FromSeconds(4.5)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Frame notice = await waiter.ExpectAsync("N");
        Assert.Equal("No server connection available in postgres backend, client being queued", notice.Message);
        Assert.Equal("00000", notice.SqlState);
        Assert.True(await IsUnmovedAsync(waiter, TimeSpan.FromSeconds(20)));
        await holder.RunAsync("COMMIT");
        await waiter.ExpectAsync("TDCZ");
        await WaitAsync(stage, holder, waiter);
        _time.Advance(TimeSpan.FromSeconds(6));
        await waiter.ExpectAsync("N");
    }

    [Fact]
    public async Task Waiting_client_is_told_nothing_when_query_wait_notify_is_zero()
    {
        await using ProxyStage stage = StartWithOneServer(o => o with { QueryWaitNotify = TimeSpan.Zero });
        using FakeClient holder = await stage.ConnectAsync();
        using FakeClient waiter = await stage.ConnectAsync();
        await WaitAsync(stage, holder, waiter);
        Assert.True(await IsUnmovedAsync(waiter, TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public Task Waiting_client_is_disconnected_after_query_wait_timeout() =>
        AssertWaitEndsAsync(o => o with { QueryWaitNotify = TimeSpan.Zero }, 120, "query_wait_timeout", "53300");

    [Fact]
    public Task Query_that_still_waits_for_its_server_is_ended_by_query_timeout_too() =>
        AssertWaitEndsAsync(WithQueryTimeout, 10, "query_timeout", "57014");

    [Fact]
    public async Task Wait_for_a_server_counts_as_time_of_the_query_that_waited_and_of_no_other()
    {
        await using ProxyStage stage = StartWithOneServer(WithQueryTimeout);
        using FakeClient holder = await stage.ConnectAsync();
        using FakeClient waiter = await stage.ConnectAsync();
        await WaitAsync(stage, holder, waiter, "BEGIN");
        Assert.True(await IsUnmovedAsync(waiter, TimeSpan.FromSeconds(6)));
        await holder.RunAsync("COMMIT");
        await waiter.ExpectAsync("CZ");
        await waiter.QueryAsync("SLEEP");
        await ArrivedAsync(stage, "SLEEP");
        Assert.True(await IsUnmovedAsync(waiter, TimeSpan.FromSeconds(6)));
        stage.BackendOf("SLEEP").Wake();
        await waiter.ExpectAsync("CZ");
        await waiter.RunAsync("COMMIT");
        await WaitAsync(stage, holder, waiter, "SLEEP");
        Assert.True(await IsUnmovedAsync(waiter, TimeSpan.FromSeconds(6)));
        await holder.RunAsync("COMMIT");
        await ProxyStage.UntilAsync(() => stage.Pool.Waiting().Count == 0, "the client to be served");
        Assert.True(await IsUnmovedAsync(waiter, TimeSpan.FromSeconds(3)));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("query_timeout", (await waiter.ExpectFatalAsync("57014")).Message);
    }

    [Fact]
    public async Task Cancel_request_waits_for_a_place_no_longer_than_cancel_wait_timeout()
    {
        await using ProxyStage stage = StartWithOneServer(static o => o);
        using FakeClient client = await stage.ConnectAsync();
        stage.Server.HoldCancels = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await client.QueryAsync("SLEEP");
        await ArrivedAsync(stage, "SLEEP");
        using FakeClient first = await CancelAsync(stage, client);
        await ProxyStage.UntilAsync(() => stage.Server.Cancels.Count == 1, "the request to arrive");
        using FakeClient second = await CancelAsync(stage, client);
        await ProxyStage.UntilAsync(() => stage.Pool.Cancels.Waiting == 1, "the other request to wait");
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.True(await second.Wire.IsSilentAsync(TimeSpan.FromMilliseconds(300)));
        _time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Null(await second.ReadAsync());
        Assert.Equal(0, stage.Pool.Cancels.Waiting);
        Assert.Single(stage.Server.Cancels);
        stage.Server.HoldCancels.SetResult();
    }

    [Fact]
    public async Task Cancel_request_that_waits_gets_the_next_place()
    {
        await using ProxyStage stage = StartWithOneServer(static o => o);
        using FakeClient client = await stage.ConnectAsync();
        TaskCompletionSource hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        stage.Server.HoldCancels = hold;
        await client.QueryAsync("SLEEP");
        await ArrivedAsync(stage, "SLEEP");
        using FakeClient first = await CancelAsync(stage, client);
        await ProxyStage.UntilAsync(() => stage.Server.Cancels.Count == 1, "the request to arrive");
        using FakeClient second = await CancelAsync(stage, client);
        await ProxyStage.UntilAsync(() => stage.Pool.Cancels.Waiting == 1, "the other request to wait");
        hold.SetResult();
        Assert.Equal("57014", (await client.ExpectAsync("E")).SqlState);
        await client.ExpectAsync("Z");
        Assert.Null(await first.ReadAsync());
        Assert.Null(await second.ReadAsync());
        Assert.Equal("TDCZI", await client.RunAsync("a"));
        Assert.Equal(0, stage.Pool.Cancels.Waiting);
    }

    [Theory]
    [InlineData("max_client_conn")]
    [InlineData("max_db_client_connections")]
    [InlineData("max_user_client_connections")]
    public async Task Client_over_a_limit_is_refused_and_the_next_one_served(string setting)
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Pool = setting switch
                {
                    "max_client_conn" => o.Pool with { MaxClientConn = 2 },
                    "max_db_client_connections" => o.Pool with { MaxDbClientConnections = 2 },
                    _ => o.Pool with { MaxUserClientConnections = 2 },
                },
            }
        );
        using FakeClient first = await stage.ConnectAsync();
        FakeClient second = await stage.ConnectAsync();
        using FakeClient third = await FakeClient.DialAsync(stage.Port);
        Frame? error = await third.LogInAsync();
        Assert.Equal(("53300", $"no more connections allowed ({setting})"), (error?.SqlState, error?.Message));
        await second.LeaveAsync();
        await ProxyStage.UntilAsync(() => stage.Plane.Services.Registry.Count == 1, "the client to be gone");
        using FakeClient fourth = await stage.ConnectAsync();
        Assert.Equal("TDCZI", await fourth.RunAsync("a"));
    }

    [Fact]
    public async Task Transaction_is_refused_in_statement_mode()
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { PoolMode = PoolMode.Statement },
            }
        );
        using FakeClient client = await stage.ConnectAsync();
        Assert.Equal("TDCZI", await client.RunAsync("a"));
        await client.QueryAsync("BEGIN");
        await client.ExpectAsync("CZ");
        Frame error = await client.ExpectFatalAsync("0A000");
        Assert.Equal("transaction blocks not allowed in statement pooling mode", error.Message);
        using FakeClient next = await stage.ConnectAsync();
        Assert.Equal("I", await next.ScalarAsync("STATE"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Server_to_be_closed_ends_its_session_at_once_only_with_server_fast_close(bool isFast)
    {
        await using ProxyStage stage = ProxyStage.Start(
            o =>
                o with
                {
                    Pool = o.Pool with { PoolMode = PoolMode.Session },
                    Server = o.Server with { ServerFastClose = isFast },
                },
            _time
        );
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("BEGIN");
        stage.Pool.CloseServers();
        Assert.True(await IsUnmovedAsync(client, TimeSpan.FromSeconds(1)));
        Assert.Equal("CZI", await client.RunAsync("COMMIT"));
        if (isFast)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("database configuration changed", (await client.ExpectFatalAsync("57P01")).Message);
        }
        else
        {
            Assert.True(await IsUnmovedAsync(client, TimeSpan.FromSeconds(1)));
            Assert.Equal("TDCZI", await client.RunAsync("a"));
        }
    }

    [Fact]
    public async Task Database_made_from_the_asterisk_is_forgotten_when_unused_for_long()
    {
        await using ProxyStage stage = ProxyStage.Start(
            o =>
                o with
                {
                    Timeouts = o.Timeouts with { AutodbIdleTimeout = TimeSpan.FromSeconds(100) },
                    Server = o.Server with { ServerIdleTimeout = TimeSpan.FromSeconds(10) },
                },
            _time,
            changeAll: o => o with { FallbackDatabase = o.Databases[0] with { Name = "*" } }
        );
        using FakeClient user = await FakeClient.ConnectAsync(stage.Port, database: "used");
        FakeClient leaver = await FakeClient.ConnectAsync(stage.Port, database: "left");
        await leaver.RunAsync("a");
        await leaver.LeaveAsync();
        await ProxyStage.UntilAsync(() => stage.Plane.Services.Registry.Count == 1, "the client to be gone");
        await ProxyStage.UntilAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(500));
                return stage.Plane.Directory.Databases.All(static database => database.Name != "left");
            },
            "the database to be forgotten"
        );
        Assert.Contains(stage.Plane.Directory.Databases, static database => database.Name == "used");
        Assert.Contains(stage.Plane.Directory.Databases, static database => database.Name == "app");
        Assert.False(stage.Plane.Directory.TryFindPool("left", "app", out _));
        Assert.Equal("TDCZI", await user.RunAsync("b"));
        using FakeClient back = await FakeClient.ConnectAsync(stage.Port, database: "left");
        Assert.Equal("TDCZI", await back.RunAsync("c"));
    }

    [Fact]
    public async Task Application_name_carries_the_clients_address_when_asked_to()
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Session = o.Session with { ApplicationNameAddHost = true, TrackSessionState = true },
            }
        );
        using FakeClient client = await stage.ConnectAsync(("application_name", "shop"));
        string address = client.Wire.Socket.LocalEndPoint!.ToString()!;
        Assert.Equal($"shop - {address}", client.Parameters["application_name"]);
    }

    private ProxyStage Start(Func<TimeoutOptions, TimeoutOptions> change) =>
        ProxyStage.Start(o => o with { Timeouts = change(o.Timeouts) }, _time);

    private ProxyStage StartWithOneServer(Func<TimeoutOptions, TimeoutOptions> change) =>
        ProxyStage.Start(
            o => o with { Timeouts = change(o.Timeouts), Pool = o.Pool with { DefaultPoolSize = 1 } },
            _time
        );

    private static TimeoutOptions WithQueryTimeout(TimeoutOptions options) =>
        options with
        {
            QueryTimeout = TimeSpan.FromSeconds(10),
            QueryWaitNotify = TimeSpan.Zero,
        };

    /// <summary>The one begins a transaction on the only server, the other waits for it.</summary>
    private static async Task WaitAsync(ProxyStage stage, FakeClient holder, FakeClient waiter, string query = "b")
    {
        await holder.RunAsync("BEGIN");
        await waiter.QueryAsync(query);
        await ProxyStage.UntilAsync(() => stage.Pool.Waiting().Count == 1, "the client to wait");
    }

    private static Task ArrivedAsync(ProxyStage stage, string query) =>
        ProxyStage.UntilAsync(
            () =>
                stage.Server.Backends.Any(backend =>
                {
                    lock (backend.Received)
                    {
                        return backend.Received.Contains($"Q {query}");
                    }
                }),
            "the query to arrive"
        );

    private static async Task<FakeClient> CancelAsync(ProxyStage stage, FakeClient client)
    {
        FakeClient request = await FakeClient.DialAsync(stage.Port);
        await request.SendAsync(w => CancelRequest.Write(w, client.ProcessId, client.CancelKey));
        return request;
    }

    /// <summary>Lets time pass and some ticks of the loop with it; true when the client is told nothing.</summary>
    private async Task<bool> IsUnmovedAsync(FakeClient client, TimeSpan time)
    {
        _time.Advance(time);
        return await client.Wire.IsSilentAsync(TimeSpan.FromMilliseconds(350));
    }

    private async Task AssertWaitEndsAsync(
        Func<TimeoutOptions, TimeoutOptions> change,
        int seconds,
        string message,
        string sqlState
    )
    {
        await using ProxyStage stage = StartWithOneServer(change);
        using FakeClient holder = await stage.ConnectAsync();
        using FakeClient waiter = await stage.ConnectAsync();
        await WaitAsync(stage, holder, waiter);
        Assert.True(await IsUnmovedAsync(waiter, TimeSpan.FromSeconds(seconds - 1)));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(message, (await waiter.ExpectFatalAsync(sqlState)).Message);
        Assert.Equal((0, 0L), stage.Pool.Waiting());
        Assert.Equal("CZI", await holder.RunAsync("COMMIT"));
    }
}
