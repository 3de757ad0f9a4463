// How the data plane asks for another look at the catalogs, and learns that there was one.
namespace Drover.Routing.Catalogs;

/// <summary>
/// Any thread asks; one follower looks. A request is served by a look that began after it, or by none within
/// <see cref="WaitMax"/>.
/// </summary>
internal sealed class FactsRefresh(TimeProvider time)
{
    /// <summary>Longest time that a statement with an unknown name waits for the catalogs.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private TaskCompletionSource _next = New();
    private TaskCompletionSource _asked = New();
    private bool _isFollowed;

    /// <summary>Completes when the catalogs have been looked at since; at once when nobody looks.</summary>
    public async Task RequestAsync()
    {
        Task looked;
        lock (_lock)
        {
            if (!_isFollowed)
            {
                return;
            }
            looked = _next.Task;
            _asked.TrySetResult();
        }
        await Task.WhenAny(looked, Task.Delay(WaitMax, time)).ConfigureAwait(false);
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
            _isFollowed = true;
            return served;
        }
    }

    /// <summary>Waits until a look is asked for, or a time has passed.</summary>
    public async Task WaitAsync(TimeSpan period, CancellationToken cancellationToken)
    {
        Task asked;
        lock (_lock)
        {
            asked = _asked.Task;
        }
        await Task.WhenAny(asked, Task.Delay(period, time, cancellationToken)).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
