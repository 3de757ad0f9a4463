// The one thing a session awaits: "something happened". Awaiting allocates nothing; a signal runs the waiting code
// inline, on the loop's own thread.
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Drover.Transport;

/// <summary>
/// An awaitable flag for a single waiter on one event loop. A signal that comes before the await is kept, further ones
/// fold into it, so a waiter always re-examines its connections after it wakes.
/// </summary>
internal sealed class Wakeup : ICriticalNotifyCompletion, IReadinessObserver
{
    private Action? _continuation;
    private bool _signalled;
    private bool _isInTurn;

    /// <summary>
    /// Who deals with signals in the waiter's place, as long as it can; null: each resumes the waiter.
    /// </summary>
    public ITurnTaker? Turns { get; set; }

    public bool IsCompleted => _signalled;

    public bool IsAwaited => _continuation is not null;

    public Wakeup GetAwaiter() => this;

    public void GetResult() => _signalled = false;

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        Debug.Assert(_continuation is null, "a wake-up has one waiter");
        _continuation = continuation;
    }

    /// <summary>
    /// Wakes the waiter now, on this stack. Only for the loop's dispatch; others use <see cref="EventLoop"/>.Post.
    /// </summary>
    public void Signal()
    {
        _signalled = true;
        if (_continuation is not { } continuation || _isInTurn)
        {
            return;
        }
        if (Turns is not null && !TakeTurns(Turns))
        {
            return;
        }
        _continuation = null;
        continuation();
    }

    public void OnReady(Connection connection) => Signal();

    /// <summary>Turns are taken until no signal came meanwhile. True when the waiter itself is needed.</summary>
    private bool TakeTurns(ITurnTaker turns)
    {
        _isInTurn = true;
        bool isNeeded;
        do
        {
            _signalled = false;
            isNeeded = turns.TakeTurn();
        } while (!isNeeded && _signalled);
        _isInTurn = false;
        return isNeeded;
    }
}

/// <summary>Synchronous work between two awaits; resuming an async method would cost more than it does.</summary>
internal interface ITurnTaker
{
    /// <summary>Does what can be done now. True when the waiter has to be resumed. Never throws.</summary>
    bool TakeTurn();
}
