// Who is told when a connection may have become readable or writable.
namespace Drover.Transport;

internal interface IReadinessObserver
{
    /// <summary>
    /// Runs on the connection's loop. A false alarm is allowed: the observer tries and may find nothing.
    /// </summary>
    void OnReady(Connection connection);
}
