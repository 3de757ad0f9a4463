// The shared statements that one server has.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Pooling.Statements;

/// <summary>Which shared statements a server has, least recently used first.</summary>
internal sealed class ServerStatements
{
    private readonly Dictionary<PreparedStatement, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = new();
    private List<PreparedStatement>? _stale;

    public int Count => _entries.Count;

    /// <summary>The same with the stale ones that are still to be closed.</summary>
    public int CountOnServer => _entries.Count + (_stale?.Count ?? 0);

    /// <summary>Whether the server has it; if so it counts as used in this batch.</summary>
    public bool TryUse(PreparedStatement statement, long batch)
    {
        if (!_entries.TryGetValue(statement, out LinkedListNode<Entry>? node))
        {
            return false;
        }
        if (node.Next is not null)
        {
            _byUse.Remove(node);
            _byUse.AddLast(node);
        }
        node.ValueRef.Batch = batch;
        return true;
    }

    public void Add(PreparedStatement statement, long batch)
    {
        _entries.Add(statement, _byUse.AddLast(new Entry { Statement = statement, Batch = batch }));
        statement.CountServer(1);
    }

    public bool Remove(PreparedStatement statement)
    {
        if (!_entries.Remove(statement, out LinkedListNode<Entry>? node))
        {
            return false;
        }
        _byUse.Remove(node);
        statement.CountServer(-1);
        return true;
    }

    /// <summary>
    /// The least recently used one that the current batch does not refer to, once there are too many.
    /// </summary>
    public bool TryEvict(int limit, long batch, [NotNullWhen(true)] out PreparedStatement? evicted)
    {
        evicted = null;
        if (_entries.Count < limit || _byUse.First is not { } oldest || oldest.ValueRef.Batch == batch)
        {
            return false;
        }
        evicted = oldest.ValueRef.Statement;
        return Remove(evicted);
    }

    /// <summary>A copy that no longer fits its tables: it is closed when there is something to send.</summary>
    public void MarkStale(PreparedStatement statement)
    {
        if (Remove(statement))
        {
            (_stale ??= []).Add(statement);
        }
    }

    /// <summary>A copy that has to be closed on the server, if there is one.</summary>
    public bool TryTakeStale([NotNullWhen(true)] out PreparedStatement? stale)
    {
        stale = _stale is { Count: > 0 } ? _stale[^1] : null;
        _stale?.RemoveRange(Math.Max(0, _stale.Count - 1), Math.Min(1, _stale.Count));
        return stale is not null;
    }

    public void Clear()
    {
        _stale = null;
        foreach (PreparedStatement statement in _entries.Keys)
        {
            statement.CountServer(-1);
        }
        _entries.Clear();
        _byUse.Clear();
    }

    private struct Entry
    {
        public PreparedStatement Statement;
        public long Batch;
    }
}
