// Socket options that the configuration asks for.
using System.Net.Sockets;
using Drover.Configuration;

namespace Drover.Transport.Sockets;

internal static class SocketTuning
{
    private const int TcpUserTimeout = 18;

    /// <summary>
    /// Applies keepalive, buffers and user time-out; for listening sockets, whose clients inherit them, and for
    /// servers.
    /// </summary>
    public static void Apply(Socket socket, NetworkOptions options)
    {
        if (options.TcpSocketBuffer > 0)
        {
            socket.SendBufferSize = options.TcpSocketBuffer;
            socket.ReceiveBufferSize = options.TcpSocketBuffer;
        }
        if (socket.AddressFamily == AddressFamily.Unix)
        {
            return;
        }
        socket.NoDelay = true;
        if (options.TcpKeepalive)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            SetIfPositive(socket, SocketOptionName.TcpKeepAliveTime, (int)options.TcpKeepidle.TotalSeconds);
            SetIfPositive(socket, SocketOptionName.TcpKeepAliveInterval, (int)options.TcpKeepintvl.TotalSeconds);
            SetIfPositive(socket, SocketOptionName.TcpKeepAliveRetryCount, options.TcpKeepcnt);
        }
        if (options.TcpUserTimeout > TimeSpan.Zero && OperatingSystem.IsLinux())
        {
            Span<byte> value = stackalloc byte[sizeof(int)];
            BitConverter.TryWriteBytes(value, (int)options.TcpUserTimeout.TotalMilliseconds);
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeout, value);
        }
    }

    private static void SetIfPositive(Socket socket, SocketOptionName name, int value)
    {
        if (value > 0)
        {
            socket.SetSocketOption(SocketOptionLevel.Tcp, name, value);
        }
    }
}
