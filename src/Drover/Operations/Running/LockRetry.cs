// Tries again what failed because of somebody else's locks: with growing, jittered pauses, and not for ever.
using Drover.Operations.Connections;

namespace Drover.Operations.Running;

/// <summary>The locks of a step could not be had in all attempts.</summary>
internal sealed class LocksNotHadException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// Attempts with pauses. A short <c>lock_timeout</c> and a pause let everybody behind us in the queue through.
/// </summary>
internal sealed class LockRetry(OperationLimits limits, TimeProvider time)
{
    /// <summary>Runs the attempt until it succeeds or fails for another reason than contention.</summary>
    /// <param name="attempt">Given the number of the attempt, from 1; false means: stop trying, without an
    /// error.</param>
    /// <param name="onFailure">Told of each failed attempt and the pause that follows.</param>
    /// <param name="cancellationToken">Ends attempts and pauses.</param>
    /// <exception cref="LocksNotHadException">All attempts failed.</exception>
    public async Task RunAsync(
        Func<int, Task> attempt,
        Func<int, Exception, TimeSpan, Task> onFailure,
        CancellationToken cancellationToken
    )
    {
        for (int number = 1; ; number++)
        {
            try
            {
                await attempt(number);
                return;
            }
            catch (Exception failure) when (IsContention(failure, cancellationToken))
            {
                if (number >= limits.LockAttemptsMax)
                {
                    throw new LocksNotHadException(
                        $"not done in {number} attempts, because of others' locks: {failure.Message}",
                        failure
                    );
                }
                TimeSpan pause = Pause(number, Random.Shared.NextDouble());
                await onFailure(number, failure, pause);
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }

    /// <summary>
    /// The pause after a failed attempt: doubled each time up to the longest, then 50 to 100 % of that.
    /// </summary>
    public TimeSpan Pause(int number, double chance)
    {
        double factor = Math.Pow(2, Math.Min(number - 1, 20));
        TimeSpan longest = limits.LockPauseMin * factor;
        longest = longest < limits.LockPauseMax ? longest : limits.LockPauseMax;
        return longest * (0.5 + (chance / 2));
    }

    /// <summary><c>lock_timeout</c> of an attempt, from 1: after the short ones, a fifth more each time.</summary>
    public static TimeSpan LockTimeout(OperationLimits limits, int number)
    {
        TimeSpan grown = limits.LockTimeout * (1 + (Math.Max(0, number - limits.ShortLockAttempts) / 5.0));
        TimeSpan most = limits.LockTimeoutMax > limits.LockTimeout ? limits.LockTimeoutMax : limits.LockTimeout;
        return grown < most ? grown : most;
    }

    // A cancelled command whose token was not ours is a time limit that passed on our side.
    private static bool IsContention(Exception failure, CancellationToken cancellationToken) =>
        failure is OperationCanceledException
            ? !cancellationToken.IsCancellationRequested
            : ServerFailure.KindOf(failure) == FailureKind.Contention;
}
