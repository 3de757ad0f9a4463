// From a server's connect to its end: connect_query, checks, resets, ages, hosts.
using Drover.Configuration;
using Drover.Pooling.Servers;
using Drover.Protocol.Messages.Backend;
using Drover.Proxy;
using Drover.Telemetry;
using Drover.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Pooling;

public sealed class ServerLifeTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Idle_server_is_closed_after_server_idle_timeout()
    {
        await using ProxyStage stage = Start(o => o with { ServerIdleTimeout = TimeSpan.FromSeconds(10) });
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("a");
        await MaintainAsync(stage, TimeSpan.FromSeconds(9));
        Assert.Single(stage.Server.Alive);
        _time.Advance(TimeSpan.FromSeconds(1.5));
        await ProxyStage.UntilAsync(() => stage.Server.Alive.Count == 0, "the server to be closed");
        Assert.Equal("TDCZI", await client.RunAsync("b"));
    }

    [Fact]
    public async Task Minimum_outlives_server_idle_timeout()
    {
        await using ProxyStage stage = ProxyStage.Start(
            o =>
                o with
                {
                    Pool = o.Pool with { MinPoolSize = 1 },
                    Server = o.Server with { ServerIdleTimeout = TimeSpan.FromSeconds(10) },
                },
            _time
        );
        List<FakeClient> clients = [];
        for (int i = 0; i < 3; i++)
        {
            clients.Add(await stage.ConnectAsync());
            await clients[i].RunAsync("BEGIN");
        }
        clients.ForEach(static client => client.Dispose());
        await ProxyStage.UntilAsync(() => stage.Plane.Services.Registry.Count == 0, "the clients to be gone");
        await ProxyStage.UntilAsync(() => stage.Pool.Servers().All(IsIdle), "the servers to be idle");
        _time.Advance(TimeSpan.FromSeconds(11));
        await ProxyStage.UntilAsync(() => stage.Server.Alive.Count == 1, "the surplus to be closed");
        await MaintainAsync(stage, TimeSpan.FromSeconds(11));
        Assert.Single(stage.Server.Alive);
    }

    [Fact]
    public async Task Pool_made_smaller_by_a_reload_closes_the_servers_that_it_has_too_many()
    {
        await using ProxyStage stage = Start(static o => o);
        await FillAsync(stage, 5);
        await stage.SettleAsync();
        using FakeClient busy = await stage.ConnectAsync();
        await busy.RunAsync("BEGIN");
        await MaintainAsync(stage, TimeSpan.FromSeconds(1));
        Assert.Equal(5, stage.Server.Alive.Count);
        DroverOptions running = stage.Plane.Directory.Options;
        PoolOptions pool = running.Proxy.Pool with { DefaultPoolSize = 2 };
        stage.Plane.Directory.Apply(running with { Proxy = running.Proxy with { Pool = pool } });
        await MaintainAsync(stage, TimeSpan.FromSeconds(1));
        await ProxyStage.UntilAsync(() => stage.Server.Alive.Count == 2, "the surplus to be closed");
        await MaintainAsync(stage, TimeSpan.FromSeconds(1));
        Assert.Equal(2, stage.Server.Alive.Count);
        Assert.Equal("CZI", await busy.RunAsync("COMMIT"));
    }

    [Fact]
    public async Task Old_server_is_closed_up_to_a_tenth_before_its_lifetime()
    {
        await using ProxyStage stage = Start(o =>
            o with
            {
                ServerLifetime = TimeSpan.FromSeconds(1000),
                ServerIdleTimeout = TimeSpan.Zero,
            }
        );
        List<FakeClient> clients = [];
        for (int i = 0; i < 12; i++)
        {
            clients.Add(await stage.ConnectAsync());
            await clients[i].RunAsync("BEGIN");
        }
        long[] lifetimes = [.. stage.Pool.Servers().Select(static server => server.LifetimeMs)];
        Assert.All(lifetimes, static lifetime => Assert.InRange(lifetime, 900_000, 1_000_000));
        Assert.True(lifetimes.Distinct().Count() > 1, "all servers would be replaced at once");
        clients.ForEach(static client => client.Dispose());
        await stage.SettleAsync();
        await MaintainAsync(stage, TimeSpan.FromSeconds(890));
        Assert.Equal(12, stage.Server.Alive.Count);
        _time.Advance(TimeSpan.FromSeconds(112));
        await ProxyStage.UntilAsync(() => stage.Server.Alive.Count == 0, "the servers to be closed");
    }

    [Fact]
    public async Task Server_that_grows_old_in_a_transaction_is_closed_after_it()
    {
        await using ProxyStage stage = Start(o => o with { ServerLifetime = TimeSpan.FromSeconds(100) });
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("BEGIN");
        await MaintainAsync(stage, TimeSpan.FromSeconds(200));
        Assert.Equal("TDCZT", await client.RunAsync("a"));
        Assert.Equal("CZI", await client.RunAsync("COMMIT"));
        await ProxyStage.UntilAsync(() => stage.Server.Alive.Count == 0, "the server to be closed");
        Assert.Equal("TDCZI", await client.RunAsync("b"));
    }

    [Fact]
    public async Task Server_is_checked_when_it_has_idled_for_server_check_delay()
    {
        await using ProxyStage stage = Start(o => o with { ServerCheckQuery = "SELECT check" });
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("a");
        await PassAsync(stage, TimeSpan.FromSeconds(29));
        await client.RunAsync("b");
        await PassAsync(stage, TimeSpan.FromSeconds(31));
        await client.RunAsync("c");
        Assert.Equal(["Q a", "Q b", "Q SELECT check", "Q c"], Received(Assert.Single(stage.Server.Backends)));
    }

    [Fact]
    public async Task Server_that_fails_its_check_is_replaced_unseen()
    {
        await using ProxyStage stage = Start(o => o with { ServerCheckQuery = "FAIL" });
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("a");
        await PassAsync(stage, TimeSpan.FromSeconds(31));
        Assert.Equal("TDCZI", await client.RunAsync("b"));
        Assert.Equal(["Q a", "Q FAIL"], Received(stage.Server.Backends[0]));
        Assert.Equal(["Q b"], Received(stage.Server.Backends[1]));
    }

    /// <summary>The answer and the end come together: there is no second event that tells of the end.</summary>
    [Fact]
    public async Task Server_that_leaves_with_its_answer_is_lent_to_nobody()
    {
        await using ProxyStage stage = ProxyStage.Start();
        stage.Server.Script = static async backend =>
        {
            Frame query = await backend.ReadAsync();
            await backend.SendAsync(w =>
            {
                CommandComplete.Write(w, "OK"u8);
                ReadyForQuery.Write(w, TransactionStatus.Idle);
            });
            backend.Wire.Dispose();
        };
        using FakeClient client = await stage.ConnectAsync();
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal("CZI", await client.RunAsync("a"));
            await ProxyStage.UntilAsync(() => stage.Pool.Servers().Count == 0, "the server to be gone");
        }
    }

    [Fact]
    public async Task Without_a_check_query_nothing_is_checked()
    {
        await using ProxyStage stage = Start(o => o with { ServerCheckQuery = null });
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("a");
        await PassAsync(stage, TimeSpan.FromSeconds(31));
        await client.RunAsync("b");
        Assert.Equal(["Q a", "Q b"], Received(Assert.Single(stage.Server.Backends)));
    }

    [Fact]
    public async Task Server_is_reset_when_its_client_leaves_in_session_mode()
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { PoolMode = PoolMode.Session, DefaultPoolSize = 1 },
            }
        );
        FakeClient first = await stage.ConnectAsync();
        await first.RunAsync("a");
        await first.LeaveAsync();
        using FakeClient second = await stage.ConnectAsync();
        await second.RunAsync("b");
        string[] received = [.. Received(Assert.Single(stage.Server.Backends)).Where(static m => !m.Contains("name"))];
        Assert.Equal(["Q a", "Q DISCARD ALL", "Q b"], received);
    }

    [Theory]
    [InlineData("RESET ALL")]
    [InlineData("")]
    public async Task Whatever_the_reset_query_leaves_the_next_client_gets_its_startup_parameters(string query)
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { PoolMode = PoolMode.Session, DefaultPoolSize = 1 },
                Server = o.Server with { ServerResetQuery = query },
            }
        );
        FakeClient first = await stage.ConnectAsync(("work_mem", "1MB"));
        await first.RunAsync("SET work_mem = '2MB'");
        await first.LeaveAsync();
        using FakeClient second = await stage.ConnectAsync(("work_mem", "1MB"));
        Assert.Equal("work_mem=1MB", Assert.Single(stage.Server.Backends).Session.Settings);
    }

    [Theory]
    [InlineData(false, "Q a|Q b")]
    [InlineData(true, "Q a|Q DISCARD ALL|Q b|Q DISCARD ALL")]
    public async Task Server_is_reset_in_transaction_mode_when_that_is_asked_for_always(bool always, string messages)
    {
        await using ProxyStage stage = Start(o => o with { ServerResetQueryAlways = always });
        using FakeClient client = await stage.ConnectAsync();
        await client.RunAsync("a");
        await client.RunAsync("b");
        await ProxyStage.UntilAsync(
            () => string.Join('|', Received(stage.Server.Backends[0])) == messages,
            $"the server to have received {messages}"
        );
    }

    [Fact]
    public async Task Connect_query_runs_on_every_new_server_before_a_client_gets_it()
    {
        await using ProxyStage stage = ProxyStage.Start(
            time: _time,
            changeDatabase: d => d with { ConnectQuery = "SET app.tenant = 'x'" }
        );
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.RunAsync("BEGIN");
        Assert.Equal("I app.tenant", await second.ScalarAsync("STATE"));
        Assert.Equal(2, stage.Server.Backends.Count);
        Assert.All(stage.Server.Backends, static backend => Assert.Equal("app.tenant=x", backend.Session.Settings));
        Assert.All(
            stage.Server.Backends,
            static backend => Assert.Equal("Q SET app.tenant = 'x'", Received(backend)[0])
        );
    }

    [Fact]
    public async Task Connect_query_taken_away_by_a_reload_is_kept_by_those_who_logged_in_under_it_only()
    {
        await using ProxyStage stage = ProxyStage.Start(
            o => o with { Session = o.Session with { TrackSessionState = true } },
            _time,
            changeDatabase: d => d with { ConnectQuery = "SET app.tenant = 'x'" }
        );
        using FakeClient old = await stage.ConnectAsync();
        DroverOptions running = stage.Plane.Directory.Options;
        DatabaseOptions without = running.Databases[0] with { ConnectQuery = null };
        stage.Plane.Directory.Apply(running with { Databases = [without] });
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.RunAsync("BEGIN");
        Assert.Equal("I", await second.ScalarAsync("STATE"));
        Assert.DoesNotContain(
            stage.Server.Backends.Skip(1).SelectMany(Received),
            static message => message.Contains("set_config(", StringComparison.Ordinal)
        );
        Assert.Equal("I app.tenant", await old.ScalarAsync("STATE"));
        Assert.Equal("CZI", await first.RunAsync("COMMIT"));
        Assert.Equal("I", await first.ScalarAsync("STATE"));
    }

    [Fact]
    public async Task Failing_connect_query_refuses_the_login_with_the_servers_error()
    {
        await using ProxyStage stage = ProxyStage.Start(changeDatabase: d => d with { ConnectQuery = "FAIL" });
        using FakeClient client = await FakeClient.DialAsync(stage.Port);
        Frame? error = await client.LogInAsync();
        Assert.Equal(("22012", "division by zero"), (error?.SqlState, error?.Message));
    }

    [Fact]
    public async Task Silent_server_is_given_up_after_server_connect_timeout()
    {
        await using ProxyStage stage = Start(o => o with { ServerConnectTimeout = TimeSpan.FromSeconds(15) });
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        stage.Server.LoginScript = async wire =>
        {
            await wire.ReadAsync(isTyped: false);
            arrived.SetResult();
            await wire.ReadAsync();
        };
        using FakeClient client = await FakeClient.DialAsync(stage.Port);
        Task<Frame?> login = client.LogInAsync();
        await arrived.Task.WaitAsync(Wire.Limit, TestContext.Current.CancellationToken);
        ConnectionReader reader = new(stage.Plane);
        Assert.Equal(ConnectionState.Login, Assert.Single(reader.Servers()).State);
        _time.Advance(TimeSpan.FromSeconds(15.1));
        Frame? error = await login;
        Assert.Equal(("08006", "connect timeout"), (error?.SqlState, error?.Message));
        Assert.Empty(reader.Servers());
    }

    [Fact]
    public async Task Refusing_server_is_asked_again_within_server_login_retry()
    {
        await using ProxyStage stage = Start(o => o with { ServerLoginRetry = TimeSpan.FromSeconds(5) });
        int attempts = 0;
        stage.Server.LoginScript = async wire =>
        {
            await wire.ReadAsync(isTyped: false);
            attempts++;
            await wire.SendAsync(w => ErrorResponse.Write(w, "FATAL", "57P03", "the database system is starting up"));
        };
        using FakeClient refused = await FakeClient.DialAsync(stage.Port);
        Frame? error = await refused.LogInAsync();
        Assert.Equal(("57P03", "the database system is starting up"), (error?.SqlState, error?.Message));
        using FakeClient early = await FakeClient.DialAsync(stage.Port);
        Assert.Equal("57P03", (await early.LogInAsync())?.SqlState);
        Assert.Equal(1, attempts);
        stage.Server.LoginScript = null;
        await PassAsync(stage, TimeSpan.FromSeconds(5.1));
        using FakeClient client = await stage.ConnectAsync();
        Assert.Equal("TDCZI", await client.RunAsync("a"));
    }

    [Theory]
    [InlineData(LoadBalanceMode.RoundRobin, 2)]
    [InlineData(LoadBalanceMode.Disable, 4)]
    public async Task Hosts_take_turns_or_the_first_takes_all(LoadBalanceMode mode, int onFirst)
    {
        using FakePostgres first = new("127.0.0.2");
        await using ProxyStage stage = ProxyStage.Start(
            changeDatabase: Hosts(mode, "127.0.0.2", "127.0.0.3"),
            server: new FakePostgres("127.0.0.3", first.Port)
        );
        await FillAsync(stage, 4);
        Assert.Equal((onFirst, 4 - onFirst), (first.Backends.Count, stage.Server.Backends.Count));
        Assert.Empty(first.Violations);
    }

    [Theory]
    [InlineData(LoadBalanceMode.RoundRobin)]
    [InlineData(LoadBalanceMode.Disable)]
    public async Task Dead_host_is_passed_over(LoadBalanceMode mode)
    {
        await using ProxyStage stage = ProxyStage.Start(changeDatabase: Hosts(mode, "127.0.0.2", "127.0.0.1"));
        await FillAsync(stage, 4);
        Assert.Equal(4, stage.Server.Backends.Count);
    }

    /// <summary>As in the configuration.</summary>
    public enum LoadBalanceMode
    {
        RoundRobin,
        Disable,
    }

    private static Func<DatabaseOptions, DatabaseOptions> Hosts(LoadBalanceMode mode, params string[] hosts) =>
        database =>
            database with
            {
                Host = [.. hosts],
                LoadBalanceHosts =
                    mode == LoadBalanceMode.Disable ? LoadBalanceHosts.Disable : LoadBalanceHosts.RoundRobin,
            };

    /// <summary>So many transactions at a time, each on a server of its own.</summary>
    private static async Task FillAsync(ProxyStage stage, int count)
    {
        List<FakeClient> clients = [];
        for (int i = 0; i < count; i++)
        {
            clients.Add(await stage.ConnectAsync());
            Assert.Equal("CZT", await clients[i].RunAsync("BEGIN"));
        }
        clients.ForEach(static client => client.Dispose());
    }

    private static bool IsIdle(ServerConnection server) => server.State == ServerState.Idle;

    private static List<string> Received(FakeBackend backend)
    {
        lock (backend.Received)
        {
            return [.. backend.Received];
        }
    }

    private ProxyStage Start(Func<ServerOptions, ServerOptions> change) =>
        ProxyStage.Start(o => o with { Server = change(o.Server) }, _time);

    /// <summary>Lets time pass, and waits until the loop has seen it.</summary>
    private async Task PassAsync(ProxyStage stage, TimeSpan time)
    {
        long until = stage.Plane.Loops[0].NowMs + (long)time.TotalMilliseconds;
        _time.Advance(time);
        await ProxyStage.UntilAsync(() => stage.Plane.Loops[0].NowMs >= until, "the loop to see the time");
        await stage.Plane.Loops[0].PassAsync();
    }

    /// <summary>The same, and a round of maintenance after it.</summary>
    private async Task MaintainAsync(ProxyStage stage, TimeSpan time)
    {
        await PassAsync(stage, time);
        await PassAsync(stage, TimeSpan.FromMilliseconds(400));
    }
}
