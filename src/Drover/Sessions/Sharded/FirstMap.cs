// A proxy that has just been started does not know its databases yet: clients wait for moments instead of failing.
using Drover.Routing;

namespace Drover.Sessions.Sharded;

internal static class FirstMap
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    /// <summary>The map and the catalogs are known.</summary>
    public static bool IsThere(ShardedDatabaseState database) => database.Map is not null && database.Facts.IsComplete;

    /// <summary>Waits for them, not for ever; on the session's loop.</summary>
    public static async ValueTask AwaitAsync(ShardedDatabaseState database, ClientSession session)
    {
        long untilMs = session.Loop.NowMs + (long)s_limit.TotalMilliseconds;
        while (!IsThere(database) && session.End is null && session.Loop.NowMs < untilMs)
        {
            await Task.Delay(s_look);
        }
    }
}
