// Opens connections to servers without blocking the loop.
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Drover.Transport.Sockets;

/// <summary>Connects a socket on a loop. The caller bounds the time by its token.</summary>
internal static class Dialer
{
    private const int EInProgress = 115;
    private const int SolSocket = 1;
    private const int SoError = 4;

    /// <summary>Connects; throws <see cref="SocketException"/> or OperationCanceledException.</summary>
    public static async Task<Connection> ConnectAsync(
        EventLoop loop,
        EndPoint target,
        Action<Socket>? configure,
        CancellationToken cancellationToken
    )
    {
        Socket socket =
            target is UnixDomainSocketEndPoint
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            configure?.Invoke(socket);
            socket.Blocking = false;
            SocketHandle handle = new((int)socket.Handle, socket)
            {
                RemoteEndPoint = target as IPEndPoint,
                UnixPath = (target as UnixDomainSocketEndPoint)?.ToString(),
            };
            Connection dialled;
            if (loop is PortableLoop)
            {
                await socket.ConnectAsync(target, cancellationToken);
                dialled = loop.Adopt(handle);
            }
            else
            {
                dialled = await ConnectNativeAsync(loop, handle, target, cancellationToken);
            }
            return loop.Decorator?.Dialled(dialled) ?? dialled;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Connection> ConnectNativeAsync(
        EventLoop loop,
        SocketHandle handle,
        EndPoint target,
        CancellationToken cancellationToken
    )
    {
        int error = BeginConnect(handle.Descriptor, target.Serialize());
        if (error == Libc.EAgain)
        {
            // A Unix socket whose backlog is full says EAGAIN rather than EINPROGRESS (connect(2)).
            throw new SocketException((int)SocketError.ConnectionRefused, "the server's backlog is full");
        }
        if (error != 0 && error != EInProgress)
        {
            throw new SocketException((int)SocketError.ConnectionRefused, Marshal.GetPInvokeErrorMessage(error));
        }
        Connection connection = loop.Adopt(handle);
        if (error == 0)
        {
            return connection;
        }
        Wakeup wakeup = new();
        connection.Observer = wakeup;
        try
        {
            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static state => ((Pending)state!).Loop.Post(((Pending)state).Wakeup),
                new Pending(loop, wakeup)
            );
            ((EpollConnection)connection).AwaitConnected();
            while (!((EpollConnection)connection).IsConnected)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await wakeup;
            }
            int failure = PendingError(connection.Descriptor);
            if (failure != 0)
            {
                throw new SocketException((int)SocketError.ConnectionRefused, Marshal.GetPInvokeErrorMessage(failure));
            }
            connection.Observer = null;
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static unsafe int BeginConnect(int descriptor, SocketAddress address)
    {
        fixed (byte* raw = address.Buffer.Span)
        {
            return Libc.Connect(descriptor, raw, address.Size) == 0 ? 0 : Libc.KeptError;
        }
    }

    private static unsafe int PendingError(int descriptor)
    {
        int value = 0;
        int length = sizeof(int);
        return Libc.GetSocketOption(descriptor, SolSocket, SoError, (byte*)&value, &length) == 0
            ? value
            : Libc.KeptError;
    }

    private sealed record Pending(EventLoop Loop, Wakeup Wakeup);
}
