// Periodic work on a loop: time-outs and maintenance.
namespace Drover.Transport;

internal interface ILoopTicker
{
    /// <summary>Runs on the loop about every <see cref="EventLoop.TickMs"/> milliseconds.</summary>
    void OnTick(long nowMs);
}
