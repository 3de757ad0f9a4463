// Which loop a client lives on: as few loops as the load needs, and as many.
using Drover.Transport;

namespace Drover.Proxy;

/// <summary>
/// One loop that has enough to do polls once for many sockets; a second one halves that and adds hand-overs between
/// them. So clients gather on the first loop until it is nearly full, spread then, and gather again when the load is
/// gone.
/// </summary>
internal static class LoopBalance
{
    /// <summary>A loop busier than this sheds clients and gets no new ones.</summary>
    private const double FullShare = 0.75;

    /// <summary>Loops that together are less busy than this become one.</summary>
    private const double GatherShare = 0.35;

    /// <summary>The difference that makes a move worth its while.</summary>
    private const double WorthwhileShare = 0.25;

    /// <summary>The loop for a new client.</summary>
    public static EventLoop Choose(EventLoop[] loops)
    {
        EventLoop chosen = loops[0];
        foreach (EventLoop loop in loops)
        {
            if (loop.Busy < FullShare)
            {
                return loop;
            }
            chosen = loop.Busy < chosen.Busy ? loop : chosen;
        }
        return chosen;
    }

    /// <summary>Asks sessions to move where that helps; a few at a time, so that it settles.</summary>
    public static void Adjust(EventLoop[] loops)
    {
        EventLoop hottest = loops.MaxBy(static loop => loop.Busy)!;
        EventLoop coolest = loops.MinBy(static loop => loop.Busy)!;
        if (hottest.Busy > FullShare && hottest.Busy - coolest.Busy > WorthwhileShare)
        {
            hottest.Shed(coolest, 2 + (hottest.ConnectionCount / 16));
        }
        else if (loops.Sum(static loop => loop.Busy) < GatherShare)
        {
            foreach (EventLoop loop in loops.Skip(1).Where(static loop => loop.ConnectionCount > 0))
            {
                loop.Shed(loops[0], 2 + (loop.ConnectionCount / 8));
            }
        }
    }
}
