// How many event loops there are, and of which kind.
using Drover.Configuration;
using Drover.Transport;
using Drover.Transport.Sockets;

namespace Drover.Proxy;

internal static class LoopFactory
{
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
}
