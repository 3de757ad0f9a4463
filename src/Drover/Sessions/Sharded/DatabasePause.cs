// PAUSE of a sharded database: its clients take no servers for what they begin.
namespace Drover.Sessions.Sharded;

/// <summary>
/// What has begun goes on to whatever shards it needs, for they are stopped behind it: else PAUSE and a transaction
/// would wait for each other.
/// </summary>
internal static class DatabasePause
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits for RESUME, as others wait for a server; on the session's loop.</summary>
    public static async ValueTask AwaitAsync(ClientSession session)
    {
        session.State = ClientState.Waiting;
        session.StateSinceMs = session.Loop.NowMs;
        while (session.Identity.Database.IsPaused && session.End is null)
        {
            await Task.Delay(s_look);
        }
        session.State = ClientState.Idle;
        session.StateSinceMs = session.Loop.NowMs;
    }
}
