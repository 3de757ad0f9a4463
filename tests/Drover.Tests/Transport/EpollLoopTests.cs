// An event loop keeps to its own descriptors, and goes on whatever a callback does.
using System.Collections.Concurrent;
using System.Net.Sockets;
using Drover.Tests.Fakes;
using Drover.Transport;
using Drover.Transport.Sockets;

namespace Drover.Tests.Transport;

public sealed class EpollLoopTests
{
    private const int Loops = 8;

    [Fact]
    public void Post_to_a_loop_that_has_ended_writes_into_nobody_elses_descriptor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
        // Other tests open and close descriptors meanwhile: several loops, so that some of their numbers come to us.
        EpollLoop[] loops = [.. Enumerable.Range(0, Loops).Select(static i => new EpollLoop(i, TimeProvider.System))];
        foreach (EpollLoop loop in loops)
        {
            loop.Start();
            loop.Dispose();
        }
        List<(Socket Ours, Socket Theirs)> pairs = [.. Enumerable.Range(0, Loops * 4).Select(static _ => Connect())];
        try
        {
            foreach (EpollLoop loop in loops)
            {
                loop.Post(static _ => { }, null);
            }
            Assert.All(pairs, static pair => Assert.Equal((0, 0), (pair.Ours.Available, pair.Theirs.Available)));
        }
        finally
        {
            pairs.ForEach(static pair => pair.Ours.Dispose());
            pairs.ForEach(static pair => pair.Theirs.Dispose());
        }
    }

    [Fact]
    public async Task Callback_that_throws_is_reported_and_ends_nothing_else()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
        using EpollLoop loop = new(0, TimeProvider.System);
        ConcurrentQueue<string> defects = new();
        loop.OnDefect = defect => defects.Enqueue(defect.Message);
        loop.Start();
        (Socket ours, Socket theirs) = Connect();
        using Socket mine = ours;
        using Socket other = theirs;
        TaskCompletionSource ticked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(
            _ =>
            {
                loop.Add(new Ticker(() => ticked.TrySetResult()));
                loop.Add(new Ticker(static () => throw new InvalidOperationException("tick")));
                loop.Watch(
                    new SocketHandle((int)mine.Handle, mine),
                    static () => throw new InvalidOperationException("event")
                );
                throw new InvalidOperationException("posted");
            },
            null
        );
        await loop.PassAsync().WaitAsync(Wire.Limit, TestContext.Current.CancellationToken);
        await other.SendAsync(new byte[1], TestContext.Current.CancellationToken);
        await ticked.Task.WaitAsync(Wire.Limit, TestContext.Current.CancellationToken);
        await ProxyStage.UntilAsync(() => defects.Distinct().Count() == 3, "three defects");
        Assert.Equal(["event", "posted", "tick"], defects.Distinct().Order());
        await loop.PassAsync().WaitAsync(Wire.Limit, TestContext.Current.CancellationToken);
    }

    private sealed class Ticker(Action onTick) : ILoopTicker
    {
        public int TickerIndex { get; set; }

        public void OnTick(long nowMs) => onTick();
    }

    private static (Socket Ours, Socket Theirs) Connect()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen(1);
        Socket ours = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        ours.Connect(listener.LocalEndPoint!);
        return (ours, listener.Accept());
    }
}
