// A server's place in the counts of its database and its user.
using Drover.Pooling.Servers;

namespace Drover.Pooling;

internal static class ServerPlace
{
    /// <summary>
    /// Takes a place under max_db_connections and max_user_connections. False when one of them is reached.
    /// </summary>
    private static bool TryTake(ServerPool pool)
    {
        PoolConfiguration configuration = pool.Configuration;
        if (!pool.Database.TryAddServer(configuration.DatabaseConnectionsMax))
        {
            return false;
        }
        if (pool.User.TryAddServer(configuration.UserConnectionsMax))
        {
            return true;
        }
        pool.Database.RemoveServer();
        return false;
    }

    /// <summary>Takes a place, if need be that of a neighbour's idle server.</summary>
    public static async ValueTask<bool> TryTakeAsync(ServerPool pool, IServerConnector connector)
    {
        if (TryTake(pool))
        {
            return true;
        }
        if (connector.MakeRoom(pool) is not { } closing)
        {
            return false;
        }
        await closing.PassAsync();
        return TryTake(pool);
    }

    public static void GiveBack(ServerPool pool)
    {
        pool.Database.RemoveServer();
        pool.User.RemoveServer();
    }
}
