// How a server gets to the client that may have it, whichever loops the two live on.
using Drover.Pooling.Servers;

namespace Drover.Pooling;

/// <summary>
/// A server is touched on its own loop only. For a client elsewhere it is delivered: its loop lets go of it, the
/// client's adopts it.
/// </summary>
internal static class ServerHandover
{
    /// <summary>The client on the server's own loop has it from now on. Under the pool's lock.</summary>
    public static void Lease(ServerConnection server, PoolWaiter waiter)
    {
        server.State = ServerState.Active;
        server.Transport.Observer = waiter.Wakeup;
        waiter.Server = server;
        waiter.State = WaiterState.Served;
    }

    /// <summary>Sends a server to the client's loop. Under the pool's lock.</summary>
    public static void Deliver(ServerConnection server, PoolWaiter waiter)
    {
        server.State = ServerState.Active;
        waiter.State = WaiterState.InDelivery;
        waiter.Server = server;
        server.Transport.Loop.Post(static state => Depart((PoolWaiter)state!), waiter);
    }

    /// <summary>Closes servers that were taken out of their pool's list, each on its own loop.</summary>
    public static void CloseLater(List<ServerConnection> closing, string reason)
    {
        foreach (ServerConnection server in closing)
        {
            server.Transport.Loop.Post(
                static state =>
                {
                    (ServerConnection idle, string why) = ((ServerConnection, string))state!;
                    idle.Pool.Discard(idle, why);
                },
                (server, reason)
            );
        }
    }

    /// <summary>Gives a server back on its own loop, now that no cancel request for it is on its way.</summary>
    public static void ReleaseLater(ServerConnection server) =>
        server.Transport.Loop.Post(
            static state =>
            {
                ServerConnection released = (ServerConnection)state!;
                if (released.State == ServerState.BeingCanceled)
                {
                    released.Pool.Release(released);
                }
            },
            server
        );

    /// <summary>A delivery's first half, on the loop that lets the server go.</summary>
    private static void Depart(PoolWaiter waiter)
    {
        ServerConnection server = waiter.Server!;
        server.Transport.Observer = null;
        server.Transport.Detach(waiter.Loop);
        waiter.Loop.Post(static state => Arrive((PoolWaiter)state!), waiter);
    }

    /// <summary>A delivery's second half, on the loop of the client.</summary>
    private static void Arrive(PoolWaiter waiter)
    {
        ServerConnection server = waiter.Server!;
        server.Transport.Attach(waiter.Loop);
        server.Transport.Observer = waiter.Wakeup;
        waiter.State = WaiterState.Served;
        waiter.Wakeup.Signal();
    }
}
