// Sessions on the move between event loops, and when they are asked to.
using Drover.Proxy;
using Drover.Tests.Fakes;
using Drover.Transport;
using Drover.Transport.Sockets;

namespace Drover.Tests.Sessions;

public sealed class LoopMoveTests
{
    [Fact]
    public async Task No_query_fails_while_sessions_move_to_and_fro()
    {
        const int Clients = 12;
        await using ProxyStage stage = ProxyStage.Start(static proxy =>
            proxy with
            {
                Network = proxy.Network with { EventLoops = 2 },
                Pool = proxy.Pool with { DefaultPoolSize = 2 },
            }
        );
        EventLoop first = stage.Plane.Loops[0];
        EventLoop second = stage.Plane.Loops[1];
        using CancellationTokenSource enough = new();
        Task<int>[] clients = [.. Enumerable.Range(0, Clients).Select(_ => QueryUntilAsync(stage, enough.Token))];
        for (int round = 0; round < 5; round++)
        {
            await ProxyStage.UntilAsync(() => Ask(first, second) && second.ConnectionCount >= 8, "most on the second");
            await ProxyStage.UntilAsync(() => Ask(second, first) && second.ConnectionCount <= 4, "most on the first");
        }
        await enough.CancelAsync();
        int[] done = await Task.WhenAll(clients);
        Assert.All(done, static queries => Assert.True(queries > 5, $"a client ran only {queries} queries"));
        Assert.InRange(await stage.SettleAsync(), 1, 2);
    }

    [Fact]
    public void Client_is_placed_on_the_first_loop_that_is_not_full()
    {
        using IdleLoop first = new(0) { Load = 0.5 };
        using IdleLoop second = new(1) { Load = 0.1 };
        Assert.Same(first, LoopBalance.Choose([first, second]));
        first.Load = 0.9;
        Assert.Same(second, LoopBalance.Choose([first, second]));
        second.Load = 0.95;
        Assert.Same(first, LoopBalance.Choose([first, second]));
    }

    [Fact]
    public void Full_loop_is_asked_to_send_clients_to_the_one_with_room()
    {
        using IdleLoop first = new(0) { Load = 0.9 };
        using IdleLoop second = new(1) { Load = 0.2 };
        LoopBalance.Adjust([first, second]);
        Assert.Same(second, first.ShedTo);
        Assert.Null(second.ShedTo);
    }

    [Fact]
    public void Loops_that_are_both_full_keep_their_clients()
    {
        using IdleLoop first = new(0) { Load = 0.9 };
        using IdleLoop second = new(1) { Load = 0.8 };
        LoopBalance.Adjust([first, second]);
        Assert.Null(first.ShedTo);
        Assert.Null(second.ShedTo);
    }

    [Fact]
    public void Clients_gather_on_the_first_loop_when_the_load_is_gone()
    {
        using IdleLoop first = new(0) { Load = 0.1 };
        using IdleLoop second = new(1) { Load = 0.1, Connections = 4 };
        LoopBalance.Adjust([first, second]);
        Assert.Same(first, second.ShedTo);
    }

    private static bool Ask(EventLoop from, EventLoop to)
    {
        from.Shed(to, 12);
        return true;
    }

    private static async Task<int> QueryUntilAsync(ProxyStage stage, CancellationToken enough)
    {
        FakeClient client = await stage.ConnectAsync();
        int queries = 0;
        while (!enough.IsCancellationRequested)
        {
            Assert.Equal("TDCZI", await client.RunAsync("q"));
            queries++;
        }
        await client.LeaveAsync();
        return queries;
    }

    /// <summary>A loop that never runs and is as busy as it says.</summary>
    private sealed class IdleLoop(int index) : EventLoop(index, TimeProvider.System)
    {
        public double Load
        {
            set => Busy = value;
        }

        public int Connections
        {
            init => ConnectionCount = value;
        }

        public override Connection Adopt(SocketHandle socket) => throw new NotSupportedException();

        public override IDisposable Watch(SocketHandle listener, Action onReady) => throw new NotSupportedException();

        protected override void Interrupt() { }

        protected override void Poll(int timeoutMs) { }
    }
}
