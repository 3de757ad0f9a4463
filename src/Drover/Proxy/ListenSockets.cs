// Binding the addresses on which clients are awaited.
using System.Net;
using System.Net.Sockets;
using Drover.Configuration;
using Drover.Transport.Sockets;

namespace Drover.Proxy;

internal static class ListenSockets
{
    /// <summary>Binds all of them or throws; the exception's message names the address.</summary>
    public static List<Socket> Bind(ProxyOptions options)
    {
        List<Socket> sockets = [];
        try
        {
            foreach (IPAddress address in Addresses(options.Listen.ListenAddr))
            {
                sockets.Add(BindTcp(new IPEndPoint(address, options.Listen.ListenPort), options));
            }
            if (options.Listen.UnixSocketDir.Length > 0)
            {
                sockets.Add(BindUnix(options));
            }
            return sockets;
        }
        catch
        {
            sockets.ForEach(static socket => socket.Dispose());
            throw;
        }
    }

    private static IEnumerable<IPAddress> Addresses(TextList names)
    {
        foreach (string name in names)
        {
            if (name == "*")
            {
                yield return IPAddress.Any;
                if (Socket.OSSupportsIPv6)
                {
                    yield return IPAddress.IPv6Any;
                }
            }
            else if (IPAddress.TryParse(name, out IPAddress? address))
            {
                yield return address;
            }
            else
            {
                foreach (IPAddress resolved in Dns.GetHostAddresses(name))
                {
                    yield return resolved;
                }
            }
        }
    }

    private static Socket BindTcp(IPEndPoint endpoint, ProxyOptions options)
    {
        Socket socket = new(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false;
            }
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            if (options.Listen.SoReuseport && OperatingSystem.IsLinux())
            {
                // SOL_SOCKET, SO_REUSEPORT (socket(7)).
                socket.SetRawSocketOption(1, 15, BitConverter.GetBytes(1));
            }
            if (options.Listen.TcpDeferAccept && OperatingSystem.IsLinux())
            {
                // IPPROTO_TCP, TCP_DEFER_ACCEPT in seconds (tcp(7)); the same number as PgBouncer's.
                socket.SetRawSocketOption(6, 9, BitConverter.GetBytes(45));
            }
            SocketTuning.Apply(socket, options.Network);
            socket.Bind(endpoint);
            socket.Listen(options.Listen.ListenBacklog);
            return socket;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new IOException($"cannot listen on {endpoint}: {failure.Message}", failure);
        }
    }

    private static Socket BindUnix(ProxyOptions options)
    {
        string path = UnixAddress.PathIn(options.Listen.UnixSocketDir, options.Listen.ListenPort);
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (UnixAddress.IsAbstract(path))
            {
                socket.Bind(UnixAddress.Of(path));
            }
            else
            {
                UnixSocketFile.RemoveStale(path);
                socket.Bind(UnixAddress.Of(path));
                UnixSocketFile.Protect(path, options.Listen);
            }
            socket.Listen(options.Listen.ListenBacklog);
            return socket;
        }
        catch (Exception failure) when (failure is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            throw new IOException($"cannot listen on {path}: {failure.Message}", failure);
        }
    }
}
