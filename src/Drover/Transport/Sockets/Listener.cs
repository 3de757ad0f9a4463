// A listening socket, TCP or Unix, and the accepting of its clients.
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Drover.Transport.Sockets;

/// <summary>Accepts on one loop and hands each client to a callback, which places it.</summary>
internal sealed class Listener : IDisposable
{
    private readonly Socket _socket;
    private readonly EventLoop _loop;
    private readonly Action<SocketHandle> _onAccepted;
    private readonly Action<string> _onExhausted;
    private IDisposable? _watch;
    private bool _disposed;

    /// <summary>Takes over a bound, listening socket. Call <see cref="Start"/> to begin accepting.</summary>
    public Listener(Socket socket, EventLoop loop, Action<SocketHandle> onAccepted, Action<string> onExhausted)
    {
        _socket = socket;
        _loop = loop;
        _onAccepted = onAccepted;
        _onExhausted = onExhausted;
        socket.Blocking = false;
    }

    public EndPoint? EndPoint => _socket.LocalEndPoint;

    public int Descriptor => (int)_socket.Handle;

    public bool IsPaused { get; set; }

    /// <summary>The file of a Unix socket stays when this is disposed: somebody else made it.</summary>
    public bool KeepsFile { get; init; }

    public void Start() =>
        _loop.Post(
            static state =>
            {
                Listener self = (Listener)state!;
                if (!self._disposed)
                {
                    self._watch = self._loop.Watch(new SocketHandle(self.Descriptor, self._socket), self.AcceptReady);
                }
            },
            this
        );

    /// <summary>Stops accepting; runs on the loop or after it has ended.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        if (!_loop.IsStopping)
        {
            _watch?.Dispose();
        }
        string? path = (_socket.LocalEndPoint as UnixDomainSocketEndPoint)?.ToString();
        _socket.Dispose();
        if (!KeepsFile && path is { Length: > 0 } && path[0] == '/')
        {
            File.Delete(path);
        }
    }

    private void AcceptReady()
    {
        for (int i = 0; i < TransportLimits.AcceptsPerTurn; i++)
        {
            if (_disposed || IsPaused)
            {
                return;
            }
            switch (TryAccept(out SocketHandle client))
            {
                case Outcome.Accepted:
                    _onAccepted(client);
                    break;
                case Outcome.Nobody:
                    return;
                case Outcome.Exhausted:
                    _onExhausted(
                        "no descriptor or memory for a new client; raise the limit of open files (LimitNOFILE)"
                    );
                    AcceptLater();
                    return;
            }
        }
        _loop.Post(static self => ((Listener)self!).AcceptReady(), this);
    }

    private async void AcceptLater()
    {
        await _loop.DelayAsync(TransportLimits.AcceptRetry);
        AcceptReady();
    }

    /// <summary>Looks again after a pause: an edge may have been missed meanwhile.</summary>
    public void Resume()
    {
        IsPaused = false;
        _loop.Post(static self => ((Listener)self!).AcceptReady(), this);
    }

    private Outcome TryAccept(out SocketHandle client)
    {
        if (_loop is PortableLoop)
        {
            return TryAcceptPortable(out client);
        }
        return TryAcceptNative(out client);
    }

    private unsafe Outcome TryAcceptNative(out SocketHandle client)
    {
        byte* address = stackalloc byte[128];
        int length = 128;
        int descriptor = Libc.Accept(Descriptor, address, &length, Libc.AcceptCloseOnExecNonBlocking);
        client = default;
        if (descriptor < 0)
        {
            return Libc.KeptError switch
            {
                Libc.EMFile or Libc.ENFile or Libc.ENoBufs or Libc.ENoMem => Outcome.Exhausted,
                Libc.EConnAborted or Libc.EIntr => Outcome.Skipped,
                _ => Outcome.Nobody,
            };
        }
        client = new SocketHandle(descriptor, null)
        {
            RemoteEndPoint = ReadAddress(new ReadOnlySpan<byte>(address, length)),
            LocalEndPoint = _socket.LocalEndPoint as IPEndPoint,
            UnixPath = (_socket.LocalEndPoint as UnixDomainSocketEndPoint)?.ToString(),
        };
        return Outcome.Accepted;
    }

    private Outcome TryAcceptPortable(out SocketHandle client)
    {
        client = default;
        try
        {
            Socket accepted = _socket.Accept();
            client = new SocketHandle((int)accepted.Handle, accepted)
            {
                RemoteEndPoint = accepted.RemoteEndPoint as IPEndPoint,
                LocalEndPoint = _socket.LocalEndPoint as IPEndPoint,
                UnixPath = (_socket.LocalEndPoint as UnixDomainSocketEndPoint)?.ToString(),
            };
            return Outcome.Accepted;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode switch
            {
                SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable => Outcome.Exhausted,
                SocketError.ConnectionReset or SocketError.ConnectionAborted => Outcome.Skipped,
                _ => Outcome.Nobody,
            };
        }
    }

    private static IPEndPoint? ReadAddress(ReadOnlySpan<byte> address)
    {
        if (address.Length < 8)
        {
            return null;
        }
        AddressFamily family = (AddressFamily)MemoryMarshal.Read<ushort>(address);
        int port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        return (int)family switch
        {
            2 => new IPEndPoint(new IPAddress(address.Slice(4, 4)), port),
            10 => new IPEndPoint(new IPAddress(address.Slice(8, 16)), port),
            _ => null,
        };
    }

    private enum Outcome
    {
        Accepted,
        Skipped,
        Nobody,
        Exhausted,
    }
}
