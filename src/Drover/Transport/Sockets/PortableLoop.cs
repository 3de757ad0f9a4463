// The event loop where there is no epoll: readiness comes from the runtime's own asynchronous sockets.
using System.Net.Sockets;

namespace Drover.Transport.Sockets;

/// <summary>
/// A thread that sleeps on a semaphore. A zero-byte receive tells that a socket is readable; completions are posted
/// here, so sessions still run on one thread. About twice the processor time per query of <see cref="EpollLoop"/>.
/// </summary>
internal sealed class PortableLoop(int index, TimeProvider time) : EventLoop(index, time)
{
    private readonly SemaphoreSlim _work = new(0);

    public override Connection Adopt(SocketHandle socket)
    {
        SocketConnection connection = new(socket.Socket!)
        {
            RemoteEndPoint = socket.RemoteEndPoint,
            LocalEndPoint = socket.LocalEndPoint,
            UnixPath = socket.UnixPath,
        };
        connection.Attach(this);
        return connection;
    }

    public override IDisposable Watch(SocketHandle listener, Action onReady)
    {
        ListenerPoll watch = new(this, listener.Socket!, onReady);
        watch.Arm();
        return watch;
    }

    public void Count(int change) => ConnectionCount += change;

    protected override void Interrupt() => _work.Release();

    protected override void Poll(int timeoutMs)
    {
        _work.Wait(timeoutMs);
        ClearInterrupt();
        Awake();
    }

    /// <summary>Looks at the listening socket on every tick: accept has no zero-byte form.</summary>
    private sealed class ListenerPoll(EventLoop loop, Socket listener, Action onReady) : IDisposable
    {
        private bool _disposed;

        public async void Arm()
        {
            while (!_disposed)
            {
                if (listener.Poll(0, SelectMode.SelectRead))
                {
                    onReady();
                }
                await loop.DelayAsync(TimeSpan.FromMilliseconds(5));
            }
        }

        public void Dispose() => _disposed = true;
    }
}
