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
        Action? continuation = _continuation;
        if (continuation is not null)
        {
            _continuation = null;
            continuation();
        }
    }

    public void OnReady(Connection connection) => Signal();
}
