// How many cancel requests for servers of one pool may be under way at a time.
using Drover.Transport;

namespace Drover.Pooling;

/// <summary>
/// Each takes a connection to PostgreSQL beside the pool's own. As in PgBouncer there may be as many of them as the
/// pool is large; the others wait in order of arrival, for cancel_wait_timeout at the most.
/// </summary>
internal sealed class CancelPlaces(ServerPool pool)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(EventLoop Loop, Wakeup Wakeup)> _waiting = new();
    private int _taken;

    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Waits for a place, on the loop. Throws when that is cancelled.</summary>
    public async ValueTask TakeAsync(EventLoop loop, CancellationToken cancellationToken)
    {
        Wakeup wakeup = new();
        LinkedListNode<(EventLoop, Wakeup)> place = new((loop, wakeup));
        lock (_lock)
        {
            if (HasRoom() && _waiting.Count == 0)
            {
                _taken++;
                return;
            }
            _waiting.AddLast(place);
        }
        using CancellationTokenRegistration registration = cancellationToken.Register(() => loop.Post(wakeup));
        await wakeup;
        lock (_lock)
        {
            if (place.List is null)
            {
                // GiveBack has taken it out of the list and passed its place on.
                return;
            }
            _waiting.Remove(place);
        }
        throw new OperationCanceledException(cancellationToken);
    }

    /// <summary>Gives a place back, to the first in the queue if there is one; from any thread.</summary>
    public void GiveBack()
    {
        lock (_lock)
        {
            _taken--;
            ServeWaiting();
        }
    }

    /// <summary>After a reload: a larger pool has more places. From any thread.</summary>
    public void OnResized()
    {
        lock (_lock)
        {
            ServeWaiting();
        }
    }

    private void ServeWaiting()
    {
        while (_waiting.First is { } first && HasRoom())
        {
            _taken++;
            _waiting.RemoveFirst();
            first.Value.Loop.Post(first.Value.Wakeup);
        }
    }

    private bool HasRoom() => pool.Configuration.Size <= 0 || _taken < pool.Configuration.Size;
}
