// A socket on an epoll loop: one recv or send per call, and readiness remembered so that no call is wasted.
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Drover.Transport.Sockets;

internal sealed unsafe class EpollConnection(int descriptor, Socket? socket) : Connection, IEpollTarget
{
    // EPOLLOUT is asked for only after a send found the kernel's buffer full: a Unix socket reports it for every
    // message.
    private const int ReadInterest = Libc.EpollIn | Libc.EpollRdHup | Libc.EpollEdgeTriggered;
    private const int ReadWriteInterest = ReadInterest | Libc.EpollOut;

    private EpollLoop? _loop;
    private int _descriptor = descriptor;
    private bool _readable;
    private bool _hangUp;
    private bool _awaitsWritable;

    /// <summary>Whether a connect in progress has ended, well or badly (SO_ERROR says which).</summary>
    public bool IsConnected { get; private set; }

    public override bool IsReadable => _readable;

    public override int Descriptor => _descriptor;

    public override int Receive(Span<byte> buffer)
    {
        if (!_readable)
        {
            return WouldBlock;
        }
        if (_descriptor < 0)
        {
            return Broken;
        }
        for (; ; )
        {
            nint count;
            fixed (byte* start = buffer)
            {
                count = Libc.Receive(_descriptor, start, buffer.Length, 0);
            }
            if (count > 0)
            {
                // A short read says that the socket is drained (epoll(7)); after a hang-up only the end remains to be
                // read.
                _readable = count == buffer.Length || _hangUp;
                return (int)count;
            }
            if (count == 0)
            {
                return 0;
            }
            int error = Libc.LastError;
            if (error == Libc.EIntr)
            {
                continue;
            }
            if (error == Libc.EAgain)
            {
                _readable = false;
                return WouldBlock;
            }
            return Break(error);
        }
    }

    public override int Send(ReadOnlySpan<byte> buffer)
    {
        if (_descriptor < 0)
        {
            return Broken;
        }
        for (; ; )
        {
            nint count;
            fixed (byte* start = buffer)
            {
                count = Libc.Send(_descriptor, start, buffer.Length, Libc.MsgNoSignal);
            }
            if (count >= 0)
            {
                if (count < buffer.Length)
                {
                    AwaitWritable();
                }
                return (int)count;
            }
            int error = Libc.LastError;
            if (error == Libc.EIntr)
            {
                continue;
            }
            if (error == Libc.EAgain)
            {
                AwaitWritable();
                return WouldBlock;
            }
            return Break(error);
        }
    }

    public void OnEvents(int events)
    {
        if ((events & (Libc.EpollRdHup | Libc.EpollHup | Libc.EpollErr)) != 0)
        {
            _hangUp = true;
            _readable = true;
        }
        if ((events & Libc.EpollIn) != 0)
        {
            _readable = true;
        }
        if ((events & (Libc.EpollOut | Libc.EpollErr | Libc.EpollHup)) != 0 && _awaitsWritable)
        {
            IsConnected = true;
            _awaitsWritable = false;
            _loop!.Change(_descriptor, ReadInterest);
        }
        Observer?.OnReady(this);
    }

    /// <summary>Asks to be told when a connect in progress has ended.</summary>
    public void AwaitConnected() => AwaitWritable();

    public override void Detach(EventLoop next)
    {
        _loop?.Unregister(_descriptor, isClosing: false);
        _loop = null;
        Loop = next;
    }

    public override void Attach(EventLoop loop)
    {
        _loop = (EpollLoop)loop;
        Loop = loop;
        _loop.Register(_descriptor, this, _awaitsWritable ? ReadWriteInterest : ReadInterest);
    }

    public override void Dispose()
    {
        if (_descriptor < 0)
        {
            return;
        }
        _loop?.Unregister(_descriptor, isClosing: true);
        int open = _descriptor;
        _descriptor = -1;
        Observer = null;
        if (socket is not null)
        {
            socket.Dispose();
        }
        else
        {
            _ = Libc.Close(open);
        }
    }

    private void AwaitWritable()
    {
        if (!_awaitsWritable)
        {
            _awaitsWritable = true;
            _loop?.Change(_descriptor, ReadWriteInterest);
        }
    }

    private int Break(int error)
    {
        Failure = Marshal.GetPInvokeErrorMessage(error);
        return Broken;
    }
}
