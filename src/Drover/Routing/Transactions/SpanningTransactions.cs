// Transactions that hold something on several shards at this moment: PostgreSQL sees of each no more than a part.
using System.Collections.Concurrent;
using System.Diagnostics;

namespace Drover.Routing.Transactions;

/// <summary>One of a shard's sessions that a transaction has.</summary>
/// <param name="Shard">The shard's number.</param>
/// <param name="ProcessId">The server process there.</param>
internal readonly record struct TransactionPlace(int Shard, int ProcessId);

/// <summary>One of them. Its session changes it, the watch for deadlocks reads it.</summary>
/// <param name="cancel">Has the servers end what they run for it.</param>
internal sealed class SpanningTransaction(Func<Task> cancel)
{
    private volatile TransactionPlace[] _places = [];

    /// <summary>A request to end what runs may reach a server a little after it was dealt with.</summary>
    private static readonly TimeSpan s_late = TimeSpan.FromSeconds(2);

    private readonly DateTimeOffset _begun = TimeProvider.System.GetUtcNow();
    private readonly Lock _naming = new();
    private Guid? _id;
    private volatile bool _isVictim;
    private volatile bool _isOver;
    private long _brokenAt;

    /// <summary>
    /// Grows with time: of two the greater one is the younger. Made when somebody looks, which is not for most of them.
    /// </summary>
    public Guid Id
    {
        get
        {
            lock (_naming)
            {
                return _id ??= Guid.CreateVersion7(_begun);
            }
        }
    }

    /// <summary>Where it is.</summary>
    public TransactionPlace[] Places
    {
        get => _places;
        set => _places = value;
    }

    /// <summary>
    /// It was chosen to break a deadlock, a moment ago: what it runs, or what its session runs next, ends for that. One
    /// that goes back to a savepoint and waits again may be chosen again.
    /// </summary>
    public bool IsBroken =>
        _isVictim
        && (Volatile.Read(ref _brokenAt) == 0 || Stopwatch.GetElapsedTime(Volatile.Read(ref _brokenAt)) < s_late);

    /// <summary>Its session has ended it.</summary>
    public void End() => _isOver = true;

    /// <summary>Ends what it waits for, so that others can go on.</summary>
    public async Task BreakAsync()
    {
        if (_isOver)
        {
            return;
        }
        Volatile.Write(ref _brokenAt, 0);
        _isVictim = true;
        await cancel();
        Volatile.Write(ref _brokenAt, Stopwatch.GetTimestamp());
    }
}

/// <summary>All of one sharded database in this process. Any thread may add, remove and read.</summary>
internal sealed class SpanningTransactions
{
    private readonly ConcurrentDictionary<SpanningTransaction, byte> _all = [];

    /// <summary>There are none.</summary>
    public bool IsEmpty => _all.IsEmpty;

    /// <summary>Those of this moment.</summary>
    public SpanningTransaction[] Snapshot() => [.. _all.Keys];

    /// <summary>One has come to its second shard.</summary>
    public void Add(SpanningTransaction transaction) => _all.TryAdd(transaction, 0);

    /// <summary>It is over.</summary>
    public void Remove(SpanningTransaction transaction) => _all.TryRemove(transaction, out _);
}
