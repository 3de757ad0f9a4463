// How the data plane asks the control plane for another look at a server, and learns that there was one.
namespace Drover.Routing.Catalogs;

/// <summary>Any thread asks; one follower looks. A request is served by a look that began after it.</summary>
/// <param name="time">The clock.</param>
/// <param name="waitMax">Longest time that a request waits.</param>
internal sealed class LookRequests(TimeProvider time, TimeSpan waitMax)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _next = New();
    private TaskCompletionSource _asked = New();
    private TaskCompletionSource _pressed = New();
    private bool _isFollowed;

    /// <summary>True when there was a look since; false when there was none in time, or nobody looks.</summary>
    /// <param name="isPressing">The follower does not pause before it.</param>
    public async Task<bool> RequestAsync(bool isPressing = false)
    {
        Task looked;
        lock (_lock)
        {
            if (!_isFollowed)
            {
                return false;
            }
            looked = _next.Task;
            _asked.TrySetResult();
            if (isPressing)
            {
                _pressed.TrySetResult();
            }
        }
        return await Task.WhenAny(looked, Task.Delay(waitMax, time)).ConfigureAwait(false) == looked;
    }

    /// <summary>A look begins.</summary>
    /// <returns>To be completed when it is over, however it ended.</returns>
    public TaskCompletionSource Begin()
    {
        lock (_lock)
        {
            TaskCompletionSource served = _next;
            _next = New();
            _asked = New();
            _pressed = New();
            _isFollowed = true;
            return served;
        }
    }

    /// <summary>Waits until a look is due.</summary>
    /// <param name="pause">Time between two looks, unless one is pressing.</param>
    /// <param name="period">Time after which one is due that nobody asked for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task WaitAsync(TimeSpan pause, TimeSpan period, CancellationToken cancellationToken)
    {
        Task asked;
        Task pressed;
        lock (_lock)
        {
            asked = _asked.Task;
            pressed = _pressed.Task;
        }
        await Task.WhenAny(pressed, Task.Delay(pause, time, cancellationToken)).ConfigureAwait(false);
        await Task.WhenAny(asked, Task.Delay(period - pause, time, cancellationToken)).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
