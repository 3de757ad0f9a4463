// Prepared statements that clients share: one server-side name per text, parameter types and search path.
using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Text;

namespace Drover.Pooling;

/// <summary>One statement that any client of a pool may have under a name of its own. Immutable but for its counts.</summary>
internal sealed class PreparedStatement(long id, byte[] body, string searchPath)
{
    private int _clients;
    private int _servers;

    /// <summary>Its name on every server.</summary>
    public byte[] ServerName { get; } = Encoding.ASCII.GetBytes($"{ServerNamePrefix}{id}");

    /// <summary>What Parse carries behind the name: the text, zero, the parameter types.</summary>
    public ReadOnlySpan<byte> Body => body;

    public byte[] BodyBytes => body;

    public string SearchPath { get; } = searchPath;

    public const string ServerNamePrefix = "drover_";

    public string Text => Encoding.UTF8.GetString(body.AsSpan(0, Math.Max(0, body.AsSpan().IndexOf((byte)0))));

    public int Clients => _clients;

    public int Servers => _servers;

    public void CountClient(int change) => Interlocked.Add(ref _clients, change);

    public void CountServer(int change) => Interlocked.Add(ref _servers, change);
}

/// <summary>
/// All prepared statements of a pool, found by content. Entries that neither a client nor a server has are dropped when the
/// registry grows, so its size follows what is in use.
/// </summary>
internal sealed class PreparedStatementRegistry
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, PreparedStatement> _byContent = [];
    private static long _lastId;
    private int _sweepAt = 1024;

    /// <summary>Finds or makes the statement. The content is compared, not only its hash.</summary>
    public PreparedStatement GetOrAdd(ReadOnlySpan<byte> body, string searchPath)
    {
        UInt128 hash = XxHash128.HashToUInt128(body, searchPath.Length == 0 ? 0 : string.GetHashCode(searchPath));
        lock (_lock)
        {
            if (_byContent.TryGetValue(hash, out PreparedStatement? known))
            {
                if (known.Body.SequenceEqual(body) && known.SearchPath == searchPath)
                {
                    return known;
                }
                // Two contents, one hash: the newcomer is served, only not shared.
                return new PreparedStatement(Interlocked.Increment(ref _lastId), body.ToArray(), searchPath);
            }
            if (_byContent.Count >= _sweepAt)
            {
                Sweep();
            }
            PreparedStatement made = new(Interlocked.Increment(ref _lastId), body.ToArray(), searchPath);
            _byContent.Add(hash, made);
            return made;
        }
    }

    public IReadOnlyList<PreparedStatement> Snapshot()
    {
        lock (_lock)
        {
            return [.. _byContent.Values];
        }
    }

    private void Sweep()
    {
        foreach ((UInt128 hash, PreparedStatement statement) in _byContent)
        {
            if (statement.Clients == 0 && statement.Servers == 0)
            {
                _byContent.Remove(hash);
            }
        }
        _sweepAt = Math.Max(1024, _byContent.Count * 2);
    }
}

/// <summary>Which shared statements a server has, least recently used first.</summary>
internal sealed class ServerStatements
{
    private readonly Dictionary<PreparedStatement, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = new();

    public int Count => _entries.Count;

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

    /// <summary>The least recently used one that the current batch does not refer to, once there are too many.</summary>
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

    public void Clear()
    {
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
