// A server's place in the counts of its database and its user.
namespace Drover.Pooling;

internal static class ServerPlace
{
    /// <summary>
    /// Takes a place under max_db_connections and max_user_connections. False when one of them is reached.
    /// </summary>
    public static bool TryTake(ServerPool pool)
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

    public static void GiveBack(ServerPool pool)
    {
        pool.Database.RemoveServer();
        pool.User.RemoveServer();
    }
}
