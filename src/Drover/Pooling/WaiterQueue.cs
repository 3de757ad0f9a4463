// The clients that wait for a server of one pool, in order of arrival.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Pooling;

/// <summary>First come, first served; the pool's lock guards it.</summary>
internal sealed class WaiterQueue
{
    private readonly LinkedList<PoolWaiter> _waiters = new();

    public int Count => _waiters.Count;

    /// <summary>When the one at the head joined; 0 when nobody waits.</summary>
    public long OldestMs => _waiters.First?.Value.QueuedMs ?? 0;

    public void Join(PoolWaiter waiter)
    {
        waiter.State = WaiterState.Queued;
        waiter.QueuedMs = waiter.Loop.NowMs;
        _waiters.AddLast(waiter.Node);
    }

    /// <summary>False when it is not in the queue: it was served, or has failed.</summary>
    public bool TryLeave(PoolWaiter waiter)
    {
        if (waiter.State != WaiterState.Queued)
        {
            return waiter.State is WaiterState.None or WaiterState.Failed;
        }
        _waiters.Remove(waiter.Node);
        waiter.State = WaiterState.None;
        return true;
    }

    public bool TryTakeFirst([NotNullWhen(true)] out PoolWaiter? waiter)
    {
        waiter = _waiters.First?.Value;
        if (waiter is not null)
        {
            _waiters.RemoveFirst();
        }
        return waiter is not null;
    }

    /// <summary>Takes out those who will get no server, and tells each why. They are to be woken.</summary>
    public List<PoolWaiter> Refuse(PoolFailure failure, bool loginsOnly)
    {
        List<PoolWaiter> refused = [];
        for (LinkedListNode<PoolWaiter>? node = _waiters.First; node is not null; )
        {
            LinkedListNode<PoolWaiter>? next = node.Next;
            if (node.Value.IsLogin || !loginsOnly)
            {
                _waiters.Remove(node);
                node.Value.State = WaiterState.Failed;
                node.Value.Failure = failure;
                refused.Add(node.Value);
            }
            node = next;
        }
        return refused;
    }
}
