// Who gets a server, and which one: queues, reserve, and the limits on servers.
using Drover.Configuration;
using Drover.Pooling;
using Drover.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Pooling;

public sealed class QueueTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Waiting_clients_are_served_in_order_of_arrival()
    {
        await using ProxyStage stage = Start(o => o with { DefaultPoolSize = 1 });
        using FakeClient holder = await stage.ConnectAsync();
        await holder.RunAsync("BEGIN");
        List<FakeClient> waiters = [];
        for (int i = 0; i < 6; i++)
        {
            waiters.Add(await stage.ConnectAsync());
            await waiters[i].QueryAsync($"SELECT {i}");
            await ProxyStage.UntilAsync(() => stage.Pool.Waiting().Count == i + 1, "the client to wait");
        }
        // One of those in the middle loses its patience: the others keep their places.
        waiters[2].Dispose();
        await ProxyStage.UntilAsync(() => stage.Pool.Waiting().Count == 5, "the client to be gone");
        await holder.RunAsync("COMMIT");
        foreach (FakeClient waiter in waiters.Where((_, i) => i != 2))
        {
            Assert.Equal("TDCZI", await waiter.ReadShapeAsync());
            waiter.Dispose();
        }
        FakeBackend backend = Assert.Single(stage.Server.Backends);
        lock (backend.Received)
        {
            Assert.Equal(
                ["Q SELECT 0", "Q SELECT 1", "Q SELECT 3", "Q SELECT 4", "Q SELECT 5"],
                backend.Received.Where(static message => message.StartsWith("Q SELECT", StringComparison.Ordinal))
            );
        }
    }

    [Theory]
    [InlineData(false, "third second first")]
    [InlineData(true, "first second third")]
    public async Task Idle_servers_are_taken_last_in_first_out_or_round_robin(bool roundRobin, string order)
    {
        await using ProxyStage stage = Start(o => o with { DefaultPoolSize = 3, ServerRoundRobin = roundRobin });
        List<FakeClient> clients = [];
        foreach (string name in (string[])["first", "second", "third"])
        {
            FakeClient client = await stage.ConnectAsync();
            clients.Add(client);
            await client.RunAsync("BEGIN");
            await client.RunAsync(name);
        }
        foreach (FakeClient client in clients)
        {
            await client.RunAsync("COMMIT");
        }
        List<string> taken = [];
        foreach (FakeClient client in clients)
        {
            await client.RunAsync("BEGIN");
            await client.RunAsync($"again {taken.Count}");
            FakeBackend backend = stage.BackendOf($"again {taken.Count}");
            taken.Add(new[] { "first", "second", "third" }.Single(name => stage.BackendOf(name) == backend));
        }
        Assert.Equal(order, string.Join(' ', taken));
        clients.ForEach(static client => client.Dispose());
    }

    [Fact]
    public async Task Pool_never_grows_over_its_size()
    {
        await using ProxyStage stage = Start(o => o with { DefaultPoolSize = 2 });
        FakeClient[] clients = [.. await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => stage.ConnectAsync()))];
        await Task.WhenAll(
            clients.Select(async client =>
            {
                for (int i = 0; i < 10; i++)
                {
                    Assert.Equal("TDCZI", await client.RunAsync("a"));
                }
            })
        );
        Assert.InRange(stage.Server.Backends.Count, 1, 2);
        Array.ForEach(clients, static client => client.Dispose());
    }

    [Fact]
    public async Task Reserve_is_used_after_its_time_and_given_up_again()
    {
        await using ProxyStage stage = Start(o =>
            o with
            {
                DefaultPoolSize = 1,
                ReservePoolSize = 1,
                ReservePoolTimeout = TimeSpan.FromSeconds(5),
            }
        );
        using FakeClient holder = await stage.ConnectAsync();
        using FakeClient waiter = await stage.ConnectAsync();
        await holder.RunAsync("BEGIN");
        await waiter.QueryAsync("b");
        await ProxyStage.UntilAsync(() => stage.Pool.Waiting().Count == 1, "the client to wait");
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(await waiter.Wire.IsSilentAsync(TimeSpan.FromMilliseconds(300)), "the reserve was used too early");
        _time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Equal("TDCZI", await waiter.ReadShapeAsync());
        await ProxyStage.UntilAsync(() => stage.Server.Alive.Count == 1, "the reserve's server to be closed");
        Assert.Equal("CZI", await holder.RunAsync("COMMIT"));
        Assert.Equal(2, stage.Server.Backends.Count);
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(5, 0)]
    public async Task Without_a_reserve_or_a_time_for_it_the_pool_stays_at_its_size(int size, int timeoutSeconds)
    {
        await using ProxyStage stage = Start(o =>
            o with
            {
                DefaultPoolSize = 1,
                ReservePoolSize = size,
                ReservePoolTimeout = TimeSpan.FromSeconds(timeoutSeconds),
            }
        );
        using FakeClient holder = await stage.ConnectAsync();
        using FakeClient waiter = await stage.ConnectAsync();
        await holder.RunAsync("BEGIN");
        await waiter.QueryAsync("b");
        await ProxyStage.UntilAsync(() => stage.Pool.Waiting().Count == 1, "the client to wait");
        _time.Advance(TimeSpan.FromSeconds(20));
        await waiter.ExpectAsync("N");
        Assert.True(await waiter.Wire.IsSilentAsync(TimeSpan.FromMilliseconds(300)), "somebody else's server was used");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await waiter.Wire.IsSilentAsync(TimeSpan.FromMilliseconds(300)), "somebody else's server was used");
        Assert.Single(stage.Server.Backends);
    }

    [Fact]
    public async Task Idle_server_of_another_user_makes_room_at_max_db_connections()
    {
        await using ProxyStage stage = Start(o => o with { MaxDbConnections = 1 });
        using FakeClient first = await stage.ConnectAsync();
        Assert.Equal("TDCZI", await first.RunAsync("a"));
        using FakeClient second = await FakeClient.ConnectAsync(stage.Port, user: "other");
        Assert.Equal("TDCZI", await second.RunAsync("b"));
        Assert.Single(stage.Server.Alive);
        Assert.Equal(2, stage.Server.Backends.Count);
        Assert.Equal(1, stage.Pool.Database.Servers);
    }

    [Theory]
    [InlineData("u1", "u2", "u3")]
    [InlineData("u3", "u2", "u1")]
    public async Task Server_idle_the_longest_makes_room(string oldest, string younger, string youngest)
    {
        await using ProxyStage stage = Start(o => o with { MaxDbConnections = 3 });
        foreach (string user in new[] { oldest, younger, youngest })
        {
            using FakeClient client = await FakeClient.ConnectAsync(stage.Port, user: user);
            Assert.Equal("TDCZI", await client.RunAsync("a"));
            _time.Advance(TimeSpan.FromSeconds(1));
        }
        using FakeClient late = await FakeClient.ConnectAsync(stage.Port, user: "other");
        Assert.Equal("TDCZI", await late.RunAsync("b"));
        Assert.Empty(PoolOf(stage, "app", oldest).Servers());
        Assert.Single(PoolOf(stage, "app", younger).Servers());
        Assert.Single(PoolOf(stage, "app", youngest).Servers());
    }

    [Fact]
    public async Task Busy_server_of_another_user_is_waited_for_at_max_db_connections()
    {
        await using ProxyStage stage = Start(o => o with { MaxDbConnections = 1 });
        using FakeClient second = await FakeClient.ConnectAsync(stage.Port, user: "other");
        using FakeClient first = await stage.ConnectAsync();
        Assert.Equal("CZT", await first.RunAsync("BEGIN"));
        await second.QueryAsync("b");
        ServerPool pool = PoolOf(stage, "app", "other");
        await ProxyStage.UntilAsync(() => pool.Waiting().Count == 1, "the client to wait");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("TDCZT", await first.RunAsync("a"));
        Assert.Equal("CZI", await first.RunAsync("COMMIT"));
        await AdvanceUntilAsync(() => pool.Waiting().Count == 0, "the client to be served");
        Assert.Equal("TDCZI", await second.ReadShapeAsync());
        Assert.Single(stage.Server.Alive);
    }

    [Fact]
    public async Task Idle_server_of_another_database_makes_room_at_max_user_connections()
    {
        await using ProxyStage stage = ProxyStage.Start(
            o => o with { Pool = o.Pool with { MaxUserConnections = 1 } },
            changeAll: o => o with { Databases = [o.Databases[0], o.Databases[0] with { Name = "second" }] }
        );
        using FakeClient first = await stage.ConnectAsync();
        Assert.Equal("TDCZI", await first.RunAsync("a"));
        using FakeClient second = await FakeClient.ConnectAsync(stage.Port, database: "second");
        Assert.Equal("TDCZI", await second.RunAsync("b"));
        Assert.Single(stage.Server.Alive);
        Assert.Equal(1, stage.Pool.User.Servers);
    }

    [Fact]
    public async Task Minimum_is_kept_warm_before_any_client_comes()
    {
        await using ProxyStage stage = ProxyStage.Start(
            o => o with { Pool = o.Pool with { MinPoolSize = 2 } },
            changeDatabase: d => d with { User = "app" }
        );
        await ProxyStage.UntilAsync(() => stage.Server.Alive.Count == 2, "the pool to be warm");
    }

    [Fact]
    public async Task Minimum_is_kept_once_a_pool_is_in_use_and_made_again_when_servers_are_lost()
    {
        await using ProxyStage stage = Start(o => o with { MinPoolSize = 3, DefaultPoolSize = 5 });
        Assert.Empty(stage.Server.Backends);
        using FakeClient client = await stage.ConnectAsync();
        await AdvanceUntilAsync(() => stage.Server.Alive.Count == 3, "the pool to be warm");
        stage.Server.Crash();
        await AdvanceUntilAsync(() => stage.Server.Backends.Count >= 6, "new servers");
        await AdvanceUntilAsync(() => stage.Server.Alive.Count == 3, "the pool to be warm again");
    }

    private static ServerPool PoolOf(ProxyStage stage, string database, string user) =>
        stage.Plane.Directory.TryFindPool(database, user, out ServerPool? pool)
            ? pool
            : throw new InvalidOperationException();

    private ProxyStage Start(Func<PoolOptions, PoolOptions> change) =>
        ProxyStage.Start(o => o with { Pool = change(o.Pool) }, _time);

    /// <summary>Waits for what maintenance brings about, while the clock runs.</summary>
    private Task AdvanceUntilAsync(Func<bool> condition, string what) =>
        ProxyStage.UntilAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(20));
                return condition();
            },
            what
        );
}
