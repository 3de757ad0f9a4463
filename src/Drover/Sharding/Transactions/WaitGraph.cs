// Who waits for whom, over all shards; and who has to give way where they wait in a circle.
using Drover.Routing.Transactions;

namespace Drover.Sharding.Transactions;

/// <summary>On one shard a server process waits for a lock that another has, or waits for before it.</summary>
/// <param name="Shard">The shard's number.</param>
/// <param name="Waiting">The process that waits.</param>
/// <param name="Blocking">The one that it waits for.</param>
internal readonly record struct LockWait(int Shard, int Waiting, int Blocking);

/// <summary>
/// A circle on one shard is left to PostgreSQL, which sees it too
/// (https://www.postgresql.org/docs/18/explicit-locking.html#LOCKING-DEADLOCKS).
/// </summary>
internal static class WaitGraph
{
    /// <summary>Of each circle that goes over several shards the youngest transaction.</summary>
    /// <param name="waits">Who waits for whom on each shard.</param>
    /// <param name="transactions">Which transaction a server process works for, of those on several shards.</param>
    public static IReadOnlySet<Guid> Victims(
        IEnumerable<LockWait> waits,
        IReadOnlyDictionary<TransactionPlace, Guid> transactions
    )
    {
        Dictionary<Node, List<Edge>> graph = [];
        foreach (LockWait wait in waits)
        {
            Node from = NodeOf(new TransactionPlace(wait.Shard, wait.Waiting), transactions);
            Node to = NodeOf(new TransactionPlace(wait.Shard, wait.Blocking), transactions);
            if (!graph.TryGetValue(from, out List<Edge>? edges))
            {
                graph[from] = edges = [];
            }
            edges.Add(new Edge(to, wait.Shard));
        }
        HashSet<Guid> victims = [];
        while (FindCircle(graph) is { } circle)
        {
            if (circle.Select(static step => step.Edge.Shard).Distinct().Count() == 1)
            {
                graph[circle[0].From].Remove(circle[0].Edge);
                continue;
            }
            Guid youngest = circle.Select(static step => step.From.Transaction).Max();
            victims.Add(youngest);
            graph.Remove(new Node(youngest, default));
        }
        return victims;
    }

    private static Node NodeOf(TransactionPlace place, IReadOnlyDictionary<TransactionPlace, Guid> transactions) =>
        transactions.TryGetValue(place, out Guid id) ? new Node(id, default) : new Node(Guid.Empty, place);

    private static List<(Node From, Edge Edge)>? FindCircle(Dictionary<Node, List<Edge>> graph)
    {
        HashSet<Node> done = [];
        foreach (Node start in graph.Keys)
        {
            List<(Node From, Edge Edge)> path = [];
            if (FindCircle(graph, start, path, [], done))
            {
                return path;
            }
        }
        return null;
    }

    /// <summary>Goes on from a node. True when the path ends in a circle, and is nothing else then.</summary>
    private static bool FindCircle(
        Dictionary<Node, List<Edge>> graph,
        Node node,
        List<(Node From, Edge Edge)> path,
        HashSet<Node> onPath,
        HashSet<Node> done
    )
    {
        if (done.Contains(node) || !graph.TryGetValue(node, out List<Edge>? edges))
        {
            return false;
        }
        onPath.Add(node);
        foreach (Edge edge in edges)
        {
            path.Add((node, edge));
            if (onPath.Contains(edge.To))
            {
                path.RemoveRange(0, path.FindIndex(step => step.From == edge.To));
                return true;
            }
            if (FindCircle(graph, edge.To, path, onPath, done))
            {
                return true;
            }
            path.RemoveAt(path.Count - 1);
        }
        onPath.Remove(node);
        done.Add(node);
        return false;
    }

    /// <summary>A transaction on several shards, or a process that works for one on its shard alone.</summary>
    private readonly record struct Node(Guid Transaction, TransactionPlace Place);

    private readonly record struct Edge(Node To, int Shard);
}
