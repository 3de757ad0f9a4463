// What followers of a server have in common: they go on whatever becomes of it.
namespace Drover.Sharding;

internal static class FollowerLoop
{
    /// <summary>Follows until it is cancelled; a lost server is told of and tried again after a pause.</summary>
    public static async Task RunAsync(
        Func<CancellationToken, Task> follow,
        Action<Exception> lose,
        TimeSpan pause,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        try
        {
            while (true)
            {
                try
                {
                    await follow(cancellationToken);
                }
                catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
                {
                    lose(failure);
                }
                await Task.Delay(pause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }
}
