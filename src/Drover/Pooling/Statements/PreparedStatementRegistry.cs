// All prepared statements of a pool, found by content.
using System.IO.Hashing;

namespace Drover.Pooling.Statements;

/// <summary>
/// All prepared statements of a pool, found by content. Entries that neither a client nor a server has are dropped when
/// the registry grows, so its size follows what is in use.
/// </summary>
internal sealed class PreparedStatementRegistry
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, PreparedStatement> _byContent = [];
    private static long _lastId;
    private int _sweepAt = 1024;

    /// <summary>
    /// Finds or makes the statement. The content is compared, not only its hash. Of another epoch it is another one: a
    /// copy that was made before a table changed would be refused (0A000) where a fresh Parse is not.
    /// </summary>
    public PreparedStatement GetOrAdd(ReadOnlySpan<byte> body, string searchPath, int epoch)
    {
        UInt128 hash = Hash(body, searchPath, epoch);
        lock (_lock)
        {
            if (_byContent.TryGetValue(hash, out PreparedStatement? known))
            {
                if (known.Body.SequenceEqual(body) && known.SearchPath == searchPath && known.Epoch == epoch)
                {
                    return known;
                }
                // Two contents, one hash: the newcomer is served, only not shared.
                return Unshared(body, searchPath);
            }
            if (_byContent.Count >= _sweepAt)
            {
                Sweep();
            }
            PreparedStatement made = new(Interlocked.Increment(ref _lastId), body.ToArray(), searchPath, epoch);
            _byContent.Add(hash, made);
            return made;
        }
    }

    /// <summary>
    /// One for its client alone: its tables, or the search path, may be such as nobody else sees.
    /// </summary>
    public static PreparedStatement Unshared(ReadOnlySpan<byte> body, string searchPath) =>
        new(Interlocked.Increment(ref _lastId), body.ToArray(), searchPath);

    /// <summary>
    /// Its copies no longer fit what clients know of it: the next one to prepare this text gets another.
    /// </summary>
    public void Retire(PreparedStatement statement)
    {
        lock (_lock)
        {
            statement.Retire();
            UInt128 hash = Hash(statement.Body, statement.SearchPath, statement.Epoch);
            if (_byContent.TryGetValue(hash, out PreparedStatement? known) && ReferenceEquals(known, statement))
            {
                _byContent.Remove(hash);
            }
        }
    }

    public IReadOnlyList<PreparedStatement> Snapshot()
    {
        lock (_lock)
        {
            return [.. _byContent.Values];
        }
    }

    private static UInt128 Hash(ReadOnlySpan<byte> body, string searchPath, int epoch) =>
        XxHash128.HashToUInt128(body, HashCode.Combine(searchPath, epoch));

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
