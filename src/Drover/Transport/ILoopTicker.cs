// Periodic work on a loop: time-outs and maintenance.
namespace Drover.Transport;

internal interface ILoopTicker
{
    /// <summary>Its place in the loop's list; the loop's own to change.</summary>
    int TickerIndex { get; set; }

    /// <summary>Runs on the loop about every <see cref="EventLoop.TickMs"/> milliseconds.</summary>
    void OnTick(long nowMs);
}
