// When a server goes back to the pool, and when it must not (docs of the protocol's message flow).
using Drover.Configuration;
using Drover.Protocol.Messages.Frontend;
using Drover.Proxy;
using Drover.Tests.Fakes;

namespace Drover.Tests.Sessions;

public sealed class ReleaseTests
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(150);

    [Fact]
    public async Task Server_is_released_after_a_simple_query_and_serves_the_next_client()
    {
        await using ProxyStage stage = StartWithOneServer();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        Assert.Equal("TDCZI", await first.RunAsync("a"));
        Assert.Equal("TDCZI", await second.RunAsync("b"));
        Assert.Single(stage.Server.Backends);
    }

    [Fact]
    public async Task Server_stays_while_a_transaction_is_open()
    {
        await using ProxyStage stage = StartWithOneServer();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        Assert.Equal("CZT", await first.RunAsync("BEGIN"));
        await second.QueryAsync("b");
        Assert.True(await second.Wire.IsSilentAsync(s_moment));
        Assert.Equal("CZI", await first.RunAsync("COMMIT"));
        Assert.Equal("TDCZI", await second.ReadShapeAsync());
    }

    [Fact]
    public async Task Server_stays_behind_a_flush_although_an_earlier_sync_was_answered()
    {
        await using ProxyStage stage = StartWithOneServer();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.SendAsync(w =>
            w.Parse("", "a").Bind("", "").Execute("").Sync().Parse("", "INSERT").Bind("", "").Execute("").Flush()
        );
        await first.ExpectAsync("12DCZ12C");
        await second.QueryAsync("STATE");
        Assert.True(
            await second.Wire.IsSilentAsync(s_moment),
            "a server with an open implicit transaction was handed over"
        );
        await first.SendAsync(w => w.Sync());
        await first.ExpectAsync("Z");
        Assert.Equal("TDCZI", await second.ReadShapeAsync());
    }

    [Fact]
    public async Task Server_is_closed_when_its_client_leaves_behind_a_flush()
    {
        await using ProxyStage stage = StartWithOneServer();
        FakeClient first = await stage.ConnectAsync();
        await first.SendAsync(w => w.Parse("", "INSERT").Bind("", "").Execute("").Flush());
        await first.ExpectAsync("12C");
        await first.LeaveAsync();
        using FakeClient second = await stage.ConnectAsync();
        Assert.Equal("I", await second.ScalarAsync("STATE"));
        Assert.Equal(2, stage.Server.Backends.Count);
    }

    [Fact]
    public async Task Server_stays_while_a_portal_is_suspended()
    {
        await using ProxyStage stage = StartWithOneServer();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.SendAsync(w => w.Parse("", "rows").Bind("", "").Execute("", rowsMax: 1).Flush());
        await first.ExpectAsync("12Ds");
        await second.QueryAsync("STATE");
        Assert.True(await second.Wire.IsSilentAsync(s_moment));
        await first.SendAsync(w => w.Execute("").Sync());
        await first.ExpectAsync("DCZ");
        Assert.Equal("TDCZI", await second.ReadShapeAsync());
    }

    [Fact]
    public async Task Server_stays_while_a_copy_is_open()
    {
        await using ProxyStage stage = StartWithOneServer();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.QueryAsync("COPY t FROM STDIN");
        await first.ExpectAsync("G");
        await second.QueryAsync("b");
        await first.SendAsync(w => w.CopyData("1\n").Sync());
        Assert.True(await second.Wire.IsSilentAsync(s_moment));
        await first.SendAsync(w => w.CopyData("2\n").CopyDone());
        await first.ExpectAsync("CZ");
        Assert.Equal("TDCZI", await second.ReadShapeAsync());
    }

    [Fact]
    public async Task Server_is_closed_when_its_client_leaves_inside_a_copy()
    {
        await using ProxyStage stage = StartWithOneServer();
        FakeClient first = await stage.ConnectAsync();
        await first.QueryAsync("COPY t FROM STDIN");
        await first.ExpectAsync("G");
        first.Wire.Abort();
        using FakeClient second = await stage.ConnectAsync();
        Assert.Equal("I", await second.ScalarAsync("STATE"));
        Assert.Equal(2, stage.Server.Backends.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Transaction_of_a_client_that_left_is_rolled_back(bool politely)
    {
        await using ProxyStage stage = StartWithOneServer();
        FakeClient first = await stage.ConnectAsync();
        Assert.Equal("CZT", await first.RunAsync("BEGIN"));
        if (politely)
        {
            await first.LeaveAsync();
        }
        else
        {
            first.Wire.Abort();
        }
        using FakeClient second = await stage.ConnectAsync();
        Assert.Equal("I", await second.ScalarAsync("STATE"));
        Assert.Contains("Q ROLLBACK", stage.Server.Backends[0].Received);
    }

    [Fact]
    public async Task Client_that_leaves_while_its_query_runs_takes_the_server_with_it()
    {
        await using ProxyStage stage = StartWithOneServer();
        FakeClient first = await stage.ConnectAsync();
        await first.QueryAsync("SLEEP");
        FakeBackend busy = await stage.Server.BackendAsync(0);
        await ProxyStage.UntilAsync(() => busy.Received.Contains("Q SLEEP"), "the query to arrive");
        first.Wire.Abort();
        using FakeClient second = await stage.ConnectAsync();
        Assert.Equal("I", await second.ScalarAsync("STATE"));
        Assert.Equal(2, stage.Server.Backends.Count);
        busy.Wake();
    }

    [Fact]
    public async Task Flush_is_answered_without_a_sync()
    {
        await using ProxyStage stage = StartWithOneServer();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w => w.Parse("s", "a").DescribeStatement("s").Flush());
        await client.ExpectAsync("1tT");
        await client.SendAsync(w => w.Bind("", "s").Execute("").Sync());
        await client.ExpectAsync("2DCZ");
    }

    [Fact]
    public async Task Lone_sync_is_answered_without_a_server()
    {
        await using ProxyStage stage = StartWithOneServer();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.RunAsync("BEGIN");
        await second.SendAsync(w => w.Sync().Sync());
        Assert.Equal("ZI", await second.ReadShapeAsync());
        Assert.Equal("ZI", await second.ReadShapeAsync());
    }

    [Fact]
    public async Task Statement_mode_refuses_a_transaction_and_hands_over_a_clean_server()
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { DefaultPoolSize = 1, PoolMode = PoolMode.Statement },
            }
        );
        using FakeClient first = await stage.ConnectAsync();
        await first.QueryAsync("BEGIN");
        await first.ExpectAsync("CZE");
        using FakeClient second = await stage.ConnectAsync();
        Assert.Equal("I", await second.ScalarAsync("STATE"));
    }

    [Fact]
    public async Task Session_mode_keeps_the_server_and_resets_it_for_the_next_client()
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { DefaultPoolSize = 1, PoolMode = PoolMode.Session },
            }
        );
        FakeClient first = await stage.ConnectAsync();
        await first.RunAsync("SET work_mem = '1MB'");
        Assert.Equal("I work_mem", await first.ScalarAsync("STATE"));
        await first.LeaveAsync();
        using FakeClient second = await stage.ConnectAsync();
        Assert.Equal("I", await second.ScalarAsync("STATE"));
        Assert.Single(stage.Server.Backends);
    }

    [Fact]
    public async Task Reload_to_transaction_mode_lends_no_server_that_a_session_has_changed()
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { DefaultPoolSize = 1, PoolMode = PoolMode.Session },
            }
        );
        FakeClient first = await stage.ConnectAsync();
        await first.RunAsync("SET work_mem = '1MB'");
        DroverOptions running = stage.Plane.Directory.Options;
        PoolOptions pool = running.Proxy.Pool with { PoolMode = PoolMode.Transaction };
        stage.Plane.Directory.Apply(running with { Proxy = running.Proxy with { Pool = pool } });
        Assert.Equal("I work_mem", await first.ScalarAsync("STATE"));
        Task<FakeClient> login = stage.ConnectAsync();
        await first.LeaveAsync();
        using FakeClient second = await login;
        Assert.Equal("I", await second.ScalarAsync("STATE"));
        Assert.Single(stage.Server.Backends);
    }

    [Fact]
    public async Task Reconnect_ends_replication_connections_for_nothing_else_would()
    {
        await using ProxyStage stage = ProxyStage.Start();
        using FakeClient standby = await stage.ConnectAsync(("replication", "database"));
        Assert.Equal("TDCZI", await standby.RunAsync("a"));
        Assert.True(new ProxyPauses(stage.Plane).Reconnect("app").Succeeded);
        await standby.ExpectFatalAsync("57P01");
        await ProxyStage.UntilAsync(() => stage.Server.Alive.Count == 0, "its server to be closed");
    }

    /// <summary>It would take the error for the rest of the log that it is about to write down.</summary>
    [Fact]
    public async Task Replication_client_ended_within_a_message_is_told_nothing_and_leaves_nothing()
    {
        await using ProxyStage stage = ProxyStage.Start();
        byte[] begun = [(byte)'d', 0, 0, 0, 104, .. new byte[40]];
        stage.Server.Script = async backend =>
        {
            await backend.ReadAsync();
            await backend.Wire.SendRawAsync(begun);
            await backend.ReadAsync();
        };
        using FakeClient standby = await stage.ConnectAsync(("replication", "database"));
        await standby.QueryAsync("START_REPLICATION");
        Assert.Equal(begun, await standby.Wire.ReadBytesAsync(begun.Length));
        Assert.True(new ProxyPauses(stage.Plane).Reconnect("app").Succeeded);
        Assert.Null(await standby.Wire.ReadBytesAsync(1));
        await ProxyStage.UntilAsync(() => stage.Server.Alive.Count == 0, "its server to be closed");
        await ProxyStage.UntilAsync(() => stage.Plane.Services.Registry.Count == 0, "the client to be gone");
        Assert.Empty(stage.Pool.LoggingIn);
        Assert.Equal((0, 0), (stage.Pool.Database.Clients, stage.Pool.Database.Servers));
        Assert.Null(stage.Plane.Services.CancelKeys.Find(standby.ProcessId, standby.CancelKey));
    }

    [Fact]
    public async Task Terminate_inside_a_batch_ends_the_client()
    {
        await using ProxyStage stage = StartWithOneServer();
        using FakeClient client = await stage.ConnectAsync();
        await client.SendAsync(w =>
        {
            w.Parse("", "a");
            Terminate.Write(w);
        });
        Assert.Null(await client.ReadAsync());
        using FakeClient second = await stage.ConnectAsync();
        Assert.Equal("I", await second.ScalarAsync("STATE"));
    }

    private static ProxyStage StartWithOneServer() =>
        ProxyStage.Start(o => o with { Pool = o.Pool with { DefaultPoolSize = 1 } });
}
