// A bounded table of byte keys that many threads read without a lock and without allocating.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Sql.Shapes;

/// <summary>
/// Shared by all loops, so that what one has learnt the others know. Sets of a few places each, in one array: a
/// reader takes the references in a set, each in one atomic read, and compares. Entries never change once they are
/// in the array, but for a mark of use whose loss costs nothing, so a reader that loses a race reads an entry that
/// was right a moment ago. Writers are rare (statements that are new) and take a lock.
/// </summary>
/// <typeparam name="TValue">What is kept.</typeparam>
internal sealed class KeyTable<TValue>
    where TValue : class
{
    /// <summary>Places of a set: a few cache lines at the most, and sets that overflow are rare.</summary>
    private const int Ways = 8;

    private readonly Entry?[] _places;

    /// <summary>A piece of each entry's hash, so that a set is looked through without a look at its entries.</summary>
    private readonly uint[] _tags;
    private readonly uint[] _seenOnce;
    private readonly long _bytesMax;
    private readonly Lock _writing = new();
    private int _hand;
    private long _bytes;
    private int _count;

    /// <summary>Makes an empty table.</summary>
    /// <param name="entriesMax">Entries at the most; becomes a power of two.</param>
    /// <param name="bytesMax">What keys and values may weigh together.</param>
    public KeyTable(int entriesMax, long bytesMax)
    {
        int size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(entriesMax, Ways));
        _places = new Entry?[size];
        _tags = new uint[size];
        _seenOnce = new uint[size];
        _bytesMax = bytesMax;
    }

    /// <summary>Entries now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>What they weigh.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Finds what is kept for a key.</summary>
    /// <param name="hash">The key's, seeded.</param>
    /// <param name="key">Its bytes: an equal hash alone is nothing.</param>
    /// <param name="context">Beside the key; compared by reference first.</param>
    /// <param name="value">What was kept.</param>
    public bool TryFind(ulong hash, ReadOnlySpan<byte> key, ShapeContext context, [NotNullWhen(true)] out TValue? value)
    {
        int first = SetOf(hash);
        uint tag = TagOf(hash);
        for (int i = first; i < first + Ways; i++)
        {
            // A tag that is not its entry's yet, or any more, costs a look or a miss.
            if (
                Volatile.Read(ref _tags[i]) == tag
                && Volatile.Read(ref _places[i]) is { } entry
                && entry.Hash == hash
                && entry.IsFor(key, context)
            )
            {
                if (!entry.IsUsed)
                {
                    entry.IsUsed = true;
                }
                value = entry.Value;
                return true;
            }
        }
        value = null;
        return false;
    }

    /// <summary>
    /// Whether a key was asked for before, as far as is remembered: a statement that comes once in a lifetime must not
    /// push out one that comes every second. Remembers it.
    /// </summary>
    public bool IsSeenAgain(ulong hash)
    {
        uint mark = TagOf(hash);
        ref uint place = ref _seenOnce[(int)(hash & (uint)(_seenOnce.Length - 1))];
        bool isSeen = Volatile.Read(ref place) == mark;
        Volatile.Write(ref place, mark);
        return isSeen;
    }

    /// <summary>Keeps a value, in the place of one that is not used when there is no room.</summary>
    /// <param name="hash">The key's.</param>
    /// <param name="key">Copied.</param>
    /// <param name="context">Kept beside it.</param>
    /// <param name="value">Immutable.</param>
    /// <param name="bytes">What the value weighs, about.</param>
    public void Add(ulong hash, ReadOnlySpan<byte> key, ShapeContext context, TValue value, int bytes)
    {
        Entry entry = new(hash, key.ToArray(), context, value, bytes + key.Length + Entry.OwnBytes);
        lock (_writing)
        {
            int place = PlaceFor(hash, key, context);
            Remove(place);
            Put(place, entry);
            while (_bytes > _bytesMax && _count > 1)
            {
                Evict(place);
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        lock (_writing)
        {
            for (int i = 0; i < _places.Length; i++)
            {
                Remove(i);
            }
        }
    }

    /// <summary>Never 0, which stands for an empty place.</summary>
    private static uint TagOf(ulong hash) => (uint)(hash >> 32) | 1;

    private int SetOf(ulong hash) => (int)(hash & (uint)(_places.Length - 1)) & ~(Ways - 1);

    /// <summary>
    /// The key's own place, an empty one, or one whose entry was not used since it was last looked at.
    /// </summary>
    private int PlaceFor(ulong hash, ReadOnlySpan<byte> key, ShapeContext context)
    {
        int first = SetOf(hash);
        int empty = -1;
        for (int i = first; i < first + Ways; i++)
        {
            Entry? entry = _places[i];
            if (entry is null)
            {
                empty = empty < 0 ? i : empty;
            }
            else if (entry.Hash == hash && entry.IsFor(key, context))
            {
                return i;
            }
        }
        if (empty >= 0)
        {
            return empty;
        }
        for (int i = first; i < first + Ways; i++)
        {
            if (!_places[i]!.IsUsed)
            {
                return i;
            }
            _places[i]!.IsUsed = false;
        }
        return first + (int)((hash >> 32) % Ways);
    }

    /// <summary>Goes on round the table to an entry that was not used since the last round.</summary>
    private void Evict(int spared)
    {
        for (; ; )
        {
            int place = _hand = (_hand + 1) & (_places.Length - 1);
            Entry? entry = _places[place];
            if (entry is null || place == spared)
            {
                continue;
            }
            if (!entry.IsUsed)
            {
                Remove(place);
                return;
            }
            entry.IsUsed = false;
        }
    }

    private void Put(int place, Entry entry)
    {
        Volatile.Write(ref _places[place], entry);
        Volatile.Write(ref _tags[place], TagOf(entry.Hash));
        _bytes += entry.Bytes;
        _count++;
    }

    private void Remove(int place)
    {
        if (_places[place] is { } entry)
        {
            Volatile.Write(ref _tags[place], 0);
            Volatile.Write(ref _places[place], null);
            _bytes -= entry.Bytes;
            _count--;
        }
    }

    private sealed class Entry(ulong hash, byte[] key, ShapeContext context, TValue value, int bytes)
    {
        /// <summary>Headers, references and the hash.</summary>
        public const int OwnBytes = 96;

        public readonly ulong Hash = hash;
        public readonly TValue Value = value;
        public readonly int Bytes = bytes;

        /// <summary>Found since it was last looked at for eviction.</summary>
        public volatile bool IsUsed;

        public bool IsFor(ReadOnlySpan<byte> wanted, ShapeContext in_) =>
            (ReferenceEquals(context, in_) || context.Prefix.SequenceEqual(in_.Prefix)) && wanted.SequenceEqual(key);
    }
}
