// A connected or listening socket on its way to a loop: a raw descriptor where there is epoll, else a Socket.
using System.Net;
using System.Net.Sockets;

namespace Drover.Transport.Sockets;

/// <summary>Ownership of one socket. The loop that adopts it closes it.</summary>
internal readonly record struct SocketHandle(int Descriptor, Socket? Socket)
{
    public IPEndPoint? RemoteEndPoint { get; init; }

    public IPEndPoint? LocalEndPoint { get; init; }

    public string? UnixPath { get; init; }
}
