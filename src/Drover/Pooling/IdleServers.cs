// The servers of a pool that nobody has, the one released last at the end.
using Drover.Pooling.Servers;

namespace Drover.Pooling;

/// <summary>A list that is taken from at either end; the pool's lock guards it.</summary>
internal sealed class IdleServers
{
    private readonly List<ServerConnection> _servers = [];

    public int Count => _servers.Count;

    /// <summary>When the one released first was; MaxValue when there is none. The list is in that order.</summary>
    public long OldestReleaseMs => _servers.Count > 0 ? _servers[0].ReleasedMs : long.MaxValue;

    public void Add(ServerConnection server) => _servers.Add(server);

    public void Remove(ServerConnection server) => _servers.Remove(server);

    /// <summary>
    /// A server on the client's own loop: the first or the last, but rather one that has the client's settings already.
    /// Null when none lives there.
    /// </summary>
    public ServerConnection? TakeFor(PoolWaiter waiter, bool roundRobin)
    {
        int found = -1;
        for (int k = 0; k < _servers.Count; k++)
        {
            int i = roundRobin ? k : _servers.Count - 1 - k;
            if (_servers[i].Transport.Loop != waiter.Loop)
            {
                continue;
            }
            if (ReferenceEquals(_servers[i].Applied, waiter.Wanted) || roundRobin)
            {
                found = i;
                break;
            }
            found = found < 0 ? i : found;
        }
        return found < 0 ? null : TakeAt(found);
    }

    public ServerConnection TakeLongestIdle() => TakeAt(0);

    public ServerConnection TakeNewest() => TakeAt(_servers.Count - 1);

    /// <summary>Takes all of them, to be closed.</summary>
    public List<ServerConnection> TakeAll()
    {
        List<ServerConnection> taken = [];
        TakeWhere(static _ => true, taken);
        return taken;
    }

    /// <summary>
    /// Takes what is past its time, and what a pool made smaller by a reload has too many of, the longest idle first.
    /// </summary>
    /// <param name="configuration">Of the pool.</param>
    /// <param name="nowMs">On the loops' clock.</param>
    /// <param name="servers">How many the pool has, busy ones included.</param>
    public List<ServerConnection> TakeSpare(PoolConfiguration configuration, long nowMs, int servers)
    {
        long idleMs = (long)configuration.Options.Proxy.Server.ServerIdleTimeout.TotalMilliseconds;
        List<ServerConnection> taken = [];
        TakeWhere(
            server =>
                server.CloseNeeded
                || server.IsExpired
                || (idleMs > 0 && nowMs - server.ReleasedMs > idleMs && servers - taken.Count > configuration.MinSize),
            taken
        );
        while (configuration.Size > 0 && servers - taken.Count > configuration.Size && _servers.Count > 0)
        {
            ServerConnection surplus = TakeLongestIdle();
            surplus.State = ServerState.Tested;
            taken.Add(surplus);
        }
        return taken;
    }

    /// <summary>Takes those that are to be closed; the predicate sees each with what was taken before it.</summary>
    private void TakeWhere(Func<ServerConnection, bool> which, List<ServerConnection> taken)
    {
        for (int i = _servers.Count - 1; i >= 0; i--)
        {
            if (which(_servers[i]))
            {
                ServerConnection server = TakeAt(i);
                server.State = ServerState.Tested;
                taken.Add(server);
            }
        }
    }

    private ServerConnection TakeAt(int index)
    {
        ServerConnection server = _servers[index];
        _servers.RemoveAt(index);
        return server;
    }
}
