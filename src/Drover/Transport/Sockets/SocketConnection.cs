// A socket on the portable loop: non-blocking calls, with readiness awaited through the runtime.
using System.Net.Sockets;

namespace Drover.Transport.Sockets;

internal sealed class SocketConnection : Connection
{
    private readonly Socket _socket;
    private readonly SocketAsyncEventArgs _readArgs = new();
    private readonly SocketAsyncEventArgs _writeArgs = new();
    private byte[] _unsent = [];
    private bool _readable;
    private bool _readPending;
    private bool _writePending;
    private bool _attached;
    private bool _disposed;

    public SocketConnection(Socket socket)
    {
        _socket = socket;
        _socket.Blocking = false;
        _readArgs.SetBuffer(Memory<byte>.Empty);
        _readArgs.Completed += (_, _) => Loop.Post(static self => ((SocketConnection)self!).ReadReady(), this);
        _writeArgs.Completed += (_, _) => Loop.Post(static self => ((SocketConnection)self!).WriteDone(), this);
    }

    public override bool IsReadable => _readable;

    public override int Descriptor => _disposed ? -1 : (int)_socket.Handle;

    public override int Receive(Span<byte> buffer)
    {
        if (!_readable)
        {
            return WouldBlock;
        }
        int count = _socket.Receive(buffer, SocketFlags.None, out SocketError error);
        if (error == SocketError.Success)
        {
            if (count > 0 && count < buffer.Length)
            {
                AwaitReadable();
            }
            return count;
        }
        if (error is SocketError.WouldBlock or SocketError.IOPending)
        {
            AwaitReadable();
            return WouldBlock;
        }
        Failure = error.ToString();
        return Broken;
    }

    public override int Send(ReadOnlySpan<byte> buffer)
    {
        if (_writePending)
        {
            return WouldBlock;
        }
        int count = _socket.Send(buffer, SocketFlags.None, out SocketError error);
        if (error is not (SocketError.Success or SocketError.WouldBlock or SocketError.IOPending))
        {
            Failure = error.ToString();
            return Broken;
        }
        count = Math.Max(count, 0);
        if (count < buffer.Length)
        {
            // One byte is owed asynchronously: its completion is the news that the socket can be written again.
            _unsent = [buffer[count]];
            count++;
            _writePending = true;
            _writeArgs.SetBuffer(_unsent);
            if (!_socket.SendAsync(_writeArgs))
            {
                Loop.Post(static self => ((SocketConnection)self!).WriteDone(), this);
            }
        }
        return count;
    }

    public override void Detach(EventLoop next)
    {
        _attached = false;
        ((PortableLoop)Loop).Count(-1);
        Loop = next;
    }

    public override void Attach(EventLoop loop)
    {
        Loop = loop;
        _attached = true;
        ((PortableLoop)loop).Count(1);
        if (!_readPending)
        {
            _readable = true;
            AwaitReadable();
        }
    }

    public override void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        if (_attached)
        {
            Detach(Loop);
        }
        _disposed = true;
        Observer = null;
        _socket.Dispose();
    }

    private void AwaitReadable()
    {
        if (_readPending || _disposed)
        {
            return;
        }
        _readable = false;
        _readPending = true;
        if (!_socket.ReceiveAsync(_readArgs))
        {
            Loop.Post(static self => ((SocketConnection)self!).ReadReady(), this);
        }
    }

    private void ReadReady()
    {
        _readPending = false;
        _readable = true;
        if (!_disposed)
        {
            Observer?.OnReady(this);
        }
    }

    private void WriteDone()
    {
        _writePending = false;
        if (!_disposed)
        {
            Observer?.OnReady(this);
        }
    }
}
