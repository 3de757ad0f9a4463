// How a pool gets servers, and whom it tells about them: the seam at which tests put a scripted server.
using Drover.Transport;

namespace Drover.Pooling.Servers;

internal interface IServerConnector
{
    /// <summary>
    /// Connects and logs in on the loop. Exactly one of the two results is set; never throws for what the network or
    /// the server does.
    /// </summary>
    Task<(ServerConnection? Server, PoolFailure? Failure)> ConnectAsync(ServerPool pool, EventLoop loop);

    /// <summary>
    /// A pool may not open a server because its database or user has too many: closes an idle one of a neighbour. The
    /// loop on which that is under way; null when no neighbour has one.
    /// </summary>
    EventLoop? MakeRoom(ServerPool pool);

    void OnConnected(ServerConnection server);

    void OnClosed(ServerConnection server, string reason);

    void OnFailed(ServerPool pool, PoolFailure failure);

    /// <summary>The catalogs could not be read; what they would tell stays unknown for a while.</summary>
    void OnCatalogUnread(ServerPool pool, PoolFailure failure);
}
