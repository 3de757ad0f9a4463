// When a pool may try again to connect, after it failed.
namespace Drover.Pooling;

/// <summary>
/// The pause doubles from <see cref="FirstPauseMs"/> up to server_login_retry: a server that restarts is found soon,
/// one that is gone is not hammered. Guarded by the pool's lock.
/// </summary>
internal sealed class ConnectBackoff
{
    private const long FirstPauseMs = 100;

    private long _pauseMs;
    private long _retryAtMs;

    /// <summary>The last failure; null when the last attempt went well.</summary>
    public PoolFailure? LastFailure { get; private set; }

    /// <summary>After a failure one attempt at a time is made, and only when its time has come.</summary>
    public bool MayTry(long nowMs, int connecting) => LastFailure is null || (nowMs >= _retryAtMs && connecting == 0);

    /// <summary>The failure, while its pause lasts.</summary>
    public PoolFailure? FailureUntilRetry(long nowMs) => nowMs < _retryAtMs ? LastFailure : null;

    public void Failed(PoolFailure failure, long nowMs, TimeSpan pauseMax)
    {
        LastFailure = failure;
        _pauseMs = Math.Min((long)pauseMax.TotalMilliseconds, Math.Max(FirstPauseMs, _pauseMs * 2));
        _retryAtMs = nowMs + _pauseMs;
    }

    public void Succeeded()
    {
        LastFailure = null;
        _pauseMs = 0;
        _retryAtMs = 0;
    }

    /// <summary>An operator says that it will go well now.</summary>
    public void RetryNow() => _retryAtMs = 0;
}
