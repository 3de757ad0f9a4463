// A client in the queue for a server. One per session, used again for every wait.
using Drover.Pooling.Servers;
using Drover.Transport;

namespace Drover.Pooling;

internal enum WaiterState
{
    /// <summary>Not waiting.</summary>
    None,

    /// <summary>In the queue.</summary>
    Queued,

    /// <summary>Has a server that is moving to its loop.</summary>
    InDelivery,

    /// <summary>Has its server.</summary>
    Served,

    /// <summary>Will get none; <see cref="PoolWaiter.Failure"/> says why.</summary>
    Failed,
}

/// <summary>Fields are guarded by the pool's lock while queued or in delivery, else owned by the session.</summary>
internal sealed class PoolWaiter
{
    public PoolWaiter(EventLoop loop, Wakeup wakeup)
    {
        Loop = loop;
        Wakeup = wakeup;
        Node = new LinkedListNode<PoolWaiter>(this);
    }

    public EventLoop Loop { get; set; }

    public Wakeup Wakeup { get; }

    public LinkedListNode<PoolWaiter> Node { get; }

    public WaiterState State { get; set; }

    public ServerConnection? Server { get; set; }

    public PoolFailure? Failure { get; set; }

    /// <summary>Settings that the client wants to find; a server that has them is preferred.</summary>
    public ParameterSet Wanted { get; set; } = ParameterSet.Empty;

    /// <summary>A login: it is refused at once while the server refuses logins.</summary>
    public bool IsLogin { get; set; }

    /// <summary>When it joined the queue, in milliseconds on its loop's clock.</summary>
    public long QueuedMs { get; set; }
}
