// What an event loop does to descriptors that are not its own any more: nothing.
using System.Net.Sockets;
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
