// Ranges of keys, each on a shard.
using System.Collections.Immutable;
using System.Text;

namespace Drover.Topology.Keys;

/// <summary>Keys from one up to another that is not in it any more.</summary>
/// <param name="From">The first key, in text format; null: there is no smallest one.</param>
/// <param name="To">The first key behind it; null: there is no largest one.</param>
/// <param name="Shard">Number of the shard that has them.</param>
public sealed record KeyRange(string? From, string? To, int Shard)
{
    /// <summary>As the verbs take it.</summary>
    public override string ToString() => $"[{From ?? "-"}, {To ?? "-"})";
}

/// <summary>
/// Ranges that do not overlap; there may be gaps. A key's <b>place</b> among them is a number: twice the count of
/// ranges before it, and one more if it is in a range.
/// </summary>
public sealed class KeyRanges
{
    private readonly KeyType _type;
    private readonly byte[][] _from;
    private readonly byte[]?[] _to;

    /// <summary>Takes ranges in any order.</summary>
    /// <exception cref="ArgumentException">Two overlap, one is empty, or a bound is no key.</exception>
    public KeyRanges(KeyType type, IEnumerable<KeyRange> ranges)
    {
        _type = type;
        (KeyRange Range, byte[] From, byte[]? To)[] sorted =
        [
            .. ranges
                .Select(range => (range, From: Read(type, range.From) ?? [], To: Read(type, range.To)))
                .OrderBy(one => one.From, Comparer<byte[]>.Create(Compare)),
        ];
        Ranges = [.. sorted.Select(static one => one.Range)];
        _from = [.. sorted.Select(static one => one.From)];
        _to = [.. sorted.Select(static one => one.To)];
        for (int i = 0; i < Ranges.Length; i++)
        {
            if (_to[i] is { } to && Compare(_from[i], to) >= 0)
            {
                throw new ArgumentException($"the range {Ranges[i]} is empty", nameof(ranges));
            }
            if (i > 0 && (_to[i - 1] is not { } behind || Compare(behind, _from[i]) > 0))
            {
                throw new ArgumentException($"{Ranges[i - 1]} and {Ranges[i]} overlap", nameof(ranges));
            }
        }
    }

    /// <summary>In their order.</summary>
    public ImmutableArray<KeyRange> Ranges { get; }

    /// <summary>The place of all keys of a range.</summary>
    /// <param name="range">Its index.</param>
    public static ulong PlaceOf(int range) => ((ulong)range << 1) | 1;

    /// <summary>The shard of a place; 0 for one in no range.</summary>
    public int ShardAt(ulong place) => (place & 1) == 0 ? 0 : Ranges[(int)(place >> 1)].Shard;

    /// <summary>The place of a value in text format; false if it is not certain what value it is.</summary>
    internal bool TryOfText(ReadOnlySpan<byte> text, out ulong place)
    {
        if (_type == KeyType.Text)
        {
            place = PlaceOf(text);
            return true;
        }
        Span<byte> key = stackalloc byte[KeyOrder.BytesMax];
        bool isKey = KeyOrder.TryOfText(_type, text, key, out int length);
        place = isKey ? PlaceOf(key[..length]) : 0;
        return isKey;
    }

    /// <summary>The place of a value in binary format; false if it is none.</summary>
    internal bool TryOfBinary(ReadOnlySpan<byte> value, out ulong place)
    {
        if (_type == KeyType.Text)
        {
            place = PlaceOf(value);
            return true;
        }
        Span<byte> key = stackalloc byte[KeyOrder.BytesMax];
        bool isKey = KeyOrder.TryOfBinary(_type, value, key, out int length);
        place = isKey ? PlaceOf(key[..length]) : 0;
        return isKey;
    }

    /// <summary>The place of an integer.</summary>
    internal ulong OfInteger(long value)
    {
        Span<byte> key = stackalloc byte[sizeof(long)];
        KeyOrder.Write(value, key, out _);
        return PlaceOf(key);
    }

    private ulong PlaceOf(ReadOnlySpan<byte> key)
    {
        int low = 0;
        int high = _from.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (key.SequenceCompareTo(_from[middle]) < 0)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }
        // The last range that begins at it or before.
        int last = low - 1;
        bool isIn = last >= 0 && (_to[last] is not { } to || key.SequenceCompareTo(to) < 0);
        return isIn ? PlaceOf(last) : (ulong)low << 1;
    }

    private static int Compare(byte[] one, byte[] other) => one.AsSpan().SequenceCompareTo(other);

    private static byte[]? Read(KeyType type, string? bound)
    {
        if (bound is null)
        {
            return null;
        }
        byte[] text = Encoding.UTF8.GetBytes(bound);
        if (type == KeyType.Text)
        {
            return text;
        }
        byte[] key = new byte[KeyOrder.BytesMax];
        return KeyOrder.TryOfText(type, text, key, out int length)
            ? key[..length]
            : throw new ArgumentException(
                $"'{bound}' is no {type} that can be proved to be what the servers would read"
            );
    }
}
