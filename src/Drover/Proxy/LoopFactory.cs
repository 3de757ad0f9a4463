// How many event loops, of which kind, and which one a new client goes to.
using Drover.Configuration;
using Drover.Transport;

namespace Drover.Proxy;

internal static class LoopFactory
{
    /// <summary>A loop that works more than this share of its time is full: new clients go to the next.</summary>
    private const double BusyMax = 0.7;

    public static EventLoop[] Create(NetworkOptions options, TimeProvider time)
    {
        int count = options.EventLoops > 0 ? options.EventLoops : Environment.ProcessorCount;
        bool usesEpoll = options.EventLoopKind switch
        {
            EventLoopKind.Epoll => true,
            EventLoopKind.Portable => false,
            _ => OperatingSystem.IsLinux(),
        };
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(index => usesEpoll ? (EventLoop)new EpollLoop(index, time) : new PortableLoop(index, time)),
        ];
    }

    /// <summary>The loop for a new client.</summary>
    public static EventLoop Choose(EventLoop[] loops)
    {
        EventLoop chosen = loops[0];
        foreach (EventLoop loop in loops)
        {
            if (loop.Busy < BusyMax)
            {
                return loop;
            }
            chosen = loop.Busy < chosen.Busy ? loop : chosen;
        }
        return chosen;
    }
}
